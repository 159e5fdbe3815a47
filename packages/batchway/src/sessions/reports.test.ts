import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JobId } from '@batchway/schedulers'
import type { SessionService } from './service.ts'
import {
  type Bench,
  beatReport,
  exitReport,
  type FakeAgent,
  fakeAgent,
  insertSession,
  openBench,
  place,
  type RoomParts,
  readyReport,
  sampleSite,
  usage,
} from './testing/bench.ts'

const id = 'abcdefghj'
const path = '/jupyter/user/alice'

interface Bed extends AsyncDisposable {
  readonly bench: Bench
  readonly hub: SessionService
  readonly jobId: JobId
  readonly agent: FakeAgent
}

/** A session whose agent has claimed. */
async function openBed(changed: (bench: Bench) => Partial<RoomParts> = () => ({})): Promise<Bed> {
  const bench = await openBench()
  const jobId = bench.cluster.add(`b00${id}01`, 'alice', { phase: 'running', host: 'n1' })
  await insertSession(bench, { jobId, facts: { state: 'starting', jobId, node: 'n1', claim: null, paused: false } })
  const hub = await bench.hub(changed(bench))
  const agent = fakeAgent(bench, hub, { session: id, jobId })
  const claiming = agent.claim()
  await bench.clock.advance(1_000)
  await claiming
  return { bench, hub, jobId, agent, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() }
}

const stopNow = ({ clock }: Bench) => ({ order: 'stop', endsAt: null, now: clock.now() })
const factsOf = async ({ stores }: Bench) => (await stores.sessions.find(id))?.facts

