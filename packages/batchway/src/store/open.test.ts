import assert from 'node:assert/strict'
import { chmod, mkdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { sql } from 'kysely'
import { filePlace } from './contract/file-place.ts'
import { DatabaseError } from './database-error.ts'
import { openDatabase } from './open.ts'
import { networkFileSystem } from './private-file.ts'
import { openStores } from './stores.ts'

const refused = (code: DatabaseError['code'], words: RegExp) => (error: unknown) =>
  error instanceof DatabaseError && error.code === code && words.test(error.message)

describe('openDatabase', () => {
  it('makes a file that is ours alone, whatever the umask, with its log files', async () => {
    await using place = await filePlace()
    const before = process.umask(0)
    try {
      await using stores = await openStores(place.url, () => 1)
      await stores.users.ensure('alice', 1)
      for (const name of ['hub.db', 'hub.db-wal', 'hub.db-shm'])
        assert.equal(((await stat(join(place.directory, name))).mode & 0o777).toString(8), '600', name)
    } finally {
      process.umask(before)
    }
  })

  it('refuses a file that others can read, and says how to close it', async () => {
    await using place = await filePlace()
    await (await openStores(place.url, () => 1))[Symbol.asyncDispose]()
    for (const mode of [0o640, 0o604, 0o620]) {
      await chmod(place.path, mode)
      assert.throws(() => openDatabase(place.url), refused('permissions', /chmod 600 /))
    }
    await chmod(place.path, 0o600)
    await openDatabase(place.url)[Symbol.asyncDispose]()
  })

  it('takes an empty file over and closes it', async () => {
    await using place = await filePlace()
    await writeFile(place.path, '', { mode: 0o644 })
    await openDatabase(place.url)[Symbol.asyncDispose]()
    assert.equal((await stat(place.path)).mode & 0o777, 0o600)
  })

  it('refuses what is not a place for a database', async () => {
    await using place = await filePlace()
    await symlink('/tmp/elsewhere.db', join(place.directory, 'link.db'))
    await mkdir(join(place.directory, 'folder.db'))
    await writeFile(join(place.directory, 'text.db'), 'not a database, but long enough to be looked at'.repeat(50), {
      mode: 0o600,
    })
    for (const name of ['link.db', 'folder.db', 'text.db', 'none/hub.db'])
      assert.throws(() => openDatabase(`sqlite:${join(place.directory, name)}`), refused('path', /\S/), name)
    assert.throws(() => openDatabase('sqlite:relative.db'), refused('url', /absolute/))
  })

  it('never repeats the address, which may hold a password', () =>
    assert.throws(
      () => openDatabase('mysql://root:hunter2@db/batchway'),
      (error) => error instanceof DatabaseError && !error.message.includes('hunter2'),
    ))

  it('knows the file systems that hosts share', () => {
    assert.equal(networkFileSystem(0x6969), 'NFS')
    assert.equal(networkFileSystem(0xff534d42 | 0), 'CIFS', 'also as a negative number, as some kernels give it')
    assert.equal(networkFileSystem(0xef53), null) // ext4
  })

  it('checks foreign keys, and keeps a write-ahead log', async () => {
    await using place = await filePlace()
    await using database = openDatabase(place.url)
    const pragma = async (name: string) => {
      const { rows } = await sql.raw<Record<string, unknown>>(`pragma ${name}`).execute(database.db)
      return rows[0]?.[name]
    }
    assert.equal(await pragma('foreign_keys'), 1)
    assert.equal(await pragma('journal_mode'), 'wal')
  })

  it('waits for another process’s lock without stopping the event loop', async () => {
    await using place = await filePlace()
    await using stores = await openStores(place.url, () => 1)
    const other = new DatabaseSync(place.path)
    other.exec('begin immediate')
    let done = false
    const written = stores.settings.save('k', 'v').then(() => (done = true))
    for (let turn = 0; turn < 10; turn++) await nextTurn()
    assert.equal(done, false, 'ten turns of the loop went by while the lock was held')
    other.exec('commit')
    await written
    other.close()
    assert.equal(await stores.settings.find('k'), 'v')
  })

  it('lets the event loop turn while thousands of promises read', async () => {
    await using stores = await openStores('sqlite::memory:', () => 1)
    let hasTurned = false
    setImmediate(() => {
      hasTurned = true
    })

    for (let reads = 0; !hasTurned && reads < 200_000; reads++) await stores.sessions.find('nobody')

    assert.equal(hasTurned, true)
  })

  it('sees at once that another process has changed something', async () => {
    await using place = await filePlace()
    await using hub = await openStores(place.url, () => 1)
    await using command = await openStores(place.url, () => 1)
    const before = hub.changes.current()
    assert.equal(hub.changes.current(), before)
    await hub.settings.save('k', 'v')
    assert.equal(hub.changes.current(), before, 'our own writes are told by bump alone')
    await command.settings.save('k', 'w')
    assert.notEqual(hub.changes.current(), before)
  })

  it('refuses a value that no column holds', async () => {
    await using database = openDatabase('sqlite::memory:')
    await assert.rejects(sql`select ${true}`.execute(database.db), TypeError)
    await assert.rejects(sql`select ${undefined}`.execute(database.db), TypeError)
  })

  it('goes on after more kinds of statements than it remembers', async () => {
    await using database = openDatabase('sqlite::memory:')
    for (const _ of [1, 2])
      for (let n = 0; n < 250; n++)
        assert.equal((await sql.raw<{ n: number }>(`select ${n} as n`).execute(database.db)).rows[0]?.n, n)
  })

  it('can be closed twice, used or not', async () => {
    for (const use of [true, false]) {
      const database = openDatabase('sqlite::memory:')
      if (use) await sql`select 1`.execute(database.db)
      await database[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    }
  })
})
