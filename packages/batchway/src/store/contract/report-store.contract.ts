/** The contract of ReportStore: every database must pass it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StartRow } from '../../report/report-store.ts'
import { reportStore } from '../report-store.ts'
import { sessionStore } from '../session-store.ts'
import type { Bench } from './bench.ts'
import { ended, jobId, sampleAttempt, sampleSession } from './samples.ts'

const claim = { id: 'c', jobId: jobId('7'), restart: 0, node: 'n1' }
const always = { from: 0, to: 1_000_000 }

export function reportStoreContract(name: string, openBench: () => Promise<Bench>): void {
  const withStores = async (
    test: (reports: ReturnType<typeof reportStore>, sessions: ReturnType<typeof sessionStore>) => Promise<void>,
  ): Promise<void> => {
    await using bench = await openBench()
    await using database = bench.open()
    await test(reportStore(database), sessionStore(database))
  }
  const add = (sessions: ReturnType<typeof sessionStore>, id: string, createdAt: number, userName = 'alice') =>
    sessions.insert(
      sampleSession({ id, serverName: id, createdAt, userName }),
      sampleAttempt({ sessionId: id, tag: `b-${id}` }),
    )

  describe(`ReportStore on ${name}`, () => {
    it('lists the starts of a period in pages, oldest first, those of one moment too', () =>
      withStores(async (reports, sessions) => {
        for (const [id, at] of [
          ['d', 30],
          ['b', 20],
          ['c', 20],
          ['a', 10],
          ['e', 20],
        ] as const)
          await add(sessions, id, at)
        const ids = async (period: { from: number; to: number }) => {
          const found: StartRow[] = []
          for (;;) {
            const page = await reports.listStarts(period, found.at(-1) ?? null, 2)
            found.push(...page)
            if (page.length < 2) return found.map(({ id }) => id).join('')
          }
        }
        assert.equal(await ids(always), 'abced')
        assert.equal(await ids({ from: 20, to: 30 }), 'bce')
        assert.equal(await ids({ from: 31, to: 40 }), '')
      }))

    it('keeps when a session was ready first, through later lives of its job', () =>
      withStores(async (reports, sessions) => {
        await add(sessions, 'a', 10)
        const at = async (change: Partial<Parameters<typeof sessions.update>[0]>) => {
          const row = await sessions.find('a')
          assert.ok(row)
          assert.ok(await sessions.update({ ...row, ...change }, []))
          const [start] = await reports.listStarts(always, null, 5)
          assert.ok(start)
          return [start.startedAt, start.readyAt, start.runsSince, start.endedAt]
        }
        const starting = { state: 'starting', jobId: jobId('7'), node: 'n1', claim, paused: false } as const
        assert.deepEqual(await at({ facts: starting, startedAt: 20 }), [20, null, 20, null])
        assert.deepEqual(await at({ startedAt: null }), [null, null, null, null])
        assert.deepEqual(await at({ startedAt: 30 }), [30, null, 30, null])
        assert.deepEqual(await at({ startedAt: 30, readyAt: 40 }), [30, 40, 30, null])
        assert.deepEqual(await at({ startedAt: null, readyAt: null }), [30, 40, null, null])
        assert.deepEqual(await at({ startedAt: 50 }), [30, 40, 50, null])
        assert.deepEqual(await at({ startedAt: 50, readyAt: 60 }), [30, 40, 50, null])
        assert.deepEqual(await at({ facts: ended, endedAt: 70 }), [30, 40, 50, 70])
      }))

    it('tells how a session ended and what it used, and shares what was asked for', () =>
      withStores(async (reports, sessions) => {
        await add(sessions, 'a', 10)
        await add(sessions, 'b', 20)
        const row = await sessions.find('a')
        assert.ok(row)
        const outcome = { ...ended.outcome, log: ['"}', 'line'], use: { cpuSeconds: 1.5, memoryPeakMiB: null } }
        await sessions.update({ ...row, facts: { state: 'ended', outcome }, endedAt: 70 }, [])
        const [a, b] = await reports.listStarts(always, null, 5)
        assert.deepEqual([a?.outcome, a?.cpuSeconds, a?.state], [outcome.code, 1.5, 'ended'])
        assert.deepEqual([b?.outcome, b?.cpuSeconds, b?.state], [null, null, 'submitting'])
        assert.deepEqual(a?.spec, sampleSession().spec)
        assert.equal(a?.spec, b?.spec)
      }))

    it('knows everybody’s first and last start before a time', () =>
      withStores(async (reports, sessions) => {
        await add(sessions, 'a', 10)
        await add(sessions, 'b', 20)
        await add(sessions, 'c', 30)
        await add(sessions, 'd', 25, 'Bob')
        const people = [...(await reports.listPeople(30))].sort((a, b) => a.firstAt - b.firstAt)
        assert.deepEqual(people, [
          { user: 'alice', firstAt: 10, lastAt: 20 },
          { user: 'Bob', firstAt: 25, lastAt: 25 },
        ])
      }))
  })
}