describe('an agent that reports', () => {
  it('listening is not routed to before it is ready', async () => {
    await using bed = await openBed()
    await bed.agent.report({ type: 'listening', ...place, pid: 1 })
    await bed.agent.report(beatReport({ state: 'starting' }))
    await bed.bench.clock.settle()
    assert.equal((await factsOf(bed.bench))?.state, 'starting')
    assert.equal(bed.bench.proxy.table.has(path), false)
  })

  it('ready proves its key first, at the node the scheduler confirmed, and is routed to there', async () => {
    await using bed = await openBed()
    const proofs: unknown[] = []
    bed.bench.prove = async (target, psk) => {
      proofs.push([target, psk.identity])
      return { isProven: true }
    }
    const reply = await bed.agent.report({ ...readyReport, host: 'evil.example.com' })
    await bed.bench.clock.settle()
    assert.deepEqual(reply, { order: 'continue', endsAt: null, now: bed.bench.clock.now() })
    const psk = bed.bench.parts.credentials.psk(id, bed.agent.request.nonce)
    assert.deepEqual(proofs, [[{ host: 'n1', port: 4_000 }, psk.identity]])
    assert.equal((await factsOf(bed.bench))?.state, 'ready')
    const route = bed.bench.proxy.table.get(path)
    assert.deepEqual([route?.target, route?.psk], ['https://n1:4000', psk])
  })

  it('is told the port that its application chose, until the application answers', async () => {
    await using bed = await openBed()
    const tell = (report: Parameters<FakeAgent['report']>[0]) => bed.agent.report(report)
    const plain = { order: 'continue', endsAt: null, now: bed.bench.clock.now() }
    const beat = beatReport({ state: 'starting' })
    assert.deepEqual(await tell(beat), plain)
    await bed.hub.announcePort(id, 34_567)
    assert.deepEqual(await tell(beat), { ...plain, applicationPort: 34_567 })
    // The answer to it may have been lost; and an application may change its mind.
    await bed.hub.announcePort(id, 34_568)
    assert.deepEqual(await tell(beat), { ...plain, applicationPort: 34_568 })

    await tell(readyReport)
    await bed.bench.clock.settle()
    assert.deepEqual(await tell(beatReport()), { ...plain, now: bed.bench.clock.now() })
    await assert.rejects(bed.hub.announcePort(id, 34_569), { code: 'session_busy' })
  })

  it('is not told the port of the claim before it', async () => {
    await using bed = await openBed()
    await bed.hub.announcePort(id, 34_567)
    bed.bench.cluster.change(bed.jobId, { restarts: 1 })
    const next = fakeAgent(bed.bench, bed.hub, { session: id, jobId: bed.jobId, restart: 1 })
    const claiming = next.claim()
    await bed.bench.clock.advance(1_000)
    await claiming
    const reply = await next.report(beatReport({ state: 'starting' }))
    assert.deepEqual(reply, { order: 'continue', endsAt: null, now: bed.bench.clock.now() })
  })

  it('a port of a session that does not start, or has no agent, is nobody’s', async () => {
    await using bed = await openBed()
    await assert.rejects(bed.hub.announcePort('nosuchone', 34_567), { code: 'session_busy' })
    await using bench = await openBench()
    await insertSession(bench, { facts: { state: 'submitting' } })
    await assert.rejects((await bench.hub()).announcePort(id, 34_567), { code: 'session_busy' })
  })

  it('is reached where the site says that its nodes are reached', async () => {
    await using bed = await openBed((bench) => ({
      clusters: new Map([['main', { ...sampleSite(bench.cluster), advertise: '127.0.0.1' }]]),
    }))
    await bed.agent.report(readyReport)
    await bed.bench.clock.settle()
    assert.equal(bed.bench.proxy.table.get(path)?.target, 'https://127.0.0.1:4000')
  })

  it('ready without the key is neither ready nor routed to; the next heartbeat proves again', async () => {
    await using bed = await openBed()
    bed.bench.prove = async () => ({ isProven: false, words: 'ECONNREFUSED' })
    await bed.agent.report(readyReport)
    await bed.agent.report(beatReport())
    await bed.bench.clock.settle()
    assert.equal((await factsOf(bed.bench))?.state, 'starting')
    assert.equal(bed.bench.proxy.table.has(path), false)
    assert.equal(bed.bench.said.filter(({ error }) => error === 'ECONNREFUSED').length, 2)

    bed.bench.prove = async () => ({ isProven: true })
    await bed.agent.report(beatReport())
    await bed.bench.clock.settle()
    assert.equal((await factsOf(bed.bench))?.state, 'ready')
  })

  it('does not pile up proofs while one is under way', async () => {
    await using bed = await openBed()
    const proof = Promise.withResolvers<{ isProven: true }>()
    let proofs = 0
    bed.bench.prove = () => {
      proofs += 1
      return proof.promise
    }
    const first = bed.agent.report(readyReport)
    await Promise.all([1, 2, 3].map(() => bed.agent.report(beatReport())))
    proof.resolve({ isProven: true })
    await first
    assert.equal(proofs, 1)
  })

  it('an exit takes the route at once, keeps the last lines, and the job’s end is waited for', async () => {
    await using bed = await openBed()
    await bed.agent.report(readyReport)
    await bed.bench.clock.settle()
    const reply = await bed.agent.report(exitReport({ exitCode: 3, log: ['a', 'b'], message: 'status 3' }))
    await bed.bench.clock.settle()
    assert.deepEqual(reply, { order: 'stop', endsAt: null, now: bed.bench.clock.now() })
    assert.equal(bed.bench.proxy.table.has(path), false)
    assert.equal((await factsOf(bed.bench))?.state, 'stopping')

    bed.bench.cluster.end(bed.jobId, { kind: 'failed', exitCode: 3 })
    await bed.bench.clock.advance(5_000)
    const facts = await factsOf(bed.bench)
    assert.ok(facts?.state === 'ended')
    assert.deepEqual([facts.outcome.code, facts.outcome.log], ['application-failed', ['a', 'b']])
    assert.deepEqual(bed.bench.cluster.cancels, [])
  })

  it('an exit and a heartbeat that cross leave no route, whichever comes first', async () => {
    for (const order of [
      [exitReport(), beatReport()],
      [beatReport(), exitReport()],
    ]) {
      await using bed = await openBed()
      await Promise.allSettled(order.map((report) => bed.agent.report(report)))
      await bed.bench.clock.settle()
      assert.equal((await factsOf(bed.bench))?.state, 'stopping')
      assert.equal(bed.bench.proxy.table.has(path), false)
    }
  })

  it('is told to stop when its session is stopping', async () => {
    await using bed = await openBed()
    await bed.hub.stop(id, 'alice')
    assert.deepEqual(await bed.agent.report(beatReport()), stopNow(bed.bench))
  })

  it('tells its use and its activity', async () => {
    await using bed = await openBed()
    const at = bed.bench.clock.now()
    await bed.agent.report(beatReport({ lastActivityAt: at - 5_000, connections: 2, leftSeconds: 90 }))
    assert.deepEqual(bed.hub.usageOf(id), {
      at,
      ...usage,
      connections: 2,
      lastActivityAt: at - 5_000,
      leftSeconds: 90,
    })
    assert.equal((await bed.hub.find(id))?.lastActivityAt, at - 5_000)
    await bed.agent.report(beatReport({ lastActivityAt: at + 3_600_000 }))
    assert.equal((await bed.hub.find(id))?.lastActivityAt, at - 5_000, 'the future is not believed')
    await bed.bench.clock.advance(2_000)
    assert.equal((await bed.bench.stores.sessions.find(id))?.lastActivityAt, at - 5_000)
    await bed.agent.report(exitReport())
    assert.equal(bed.hub.usageOf(id), undefined)
  })

  it('reads and writes no rows with a heartbeat that tells nothing new', async () => {
    const calls: string[] = []
    await using bed = await openBed((bench) => ({
      store: new Proxy(bench.stores.sessions, {
        get(target, name, receiver) {
          calls.push(String(name))
          return Reflect.get(target, name, receiver)
        },
      }),
    }))
    await bed.agent.report(readyReport)
    await bed.bench.clock.settle()
    calls.length = 0
    for (let beat = 0; beat < 100; beat += 1) await bed.agent.report(beatReport({ lastActivityAt: 1_000 + beat }))
    assert.deepEqual(calls, [])
  })
})

