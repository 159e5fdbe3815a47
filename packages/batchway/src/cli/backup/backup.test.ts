import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { migrations } from '../../store/migrations/migrations.ts'
import { type Contents, readArchive, writeArchive } from './archive.ts'
import { backUp, namedFiles } from './backup-site.ts'
import { restore } from './restore-site.ts'
import { openSavedSite, type SavedSite } from './testing-site.ts'

const now = Date.UTC(2026, 10, 23)

async function save(bench: SavedSite, name = 'saved.tar.gz'): Promise<string> {
  const file = join(bench.folder, name)
  await backUp({ site: await bench.load(), file, withDatabase: true, now })
  return file
}

const bringBack = async (bench: SavedSite, file: string, isReplacing = false) =>
  await restore({ config: (await bench.load()).config, file, isReplacing, now })

/** Everything in the state directory, by name. */
const contentOf = (bench: SavedSite) =>
  Object.fromEntries(readdirSync(bench.state).map((name) => [name, readFileSync(join(bench.state, name), 'base64')]))

describe('a backup', () => {
  it('brings back database, keys and routes on an empty host', async () => {
    using bench = openSavedSite()
    await bench.addUser('alice')
    const file = await save(bench)
    rmSync(bench.state, { recursive: true })

    const { contents, aside, different } = await bringBack(bench, file)

    assert.deepEqual(await bench.users(), ['alice'])
    assert.equal(readFileSync(join(bench.state, 'hub.key'), 'utf8'), 'a-key')
    assert.equal(readFileSync(join(bench.state, 'events.position'), 'utf8'), '7')
    assert.deepEqual([aside, different], [[], []])
    assert.equal(contents.database.version, migrations.length)
    for (const name of ['batchway.db', 'hub.key', 'proxy.token', 'proxy-routes.json'])
      assert.equal(statSync(join(bench.state, name)).mode & 0o777, 0o600, name)
  })

  it('is a file for its owner alone, whatever the umask, and never takes the place of another', async () => {
    using bench = openSavedSite()
    await bench.addUser('alice')
    const before = process.umask(0)
    try {
      assert.equal(statSync(await save(bench)).mode & 0o777, 0o600)
    } finally {
      process.umask(before)
    }
    await assert.rejects(save(bench), /is there already/)
    assert.deepEqual(readdirSync(bench.folder).sort(), ['batchway.yaml', 'mail password', 'saved.tar.gz', 'state'])
  })

  it('is one state of the database, whatever is being written', async () => {
    using bench = openSavedSite()
    await bench.addUser('first')
    const database = bench.database.slice('sqlite:'.length)
    using writer = new DatabaseSync(database)
    writer.exec('create table pair (a integer, b integer); insert into pair values (1, 1)')
    writer.exec('begin immediate; update pair set a = 2')
    const file = await save(bench)
    copyFileSync(database, join(bench.folder, 'plain-copy'))
    writer.exec('update pair set b = 2; commit')

    const out = join(bench.folder, 'out')
    mkdirSync(out)
    await readArchive(file, out)
    using copy = new DatabaseSync(join(out, 'database/batchway.db'))
    assert.deepEqual({ ...copy.prepare('select a, b from pair').get() }, { a: 1, b: 1 })
    assert.deepEqual({ ...copy.prepare('pragma integrity_check').get() }, { integrity_check: 'ok' })
    // What cp(1) would have saved: the file without its journal.
    using plain = new DatabaseSync(join(bench.folder, 'plain-copy'))
    assert.throws(() => plain.prepare('select a, b from pair'), /no such table/)
  })

  it('holds the configuration and the secrets that it names, to be seen with tar', async () => {
    using bench = openSavedSite()
    await bench.addUser('alice')
    const file = await save(bench)
    const listed = execFileSync('tar', ['-tzf', file], { encoding: 'utf8' }).trim().split('\n')
    assert.deepEqual(listed.slice(0, 2), ['backup.json', 'database/batchway.db'])
    assert.ok(listed.includes(`config${bench.configFile}`) && listed.includes(`config${bench.folder}/mail password`))
    const text = execFileSync('tar', ['-xOf', file, `config${bench.configFile}`], { encoding: 'utf8' })
    assert.equal(text, readFileSync(bench.configFile, 'utf8'))

    writeFileSync(bench.configFile, `${text}# changed since\n`)
    const { different } = await bringBack(bench, file, true)
    assert.deepEqual(different, [bench.configFile], 'and are left as they are here')
    assert.match(readFileSync(bench.configFile, 'utf8'), /changed since/)
  })

  it('finds what a configuration names, at any depth', () =>
    assert.deepEqual(
      namedFiles({ a: [{ keyFile: '/k' }, { certFile: '/c', file: '/no' }], profileFiles: ['x'], bFile: 7 }),
      ['/c', '/k'],
    ))
})

