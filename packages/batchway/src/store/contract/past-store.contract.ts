/** Ended sessions in few words, page by page, in an order that loses none. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { pastStore } from '../past-store.ts'
import { sessionStore } from '../session-store.ts'
import type { Bench } from './bench.ts'
import { ended, sampleAttempt, sampleSession } from './samples.ts'

export function pastStoreContract(name: string, openBench: () => Promise<Bench>): void {
  describe(`PastStore on ${name}`, () => {
    it('gives what ended, in the order of its end, whatever ended at the same moment', async () => {
      await using bench = await openBench()
      await using database = bench.open()
      const sessions = sessionStore(database)
      const ends = { a: 1_000, b: 2_000, c: 2_000, d: 2_000, e: 3_000 }
      for (const [id, endedAt] of Object.entries(ends)) {
        await sessions.insert(sampleSession({ id }), sampleAttempt({ sessionId: id }))
        const session = await sessions.find(id)
        assert.ok(session)
        await sessions.update({ ...session, facts: ended, endedAt, startedAt: 1_500 }, [])
      }
      await sessions.insert(sampleSession({ id: 'lives' }), sampleAttempt({ sessionId: 'lives' }))
      const past = pastStore(database)
      const page = async (endedAt: number, id: string, limit = 10) =>
        (await past.listEndedAfter({ endedAt, id }, limit)).map((each) => each.id)
      assert.deepEqual(await page(0, ''), ['a', 'b', 'c', 'd', 'e'])
      assert.deepEqual(await page(0, '', 3), ['a', 'b', 'c'])
      assert.deepEqual(await page(2_000, 'c'), ['d', 'e'])
      assert.deepEqual(await page(3_000, 'e'), [])
      const [first] = await past.listEndedAfter({ endedAt: 0, id: '' }, 1)
      assert.deepEqual(first, {
        id: 'a',
        userId: 7,
        userName: 'alice',
        createdAt: 1_000,
        startedAt: 1_500,
        readyAt: null,
        endedAt: 1_000,
        cluster: 'main',
        partition: 'normal',
        profile: 'Small, “kleine” ☂',
        code: ended.state === 'ended' ? ended.outcome.code : '',
      })
    })

    it('is asked of an index, not of the whole history', async () => {
      await using bench = await openBench()
      await using database = bench.open()
      if (database.dialect.name !== 'sqlite') return
      const { rows } = await sql<{ detail: string }>`explain query plan select id from session
        where state = 'ended' and ended_at >= 5 and (ended_at > 5 or id > 'x') order by ended_at, id limit 50`.execute(
        database.db,
      )
      assert.match(rows.map(({ detail }) => detail).join('\n'), /session_by_end/)
    })
  })
}
