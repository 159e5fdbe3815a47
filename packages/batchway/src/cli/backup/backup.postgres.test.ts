import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { postgresPlace } from '../../store/contract/postgres-place.ts'
import { openDatabase } from '../../store/open.ts'
import { backUp } from './backup-site.ts'
import { postgresEnvironment } from './postgres-dump.ts'
import { restore } from './restore-site.ts'
import { openSavedSite } from './testing-site.ts'

const now = Date.UTC(2026, 10, 23)

describe('a backup of a site on PostgreSQL', () => {
  it('brings back the database into an empty one, and over another only when told to', async () => {
    await using place = await postgresPlace()
    await using other = await postgresPlace()
    using bench = openSavedSite(place.url)
    await bench.addUser('alice')
    const file = join(bench.folder, 'saved.tar.gz')
    await backUp({ site: await bench.load(), file, withDatabase: true, now })

    using elsewhere = openSavedSite(other.url)
    const { config } = await elsewhere.load()
    rmSync(elsewhere.state, { recursive: true })
    await restore({ config, file, isReplacing: false, now })
    assert.deepEqual(await elsewhere.users(), ['alice'])

    await elsewhere.addUser('bob')
    rmSync(elsewhere.state, { recursive: true })
    await assert.rejects(restore({ config, file, isReplacing: false, now }), /its database has tables/)
    assert.deepEqual(await elsewhere.users(), ['alice', 'bob'])
    await restore({ config, file, isReplacing: true, now })
    assert.deepEqual(await elsewhere.users(), ['alice'])
    // Sequences too: the next user gets a number of its own.
    await elsewhere.addUser('carol')
    await using database = openDatabase(other.url)
    assert.equal((await database.db.selectFrom('user').select('id').execute()).length, 2)
  })
})

describe('the environment of its programs', () => {
  it('has the password, which no command line then needs', () =>
    assert.deepEqual(postgresEnvironment('postgres://b%40w:s%2Fx@[::1]:5433/db%20x?sslmode=require'), {
      PGHOST: '::1',
      PGPORT: '5433',
      PGUSER: 'b@w',
      PGPASSWORD: 's/x',
      PGDATABASE: 'db x',
      PGSSLMODE: 'require',
    }))
  it('names the folder of a socket', () =>
    assert.deepEqual(postgresEnvironment('postgres:///batchway?host=/var/run/postgresql'), {
      PGHOST: '/var/run/postgresql',
      PGDATABASE: 'batchway',
    }))
})
