import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { postgresPlace } from './contract/postgres-place.ts'
import { openDatabase } from './open.ts'

describe('openDatabase on PostgreSQL', () => {
  it('reads bigint and counts as numbers, and refuses those that are none', async () => {
    await using place = await postgresPlace()
    await using database = openDatabase(place.url)
    const { rows } = await sql<{ n: unknown; c: unknown }>`select 1700000000000::bigint as n, count(*) as c`.execute(
      database.db,
    )
    assert.deepEqual(rows, [{ n: 1_700_000_000_000, c: 1 }])
    await assert.rejects(sql`select 9223372036854775807::bigint`.execute(database.db), RangeError)
  })

  it('survives the loss of a connection at rest, and tells', async () => {
    await using place = await postgresPlace()
    const lost = new EventTarget()
    const told = once(lost, 'lost')
    await using database = openDatabase(place.url, { onConnectionLost: () => lost.dispatchEvent(new Event('lost')) })
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(database.db)
    await using other = openDatabase(place.url)
    await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(other.db)
    await told
    assert.equal((await sql`select 1`.execute(database.db)).rows.length, 1)
  })

  it('can be closed unused', async () => {
    await using place = await postgresPlace()
    await openDatabase(place.url)[Symbol.asyncDispose]()
  })
})
