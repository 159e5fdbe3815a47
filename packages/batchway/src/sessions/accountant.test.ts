import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobId, toJobId } from '@batchway/schedulers'
import { silentLogger } from '../core/logger.ts'
import { openAccountant } from './accountant.ts'
import { sampleSite, sampleSpec } from './testing/bench.ts'
import { fakeClock } from './testing/fake-clock.ts'
import { fakeCluster } from './testing/fake-cluster.ts'

function openBed() {
  const clock = fakeClock(1_000_000, 1)
  const cluster = fakeCluster()
  const told: string[] = []
  const accountant = openAccountant(
    new Map([['main', sampleSite(cluster)]]),
    { onEnd: async (id, { kind }) => void told.push(`${id} ${kind}`) },
    { now: clock.now, log: silentLogger },
  )
  const run = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      await clock.advance(1_000)
      await accountant.tick()
    }
  }
  const know = (id: JobId) =>
    cluster.accounting?.set(id, {
      id,
      name: 'tag',
      phase: 'ended',
      rawState: 'CD',
      restarts: 0,
      end: { kind: 'completed' },
    })
  const ask = (id: string, jobId: JobId, where = 'main'): void =>
    accountant.ask({ id, account: 'alice', spec: sampleSpec({ cluster: where }) }, { tag: 'tag', jobId })
  return { cluster, told, ask, run, know }
}

describe('the accountant', () => {
  it('asks once for a whole class that ended in the same minute', async () => {
    const { cluster, told, ask, run, know } = openBed()
    for (let index = 0; index < 200; index += 1) {
      know(toJobId(String(index)))
      ask(`s${index}`, toJobId(String(index)))
    }
    await run(60)
    assert.equal(told.length, 200)
    assert.equal(cluster.calls.history, 1)
  })

  it('asks every few seconds at most while one session after the other ends', async () => {
    const { cluster, told, ask, run, know } = openBed()
    for (let index = 0; index < 30; index += 1) {
      know(toJobId(String(index)))
      ask(`s${index}`, toJobId(String(index)))
      await run(1)
    }
    await run(10)
    assert.equal(told.length, 30)
    assert.ok(cluster.calls.history <= 12, `${cluster.calls.history}`)
  })

  it('asks again for what accounting does not know yet, and gives up after a while', async () => {
    const { cluster, told, ask, run, know } = openBed()
    ask('late', toJobId('1'))
    ask('never', toJobId('2'))
    await run(3)
    assert.deepEqual(told, [])
    know(toJobId('1'))
    await run(120)
    assert.deepEqual(told, ['late completed'])
    assert.equal(cluster.calls.history, 4)
  })

  it('believes no end of a job that has another name, or belongs to somebody else', async () => {
    for (const change of [{ name: 'other' }, { name: '' }, { owner: 'bob' }]) {
      const { cluster, told, ask, run, know } = openBed()
      know(toJobId('1'))
      const known = cluster.accounting?.get(toJobId('1'))
      if (known) cluster.accounting?.set(known.id, { ...known, ...change })
      ask('one', toJobId('1'))
      await run(120)
      assert.deepEqual(told, [])
    }
  })

  it('takes a job that accounting calls running for not told', async () => {
    const { cluster, told, ask, run } = openBed()
    cluster.accounting?.set(toJobId('1'), {
      id: toJobId('1'),
      name: 'tag',
      phase: 'running',
      rawState: 'R',
      restarts: 0,
    })
    ask('one', toJobId('1'))
    await run(120)
    assert.deepEqual(told, [])
  })

  it('waits for its next turn when accounting does not answer', async () => {
    const { cluster, told, ask, run, know } = openBed()
    const accounting = cluster.accounting
    cluster.accounting = null
    ask('one', toJobId('1'))
    await run(3)
    cluster.accounting = accounting
    know(toJobId('1'))
    await run(10)
    assert.deepEqual(told, ['one completed'])
  })

  it('asks nobody about a cluster that is not configured', async () => {
    const { told, ask, run } = openBed()
    ask('one', toJobId('1'), 'gone')
    await run(60)
    assert.deepEqual(told, [])
  })
})
