import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobId, toJobId } from '@batchway/schedulers'
import { silentLogger } from '../core/logger.ts'
import { openAccountant } from './accountant.ts'
import { sampleSite } from './testing/bench.ts'
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
      name: '',
      phase: 'ended',
      rawState: 'CD',
      restarts: 0,
      end: { kind: 'completed' },
    })
  return { cluster, told, accountant, run, know }
}

describe('the accountant', () => {
  it('asks once for a whole class that ended in the same minute', async () => {
    const { cluster, told, accountant, run, know } = openBed()
    for (let index = 0; index < 200; index += 1) {
      know(toJobId(String(index)))
      accountant.ask(`s${index}`, 'main', toJobId(String(index)))
    }
    await run(60)
    assert.equal(told.length, 200)
    assert.equal(cluster.calls.history, 1)
  })

  it('asks every few seconds at most while one session after the other ends', async () => {
    const { cluster, told, accountant, run, know } = openBed()
    for (let index = 0; index < 30; index += 1) {
      know(toJobId(String(index)))
      accountant.ask(`s${index}`, 'main', toJobId(String(index)))
      await run(1)
    }
    await run(10)
    assert.equal(told.length, 30)
    assert.ok(cluster.calls.history <= 12, `${cluster.calls.history}`)
  })

  it('asks again for what accounting does not know yet, and gives up after a while', async () => {
    const { cluster, told, accountant, run, know } = openBed()
    accountant.ask('late', 'main', toJobId('1'))
    accountant.ask('never', 'main', toJobId('2'))
    await run(3)
    assert.deepEqual(told, [])
    know(toJobId('1'))
    await run(120)
    assert.deepEqual(told, ['late completed'])
    assert.equal(cluster.calls.history, 4)
  })

  it('takes a job that accounting calls running for not told', async () => {
    const { cluster, told, accountant, run } = openBed()
    cluster.accounting?.set(toJobId('1'), { id: toJobId('1'), name: '', phase: 'running', rawState: 'R', restarts: 0 })
    accountant.ask('one', 'main', toJobId('1'))
    await run(120)
    assert.deepEqual(told, [])
  })

  it('waits for its next turn when accounting does not answer', async () => {
    const { cluster, told, accountant, run, know } = openBed()
    const accounting = cluster.accounting
    cluster.accounting = null
    accountant.ask('one', 'main', toJobId('1'))
    await run(3)
    cluster.accounting = accounting
    know(toJobId('1'))
    await run(10)
    assert.deepEqual(told, ['one completed'])
  })

  it('asks nobody about a cluster that is not configured', async () => {
    const { told, accountant, run } = openBed()
    accountant.ask('one', 'gone', toJobId('1'))
    await run(60)
    assert.deepEqual(told, [])
  })
})
