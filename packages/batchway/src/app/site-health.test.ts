import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openSiteHealth } from './site-health.ts'

function bed({ proxy = async () => new Map([['/', 1]]), find = async () => null as string | null } = {}) {
  const asked = { proxy: 0, database: 0 }
  const clock = { ms: 1_000_000 }
  const stats = { calls: 10, lastCallMs: 200 }
  const health = openSiteHealth({
    clusters: [{ key: 'larch', title: 'Larch' }],
    sessions: {
      clusterHealth: () => ({ lastAnswerAt: 5, failingSince: null, words: null }),
      schedulerStats: () => ({
        clusters: new Map([
          ['larch', { ...stats, failures: 0, answers: { complete: 1, incomplete: 0 }, jobsListed: 3, lastAnswerAt: 5 }],
        ]),
        orphans: { found: 0, gone: 0, cancelsSent: 0, cancelsFailed: 0, foreign: 0 },
      }),
    },
    listRoutes: () => {
      asked.proxy++
      return proxy()
    },
    settings: {
      find: () => {
        asked.database++
        return find()
      },
    },
    databaseKind: 'SQLite',
    now: () => 42,
    elapsed: () => clock.ms,
    memoryBytes: () => 7,
    busyShare: () => 0.5,
    // Whatever has not answered when everything that can happen at once has happened.
    within: (work) => Promise.race([work, new Promise<null>((resolve) => setImmediate(resolve, null))]),
  })
  return { health, asked, clock, stats }
}

describe('the health of the site', () => {
  it('is what each part answers, asked once for several who look', async () => {
    const { health, asked } = bed()
    const [one, other] = await Promise.all([health(), health()])
    assert.equal(one, other)
    assert.deepEqual(asked, { proxy: 1, database: 1 })
    assert.deepEqual(
      [one.proxy, one.database],
      [
        { ms: 0, routes: 1 },
        { ms: 0, kind: 'SQLite' },
      ],
    )
    assert.deepEqual(one.hub, { startedAt: 42, memoryBytes: 7, busyShare: 0.5 })
    assert.deepEqual(
      one.clusters.map(({ title, lastCallMs, callsPerMinute }) => [title, lastCallMs, callsPerMinute]),
      [['Larch', 200, null]],
    )
  })

  it('counts calls between two looks', async () => {
    const { health, clock, stats } = bed()
    await health()
    clock.ms += 30_000
    stats.calls += 6
    assert.equal((await health()).clusters[0]?.callsPerMinute, 12)
  })

  it('waits for nobody: what hangs and what fails is silent, and the rest is there', async () => {
    const hangs = bed({ proxy: () => new Promise(() => {}), find: () => Promise.reject(new Error('gone')) })
    const { proxy, database, clusters } = await hangs.health()
    assert.deepEqual([proxy.ms, database.ms, clusters.length], [null, null, 1])
  })
})
