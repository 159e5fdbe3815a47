import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobId, type JobList, type JobStatus, SchedulerError } from '@batchway/schedulers'
import { silentLogger } from '../core/logger.ts'
import { plainOutcome } from './decide-outcome.ts'
import { openPoller, type PollerDuties } from './poller.ts'
import type { Attempt, Facts, Session } from './session.ts'
import { sampleSite, sampleSpec } from './testing/bench.ts'
import { fakeClock } from './testing/fake-clock.ts'
import { emptyList, type FakeCluster, failingList, fakeCluster } from './testing/fake-cluster.ts'

const minute = 60_000
const states = {
  submitting: { state: 'submitting' },
  queued: (jobId) => ({
    state: 'queued',
    jobId,
    waiting: { hold: 'none', reason: null, wait: 'normal', estimatedStartAt: null },
  }),
  starting: (jobId) => ({ state: 'starting', jobId, node: 'n1', claim: null, paused: false }),
  ready: (jobId) => ({
    state: 'ready',
    jobId,
    node: 'n1',
    claim: { id: 'c1', jobId, restart: 0, node: 'n1' },
    target: { host: 'n1', port: 1 },
    reachable: true,
    paused: false,
  }),
  stopping: (jobId) => ({ state: 'stopping', jobId, claim: null, because: plainOutcome('stopped-by-user') }),
} satisfies Record<string, Facts | ((jobId: JobId) => Facts)>

/** A poller whose duties write down what they are told, in the words `what id`. */
function openBed({ turns }: { turns?: number } = {}) {
  const clock = fakeClock(undefined, turns)
  const cluster: FakeCluster = fakeCluster()
  const sessions = new Map<string, Session>()
  const attempts = new Map<string, Attempt>()
  const told: string[] = []
  const heard = new Map<string, number>()
  const denied = new Map<string, number>()
  let onStatus: PollerDuties['onStatus'] = async (session, attempt, status, askedAt) => {
    told.push(`${status.phase} ${session.id}`)
    const first = attempt.firstSeenAt ?? askedAt
    attempts.set(session.id, { ...attempt, jobId: status.id, firstSeenAt: first })
  }
  const askedAts: number[] = []

  /** A session with a job of its own, unless the state knows none. */
  function add(id: string, state: keyof typeof states, job: Partial<JobStatus> = {}): JobId {
    const tag = `b00${id}`
    const jobId = cluster.add(tag, 'alice', { phase: 'running', host: 'n1', ...job })
    const facts = states[state]
    sessions.set(id, {
      id,
      userId: 1,
      userName: 'alice',
      serverName: id,
      account: 'alice',
      spec: sampleSpec(),
      facts: typeof facts === 'function' ? facts(jobId) : facts,
      attempt: 1,
      version: 1,
      createdAt: clock.now() - 10 * minute,
      submittedAt: null,
      startedAt: null,
      readyAt: null,
      endedAt: null,
      endsAt: null,
      lastActivityAt: null,
    })
    attempts.set(id, {
      sessionId: id,
      number: 1,
      tag,
      secretHash: '',
      jobId: state === 'submitting' ? null : jobId,
      submit: state === 'submitting' ? 'unclear' : 'accepted',
      submitPid: null,
      submitPidStart: null,
      createdAt: clock.now(),
      acceptedAt: state === 'submitting' ? null : clock.now() - minute,
      firstSeenAt: null,
      lastSeenAt: null,
      outputPath: '',
    })
    return jobId
  }

  const open = () =>
    openPoller(
      sampleSite(cluster),
      {
        sessions: () => [...sessions.values()],
        attemptOf: async ({ id }) => attempts.get(id) ?? null,
        onStatus: (...args) => {
          askedAts.push(args[3])
          return onStatus(...args)
        },
        onVanished: async ({ id }, status) => {
          told.push(`vanished ${id} ${status?.end?.kind ?? ''}`.trim())
          sessions.delete(id)
        },
        onTagAbsent: async ({ id }) => void told.push(`absent ${id}`),
        heardAt: ({ id }) => heard.get(id),
        deniedAt: ({ id }) => denied.get(id),
      },
      { now: clock.now, log: silentLogger, sleep: clock.sleep },
    )
  return {
    clock,
    cluster,
    sessions,
    attempts,
    told,
    heard,
    denied,
    askedAts,
    add,
    open,
    answerStatus: (act: PollerDuties['onStatus']) => {
      onStatus = act
    },
  }
}

const ended: Omit<JobStatus, 'id' | 'name'> = {
  owner: 'alice',
  phase: 'ended',
  rawState: 'CD',
  restarts: 0,
  end: { kind: 'completed' },
}

