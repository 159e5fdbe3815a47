import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobStatus, SchedulerError, toJobId } from '@batchway/schedulers'
import { plainOutcome } from './decide-outcome.ts'
import { openReconciler } from './reconciler.ts'
import { openRoom } from './room.ts'
import type { Session } from './session.ts'
import { type Bench, fakeAgent, insertSession, openBench, readyReport, sampleSpec } from './testing/bench.ts'

const id = 'abcdefghj'
const running: Partial<JobStatus> = { phase: 'running', host: 'n1' }
const waiting = { hold: 'none', reason: null, wait: 'normal', estimatedStartAt: null } as const
const hasWarned = ({ said }: Bench): boolean => said.some(({ message }) => message === 'job without a living attempt')

/** The bench's store, with rows that somebody deletes. */
function losing({ stores }: Bench) {
  const lost = new Set<string>()
  const store = {
    ...stores.sessions,
    find: async (session: string) => (lost.has(session) ? null : stores.sessions.find(session)),
    findAttempt: async (session: string, number: number) =>
      lost.has(session) ? null : stores.sessions.findAttempt(session, number),
    listActiveIds: async () => (await stores.sessions.listActiveIds()).filter((one) => !lost.has(one)),
    update: async (...args: Parameters<typeof stores.sessions.update>) =>
      lost.has(args[0].id) ? null : stores.sessions.update(...args),
  }
  return { store, lost }
}

describe('the reconciler itself', () => {
  it('lets the event loop turn while it goes through a long list', async () => {
    await using bench = await openBench()
    const room = openRoom(bench.parts, async () => {})
    const site = room.clusters.get('main')
    assert.ok(site)
    let turns = 0
    let isOver = false
    const count = (): void => {
      turns += 1
      if (!isOver) setImmediate(count)
    }
    const jobs = Array.from(
      { length: 5_500 },
      (_, n): JobStatus => ({
        id: toJobId(String(n + 1)),
        name: 'train',
        phase: 'running',
        rawState: 'R',
        restarts: 0,
      }),
    )
    setImmediate(count)
    await openReconciler(room, () => {}).look(site, { complete: true, jobs }, bench.clock.now())
    isOver = true
    assert.ok(turns >= 5, `${turns} turns`)
  })
})

describe('a look at an answer', () => {
  /** A reconciler without a hub: each look is the test's. @returns how many cancels were sent by then. */
  async function openLooks() {
    const bench = await openBench()
    const room = openRoom(bench.parts, async () => {})
    const site = room.clusters.get('main') ?? assert.fail()
    const reconciler = openReconciler(room, () => {})
    bench.cluster.onCancel = () => true
    const look = async (askedAt = bench.clock.now()): Promise<number> => {
      await reconciler.look(site, await bench.cluster.list(), askedAt)
      await bench.clock.settle()
      return bench.cluster.cancels.length
    }
    return { bench, reconciler, look, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() }
  }

  it('ends a job of a lost row when it was seen for ten seconds, and sends further cancels ever more seldom', async () => {
    await using looks = await openLooks()
    const { bench, reconciler, look } = looks
    bench.cluster.add(`b00${id}01`, 'alice', running)
    const sentAt: number[] = []
    for (let second = 0; second <= 90; second += 1) {
      if ((await look()) > sentAt.length) sentAt.push(second)
      assert.equal(reconciler.isBusy('main'), second < 88, 'only so many cancels are worth asking often')
      await bench.clock.advance(1_000)
    }
    assert.deepEqual(sentAt, [10, 13, 18, 28, 58, 88])
  })

  it('ends none of a lost row that one answer shows, however late that is', async () => {
    await using looks = await openLooks()
    looks.bench.cluster.add(`b00${id}01`, 'alice', running)
    const askedAt = looks.bench.clock.now() - 60_000
    assert.equal(await looks.look(askedAt), 0)
    assert.equal(await looks.look(), 1)
  })

  it('forgets no job that an incomplete answer does not show', async () => {
    await using looks = await openLooks()
    const { bench, look } = looks
    bench.cluster.add(`b00${id}01`, 'alice', running)
    await look()
    await bench.clock.advance(10_000)
    bench.cluster.answer = () => ({ complete: false, jobs: [] })
    await look()
    bench.cluster.answer = null
    assert.equal(await look(), 1)
  })

  it('sends no cancel while the one before is not answered', async () => {
    await using looks = await openLooks()
    const { bench, look } = looks
    bench.cluster.onCancel = () => new Promise(() => {})
    bench.cluster.add(`b00${id}01`, 'alice', running)
    for (let minute = 0; minute < 5; minute += 1) {
      await look()
      await bench.clock.advance(60_000)
    }
    assert.equal(await look(), 1)
  })

  it('ends none of an attempt of which the scheduler has shown no job, whatever the submit printed', async () => {
    await using looks = await openLooks()
    const { bench, look } = looks
    bench.cluster.add(`b00${id}01`, 'alice', running)
    const other = bench.cluster.add('mpi-run', 'alice', running)
    await insertSession(bench)
    assert.equal(await look(), 0)
    await bench.stores.sessions.acceptAttempt(id, 1, other, bench.clock.now())
    assert.equal(await look(), 0)
    await bench.stores.sessions.acceptAttempt(id, 1, toJobId('999'), bench.clock.now(), bench.clock.now())
    assert.equal(await look(), 1, 'but the second one when the first is known')
  })

  it('ends none of an ended session that began before that', async () => {
    await using looks = await openLooks()
    const endedAt = looks.bench.clock.now()
    looks.bench.cluster.add(`b00${id}01`, 'alice', running)
    await insertSession(looks.bench, { facts: { state: 'ended', outcome: plainOutcome('finished') }, endedAt })
    assert.equal(await looks.look(endedAt), 0)
    assert.equal(await looks.look(endedAt + 1), 1)
  })

  it('takes many lost rows for ours all the same where it shows as many that we know', async () => {
    for (const [known, sent] of [
      [3, 0],
      [4, 4],
    ] as const) {
      await using looks = await openLooks()
      const { bench, look } = looks
      for (let n = 0; n < 4; n += 1) bench.cluster.add(`b00abczzzzz${n}01`, 'alice', running)
      for (let n = 0; n < known; n += 1) {
        const jobId = bench.cluster.add(`b00abcyyyyy${n}01`, 'alice', running)
        const facts = { state: 'starting', jobId, node: 'n1', claim: null, paused: false } as const
        await insertSession(bench, { id: `abcyyyyy${n}`, serverName: `y${n}`, jobId, facts })
      }
      await look()
      await bench.clock.advance(10_000)
      assert.equal(await look(), sent, `${known} known`)
    }
  })
})

