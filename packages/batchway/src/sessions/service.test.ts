import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobId, toJobId } from '@batchway/schedulers'
import { plainOutcome } from './decide-outcome.ts'
import type { SessionService } from './service.ts'
import type { Facts, LiveClaim, Session } from './session.ts'
import {
  type Bench,
  beatReport,
  exitReport,
  type FakeAgent,
  fakeAgent,
  insertSession,
  openBench,
  readyReport,
  sampleSpec,
} from './testing/bench.ts'
import { failingList } from './testing/fake-cluster.ts'

const id = 'abcdefghj'
const path = '/jupyter/user/alice'
const because = plainOutcome('stopped-by-user', { by: 'alice' })
const waiting = { hold: 'none', reason: null, wait: 'normal', estimatedStartAt: null } as const

const factsOf = async ({ stores }: Bench, which = id) => (await stores.sessions.find(which))?.facts
const stateOf = async (bench: Bench, which = id) => (await factsOf(bench, which))?.state
const errorsOf = ({ said }: Bench) => said.filter(({ level }) => level === 'error')

/** From the click to the open page. */
async function startReady(bench: Bench, hub: SessionService): Promise<{ id: string; jobId: JobId; agent: FakeAgent }> {
  const started = await hub.start(bench.alice, '', sampleSpec())
  await bench.clock.settle()
  const job = bench.cluster.jobOf(`b00${started.id}01`)
  assert.ok(job)
  bench.cluster.change(job.id, { phase: 'running', host: 'n1' })
  const agent = fakeAgent(bench, hub, { session: started.id, jobId: job.id })
  const claiming = agent.claim()
  await bench.clock.advance(5_000)
  await claiming
  await agent.report(readyReport)
  await bench.clock.settle()
  return { id: started.id, jobId: job.id, agent }
}

describe('a session from the click to its end', () => {
  it('is submitted, claimed, ready, and stopped', async () => {
    await using bench = await openBench()
    const { clock, proxy, stores } = bench
    const hub = await bench.hub()
    const told: string[] = []
    hub.subscribe(bench.alice.id, ({ facts }) => told.push(facts.state))

    const session = await startReady(bench, hub)
    assert.ok(proxy.table.has(path))
    await hub.stop(session.id, 'alice')
    await clock.advance(10_000)

    const facts = await factsOf(bench, session.id)
    assert.ok(facts?.state === 'ended' && facts.outcome.code === 'stopped-by-user')
    assert.equal(facts.outcome.accounting?.kind, 'cancelled')
    assert.deepEqual([...proxy.table.keys()], ['/'])
    await assert.rejects(session.agent.report(beatReport()), { code: 'gone' })
    const order = ['submitting', 'queued', 'starting', 'ready', 'stopping', 'ended']
    assert.deepEqual([...new Set(told)], order)
    assert.deepEqual(
      (await stores.sessions.listEvents(session.id)).map(({ type }) => type).filter((type) => !type.includes('.')),
      order.slice(1),
    )
    assert.deepEqual(errorsOf(bench), [])
  })

  it('is one, however often the button is pressed at once', async () => {
    await using bench = await openBench()
    const hub = await bench.hub()
    const clicks = await Promise.allSettled([1, 2, 3, 4].map(() => hub.start(bench.alice, '', sampleSpec())))
    await bench.clock.advance(10_000)
    assert.equal(clicks.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const click of clicks) if (click.status === 'rejected') assert.equal(click.reason.code, 'session_busy')
    assert.equal(bench.cluster.requests.length, 1)
    await hub.start(bench.alice, 'lab', sampleSpec())
    await hub.start(bench.bob, '', sampleSpec())
  })

  it('needs a cluster that is configured', async () => {
    await using bench = await openBench()
    const hub = await bench.hub()
    await assert.rejects(hub.start(bench.alice, '', sampleSpec({ cluster: 'gone' })), { code: 'invalid_choice' })
  })
})