describe('an agent that announces an end', () => {
  const walltime = (limitSeconds: number, endsInSeconds: number) =>
    ({ about: 'walltime', limitSeconds, endsInSeconds }) as const
  const warningsOf = async ({ stores }: Bench) =>
    (await stores.sessions.listEvents(id)).filter(({ type }) => type.startsWith('warning'))

  it('is heard by the page and the timeline, each limit once', async () => {
    await using bed = await openBed()
    await bed.agent.report(readyReport)
    await bed.bench.clock.settle()
    const told: number[] = []
    bed.hub.subscribe('all', ({ facts }) => {
      if (facts.state === 'ready') told.push(facts.warnings?.[0]?.limitSeconds ?? 0)
    })
    const at = bed.bench.clock.now()
    for (const endsInSeconds of [300, 298, 290]) {
      await bed.agent.report(beatReport({ warnings: [walltime(300, endsInSeconds)] }))
    }
    await bed.agent.report(beatReport({ warnings: [walltime(60, 60)] }))
    assert.deepEqual(told, [300, 60])
    assert.deepEqual(
      (await warningsOf(bed.bench)).map(({ type, data }) => [type, data]),
      [
        ['warning', { warnings: [{ about: 'walltime', limitSeconds: 300, endsAt: at + 300_000 }] }],
        ['warning', { warnings: [{ about: 'walltime', limitSeconds: 60, endsAt: at + 60_000 }] }],
      ],
    )
    const session = await bed.hub.find(id)
    assert.ok(session?.facts.state === 'ready')
    assert.deepEqual(session.facts.warnings, [{ about: 'walltime', limitSeconds: 60, endsAt: at + 60_000 }])
  })

  it('may take it back: somebody used the session, or its time was made longer', async () => {
    await using bed = await openBed()
    await bed.agent.report(readyReport)
    await bed.bench.clock.settle()
    await bed.agent.report(beatReport({ warnings: [{ about: 'idle', limitSeconds: 600, endsInSeconds: 600 }] }))
    await bed.agent.report(beatReport({ warnings: [] }))
    await bed.agent.report(beatReport())
    assert.deepEqual(
      (await warningsOf(bed.bench)).map(({ type }) => type),
      ['warning', 'warning.over'],
    )
    const facts = await factsOf(bed.bench)
    assert.deepEqual(facts?.state === 'ready' && facts.warnings, [])
  })

  it('is heard by a hub that was away when it began', async () => {
    await using bed = await openBed()
    await bed.agent.report(readyReport)
    await bed.bench.clock.settle()
    await bed.hub[Symbol.asyncDispose]()
    const next = await bed.bench.hub()
    const token = bed.bench.parts.credentials.claimToken(bed.agent.request.nonce)
    await next.report(token, beatReport({ warnings: [walltime(60, 30)] }))
    assert.equal((await warningsOf(bed.bench)).length, 1)
  })

  it('is told no end of a job that is suspended: it moves', async () => {
    await using bed = await openBed()
    const endsAt = bed.bench.clock.now() + 600_000
    bed.bench.cluster.change(bed.jobId, { endsAt })
    await bed.agent.report(readyReport)
    await bed.bench.clock.advance(31_000)
    assert.deepEqual(await bed.agent.report(beatReport()), {
      order: 'continue',
      endsAt,
      now: bed.bench.clock.now(),
    })
    bed.bench.cluster.change(bed.jobId, { phase: 'paused' })
    await bed.bench.clock.advance(31_000)
    assert.deepEqual(await bed.agent.report(beatReport()), {
      order: 'continue',
      endsAt: null,
      now: bed.bench.clock.now(),
    })
  })
})

