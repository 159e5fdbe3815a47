import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JobId } from '@batchway/schedulers'
import type { SessionService } from './service.ts'
import { type Bench, fakeAgent, openBench, readyReport, sampleSite, sampleSpec } from './testing/bench.ts'
import { fakeCluster } from './testing/fake-cluster.ts'

const path = '/jupyter/user/alice'

/** A hub whose store saves at once, but keeps the replies to some updates to itself for a while. */
async function openHub(bench: Bench) {
  const held = new Map<string, PromiseWithResolvers<void>>()
  const other = fakeCluster('other')
  const clusters = new Map([...bench.parts.clusters, ['other', sampleSite(other)]])
  const store = new Proxy(bench.stores.sessions, {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver)
      if (name !== 'update') return method
      const update: typeof target.update = async (session, events) => {
        const saved = await target.update(session, events)
        await held.get(session.facts.state)?.promise
        return saved
      }
      return update
    },
  })
  const hub = await bench.hub({ store, clusters })
  const hold = (what: string): void => void held.set(what, Promise.withResolvers<void>())
  const release = async (what: string): Promise<void> => {
    held.get(what)?.resolve()
    held.delete(what)
    await bench.clock.settle()
  }
  return { hub, other, hold, release }
}

/** A session that has been claimed. */
async function startClaimed(bench: Bench, hub: SessionService, cluster = bench.cluster) {
  const session = await hub.start(bench.alice, '', sampleSpec({ cluster: cluster.key }))
  await bench.clock.settle()
  const job = [...cluster.jobs.values()].findLast(({ phase }) => phase === 'pending')
  assert.ok(job)
  cluster.change(job.id, { phase: 'running', host: 'n1' })
  const agent = fakeAgent(bench, hub, { session: session.id, jobId: job.id })
  const claim = agent.claim()
  await bench.clock.advance(5_000)
  await claim
  return { id: session.id, agent, job: job.id }
}

describe('orders that overtake each other', () => {
  it('leave no route when the session was stopped before it was known to be ready', async () => {
    await using bench = await openBench()
    const { hub, hold, release } = await openHub(bench)
    const { id, agent } = await startClaimed(bench, hub)
    hold('ready')
    const report = agent.report(readyReport)
    await bench.clock.settle()
    const stopped = await hub.stop(id, 'alice')
    assert.equal(stopped.facts.state, 'stopping')
    await release('ready')
    await report
    assert.equal(bench.proxy.table.has(path), false)
  })

  it('leave the route of the next session of the same server', async () => {
    await using bench = await openBench()
    const { hub, other, hold, release } = await openHub(bench)
    const first = await startClaimed(bench, hub)
    await first.agent.report(readyReport)
    hold('ended')
    bench.cluster.end(first.job, { kind: 'completed' })
    await bench.clock.advance(30_000)
    assert.equal((await bench.stores.sessions.find(first.id))?.facts.state, 'ended')
    const second = await startClaimed(bench, hub, other)
    await second.agent.report(readyReport)
    await bench.clock.settle()
    await release('ended')
    assert.equal(bench.proxy.table.get(path)?.psk?.identity.startsWith(second.id), true)
  })
})

describe('a session', () => {
  it('is ready once the proxy knows the way to it, and the proxy is told once', async () => {
    await using bench = await openBench()
    const { hub } = await openHub(bench)
    const { id, agent } = await startClaimed(bench, hub)
    const slow = Promise.withResolvers<void>()
    bench.proxy.before = (call) => (call === 'add' ? slow.promise : undefined)
    bench.proxy.calls.length = 0
    const report = agent.report(readyReport)
    await bench.clock.settle()
    assert.equal((await hub.find(id))?.facts.state, 'starting')
    slow.resolve()
    await report
    assert.equal((await hub.find(id))?.facts.state, 'ready')
    await bench.clock.settle()
    assert.equal(bench.proxy.calls.filter((call) => call.startsWith('add')).length, 1)
  })

  it('does not wait for a proxy that hangs', async () => {
    await using bench = await openBench()
    const { hub } = await openHub(bench)
    const { id, agent } = await startClaimed(bench, hub)
    const never = Promise.withResolvers<void>()
    bench.proxy.before = (call) => (call === 'add' ? never.promise : undefined)
    const report = agent.report(readyReport)
    await bench.clock.advance(2_500)
    await report
    assert.equal((await hub.find(id))?.facts.state, 'ready')
    never.resolve()
  })

  it('that is stopped, or whose job is requeued, while the proxy is told leaves no route', async () => {
    const changes: Record<string, (hub: SessionService, bench: Bench, id: string, job: JobId) => Promise<unknown>> = {
      stopping: (hub, _bench, id) => hub.stop(id, 'alice'),
      queued: async (hub, bench, _id, job) => {
        bench.cluster.change(job, { phase: 'pending', restarts: 1 })
        // A submit makes the hub look at once.
        await hub.start(bench.alice, 'other', sampleSpec({ cluster: bench.cluster.key }))
        await bench.clock.advance(1_500)
      },
    }
    for (const [state, change] of Object.entries(changes)) {
      await using bench = await openBench()
      const { hub } = await openHub(bench)
      const { id, agent, job } = await startClaimed(bench, hub)
      const slow = Promise.withResolvers<void>()
      bench.proxy.before = (call) => (call === 'add' ? slow.promise : undefined)
      const report = agent.report(readyReport)
      await bench.clock.settle()
      await change(hub, bench, id, job)
      const now = await hub.find(id)
      slow.resolve()
      assert.equal(now?.facts.state, state)
      await report.catch(() => {}) // its claim may be gone
      await bench.clock.settle()
      assert.equal(bench.proxy.table.has(path), false, state)
    }
  })
})
