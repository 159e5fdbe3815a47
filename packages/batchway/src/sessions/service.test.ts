import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { beatReport, exitReport, fakeAgent, openBench, readyReport, sampleSpec } from './testing/bench.ts'

describe('a session from the click to its end', () => {
  it('is submitted, claimed, ready, and stopped', async () => {
    await using bench = await openBench()
    const { clock, cluster, proxy, alice, stores } = bench
    const hub = await bench.hub()

    const { id } = await hub.start(alice, '', sampleSpec())
    await clock.settle()
    const job = cluster.jobOf(cluster.requests[0]?.name ?? '')
    assert.ok(job)
    assert.equal((await stores.sessions.find(id))?.facts.state, 'queued')

    cluster.change(job.id, { phase: 'running', host: 'n1' })
    const agent = fakeAgent(bench, hub, { session: id, jobId: job.id })
    const claiming = agent.claim()
    await clock.advance(5_000)
    const reply = await claiming
    await agent.report(readyReport)
    await clock.settle()
    assert.equal((await stores.sessions.find(id))?.facts.state, 'ready')
    assert.equal(proxy.table.get('/jupyter/user/alice')?.psk?.identity, reply.psk.identity)
    await agent.report(beatReport())

    await hub.stop(id, 'alice')
    await clock.advance(10_000)
    const ended = await stores.sessions.find(id)
    assert.ok(ended?.facts.state === 'ended')
    assert.equal(ended.facts.outcome.code, 'stopped-by-user')
    assert.deepEqual([...proxy.table.keys()], ['/'])
    await assert.rejects(agent.report(beatReport()), { code: 'gone' })
    assert.deepEqual(await agent.report(exitReport()), { order: 'stop', endsAt: null })
    assert.deepEqual(
      bench.said.filter(({ level }) => level === 'error'),
      [],
    )
  })
})