describe('what an exit tells', () => {
  const big = { cpuSeconds: 12.5, memoryBytes: 1, memoryPeakBytes: 300 * 2 ** 20 + 1 }

  it('keeps the peak of memory in the session’s record', async () => {
    await using bed = await openBed()
    await bed.agent.report(readyReport)
    await bed.agent.report(exitReport({ usage: big }))
    bed.bench.cluster.end(bed.jobId, { kind: 'completed' })
    await bed.bench.clock.advance(5_000)
    const facts = await factsOf(bed.bench)
    assert.deepEqual(facts?.state === 'ended' && facts.outcome.use, { cpuSeconds: 12.5, memoryPeakMiB: 301 })
  })

  it('keeps it too where somebody pressed Stop', async () => {
    await using bed = await openBed()
    await bed.agent.report(readyReport)
    await bed.hub.stop(id, 'alice')
    await bed.agent.report(exitReport({ why: 'stopped', usage: big }))
    bed.bench.cluster.end(bed.jobId, { kind: 'cancelled' })
    await bed.bench.clock.advance(5_000)
    const facts = await factsOf(bed.bench)
    assert.ok(facts?.state === 'ended')
    assert.deepEqual([facts.outcome.code, facts.outcome.use?.memoryPeakMiB], ['stopped-by-user', 301])
  })

  for (const why of ['walltime', 'idle'] as const)
    it(`says that the agent itself ended it: ${why}, whatever the job’s status`, async () => {
      await using bed = await openBed()
      await bed.agent.report(readyReport)
      await bed.agent.report(exitReport({ why, message: 'ended in order: it was time' }))
      bed.bench.cluster.end(bed.jobId, { kind: 'cancelled', by: '1001' })
      await bed.bench.clock.advance(5_000)
      const facts = await factsOf(bed.bench)
      assert.ok(facts?.state === 'ended')
      assert.deepEqual([facts.outcome.code, facts.outcome.words], [why, 'ended in order: it was time'])
    })
})

describe('a report that is refused', () => {
  it('has a token that nobody gave', async () => {
    await using bed = await openBed()
    await assert.rejects(bed.hub.report('x'.repeat(64), beatReport()), { code: 'forbidden' })
  })

  it('comes under a claim that was revoked; its exit ends nothing', async () => {
    await using bed = await openBed()
    const { bench, hub, jobId } = bed
    await bed.agent.report(readyReport)
    bench.cluster.change(jobId, { phase: 'pending', restarts: 1 })
    await bench.clock.advance(31_000)
    assert.equal((await factsOf(bench))?.state, 'queued')

    await assert.rejects(bed.agent.report(beatReport()), { code: 'gone' })
    await assert.rejects(bed.agent.report(readyReport), { code: 'gone' })
    assert.deepEqual(await bed.agent.report(exitReport()), stopNow(bed.bench))
    assert.equal((await hub.find(id))?.facts.state, 'queued')
    assert.equal(bench.proxy.table.has(path), false)
  })

  it('is about the session of its own claim alone', async () => {
    await using bed = await openBed()
    const { bench, hub } = bed
    const other = 'zzzzzzzzz'
    const jobId = bench.cluster.add(`b00${other}01`, 'bob', { phase: 'running', host: 'n1' })
    await insertSession(bench, {
      id: other,
      userId: bench.bob.id,
      userName: 'bob',
      account: 'bob',
      jobId,
      facts: { state: 'starting', jobId, node: 'n1', claim: null, paused: false },
    })
    await hub[Symbol.asyncDispose]()
    const next = await bench.hub()
    const bobs = fakeAgent(bench, next, { session: other, jobId })
    const claiming = bobs.claim()
    await bench.clock.advance(5_000)
    await claiming
    await bobs.report(readyReport)
    await bench.clock.settle()
    assert.equal((await factsOf(bench))?.state, 'starting')
    assert.equal((await next.find(other))?.facts.state, 'ready')
    assert.equal(bench.proxy.table.has(path), false)
  })

  it('is answered with "gone" after the end, and its exit politely', async () => {
    await using bed = await openBed()
    bed.bench.cluster.end(bed.jobId, { kind: 'completed' })
    await bed.bench.clock.advance(5_000)
    assert.equal((await factsOf(bed.bench))?.state, 'ended')
    await assert.rejects(bed.agent.report(beatReport()), { code: 'gone' })
    assert.deepEqual(await bed.agent.report(exitReport()), stopNow(bed.bench))
  })
})