describe('stop', () => {
  const jobId = toJobId('101')
  const claim: LiveClaim = { id: 'c1', jobId, restart: 0, node: 'n1' }
  const everywhere: Readonly<Record<string, Facts>> = {
    submitting: { state: 'submitting' },
    queued: { state: 'queued', jobId, waiting },
    starting: { state: 'starting', jobId, node: 'n1', claim: null, paused: false },
    claimed: { state: 'starting', jobId, node: 'n1', claim, paused: false },
    ready: {
      state: 'ready',
      jobId,
      node: 'n1',
      claim,
      target: { host: 'n1', port: 1 },
      reachable: true,
      paused: false,
    },
    stopping: { state: 'stopping', jobId, claim, because },
  }
  for (const [name, facts] of Object.entries(everywhere)) {
    it(`in ${name} answers at once, may be repeated, and leaves no job`, async () => {
      await using bench = await openBench()
      if (name !== 'submitting') bench.cluster.add(`b00${id}01`, 'alice', { phase: 'running', host: 'n1' })
      await insertSession(bench, { facts, jobId: name === 'submitting' ? null : jobId })
      const hub = await bench.hub()
      const answers = await Promise.all([hub.stop(id, 'alice'), hub.stop(id, 'alice'), hub.stop(id, 'root')])
      assert.ok(answers.every((session) => session.facts.state === 'stopping'))
      await bench.clock.advance(30_000)
      const now = await factsOf(bench)
      assert.ok(now?.state === 'ended')
      assert.deepEqual([now.outcome.code, now.outcome.by], ['stopped-by-user', 'alice'])
      assert.ok([...bench.cluster.jobs.values()].every(({ phase }) => phase === 'ended'))
      assert.equal((await hub.stop(id, 'alice')).facts.state, 'ended')
      assert.deepEqual(errorsOf(bench), [])
    })
  }

  it('by somebody else is the admin’s', async () => {
    await using bench = await openBench()
    const hub = await bench.hub()
    const session = await startReady(bench, hub)
    await hub.stop(session.id, 'root')
    await bench.clock.advance(10_000)
    const facts = await factsOf(bench, session.id)
    assert.ok(facts?.state === 'ended')
    assert.deepEqual([facts.outcome.code, facts.outcome.by], ['stopped-by-admin', 'root'])
    await assert.rejects(hub.stop('nobody', 'alice'), { code: 'session_not_found' })
  })

  it('does not wait for a proxy that hangs, nor for a cancel that hangs, and sends one cancel at a time', async () => {
    await using bench = await openBench()
    const hub = await bench.hub()
    const session = await startReady(bench, hub)
    const [proxy, cancel] = [Promise.withResolvers<void>(), Promise.withResolvers<boolean>()]
    bench.proxy.before = () => proxy.promise
    bench.cluster.onCancel = () => cancel.promise
    assert.equal((await hub.stop(session.id, 'alice')).facts.state, 'stopping')
    await bench.clock.advance(120_000)
    assert.equal(bench.cluster.cancels.length, 1)

    const other = await hub.start(bench.bob, '', sampleSpec())
    await bench.clock.advance(5_000)
    assert.equal(await stateOf(bench, other.id), 'queued', 'the others go on')
    proxy.resolve()
    bench.cluster.onCancel = null
    cancel.resolve(true)
    await bench.clock.advance(60_000)
    assert.equal(await stateOf(bench, session.id), 'ended')
  })

  it('is repeated until it is confirmed', async () => {
    await using bench = await openBench()
    const hub = await bench.hub()
    const session = await startReady(bench, hub)
    let refusals = 3
    bench.cluster.onCancel = (jobId) => {
      refusals -= 1
      if (refusals >= 0) failingList()
      bench.cluster.end(jobId, { kind: 'cancelled' })
      return true
    }
    await hub.stop(session.id, 'alice')
    await bench.clock.advance(60_000)
    assert.equal(await stateOf(bench, session.id), 'ended')
    assert.equal(bench.cluster.cancels.length, 4)
  })

  it('ends when the scheduler tells the owner that there is no such job, though nobody ever saw it', async () => {
    await using bench = await openBench()
    await insertSession(bench, { facts: { state: 'queued', jobId, waiting }, jobId })
    bench.cluster.answerOwner = failingList
    const hub = await bench.hub()
    await bench.clock.advance(60_000)
    assert.equal(await stateOf(bench), 'queued')
    await hub.stop(id, 'alice')
    await bench.clock.advance(10_000)
    assert.equal(await stateOf(bench), 'ended')
  })

  it('ends a session whose cluster is no longer configured: nobody can be asked, and its agent is told', async () => {
    for (const [name, facts] of Object.entries(everywhere)) {
      await using bench = await openBench()
      await insertSession(bench, { facts, jobId: name === 'submitting' ? null : jobId })
      await bench.stores.sessions.updateAttempt(id, 1, { submit: 'unclear' })
      const hub = await bench.hub({ clusters: new Map() })
      await bench.clock.advance(60_000)
      if (name !== 'stopping') assert.equal(await stateOf(bench), facts.state, 'not without being asked')
      await hub.stop(id, 'alice')
      await bench.clock.settle()
      assert.equal(await stateOf(bench), 'ended', name)
    }
  })
})