describe('a job that belongs to no living attempt', () => {
  it('is cancelled when its session runs another job: of an earlier attempt, or under the same tag', async () => {
    for (const tag of [`b00${id}01`, `b00${id}02`]) {
      await using bench = await openBench()
      const surplus = bench.cluster.add(tag, 'alice', running)
      const jobId = bench.cluster.add(`b00${id}02`, 'alice', { phase: 'pending' })
      await insertSession(bench, { attempt: 2, facts: { state: 'queued', jobId, waiting } })
      await bench.stores.sessions.insertAttempt({
        ...((await bench.stores.sessions.findAttempt(id, 1)) ?? assert.fail()),
        number: 2,
        tag: `b00${id}02`,
      })
      await bench.stores.sessions.acceptAttempt(id, 2, jobId, bench.clock.now())
      const hub = await bench.hub()
      await bench.clock.advance(10_000)
      assert.deepEqual(bench.cluster.cancels, [surplus])
      assert.equal((await hub.find(id))?.facts.state, 'queued')
      const { found, gone, cancelsSent } = hub.schedulerStats().orphans
      assert.deepEqual([found, gone, cancelsSent], [1, 1, 1])
    }
  })

  it('is cancelled when its session has ended', async () => {
    await using bench = await openBench()
    await insertSession(bench, {
      facts: { state: 'ended', outcome: plainOutcome('stopped-by-user') },
      endedAt: bench.clock.now() - 1,
    })
    const jobId = bench.cluster.add(`b00${id}01`, 'alice', running)
    await bench.hub()
    await bench.clock.advance(10_000)
    assert.deepEqual(bench.cluster.cancels, [jobId])
  })

  it('is gone within a minute when its session’s row was lost, though nothing else lives; but not at its first sight', async () => {
    await using bench = await openBench()
    await bench.hub()
    await bench.clock.advance(300_000)
    const jobId = bench.cluster.add(`b00${id}01`, 'alice', running)
    const at = bench.clock.now()
    while (bench.cluster.cancels.length === 0) {
      await bench.clock.advance(1_000)
      assert.ok(bench.clock.now() - at <= 60_000, 'gone within a minute')
    }
    assert.ok(bench.clock.now() - at >= 10_000, 'it may be on its way')
    assert.deepEqual(bench.cluster.cancels, [jobId])
  })

  it('is sent one cancel after the other, at leisure, until it is gone', async () => {
    await using bench = await openBench()
    const jobId = bench.cluster.add(`b00${id}01`, 'alice', running)
    let tries = 0
    bench.cluster.onCancel = () => {
      tries += 1
      if (tries === 1) throw new SchedulerError('ambiguous', 'scancel did not answer within 20 s')
      if (tries === 4) bench.cluster.end(jobId, { kind: 'cancelled' })
      return true
    }
    const hub = await bench.hub()
    await bench.clock.advance(120_000)
    assert.equal(tries, 4)
    assert.deepEqual(hub.schedulerStats().orphans, { found: 1, gone: 1, cancelsSent: 4, cancelsFailed: 1, foreign: 0 })
  })

  it('is left alone, and told of, where the policy says so', async () => {
    await using bench = await openBench()
    bench.cluster.add(`b00${id}01`, 'alice', running)
    const hub = await bench.hub({ settings: { ...bench.parts.settings, orphans: 'leave' } })
    await bench.clock.advance(300_000)
    assert.deepEqual(bench.cluster.cancels, [])
    assert.equal(hub.schedulerStats().orphans.found, 1)
    assert.ok(hasWarned(bench))
  })

  it('is left alone when there are many of them and few of ours: another gateway has our key', async () => {
    for (const [count, cancels] of [
      [4, 0],
      [3, 3],
    ] as const) {
      await using bench = await openBench()
      for (let n = 0; n < count; n += 1) bench.cluster.add(`b00abczzzzz${n}01`, 'alice', running)
      await bench.hub()
      await bench.clock.advance(60_000)
      assert.equal(bench.cluster.cancels.length, cancels)
      assert.equal(
        bench.said.some(({ level, message }) => level === 'error' && message.includes('is the database new')),
        cancels === 0,
      )
    }
  })
})