describe('what an answer means', () => {
  it('tells each session of its job: by id, and by tag while the id is unknown', async () => {
    const bed = openBed()
    bed.add('one', 'ready')
    bed.add('two', 'submitting', { phase: 'pending' })
    await using _ = bed.open()
    await bed.clock.advance(5_000)
    assert.deepEqual(bed.told, ['running one', 'pending two'])
  })

  it('says the time at which the answer was asked for', async () => {
    const bed = openBed()
    bed.add('one', 'starting')
    const startedAt = bed.clock.now()
    bed.cluster.answer = async () => {
      await bed.clock.sleep(3_000, new AbortController().signal)
      return { complete: true, jobs: [...bed.cluster.jobs.values()] }
    }
    await using _ = bed.open()
    await bed.clock.advance(8_000)
    assert.deepEqual(bed.askedAts, [startedAt + 4_000])
  })

  for (const [what, answer] of Object.entries({
    'that fails': failingList,
    'that is garbage': () => {
      throw new SchedulerError('unreadable', 'slurm_load_jobs error: <html>')
    },
    'that makes the parser stumble': () => {
      throw new TypeError('undefined is not iterable')
    },
    'that is incomplete': () => ({ complete: false, jobs: [] }),
  }) as [string, () => JobList][]) {
    it(`changes nothing by a list ${what}, however often`, async () => {
      const bed = openBed()
      const ids = ['one', 'two'].map((id) => bed.add(id, 'ready'))
      bed.add('three', 'submitting')
      await using poller = bed.open()
      await bed.clock.advance(30_000)
      bed.told.length = 0
      bed.cluster.answer = answer
      for (const id of ids) bed.cluster.accounting?.set(id, { ...ended, id, name: '' })

      await bed.clock.advance(10 * minute)

      assert.equal(bed.told.length, 0)
      bed.cluster.answer = emptyList // and the control: now accounting is asked, and believed
      poller.nudge()
      await bed.clock.advance(minute)
      assert.ok(bed.told.includes('vanished one completed'))
    })
  }

  it('keeps a row it cannot read from ending anything', async () => {
    const bed = openBed()
    const id = bed.add('one', 'ready')
    await using _ = bed.open()
    await bed.clock.advance(31_000)
    bed.cluster.change(id, { phase: 'unknown' })
    await bed.clock.advance(5 * minute)
    assert.equal(bed.sessions.size, 1)
    assert.equal(bed.told.at(-1), 'unknown one')
  })

  it('goes on to the other sessions when one of them fails', async () => {
    const bed = openBed()
    for (const id of ['one', 'two']) bed.add(id, 'ready')
    bed.answerStatus(async ({ id }) => {
      if (id === 'one') throw new Error('the database is busy')
      bed.told.push(id)
    })
    await using _ = bed.open()
    await bed.clock.advance(31_000)
    assert.deepEqual(bed.told, ['two'])
  })
})

describe('whose job it is', () => {
  it('does not take a stranger’s job of the same name for ours, nor lets it hide ours', async () => {
    const bed = openBed()
    const own = bed.add('one', 'submitting', { phase: 'pending' })
    bed.cluster.add('b00one', 'mallory', { phase: 'running' })
    await using _ = bed.open()
    await bed.clock.advance(5_000)
    assert.deepEqual(bed.told, ['pending one'])

    bed.cluster.hide(own)
    bed.attempts.set('one', { ...(bed.attempts.get('one') as Attempt), jobId: null, firstSeenAt: null })
    await bed.clock.advance(5_000)
    assert.equal(bed.told.at(-1), 'absent one')
  })

  it('does not take another job under our id for ours: a scheduler set up anew counts from 1', async () => {
    for (const stranger of [{ owner: 'mallory' }, { name: 'mpi-run' }]) {
      const bed = openBed()
      const id = bed.add('one', 'ready')
      bed.cluster.change(id, stranger)
      bed.cluster.accounting?.set(id, { ...ended, id, name: 'b00one', ...stranger })
      await using _ = bed.open()
      await bed.clock.advance(10 * minute)
      assert.deepEqual(bed.told, [])
    }
  })

  it('prefers the living one of two jobs of one tag', async () => {
    const bed = openBed()
    bed.add('one', 'submitting', { phase: 'ended', end: { kind: 'failed' } })
    bed.cluster.add('b00one', 'alice', { phase: 'pending' })
    await using _ = bed.open()
    await bed.clock.advance(5_000)
    assert.deepEqual(bed.told, ['pending one'])
  })
})