describe('restoring', () => {
  it('refuses to take the place of a site, and with --replace puts it aside, its journal included', async () => {
    using bench = openSavedSite()
    await bench.addUser('alice')
    const file = await save(bench)
    await bench.addUser('bob')
    // A killed hub leaves these: a database that came back would be read together with them.
    writeFileSync(join(bench.state, 'batchway.db-wal'), 'journal of another database')
    const before = contentOf(bench)

    await assert.rejects(bringBack(bench, file), /there is a site here already: .*batchway\.db.* With --replace/)
    assert.deepEqual(contentOf(bench), before, 'nothing was touched')

    const { aside } = await bringBack(bench, file, true)
    assert.deepEqual(await bench.users(), ['alice'])
    assert.equal(aside.length, 6)
    const [old = ''] = aside
    assert.equal(readFileSync(old, 'base64'), before['batchway.db'])
    assert.ok(aside.some((path) => path.includes('batchway.db-wal.before-2026-11-23')))
  })

  it('refuses while a hub answers', async () => {
    using bench = openSavedSite()
    await bench.addUser('alice')
    const file = await save(bench)
    const hub = createServer().listen(join(bench.state, 'hub.sock'))
    await once(hub, 'listening')
    const before = readFileSync(join(bench.state, 'hub.key'), 'utf8')
    await assert.rejects(bringBack(bench, file, true), /a hub runs on .*: stop it first/)
    assert.equal(readFileSync(join(bench.state, 'hub.key'), 'utf8'), before)
    hub.close()
    await once(hub, 'close')
    await bringBack(bench, file, true) // the same without the hub
  })

  it('leaves a proxy that runs its routes, and refuses one that would not know the hub', async () => {
    using bench = openSavedSite()
    await bench.addUser('alice')
    const file = await save(bench)
    const proxy = createServer().listen(join(bench.state, 'proxy.sock'))
    await once(proxy, 'listening')
    writeFileSync(join(bench.state, 'proxy-routes.json'), '{"newer":1}')
    await bringBack(bench, file, true)
    assert.equal(readFileSync(join(bench.state, 'proxy-routes.json'), 'utf8'), '{"newer":1}')

    writeFileSync(join(bench.state, 'proxy.token'), 'another')
    await assert.rejects(bringBack(bench, file, true), /another token than the saved one: stop it first/)
    proxy.close()
    await once(proxy, 'close')
  })

  it('refuses a database that a newer version has made', async () => {
    using bench = openSavedSite()
    await bench.addUser('alice')
    const newer = new DatabaseSync(bench.database.slice('sqlite:'.length))
    newer.exec(`insert into schema_version values (${migrations.length + 1}, 'next', 1)`)
    newer.close()
    const file = await save(bench)
    rmSync(bench.state, { recursive: true })
    await assert.rejects(bringBack(bench, file), /a newer Batchway made the backup/)
    assert.deepEqual(readdirSync(bench.state), [], 'nothing is left')
  })

  it('refuses a damaged archive wherever the damage is, and touches nothing', async () => {
    using bench = openSavedSite()
    await bench.addUser('alice')
    const file = await save(bench)
    const whole = readFileSync(file)
    const before = contentOf(bench)
    const places = [0, 3, 20, 200, Math.floor(whole.length / 2), whole.length - 6]
    for (const at of places) {
      const broken = Buffer.from(whole)
      broken[at] = (broken[at] ?? 0) ^ 0x41
      writeFileSync(file, broken)
      // A flipped bit in gzip's own time stamp changes nothing of the content.
      if (at >= 4 && at <= 9) continue
      await assert.rejects(bringBack(bench, file, true), /damaged/, `byte ${at}`)
    }
    writeFileSync(file, whole)
    for (const length of [0, 10, 100, whole.length - 1]) {
      truncateSync(file, length)
      await assert.rejects(bringBack(bench, file, true), `cut to ${length}`)
      writeFileSync(file, whole)
    }
    writeFileSync(file, gzipSync('hello'))
    await assert.rejects(bringBack(bench, file, true), /damaged/)
    assert.deepEqual(contentOf(bench), before)
  })

  for (const path of ['state/../../evil', '/etc/evil', 'state/./x', 'other/x', 'state//x'])
    it(`refuses an archive with the path ${path}`, async () => {
      using bench = openSavedSite()
      writeFileSync(join(bench.folder, 'evil'), 'evil')
      const source = join(bench.folder, 'evil')
      const contents: Contents = {
        format: 1,
        made: new Date(now).toISOString(),
        batchway: '0.1.0',
        database: { kind: 'none', version: 0 },
        stateDirectory: bench.state,
        configFile: bench.configFile,
        files: [{ path, sha256: '4'.repeat(64), size: 4 }],
      }
      const file = join(bench.folder, 'evil.tar.gz')
      await writeArchive(file, contents, [{ path, source }])
      await assert.rejects(bringBack(bench, file, true), /is not understood/)
      assert.ok(!existsSync('/etc/evil'))
    })

  it('opens nothing that others could have put there', async () => {
    using bench = openSavedSite()
    await bench.addUser('alice')
    const file = await save(bench)
    chmodSync(bench.state, 0o777)
    await assert.rejects(bringBack(bench, file, true), /can be written by others/)
  })
})
