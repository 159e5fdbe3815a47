/**
 * The generated sudoers file against those who took over the hub's account: each attack is tried by a real sudo under the generated file,
 * and under a file as people write it, which lets it through. In a mount namespace: the machine's own rules stay as they are. Needs root.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { holdState, makeHold } from '@batchway/schedulers'
import { sudoersFile } from './sudoers.ts'

const hub = 'batchway'
const base = mkdtempSync('/var/tmp/batchway-sudoers-')
const bin = join(base, 'bin')
const evil = join(base, 'evil')
const tool = join(bin, 'sbatch')
const reader = join(bin, 'batchway-read-log')
const herFile = join(base, 'alice/secret')
/** Says as whom it runs, with which arguments and environment, and where. */
const witness = '#!/bin/sh\necho "RAN $(id -un) $(id -u) $(id -gn) [$*]"\npwd\necho "UMASK $(umask)"\nenv\n'

const generated = sudoersFile({
  hub,
  people: { group: 'batchway-users' },
  commands: [tool, reader],
  keep: ['SLURM_TIME_FORMAT'],
})
const everybody = sudoersFile({ hub, people: { everybodyBut: [0, 1, 2, 65_534] }, commands: [tool], keep: [] })
const all = `${hub} ALL=(ALL:ALL) NOPASSWD: ALL\n`

interface Attack {
  /** After `sudo -n`. */
  readonly args: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** A careless file. */
  readonly naive: string
  /** What the attacker wants to see. */
  readonly seen: RegExp
  /** In place of the group's rule. */
  readonly file?: string
}

const attacks: Readonly<Record<string, Attack>> = {
  'root by name': { args: ['-u', 'root', '--', tool], naive: all, seen: /RAN root/ },
  'root by number': { args: ['-u', '#0', '--', tool], naive: all, seen: /RAN root/ },
  'root because nobody is named': { args: ['--', tool], naive: all, seen: /RAN root/ },
  'a system account': { args: ['-u', 'daemon', '--', tool], naive: all, seen: /RAN daemon/ },
  'a system account by number': { args: ['-u', '#1', '--', tool], naive: all, seen: /RAN daemon/ },
  'the account of another service': { args: ['-u', 'munge', '--', tool], naive: all, seen: /RAN munge/ },
  'the hub itself, which needs no sudo': { args: ['-u', hub, '--', tool], naive: all, seen: /RAN batchway/ },
  'nobody, who may own files': { args: ['-u', 'nobody', '--', tool], naive: all, seen: /RAN nobody/ },
  'another group': { args: ['-u', 'alice', '-g', 'shadow', '--', tool], naive: all, seen: /RAN alice \d+ shadow/ },
  'a group alone': { args: ['-g', 'shadow', '--', tool], naive: all, seen: /RAN \S+ \d+ shadow/ },
  'another program': { args: ['-u', 'alice', '--', '/usr/bin/id'], naive: all, seen: /^uid=/m },
  'a shell': {
    args: ['-u', 'alice', '-s', '--', 'id'],
    environment: { SHELL: '/bin/sh' },
    naive: all,
    seen: /^uid=/m,
  },
  'a login shell': { args: ['-u', 'alice', '-i', '--', 'id'], naive: all, seen: /^uid=/m },
  'a program that starts programs': {
    args: ['-u', 'alice', '--', '/usr/bin/env', tool],
    naive: all,
    seen: /RAN alice/,
  },
  'a file to edit': {
    args: ['-u', 'alice', '-e', '--', herFile],
    environment: { SUDO_EDITOR: '/bin/cat' },
    naive: all,
    seen: /hers alone/,
  },
  'a way around by ".."': {
    args: ['-u', 'alice', '--', `${bin}/../evil/sbatch`],
    naive: `${hub} ALL=(alice) NOPASSWD: ${bin}/*/*/sbatch, ${base}/*/*/*/sbatch, ALL\n`,
    seen: /^uid=/m,
  },
  'a link of the same name elsewhere': {
    args: ['-u', 'alice', '--', join(evil, 'sbatch')],
    naive: `${hub} ALL=(alice) NOPASSWD: ${base}/*/sbatch\n`,
    seen: /^uid=/m,
  },
  'a name that PATH leads astray': {
    args: ['-u', 'alice', '--', 'sbatch'],
    environment: { PATH: `${evil}:/usr/bin` },
    naive: `Defaults:${hub} !secure_path\n${hub} ALL=(alice) NOPASSWD: ${base}/*/sbatch\n`,
    seen: /^uid=/m,
  },
  'arguments for a program that takes none': {
    args: ['-u', 'alice', '--', reader, '/etc/passwd'],
    naive: `${hub} ALL=(alice) NOPASSWD: ${reader}\n`,
    seen: /RAN alice \d+ \S+ \[\/etc\/passwd\]/,
  },
  'a wildcard that matches ".."': {
    args: ['-u', 'alice', '--', '/usr/bin/tail', `${base}/logs/../alice/secret`],
    naive: `${hub} ALL=(alice) NOPASSWD: /usr/bin/tail ${base}/logs/*\n`,
    seen: /hers alone/,
  },
  'a wildcard that matches a second file': {
    args: ['-u', 'alice', '--', '/usr/bin/tail', '-q', `${base}/logs/a.log`, herFile, `${base}/logs/a.log`],
    naive: `${hub} ALL=(alice) NOPASSWD: /usr/bin/tail -q ${base}/logs/*.log\n`,
    seen: /hers alone/,
  },
  'the whole environment': {
    args: ['-E', '-u', 'alice', '--', tool],
    environment: { SLURM_STEALTH: 'x' },
    naive: `${hub} ALL=(alice) NOPASSWD:SETENV: ${tool}\n`,
    seen: /^SLURM_STEALTH=x/m,
  },
  'a variable on the command line': {
    args: ['-u', 'alice', 'LD_PRELOAD=/nowhere.so', '--', tool],
    naive: `${hub} ALL=(alice) NOPASSWD:SETENV: ${tool}\n`,
    seen: /^LD_PRELOAD=/m,
  },
  'a variable that changes the submit': {
    args: ['-u', 'alice', '--', tool],
    environment: { SBATCH_ACCOUNT: 'rich' },
    naive: `Defaults:${hub} !env_reset\n${hub} ALL=(alice) NOPASSWD: ${tool}\n`,
    seen: /^SBATCH_ACCOUNT=rich/m,
  },
  'another configuration, whose plugins run here as the user': {
    args: ['-u', 'alice', '--', tool],
    environment: { SLURM_CONF: '/tmp/evil.conf' },
    naive: `Defaults:${hub} env_keep += SLURM_CONF\n${hub} ALL=(alice) NOPASSWD: ${tool}\n`,
    seen: /^SLURM_CONF=/m,
  },
  'another folder to work in': {
    args: ['-D', '/tmp', '-u', 'alice', '--', tool],
    naive: `Defaults:${hub} runcwd=*\n${hub} ALL=(alice) NOPASSWD: ${tool}\n`,
    seen: /^\/tmp$/m,
  },
  'a second account of uid 0': {
    args: ['-u', 'toor', '--', tool],
    naive: `${hub} ALL=(ALL, !root) NOPASSWD: ${tool}\n`,
    seen: /RAN \S+ 0 /,
    file: everybody,
  },
  'a second account of uid 0 in the group': {
    args: ['-u', 'toor', '--', tool],
    naive: `${hub} ALL=(%batchway-users) NOPASSWD: ${tool}\n`,
    seen: /RAN \S+ 0 /,
  },
  'a system account where there is no group': {
    args: ['-u', 'daemon', '--', tool],
    naive: `${hub} ALL=(ALL, !root) NOPASSWD: ${tool}\n`,
    seen: /RAN daemon/,
    file: everybody,
  },
}

