import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { gatherReport } from '../report/gather-report.ts'
import type { ReportQuery } from '../report/report.ts'
import { sampleAttempt, sampleSession } from '../store/contract/samples.ts'
import { openStores } from '../store/stores.ts'
import { openReports } from './open-reports.ts'

const query: ReportQuery = { period: { from: 0, to: 5_000 }, timeZone: 'UTC', by: 'user' }

async function withDatabase(test: (url: string, stores: Awaited<ReturnType<typeof openStores>>) => Promise<void>) {
  const directory = await mkdtemp(join(tmpdir(), 'batchway-reports-'))
  try {
    const url = `sqlite:${directory}/batchway.db`
    await using stores = await openStores(url, () => 0)
    await test(url, stores)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

describe('reports of the hub', () => {
  it('are made by a thread from what the hub has written so far, and kept for a minute', () =>
    withDatabase(async (url, stores) => {
      let at = 10_000
      await using reports = openReports({ database: url, clusters: ['main'], now: () => at })
      const add = (id: string) =>
        stores.sessions.insert(sampleSession({ id, serverName: id }), sampleAttempt({ sessionId: id, tag: `b-${id}` }))
      await add('a')
      const first = await reports.make(query)
      assert.deepEqual(first, await gatherReport(stores.reports, query, at))
      assert.equal(first.total.count, 1)
      await add('b')
      const [again, other] = await Promise.all([reports.make(query), reports.make({ ...query, by: 'cluster' })])
      assert.equal(again, first)
      assert.equal(other.total.count, 2)
      at += 60_001
      assert.equal((await reports.make(query)).total.count, 2)
    }))

  it('fail for who asks where there is no database, and work when there is one', () =>
    withDatabase(async (url, stores) => {
      const missing = `${url}.none`
      await using reports = openReports({ database: missing, clusters: [], now: () => 0 })
      await assert.rejects(reports.make(query), /the database is not there/)
      await assert.rejects(reports.make(query), /the database is not there/)
      await using others = openReports({ database: url, clusters: [], now: () => 0 })
      assert.equal((await others.make(query)).total.count, 0)
      assert.ok(stores)
    }))

  it('end with the hub, one under way too', () =>
    withDatabase(async (url) => {
      const reports = openReports({ database: url, clusters: [], now: () => 0 })
      const made = reports.make(query)
      const ended = assert.rejects(made, { name: 'AbortError' })
      await reports[Symbol.asyncDispose]()
      await ended
    }))
})
