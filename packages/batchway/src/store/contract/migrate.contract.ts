/** What migrations promise on every database. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { DatabaseError } from '../database-error.ts'
import { type Migration, migrate } from '../migrate.ts'
import { migrations } from '../migrations/migrations.ts'
import { openDatabase } from '../open.ts'
import { type Place, race } from './bench.ts'

const next: Migration = { name: 'next', statements: () => [sql`create table later_on (a integer)`] }
const broken: Migration = {
  name: 'broken',
  statements: () => [sql`create table half (a integer)`, sql`create table half (a integer)`],
}

export function migrateContract(name: string, openPlace: () => Promise<Place>): void {
  describe(`migrate on ${name}`, () => {
    it('applies each step once, and later steps later', async () => {
      await using place = await openPlace()
      await using database = openDatabase(place.url)
      assert.deepEqual(
        await migrate(database, 1),
        migrations.map((each) => each.name),
      )
      assert.deepEqual(await migrate(database, 2), [])
      assert.deepEqual(await migrate(database, 3, [...migrations, next]), ['next'])
      const rows = await database.db.selectFrom('schema_version').selectAll().orderBy('version').execute()
      assert.deepEqual({ ...rows.at(-1) }, { version: migrations.length + 1, name: 'next', applied_at: 3 })
    })

    it('refuses a database that a newer program has used, in words', async () => {
      await using place = await openPlace()
      await using database = openDatabase(place.url)
      await migrate(database, 1, [...migrations, next])
      await assert.rejects(
        migrate(database, 2),
        (error) =>
          error instanceof DatabaseError && error.code === 'newer' && /newer Batchway has used it/.test(error.message),
      )
    })

    it('leaves nothing of a step that fails', async () => {
      await using place = await openPlace()
      await using database = openDatabase(place.url)
      await migrate(database, 1)
      await assert.rejects(migrate(database, 2, [...migrations, next, broken]))
      assert.deepEqual(await migrate(database, 3, [...migrations, next]), ['next'], 'neither table nor number was kept')
    })

    it('is done by one of several processes that start at the same moment', { timeout: 60_000 }, async () => {
      await using place = await openPlace()
      assert.equal(await race(place.url, 'start', 4, 2), 1)
    })

    it('numbers steps by their names', () => {
      for (const [index, each] of migrations.entries())
        assert.ok(each.name.startsWith(`${String(index + 1).padStart(4, '0')}-`), each.name)
    })
  })
}