describe('a job of another gateway that bears our instance', () => {
  const theirs = 'b00k3fzzzzzz01'
  const isTold = ({ level, message }: Bench['said'][number]): boolean =>
    level === 'error' && message.includes('the mark of another gateway')

  it('is left alone for ever, and told of once', async () => {
    await using bench = await openBench()
    const jobId = bench.cluster.add(theirs, 'alice', running)
    const hub = await bench.hub()
    await bench.clock.advance(600_000)
    assert.deepEqual(bench.cluster.cancels, [])
    assert.equal(bench.said.filter(isTold).length, 1)
    assert.deepEqual(hub.schedulerStats().orphans, {
      found: 0,
      gone: 0,
      cancelsSent: 0,
      cancelsFailed: 0,
      foreign: 1,
    })
    bench.cluster.end(jobId, { kind: 'completed' })
    await bench.clock.advance(60_000)
    assert.deepEqual([hub.schedulerStats().orphans.foreign, hub.schedulerStats().orphans.gone], [0, 0])
  })

  it('would be cancelled by a gateway that has the mark', async () => {
    await using bench = await openBench()
    const jobId = bench.cluster.add(theirs, 'alice', running)
    await bench.hub({ settings: { ...bench.parts.settings, mark: 'k3f' } })
    await bench.clock.advance(60_000)
    assert.deepEqual(bench.cluster.cancels, [jobId])
    assert.ok(!bench.said.some(isTold))
  })

  it('does not hide one of ours whose row was lost, however many there are', async () => {
    await using bench = await openBench()
    for (let n = 0; n < 9; n += 1) bench.cluster.add(`b00k3fzzzzz${n}01`, 'alice', running)
    const ours = bench.cluster.add(`b00${id}01`, 'alice', running)
    await bench.hub()
    await bench.clock.advance(60_000)
    assert.deepEqual(bench.cluster.cancels, [ours])
  })
})

