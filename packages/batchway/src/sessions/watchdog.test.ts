import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { toJobId } from '@batchway/schedulers'
import type { Spec } from '../profiles/spec.ts'
import { plainOutcome } from './decide-outcome.ts'
import { openRoom } from './room.ts'
import type { Facts, LiveClaim } from './session.ts'
import { insertSession, openBench, sampleSpec } from './testing/bench.ts'
import { openWatchdog } from './watchdog.ts'

const id = 'abcdefghj'
const jobId = toJobId('42')
const claim: LiveClaim = { id: 'c1', jobId, restart: 0, node: 'n1' }
const waiting = { hold: 'none', reason: null, wait: 'normal', estimatedStartAt: null } as const
const queued: Facts = { state: 'queued', jobId, waiting }
const starting = (change: Partial<Extract<Facts, { state: 'starting' }>> = {}): Facts => ({
  state: 'starting',
  jobId,
  node: 'n1',
  claim: null,
  paused: false,
  ...change,
})
const ready = (change: Partial<Extract<Facts, { state: 'ready' }>> = {}): Facts => ({
  state: 'ready',
  jobId,
  node: 'n1',
  claim,
  target: { host: 'n1', port: 1 },
  reachable: true,
  paused: false,
  ...change,
})
const stopping = (change: Partial<Extract<Facts, { state: 'stopping' }>> = {}): Facts => ({
  state: 'stopping',
  jobId,
  claim,
  because: plainOutcome('finished'),
  ...change,
})

/** One session in a state, and a watchdog that looks once a second while time goes by. */
async function openBed(facts: Facts, limits: Partial<Spec['limits']> = {}) {
  const bench = await openBench()
  const spec = sampleSpec({ limits: { ...sampleSpec().limits, ...limits } })
  const room = openRoom(bench.parts, async () => {})
  room.adopt(await insertSession(bench, { facts, spec, createdAt: bench.clock.now() - 86_400_000 }))
  const state: { steadySince: number | null; heardAt: number | undefined } = { steadySince: 0, heardAt: undefined }
  const cancels: number[] = []
  const openedAt = bench.clock.now()
  const watchdog = openWatchdog(room, {
    lastHeartbeat: () => state.heardAt,
    cancel: () => cancels.push(Math.round((bench.clock.now() - openedAt) / 1_000)),
    steadySince: () => state.steadySince,
  })
  const factsNow = async () => (await bench.stores.sessions.find(id))?.facts
  return {
    bench,
    room,
    state,
    cancels,
    watchdog,
    factsNow,
    /** The outcome's code once the session is told to stop, else its state. */
    becomes: async () => {
      const now = await factsNow()
      return now?.state === 'stopping' ? now.because.code : now?.state
    },
    run: async (seconds: number, each: () => void = () => {}) => {
      for (let second = 0; second < seconds; second += 1) {
        await bench.clock.advance(1_000)
        each()
        await watchdog.tick()
      }
    },
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  }
}

