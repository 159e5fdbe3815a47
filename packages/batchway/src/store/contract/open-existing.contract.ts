/** What a look at a database promises, whichever it is. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { migrate } from '../migrate.ts'
import { migrations } from '../migrations/migrations.ts'
import { openDatabase } from '../open.ts'
import { openExisting } from '../open-existing.ts'
import type { Place } from './bench.ts'

export function openExistingContract(name: string, openPlace: () => Promise<Place>): void {
  describe(`openExisting on ${name}`, () => {
    it('tells a database of this program, and reads its sessions', async () => {
      await using place = await openPlace()
      {
        await using database = openDatabase(place.url)
        await migrate(database, 1)
      }
      await using found = await openExisting(place.url)
      assert.deepEqual([found?.version, found?.known], [migrations.length, migrations.length])
      assert.deepEqual(await found?.sessions?.listActive(), [])
    })
    it('tells one without tables, and makes none', async () => {
      await using place = await openPlace()
      {
        await using _ = openDatabase(place.url)
      }
      for (let turn = 0; turn < 2; turn++) {
        await using found = await openExisting(place.url)
        assert.deepEqual([found?.version, found?.sessions], [0, null])
      }
      await using database = openDatabase(place.url)
      assert.deepEqual(await database.db.introspection.getTables(), [])
    })
    it('tells one that a newer program has used, and reads nothing of it', async () => {
      await using place = await openPlace()
      {
        await using database = openDatabase(place.url)
        await migrate(database, 1, [...migrations, { name: 'next', statements: () => [] }])
      }
      await using found = await openExisting(place.url)
      assert.deepEqual([found?.version, found?.sessions], [migrations.length + 1, null])
    })
  })
}