describe('a hub that is restarted', () => {
  it('restores the routes of what it finds, and nothing else', async () => {
    await using bench = await openBench()
    const first = await bench.hub()
    const { id: session } = await startReady(bench, first)
    await first[Symbol.asyncDispose]()
    const route = bench.proxy.table.get(path)
    bench.proxy.table.clear()
    const second = await bench.hub()
    assert.equal(await second.mendRoutes(), 2)
    assert.deepEqual(bench.proxy.table.get(path), route)

    await second.stop(session, 'alice')
    await bench.clock.advance(10_000)
    await second[Symbol.asyncDispose]()
    bench.proxy.table.clear()
    await (await bench.hub()).mendRoutes()
    assert.deepEqual([...bench.proxy.table.keys()], ['/'])
  })

  it('goes on with a ready session: reports count, and its end is seen', async () => {
    await using bench = await openBench()
    const first = await bench.hub()
    const session = await startReady(bench, first)
    const token = bench.parts.credentials.claimToken(session.agent.request.nonce)
    await first[Symbol.asyncDispose]()
    const second = await bench.hub()
    assert.deepEqual(await second.report(token, beatReport()), {
      order: 'continue',
      endsAt: null,
      now: bench.clock.now(),
    })
    await second.report(token, exitReport())
    bench.cluster.end(session.jobId, { kind: 'completed' })
    await bench.clock.advance(5_000)
    const facts = await factsOf(bench, session.id)
    assert.ok(facts?.state === 'ended' && facts.outcome.code === 'finished')
  })

  it('ends nothing because its scheduler does not answer', async () => {
    await using bench = await openBench()
    const jobId = bench.cluster.add(`b00${id}01`, 'alice', { phase: 'running', host: 'n1' })
    await insertSession(bench, { facts: { state: 'starting', jobId, node: 'n1', claim: null, paused: false }, jobId })
    bench.cluster.answer = failingList
    const hub = await bench.hub()
    await bench.clock.advance(3_600_000)
    assert.equal(await stateOf(bench), 'starting')
    assert.ok(hub.clusterHealth('main').failingSince !== null)
    bench.cluster.answer = null
    await bench.clock.advance(300_000)
    assert.equal(await stateOf(bench), 'starting', 'its agent could not claim before')
    await bench.clock.advance(120_000)
    const facts = await factsOf(bench)
    assert.ok(facts?.state === 'ended' && facts.outcome.code === 'hub-not-reachable')
  })

  it('reads no rows for what runs, and lists what it found', async () => {
    await using bench = await openBench({ turns: 24 })
    const rows: Session[] = []
    for (let index = 0; index < 1_000; index += 1) {
      const session = `s${String(index).padStart(8, '0')}`
      const jobId = bench.cluster.add(`b00${session}01`, 'alice', { phase: 'running', host: 'n1' })
      const claim = { id: `c${index}`, jobId, restart: 0, node: 'n1' }
      rows.push(
        await insertSession(bench, {
          id: session,
          serverName: session,
          jobId,
          facts: {
            state: 'ready',
            jobId,
            node: 'n1',
            claim,
            target: { host: 'n1', port: 1 },
            reachable: false,
            paused: false,
          },
        }),
      )
    }
    const calls = new Map<string, number>()
    const store = new Proxy(bench.stores.sessions, {
      get(target, name, receiver) {
        calls.set(String(name), (calls.get(String(name)) ?? 0) + 1)
        return Reflect.get(target, name, receiver)
      },
    })
    const hub = await bench.hub({ store })
    const onBoot = ['listActive', 'listEndedWithClaim', 'listEndedSince']
    assert.deepEqual(
      [...calls],
      onBoot.map((name) => [name, 1]),
    )
    assert.equal((await hub.listActiveOf(bench.alice.id)).length, 1_000)
    await bench.clock.advance(61_000) // the first answers note that the jobs were seen
    assert.equal((await bench.stores.sessions.findAttempt(rows[0]?.id ?? '', 1))?.firstSeenAt !== null, true)
    await bench.clock.advance(60_000)
    calls.clear()
    const lists = bench.cluster.calls.list
    await bench.clock.advance(120_000)
    assert.ok(bench.cluster.calls.list - lists >= 28)
    assert.deepEqual([...calls], [['listActiveIds', 6]], 'two minutes of a thousand quiet sessions')
    assert.deepEqual(errorsOf(bench), [])
  })
})

