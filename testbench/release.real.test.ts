/** The archive itself: the same whoever builds it, whole, fit for the host's own tools, and enough for a session on a bare machine without network. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type BuiltRelease, buildRelease, checkout, copyCheckout, unpack } from '../test/e2e/support/release.ts'

/** A machine without network: a tree of its own, where the release lies read-only and nothing but /tmp and /run can be written. */
const machine = `set -e
tree=$1 release=$2 session=$3; shift 3
ip link set lo up
mount --bind "$tree" "$tree"
mount -t tmpfs -o mode=1777 tmpfs "$tree/tmp"
mount -t tmpfs -o mode=755 tmpfs "$tree/run"
# Jobs look whether their home can be written.
mount -t tmpfs -o mode=1777 tmpfs "$tree/home/user"
mkdir "$tree/run/a release"
mount --bind "$release" "$tree/run/a release"
mount -o remount,bind,ro "$tree/run/a release"
cp "$session" "$tree/run/bare-session.mjs"
mount -t proc proc "$tree/proc"
mount --rbind /dev "$tree/dev"
mount -o remount,bind,ro "$tree"
exec chroot "$tree" /usr/bin/setpriv --reuid=user --regid=user --init-groups /usr/bin/env -i PATH=/usr/bin:/bin HOME=/home/user USER=user LANG=C.UTF-8 "$@"`