describe('limits', () => {
  const table: readonly [
    what: string,
    facts: Facts,
    limits: Partial<Spec['limits']>,
    seconds: number,
    outcome: string,
  ][] = [
    ['the queue’s, where the profile has one', queued, { queueSeconds: 100 }, 100, 'queue-limit'],
    [
      'the patience with a request that can never run',
      { ...queued, waiting: { ...waiting, wait: 'never', reason: 'PartitionTimeLimit' } },
      {},
      20,
      'can-never-run',
    ],
    ['the agent’s, to report', starting(), { bootSeconds: 100 }, 100, 'hub-not-reachable'],
    ['the application’s, to answer', starting({ claim }), { readySeconds: 100 }, 160, 'never-ready'],
  ]
  for (const [what, facts, limits, seconds, outcome] of table) {
    it(`${what}: holds, and then ends the session`, async () => {
      await using bed = await openBed(facts, limits)
      await bed.run(seconds - 1)
      assert.equal(await bed.becomes(), facts.state)
      await bed.run(4)
      assert.equal(await bed.becomes(), outcome)
    })

    if (outcome === 'never-ready') continue // the agent is there: the scheduler has no say in it
    it(`${what}: does not run while the scheduler does not answer`, async () => {
      await using bed = await openBed(facts, limits)
      bed.state.steadySince = null
      await bed.run(seconds * 3)
      assert.equal(await bed.becomes(), facts.state)
      bed.state.steadySince = bed.bench.clock.now()
      await bed.run(seconds - 1)
      assert.equal(await bed.becomes(), facts.state)
      await bed.run(4)
      assert.equal(await bed.becomes(), outcome)
    })
  }

  it('a wait in the queue has none by itself', async () => {
    await using bed = await openBed(queued)
    await bed.run(20 * 60)
    assert.equal(await bed.becomes(), 'queued')
  })

  it('count anew after a requeue, and not what the job did before', async () => {
    await using bed = await openBed(ready(), { queueSeconds: 100 })
    await bed.run(300, () => {
      bed.state.heardAt = bed.bench.clock.now()
    })
    await bed.room.apply(id, {
      type: 'observed',
      status: { id: jobId, name: 't', phase: 'pending', rawState: 'PD', restarts: 1 },
      askedAt: 1,
    })
    await bed.run(99)
    assert.equal(await bed.becomes(), 'queued')
  })

  it('do not run for a job that is suspended, and count anew when it goes on', async () => {
    await using bed = await openBed(starting({ claim, paused: true }), { readySeconds: 100 })
    await bed.run(400)
    await bed.room.apply(id, {
      type: 'observed',
      status: { id: jobId, name: 't', phase: 'running', rawState: 'R', restarts: 0, host: 'n1' },
      askedAt: 1,
    })
    await bed.run(150)
    assert.equal(await bed.becomes(), 'starting')
    await bed.run(15)
    assert.equal(await bed.becomes(), 'never-ready')
  })

  it('do not count the time in which the hub was away: not a restart, not a sleep of its machine', async () => {
    await using bed = await openBed(starting(), { bootSeconds: 100 })
    await bed.run(60)
    await bed.bench.clock.advance(3_600_000)
    await bed.run(90)
    assert.equal(await bed.becomes(), 'starting')
    await bed.run(20)
    assert.equal(await bed.becomes(), 'hub-not-reachable')
  })

  it('of a request that can never run begin with its reason', async () => {
    await using bed = await openBed(queued)
    const seen = (wait: 'never' | 'normal') =>
      bed.room.apply(id, {
        type: 'observed',
        status: { id: jobId, name: 't', phase: 'pending', rawState: 'PD', restarts: 0, reason: 'PartitionDown', wait },
        askedAt: 1,
      })
    await bed.run(60)
    for (let round = 0; round < 5; round += 1) {
      await seen('never')
      await bed.run(15)
      await seen('normal')
      await bed.run(5)
    }
    assert.equal(await bed.becomes(), 'queued')
  })
})

describe('a silent agent', () => {
  it('makes the session unreachable, and ends nothing', async () => {
    await using bed = await openBed(ready())
    await bed.run(30, () => {
      bed.state.heardAt = bed.bench.clock.now()
    })
    await bed.run(34)
    assert.deepEqual(await bed.factsNow(), ready())
    await bed.run(3)
    assert.deepEqual(await bed.factsNow(), ready({ reachable: false }))
    await bed.run(600)
    assert.equal((await bed.factsNow())?.state, 'ready')
  })

  it('is given its time after the hub came back, after a sleep, and after a suspended job goes on', async () => {
    await using bed = await openBed(ready())
    bed.state.heardAt = bed.bench.clock.now() - 3_600_000
    await bed.run(34)
    assert.deepEqual(await bed.factsNow(), ready())
    await bed.bench.clock.advance(3_600_000)
    await bed.run(34)
    assert.deepEqual(await bed.factsNow(), ready())

    await using paused = await openBed(ready({ paused: true }))
    await paused.run(600)
    await paused.room.apply(id, {
      type: 'observed',
      status: { id: jobId, name: 't', phase: 'running', rawState: 'R', restarts: 0, host: 'n1' },
      askedAt: 1,
    })
    await paused.run(34)
    assert.deepEqual(await paused.factsNow(), ready())
    await paused.run(3)
    assert.deepEqual(await paused.factsNow(), ready({ reachable: false }))
  })
})