describe('gone needs proof', () => {
  it('believes accounting at the second absence', async () => {
    const bed = openBed()
    const id = bed.add('one', 'ready')
    await using _ = bed.open()
    await bed.clock.advance(31_000)
    bed.cluster.end(id, { kind: 'walltime' })
    bed.cluster.hide(id)
    bed.told.length = 0
    await bed.clock.advance(30_000)
    assert.equal(bed.cluster.calls.history, 0)
    await bed.clock.advance(5_000)
    assert.deepEqual(bed.told, ['vanished one walltime'])
  })

  it('without accounting needs many answers of a channel that has shown the job, and a silent agent', async () => {
    const bed = openBed()
    const id = bed.add('one', 'ready')
    await using _ = bed.open()
    await bed.clock.advance(31_000)
    bed.cluster.hide(id)
    bed.told.length = 0
    for (let second = 0; second < 10 * 60; second += 10) {
      bed.heard.set('one', bed.clock.now())
      await bed.clock.advance(10_000)
    }
    assert.deepEqual(bed.told, [])
    await bed.clock.advance(minute)
    assert.deepEqual(bed.told, ['vanished one'])
  })

  it('never says so of a job that the channel has not shown', async () => {
    const bed = openBed()
    const id = bed.add('one', 'queued')
    bed.cluster.hide(id)
    await using _ = bed.open()
    await bed.clock.advance(60 * minute)
    assert.deepEqual(bed.told, [])
  })

  it('does not believe an absence that accounting contradicts, or cannot be asked about', async () => {
    const bed = openBed()
    const id = bed.add('one', 'ready')
    await using _ = bed.open()
    await bed.clock.advance(31_000)
    bed.cluster.accounting?.set(id, { ...ended, id, name: '', phase: 'running' })
    bed.cluster.hide(id)
    bed.told.length = 0
    await bed.clock.advance(10 * minute)
    bed.cluster.accounting = null
    await bed.clock.advance(10 * minute)
    assert.deepEqual(bed.told, [])
  })

  it('distrusts an answer that has lost many at once, and asks accounting for all of them in one call', async () => {
    const bed = openBed()
    const ids = ['one', 'two', 'three', 'four'].map((id) => bed.add(id, 'ready'))
    await using _ = bed.open()
    await bed.clock.advance(31_000)
    for (const id of ids) bed.cluster.hide(id)
    bed.told.length = 0
    await bed.clock.advance(10 * minute)
    assert.deepEqual(bed.told, [])

    const [calls, lists] = [bed.cluster.calls.history, bed.cluster.calls.list]
    for (const id of ids) bed.cluster.accounting?.set(id, { ...ended, id, name: '' })
    await bed.clock.advance(5_000)
    assert.equal(bed.told.length, 4)
    assert.ok(bed.cluster.calls.history - calls <= bed.cluster.calls.list - lists)
  })

  it('believes the scheduler that tells the owner there is no such job, in an answer asked for after that', async () => {
    const bed = openBed()
    const id = bed.add('one', 'stopping')
    bed.cluster.hide(id)
    await using _ = bed.open()
    await bed.clock.advance(minute)
    assert.deepEqual(bed.told, [])
    bed.denied.set('one', bed.clock.now())
    await bed.clock.advance(5_000)
    assert.deepEqual(bed.told, ['vanished one'])
  })

  it('does not count an answer that was asked for before the job was there', async () => {
    const bed = openBed()
    const id = bed.add('one', 'stopping')
    bed.cluster.end(id, { kind: 'cancelled' })
    bed.cluster.hide(id)
    bed.attempts.set('one', { ...(bed.attempts.get('one') as Attempt), acceptedAt: bed.clock.now() + 4_000 })
    await using _ = bed.open()
    await bed.clock.advance(5_000)
    assert.deepEqual(bed.told, [])
    await bed.clock.advance(5_000)
    assert.deepEqual(bed.told, ['vanished one cancelled'])
  })
})