/** Accounts that sudo itself knows better than to take; no careless file lets them through. */
const impossible = ['#-1', '#4294967295', '#1002,#0', '%batchway-users', 'alice,root', 'alice root', 'ALL', '', '+root']

/** Runs argv where these files are all the rules there are, and where `toor` is another root among the people. */
function world(file: string, argv: readonly string[]): readonly [string, string[]] {
  const folder = mkdtempSync(join(base, 'world-'))
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, 'sudoers.d'), { mode: 0o755 })
  writeFileSync(join(folder, 'sudoers.d/batchway'), file, { mode: 0o440 })
  const passwd = `${readFileSync('/etc/passwd', 'utf8')}toor:x:0:0::/root:/bin/sh\n`
  writeFileSync(join(folder, 'passwd'), passwd, { mode: 0o644 })
  const group = readFileSync('/etc/group', 'utf8').replace(/^batchway-users:.*$/m, (line) => `${line},toor`)
  writeFileSync(join(folder, 'group'), group, { mode: 0o644 })
  const binds = ['sudoers.d', 'passwd', 'group'].map((name) => `mount --bind "$0/${name}" "/etc/${name}"`)
  return ['unshare', ['--mount', 'sh', '-c', `umask 077; ${binds.join(' && ')} && exec "$@"`, folder, ...argv]]
}

const asHub = ['setpriv', `--reuid=${hub}`, `--regid=${hub}`, '--init-groups', '--']

function trySudo(file: string, { args, environment = {} }: Pick<Attack, 'args' | 'environment'>) {
  const [program, words] = world(file, [...asHub, '/usr/bin/sudo', '-n', ...args])
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/', LC_ALL: 'C', ...environment }
  const { stdout, stderr, status } = spawnSync(program, words, { encoding: 'utf8', env, cwd: '/', timeout: 60_000 })
  return { output: stdout, words: stderr, status }
}