describe('a session that is ending', () => {
  it('by itself is given time to leave, then its job is cancelled, less and less often', async () => {
    await using bed = await openBed(stopping())
    await bed.run(100)
    assert.deepEqual(bed.cancels, [11, 14, 19, 29, 59, 89])
  })

  it('because the scheduler told it to go is not cancelled while its job may be about to start again', async () => {
    await using bed = await openBed(stopping({ because: plainOutcome('cancelled-outside') }))
    bed.state.steadySince = null
    await bed.run(400)
    bed.state.steadySince = bed.bench.clock.now()
    await bed.run(299)
    assert.deepEqual(bed.cancels, [])
    await bed.run(3)
    assert.deepEqual(bed.cancels, [700])
  })

  it('because somebody said so is cancelled at once, unless that has just been done', async () => {
    await using now = await openBed(stopping({ because: plainOutcome('stopped-by-user', { by: 'alice' }) }))
    await now.run(5)
    assert.deepEqual(now.cancels, [1, 4])

    await using done = await openBed(stopping({ because: plainOutcome('stopped-by-user', { by: 'alice' }) }))
    done.watchdog.cancelled(id)
    await done.run(5)
    assert.deepEqual(done.cancels, [3])
  })

  it('without a job has none to cancel', async () => {
    await using bed = await openBed(stopping({ jobId: null, claim: null }))
    await bed.run(100)
    assert.deepEqual(bed.cancels, [])
  })
})

describe('the watchdog itself', () => {
  it('lets the event loop turn while it looks at thousands, and looks at what they are then', async () => {
    await using bed = await openBed(ready())
    const room = openRoom(bed.bench.parts, async () => {})
    const first = await bed.bench.stores.sessions.find(id)
    assert.ok(first)
    for (let n = 0; n < 2_600; n += 1) room.adopt({ ...first, id: `s${n}` })
    const asked: string[] = []
    let turns = 0
    const count = (): void => {
      turns += 1
      const last = room.active.get('s2599')
      if (last) room.drop(last)
      if (turns < 100) setImmediate(count)
    }
    const watchdog = openWatchdog(room, {
      lastHeartbeat(sessionId) {
        asked.push(sessionId)
        return bed.bench.clock.now()
      },
      cancel: () => {},
      steadySince: () => 0,
    })
    setImmediate(count)
    await watchdog.tick()
    assert.ok(turns >= 5, `${turns} turns`)
    assert.equal(asked.length, 2_599)
    assert.ok(!asked.includes('s2599'), 'it had ended meanwhile')
  })

  it('goes on to the other sessions when one of them fails', async () => {
    await using bed = await openBed(stopping())
    const broken = { ...bed.bench.parts.settings, heartbeatSeconds: 10 }
    const room = openRoom({ ...bed.bench.parts, settings: broken }, async () => {})
    const first = await insertSession(bed.bench, { id: 'first0000', serverName: 'one', facts: stopping() })
    const second = await insertSession(bed.bench, { id: 'second000', serverName: 'two', facts: stopping() })
    for (const session of [first, second]) room.adopt(session)
    const cancelled: string[] = []
    const watchdog = openWatchdog(room, {
      lastHeartbeat: () => undefined,
      steadySince: () => 0,
      cancel(session) {
        if (session.id === 'first0000') throw new Error('no')
        cancelled.push(session.id)
      },
    })
    for (let second = 0; second < 12; second += 1) {
      await bed.bench.clock.advance(1_000)
      await watchdog.tick()
    }
    assert.deepEqual(cancelled, ['second000'])
  })
})