describe('how often it asks', () => {
  it('keeps to 20 calls in any minute with 1,000 sessions, however often it is nudged and asked', async () => {
    const bed = openBed({ turns: 24 })
    const calls: number[] = []
    bed.cluster.answer = () => {
      calls.push(bed.clock.now())
      return { complete: true, jobs: [] }
    }
    for (let index = 0; index < 1_000; index += 1) bed.add(`s${index}`, index % 2 ? 'queued' : 'starting')
    await using poller = bed.open()
    const asks: Promise<unknown>[] = []
    for (let second = 0; second < 180; second += 1) {
      poller.nudge()
      asks.push(poller.ask(bed.clock.now()).catch(() => {}))
      await bed.clock.advance(1_000)
    }
    for (const [index, at] of calls.entries()) {
      const inMinute = calls.slice(index).filter((other) => other < at + minute).length
      assert.ok(inMinute <= 20, `${inMinute} calls in a minute`)
    }
    assert.ok(calls.length > 40, 'and uses what it may')
    await Promise.all(asks.slice(0, -1))
  })

  it('asks fast while something moves, slowly while all is quiet, and not at all for nobody', async () => {
    for (const [state, fewest, most] of [
      ['starting', 140, 160],
      ['queued', 55, 65],
      ['ready', 18, 21],
      [null, 0, 0],
    ] as const) {
      const bed = openBed()
      if (state) bed.add('one', state, state === 'queued' ? { phase: 'pending' } : {})
      await using _ = bed.open()
      await bed.clock.advance(10 * minute)
      const { list } = bed.cluster.calls
      assert.ok(list >= fewest && list <= most, `${state}: ${list}`)
    }
  })

  it('asks at once when nudged, and once for many nudges', async () => {
    const bed = openBed()
    bed.add('one', 'ready')
    await using poller = bed.open()
    await bed.clock.advance(31_000)
    assert.equal(bed.cluster.calls.list, 1)
    for (let nudge = 0; nudge < 10; nudge += 1) poller.nudge()
    await bed.clock.advance(1_000)
    assert.equal(bed.cluster.calls.list, 2)
  })

  it('does not lose a nudge that comes while a call runs', async () => {
    const bed = openBed()
    bed.add('one', 'ready')
    const call = Promise.withResolvers<JobList>()
    bed.cluster.answer = () => call.promise
    await using poller = bed.open()
    await bed.clock.advance(31_000)
    poller.nudge()
    bed.cluster.answer = null
    call.resolve(emptyList())
    await bed.clock.advance(1_000)
    assert.equal(bed.cluster.calls.list, 2)
  })

  it('backs off from a scheduler that fails, and is back soon when somebody asks', async () => {
    const bed = openBed()
    bed.add('one', 'starting')
    bed.cluster.answer = failingList
    await using poller = bed.open()
    await bed.clock.advance(20 * minute)
    const quiet = bed.cluster.calls.list
    assert.ok(quiet >= 10 && quiet <= 16, `${quiet}`)
    assert.equal(poller.health().steadySince, null)
    assert.equal(poller.health().words, 'Unable to contact slurm controller')

    for (let second = 0; second < 60; second += 1) {
      poller.nudge()
      await bed.clock.advance(1_000)
    }
    const impatient = bed.cluster.calls.list - quiet
    assert.ok(impatient >= 5 && impatient <= 7, `${impatient}`)

    bed.cluster.answer = null
    poller.nudge()
    await bed.clock.advance(11_000)
    assert.ok(poller.health().steadySince !== null && poller.health().failingSince === null)
  })
})

describe('ask', () => {
  it('gives the last answer if it is fresh enough', async () => {
    const bed = openBed()
    bed.add('one', 'ready')
    await using poller = bed.open()
    await bed.clock.advance(31_000)
    const { askedAt } = await poller.ask(bed.clock.now() - 30_000)
    assert.ok(askedAt < bed.clock.now())
    assert.equal(bed.cluster.calls.list, 1)
  })

  it('never passes off an answer that began earlier: who asks during a call waits for the next', async () => {
    const bed = openBed()
    bed.add('one', 'ready')
    const call = Promise.withResolvers<JobList>()
    bed.cluster.answer = () => call.promise
    await using poller = bed.open()
    await bed.clock.advance(31_000)
    const since = bed.clock.now()
    const asked = poller.ask(since)
    bed.cluster.answer = null
    call.resolve(emptyList())
    await bed.clock.advance(1_000)
    const { askedAt, list } = await asked
    assert.ok(askedAt >= since)
    assert.equal(list.jobs.length, 1)
  })

  it('shares one call among all who ask', async () => {
    const bed = openBed()
    bed.add('one', 'ready')
    await using poller = bed.open()
    const asked = Array.from({ length: 90 }, () => poller.ask(bed.clock.now()))
    await bed.clock.advance(1_000)
    await Promise.all(asked)
    assert.equal(bed.cluster.calls.list, 1)
  })

  it('fails while the scheduler fails, and when the hub stops', async () => {
    const bed = openBed()
    bed.add('one', 'ready')
    bed.cluster.answer = failingList
    const poller = bed.open()
    const first = poller.ask(bed.clock.now())
    const refused = assert.rejects(first, { kind: 'unavailable' })
    await bed.clock.advance(1_000)
    await refused
    await assert.rejects(poller.ask(bed.clock.now()), { kind: 'unavailable' })

    bed.cluster.answer = null
    await bed.clock.advance(minute)
    const last = assert.rejects(poller.ask(bed.clock.now()), { kind: 'unavailable' })
    await poller[Symbol.asyncDispose]()
    await last
    await assert.rejects(poller.ask(bed.clock.now()), { kind: 'unavailable' })
  })
})