describe('a release', () => {
  let folder: string
  let built: BuiltRelease
  let root: string
  before(() => {
    folder = mkdtempSync('/var/tmp/batchway-built-')
    chmodSync(folder, 0o755)
    built = buildRelease(folder, '0.9.1')
    root = unpack(built, join(folder, 'a path with spaces'))
  })
  after(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  })

  it('is the same file from another folder, at another time, under another umask', () => {
    using other = copyCheckout()
    const again = buildRelease(join(folder, 'again'), '0.9.1', other.path, '077')
    assert.equal(again.sha256, built.sha256)
    assert.notEqual(again.file, built.file)
  })

  it('is what its own list and sha256sum say, and shows a file that was changed', () => {
    execFileSync('sha256sum', ['--check', '--quiet', '--strict', 'SHA256SUMS'], { cwd: root })
    const verify = () => spawnSync(join(root, 'bin/batchway'), ['versions', 'verify'], { encoding: 'utf8' })
    assert.match(verify().stdout, /a path with spaces\/batchway-0\.9\.1 is 0\.9\.1 as it was built/)

    const victim = join(root, 'lib/node_modules/hono/package.json')
    const text = readFileSync(victim)
    appendFileSync(victim, ' ')
    const { status, stderr } = verify()
    writeFileSync(victim, text)
    assert.equal(status, 1)
    assert.match(stderr, /is not what was built:\n {2}lib\/node_modules\/hono\/package\.json: was changed/)
    assert.equal(verify().status, 0)
  })

  it('names no folder of the machine that built it, and holds nothing for development', () => {
    const packages = readdirSync(join(root, 'lib/node_modules'))
    for (const none of ['typescript', '@biomejs', 'playwright-core', 'fast-check']) assert.ok(!packages.includes(none))
    const found = spawnSync('grep', ['-rlF', '--exclude=node', checkout, root], { encoding: 'utf8' })
    assert.equal(found.stdout, '')
    const tests = spawnSync(
      'find',
      [join(root, 'lib'), '-name', '*.test.js', '-o', '-name', '*.ts', '-o', '-type', 'l'],
      {
        encoding: 'utf8',
      },
    )
    assert.equal(tests.stdout, '')
    assert.match(readFileSync(join(root, 'THIRD-PARTY.txt'), 'utf8'), /^hono \d/m)
  })

  it('has units, a sudo rule, a page of the manual and a logrotate file that the host accepts', () => {
    const files = join(root, 'share/packaging')
    execFileSync('visudo', ['-cf', join(files, 'sudoers.d/batchway')], { stdio: 'pipe' })
    // As if it were installed: systemd looks whether the program is there.
    const units = join(folder, 'units')
    cpSync(join(files, 'systemd'), units, { recursive: true })
    const names = readdirSync(units)
    assert.ok(names.length >= 4, names.join(' '))
    for (const name of names) {
      const text = readFileSync(join(units, name), 'utf8')
      assert.doesNotMatch(text, /versions\//, 'an upgrade must not have to change units')
      writeFileSync(join(units, name), text.replaceAll('/opt/batchway/current/bin/batchway', '/bin/true'))
    }
    const verified = spawnSync('systemd-analyze', ['verify', '--man=no', ...names.map((name) => join(units, name))], {
      encoding: 'utf8',
    })
    const ours = verified.stderr.split('\n').filter((line) => line.includes('batchway'))
    assert.deepEqual([verified.status, ours], [0, []], verified.stderr)

    const rotate = (file: string) =>
      spawnSync('logrotate', ['--debug', '--state', join(folder, 'rotate-state'), file], { encoding: 'utf8' })
    const sound = rotate(join(files, 'logrotate.d/batchway'))
    assert.equal(sound.status, 0, sound.stderr)
    assert.doesNotMatch(sound.stderr, /^error:/m)
    const broken = join(folder, 'broken')
    writeFileSync(broken, '/var/log/batchway/*.log {\n  dailyy\n}\n', { mode: 0o644 })
    assert.match(rotate(broken).stderr, /^error:/m)

    const page = spawnSync('man', ['--warnings', '--local-file', join(root, 'share/man/man1/batchway.1')], {
      encoding: 'utf8',
    })
    if (page.error === undefined) assert.match(page.stdout, /batchway versions verify/)
  })

  it('says at once that an account cannot read it, and what to type', () => {
    const state = join(folder, 'state')
    const start = () =>
      spawnSync(join(root, 'bin/batchway'), ['start', '--user', 'alice', '--no-install', '--state', state], {
        encoding: 'utf8',
      })
    chmodSync(root, 0o700)
    const { status, stdout, stderr } = start()
    chmodSync(root, 0o755)
    assert.deepEqual([status, stdout], [1, ''])
    assert.equal(
      stderr,
      `batchway: alice cannot read ${root}, and nothing runs as root. Put the release where everybody can read it:\n  '${root}/bin/batchway' install\nand start it from there: /opt/batchway/bin/batchway start\n`,
    )
    // Readable it comes further: to the folder for its state, which alice cannot make here.
    assert.match(start().stderr, /cannot make .*state: this account may not write there/)
  })

  it('runs a session on a bare machine without network, read-only and from a path with spaces', () => {
    const tree = execFileSync(join(checkout, 'testbench/bare-tree.sh'), ['--where'], { encoding: 'utf8' }).trim()
    const inside = (...words: string[]) =>
      spawnSync(
        'unshare',
        [
          '--net',
          '--mount',
          '--pid',
          '--fork',
          '--kill-child',
          '--propagation=private',
          'sh',
          '-c',
          machine,
          'sh',
          tree,
          root,
          join(checkout, 'testbench/bare-session.mjs'),
          ...words,
        ],
        { encoding: 'utf8', timeout: 200_000 },
      )
    const release = '/run/a release'
    const node = `${release}/lib/node_modules/node-${process.platform}-${process.arch}/bin/node`
    assert.ok(!existsSync(join(tree, 'usr/bin/python3')), 'the machine is bare')

    const help = inside(`${release}/bin/batchway`, '--help')
    assert.match(help.stdout, /^Usage: batchway /, help.stderr)
    // What it is to do without: nothing on this machine reaches a network, and nothing writes beside the release.
    const control = inside(
      node,
      '-e',
      'fetch("http://192.0.2.1").catch((e) => console.log(e.cause.code)); require("fs").writeFile(process.argv[1], "", (e) => console.log(e.code))',
      `${release}/x`,
    )
    assert.deepEqual(control.stdout.trim().split('\n').sort(), ['ENETUNREACH', 'EROFS'], control.stderr)

    const session = inside(node, '/run/bare-session.mjs', release, '/home/user/site')
    assert.equal(session.stdout, 'a session as user\n', session.stderr)
  })
})