describe('the ways of a job', () => {
  it('a six-hour queue is a success', async () => {
    await using bench = await openBench()
    const hub = await bench.hub()
    const session = await hub.start(bench.alice, '', sampleSpec())
    await bench.clock.advance(6 * 3_600_000)
    assert.equal(await stateOf(bench, session.id), 'queued')
  })

  it('a requeue takes the route within a poll, and the session comes back under a new claim', async () => {
    await using bench = await openBench()
    const hub = await bench.hub()
    const { id: session, jobId, agent } = await startReady(bench, hub)
    bench.cluster.change(jobId, { phase: 'pending', restarts: 1 })
    await bench.clock.advance(31_000)
    assert.equal(await stateOf(bench, session), 'queued')
    assert.equal(bench.proxy.table.has(path), false)
    await assert.rejects(agent.report(beatReport()), { code: 'gone' })

    bench.cluster.change(jobId, { phase: 'running', host: 'n2' })
    const next = fakeAgent(bench, hub, { session, jobId, restart: 1, node: 'n2' })
    const claiming = next.claim()
    await bench.clock.advance(5_000)
    await claiming
    await next.report(readyReport)
    await bench.clock.settle()
    assert.equal(bench.proxy.table.get(path)?.target, 'https://n2:4000')
  })

  it('an agent that falls silent loses the route and gets it back by proof', async () => {
    await using bench = await openBench()
    const hub = await bench.hub()
    const { id: session, agent } = await startReady(bench, hub)
    await bench.clock.advance(40_000)
    assert.equal(bench.proxy.table.has(path), false)
    const facts = await factsOf(bench, session)
    assert.ok(facts?.state === 'ready' && !facts.reachable)

    bench.prove = async () => ({ isProven: false, words: 'no' })
    await agent.report(beatReport())
    await bench.clock.settle()
    assert.equal(bench.proxy.table.has(path), false)
    bench.prove = async () => ({ isProven: true })
    await agent.report(beatReport())
    await bench.clock.settle()
    assert.ok(bench.proxy.table.has(path))
  })

  it('accounting that comes late sharpens the outcome', async () => {
    await using bench = await openBench()
    const hub = await bench.hub()
    const { id: session, jobId, agent } = await startReady(bench, hub)
    await agent.report(exitReport({ why: 'stopped', exitCode: null, signal: 'SIGTERM' }))
    bench.cluster.change(jobId, { phase: 'ended' })
    await bench.clock.advance(5_000)
    const before = await factsOf(bench, session)
    assert.ok(before?.state === 'ended' && before.outcome.code === 'cancelled-outside')
    bench.cluster.end(jobId, { kind: 'walltime', maxMemoryMiB: 7 })
    await bench.clock.advance(30_000)
    const after = await factsOf(bench, session)
    assert.ok(after?.state === 'ended' && after.outcome.code === 'walltime')
  })
})