describe('a job that is none of our business', () => {
  it('is one of a submit whose result is not known yet, whatever its row says', async () => {
    for (const submit of ['prepared', 'running', 'unclear'] as const) {
      await using bench = await openBench()
      await insertSession(bench)
      await bench.stores.sessions.updateAttempt(id, 1, { submit })
      bench.holds.states.set(`b00${id}01`, 'held')
      const reply = Promise.withResolvers<void>()
      if (submit === 'prepared') bench.cluster.beforeReply = () => reply.promise
      else bench.cluster.answer = () => ({ complete: false, jobs: [] })
      // Not adopted by the list, since the hub's own is cut; all the same nothing is done to it.
      await bench.hub()
      await bench.clock.advance(60_000)
      bench.cluster.answer = null
      const jobId = bench.cluster.jobOf(`b00${id}01`)?.id ?? bench.cluster.add(`b00${id}01`, 'alice', running)
      await bench.clock.advance(60_000)
      assert.deepEqual(bench.cluster.cancels, [])
      assert.equal((await bench.stores.sessions.findAttempt(id, 1))?.jobId, jobId)
      reply.resolve()
    }
  })

  it('is one of another instance, of a stranger, or of a name that is no tag', async () => {
    await using bench = await openBench()
    await insertSession(bench, {
      facts: { state: 'ended', outcome: plainOutcome('stopped-by-user') },
      endedAt: bench.clock.now() - 1,
    })
    for (const [name, owner] of [
      [`b01${id}01`, 'alice'],
      [`b00${id}01`, 'mallory'],
      [`b00${id}0`, 'alice'],
      [`b00${id}01x`, 'alice'],
      ['mpi-run', 'alice'],
    ] as const)
      bench.cluster.add(name, owner, running)
    await bench.hub()
    await bench.clock.advance(300_000)
    assert.deepEqual(bench.cluster.cancels, [])
    assert.ok(!hasWarned(bench))
  })

  it('is one that is over, or about to be', async () => {
    await using bench = await openBench()
    bench.cluster.add(`b00${id}01`, 'alice', { phase: 'ended' })
    bench.cluster.add(`b00${id}02`, 'alice', { phase: 'ending' })
    await bench.hub()
    await bench.clock.advance(300_000)
    assert.deepEqual(bench.cluster.cancels, [])
  })

  it('is one that an answer shows which began before its session ended', async () => {
    await using bench = await openBench()
    const jobId = bench.cluster.add(`b00${id}01`, 'alice', running)
    await insertSession(bench, {
      jobId,
      facts: { state: 'stopping', jobId, claim: null, because: plainOutcome('finished') },
    })
    bench.cluster.answer = async () => {
      const jobs = [...bench.cluster.jobs.values()]
      await bench.clock.sleep(2_000, new AbortController().signal)
      return { complete: true, jobs }
    }
    bench.cluster.onCancel = () => true
    const hub = await bench.hub()
    await bench.clock.advance(1_000)
    const told = hub.schedulerStats().orphans.found
    bench.cluster.end(jobId, { kind: 'completed' })
    await bench.clock.advance(30_000)
    assert.equal((await hub.find(id))?.facts.state, 'ended')
    assert.deepEqual([told, hub.schedulerStats().orphans.found], [0, 0])
  })
})

describe('a living session whose row is lost', () => {
  it('is forgotten with its route and its credentials, and its job is gone within a minute', async () => {
    await using bench = await openBench()
    const { store, lost } = losing(bench)
    const hub = await bench.hub({ store })
    const { id: session } = await hub.start(bench.alice, '', sampleSpec())
    await bench.clock.advance(5_000)
    const job = bench.cluster.jobOf(`b00${session}01`) ?? assert.fail()
    bench.cluster.change(job.id, running)
    const agent = fakeAgent(bench, hub, { session, jobId: job.id })
    const claimed = agent.claim()
    await bench.clock.advance(10_000)
    const { application } = await claimed
    await agent.report(readyReport)
    await bench.clock.advance(5_000)
    assert.ok(bench.proxy.table.has('/jupyter/user/alice'))
    const token = bench.parts.credentials.apiToken(agent.request.nonce)
    assert.ok(application && (await bench.people.callerOfToken(token)).kind !== 'anonymous')
    const told: Session[] = []
    hub.subscribe('all', (one) => told.push(one))

    lost.add(session)
    await bench.clock.advance(60_000)

    assert.deepEqual(bench.cluster.cancels, [job.id])
    assert.ok(!bench.proxy.table.has('/jupyter/user/alice'))
    assert.equal((await bench.people.callerOfToken(token)).kind, 'anonymous')
    assert.deepEqual(await hub.listActive(), [])
    assert.equal(told.at(-1)?.facts.state, 'ended')
    await assert.rejects(agent.report(readyReport))
  })

  it('does not take the route of the session that follows it on the same server', async () => {
    await using bench = await openBench()
    const { store, lost } = losing(bench)
    const hub = await bench.hub({ store })
    const first = await hub.start(bench.alice, '', sampleSpec())
    await bench.clock.advance(2_000)
    lost.add(first.id)
    const row = (await bench.stores.sessions.find(first.id)) ?? assert.fail()
    const outcome = plainOutcome('lost')
    assert.ok(await bench.stores.sessions.update({ ...row, facts: { state: 'ended', outcome }, endedAt: 1 }, []))

    const { id: session } = await hub.start(bench.alice, '', sampleSpec())
    await bench.clock.advance(2_000)
    const job = bench.cluster.jobOf(`b00${session}01`) ?? assert.fail()
    bench.cluster.change(job.id, running)
    const agent = fakeAgent(bench, hub, { session, jobId: job.id })
    const claimed = agent.claim()
    await bench.clock.advance(5_000)
    await claimed
    await agent.report(readyReport)
    await bench.clock.advance(18_000)

    assert.deepEqual(
      (await hub.listActive()).map((one) => one.id),
      [session],
    )
    assert.ok(bench.proxy.table.has('/jupyter/user/alice'))
    await bench.clock.advance(30_000)
    assert.deepEqual(bench.cluster.cancels, [bench.cluster.jobOf(`b00${first.id}01`)?.id])
  })
})