describe('the generated sudoers file', () => {
  before(() => {
    chmodSync(base, 0o755)
    for (const folder of [bin, evil, join(base, 'logs')]) mkdirSync(folder, { mode: 0o755 })
    for (const file of [tool, reader]) writeFileSync(file, witness, { mode: 0o755 })
    symlinkSync('/usr/bin/id', join(evil, 'sbatch'))
    writeFileSync(join(base, 'logs/a.log'), '', { mode: 0o644 })
    execFileSync('install', ['-d', '-o', 'alice', '-m', '700', join(base, 'alice')])
    writeFileSync(herFile, 'hers alone\n', { mode: 0o600 })
    execFileSync('chown', ['alice:', herFile])
  })
  after(() => rmSync(base, { recursive: true, force: true }))

  for (const [name, file] of Object.entries({ group: generated, everybody }))
    it(`passes visudo (${name})`, () => {
      const path = join(base, `${name}.sudoers`)
      writeFileSync(path, file)
      assert.match(execFileSync('visudo', ['-c', '-f', path], { encoding: 'utf8' }), /parsed OK/)
    })

  for (const [name, file] of Object.entries({ group: generated, everybody }))
    it(`lets the hub submit for its people (${name}), with any arguments and the variables it keeps`, () => {
      const environment = { SLURM_TIME_FORMAT: '%s', TZ: 'UTC' }
      const { output, words } = trySudo(file, {
        args: ['-u', 'alice', '--', tool, '--parsable', '--job-name=b00-x', '-'],
        environment,
      })
      assert.match(output, /^RAN alice \d+ alice \[--parsable --job-name=b00-x -\]$/m, words)
      assert.match(output, /^TZ=UTC$/m)
      // Not the hub's own, which its unit sets to 0077.
      assert.match(output, /^UMASK 0022$/m)
      if (name === 'group') assert.match(output, /^SLURM_TIME_FORMAT=%s$/m)
    })

  for (const [name, attack] of Object.entries(attacks))
    it(`refuses ${name}`, () => {
      const open = trySudo(attack.naive, attack)
      assert.match(open.output, attack.seen, `the attack itself works under a careless file: ${open.words}`)
      const { output, words } = trySudo(attack.file ?? generated, attack)
      assert.doesNotMatch(output, attack.seen, words)
    })

  for (const account of impossible)
    it(`is not asked for ${JSON.stringify(account)}`, () => {
      const { output, status } = trySudo(all, { args: ['-u', account, '--', tool] })
      assert.notEqual(status, 0)
      assert.doesNotMatch(output, /RAN/)
    })

  // Whether a submit is alive is told by who has its standard error open. A log of its output would put sudo in between.
  for (const [name, site, rule, isHeld] of [
    ['with use_pty', 'Defaults use_pty', generated, true],
    ['without use_pty', 'Defaults !use_pty', generated, true],
    ['where the site logs all output', `Defaults log_output, iolog_dir=${base}/io`, generated, true],
    ['under another rule there', `Defaults log_output, iolog_dir=${base}/io`, all, false],
  ] as const)
    it(`${isHeld ? 'keeps' : 'loses'} the proof of a submit’s death ${name}`, async (t) => {
      const path = join(base, `hold-${name.replaceAll(/\W/g, '-')}`)
      const pidFile = `${path}.pid`
      writeFileSync(pidFile, '', { mode: 0o666 })
      chmodSync(pidFile, 0o666)
      await makeHold(path)
      execFileSync('chown', [hub, path])
      writeFileSync(tool, `#!/bin/sh\necho $$ > "$1"\nexec sleep 600\n`, { mode: 0o755 })
      t.after(() => writeFileSync(tool, witness, { mode: 0o755 }))
      // A reader that stays, as the hub is one.
      const keeper = spawn('cat', [path], { stdio: 'ignore' })
      t.after(() => keeper.kill('SIGKILL'))
      const inside = `exec "$@" 2> "$0"`
      const argv = ['sh', '-c', inside, path, '/usr/bin/sudo', '-n', '-u', 'alice', '--', tool, pidFile]
      const [file, args] = world(`${site}\n${rule}`, [...asHub, ...argv])
      const sudo = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit'], cwd: '/', detached: true })
      const pid = await numberIn(pidFile)
      t.after(() => spawnSync('kill', ['-9', `${pid}`]))
      assert.equal(holdState(path), 'held')
      sudo.kill('SIGKILL')
      await once(sudo, 'exit')
      const isAlive = (): boolean => spawnSync('kill', ['-0', `${pid}`]).status === 0
      if (isHeld) {
        assert.equal(isAlive(), true, 'the command outlives its sudo')
        assert.equal(holdState(path), 'held')
        process.kill(pid, 'SIGKILL')
      }
      // Its monitor ends a moment later than the one that was killed.
      await until(() => holdState(path) === 'free')
      if (!isHeld) assert.equal(isAlive(), true, 'nobody holds, and the command lives')
    })
})

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!condition()) {
    assert.ok(Date.now() < deadline, 'the condition comes true')
    await delay(20)
  }
}

async function numberIn(file: string): Promise<number> {
  await until(() => /^\d+\n$/.test(readFileSync(file, 'utf8')))
  return Number(readFileSync(file, 'utf8'))
}
