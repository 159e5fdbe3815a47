import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type HubClient, HubUnreachable } from './hub-client.ts'
import type { Report, ReportReply } from './protocol.ts'
import { openReporter } from './reporter.ts'
import { type FakeClock, fakeClock } from './testing/fake-clock.ts'

const usage = { cpuSeconds: 1, memoryBytes: 2, memoryPeakBytes: 3 }
const place = { host: 'n1', port: 4_000 }
const listening: Report = { type: 'listening', ...place, pid: 1 }
const ready: Report = { type: 'ready', ...place, pid: 2, startedMs: 5 }
const exit: Report = {
  type: 'exit',
  why: 'application',
  exitCode: 0,
  signal: null,
  log: [],
  message: '',
  usage,
}
const beatOf = (connections: number): Extract<Report, { type: 'heartbeat' }> => ({
  type: 'heartbeat',
  state: 'ready',
  ...place,
  usage,
  lastActivityAt: null,
  connections,
})

type Mood = 'up' | 'away' | 'lost reply' | number

/** A hub that comes and goes: what it took in, and when. */
function open(clock: FakeClock = fakeClock()) {
  const hub = { mood: 'up' as Mood, order: 'continue' as ReportReply['order'] }
  const got: Report[] = []
  const asked: number[] = []
  const said: string[] = []
  const orders: string[] = []
  const replies: ReportReply[] = []
  const client: HubClient = {
    post: async (_path, _token, body) => {
      asked.push(clock.monotonic())
      await clock.sleep(1)
      if (hub.mood === 'away') throw new HubUnreachable('ECONNREFUSED')
      if (typeof hub.mood === 'number') return { status: hub.mood, body: null }
      got.push(body as Report)
      if (hub.mood === 'lost reply') throw new HubUnreachable('ECONNRESET')
      return { status: 200, body: { order: hub.order, endsAt: null, now: clock.now() } }
    },
    postForm: async () => ({ status: 500, body: null }),
    get: async () => ({ status: 500, body: null }),
  }
  const beats: number[] = []
  const reporter = openReporter('token', {
    hub: client,
    clock,
    log: (line) => said.push(line),
    onOrder: (order) => orders.push(order),
    onReply: (reply) => replies.push(reply),
    onBeat: ({ connections }) => beats.push(connections),
  })
  const types = () => got.map(({ type }) => type)
  return { clock, hub, got, asked, said, orders, replies, beats, reporter, types }
}

describe('reports', () => {
  it('wait for a hub that is away, in their order, and say so once', async () => {
    const { clock, hub, reporter, types, said, asked } = open()
    hub.mood = 'away'
    reporter.post(listening)
    reporter.post(ready)
    await clock.advance(1_800_000)
    assert.deepEqual(types(), [])
    assert.ok(asked.length > 100 && asked.length < 400, `${asked.length} tries in half an hour`)
    hub.mood = 'up'
    await clock.advance(10_000)
    assert.deepEqual(types(), ['listening', 'ready'])
    assert.equal(said.length, 2)
    assert.match(said.join('\n'), /does not answer \(ECONNREFUSED\); the application goes on\n.*answers again/)
  })

  it('arrive in order and at least once, whenever the hub goes and comes back', async () => {
    const moods = fc.array(fc.constantFrom<Mood>('up', 'away', 'lost reply', 502, 503, 500, 404, 403), {
      maxLength: 30,
    })
    await fc.assert(
      fc.asyncProperty(moods, async (days) => {
        const { clock, hub, reporter, got } = open()
        const posted: Report[] = []
        for (const mood of days) {
          hub.mood = mood
          const report: Report = { ...ready, pid: posted.length }
          posted.push(report)
          reporter.post(report)
          await clock.advance(3_000)
        }
        hub.mood = 'up'
        await clock.advance(60_000)
        const once = got.filter((report, index) => got.indexOf(report) === index)
        assert.deepEqual(once, posted)
        assert.deepEqual(
          got.map((report) => posted.indexOf(report)),
          got.map((report) => posted.indexOf(report)).toSorted((a, b) => a - b),
        )
      }),
      { numRuns: 40 },
    )
  })

  it('that the hub will never take do not keep the next ones waiting', async () => {
    const { clock, hub, reporter, types, said } = open()
    hub.mood = 422
    reporter.post(listening)
    await clock.advance(100)
    hub.mood = 'up'
    reporter.post(ready)
    await clock.advance(100)
    assert.deepEqual(types(), ['ready'])
    assert.match(said.join(), /does not take the report "listening" \(HTTP 422\)/)
  })
})

describe('heartbeats', () => {
  it('fail quietly: the next one tells the newest', async () => {
    const { clock, hub, reporter, got, said, beats } = open()
    const stop = new AbortController()
    let count = 0
    void reporter.beat(10, () => beatOf(count++), stop.signal)
    await clock.advance(25_000)
    hub.mood = 'away'
    await clock.advance(600_000)
    hub.mood = 'up'
    await clock.advance(20_000)
    stop.abort()
    await clock.advance(60_000)
    const seen = got.map((report) => report.type === 'heartbeat' && report.connections)
    assert.deepEqual(seen.slice(0, 2), [0, 1])
    assert.equal(seen.length, 4)
    assert.ok(Number(seen[2]) > 55, 'none of those in between is sent later')
    assert.deepEqual(beats, seen, 'told are those that arrived')
    assert.equal(said.length, 2)
  })

  it('do not overtake a report that waits', async () => {
    const { clock, hub, reporter, types } = open()
    const stop = new AbortController()
    hub.mood = 'away'
    reporter.post(listening)
    void reporter.beat(1, () => beatOf(0), stop.signal)
    await clock.advance(30_000)
    hub.mood = 'up'
    await clock.advance(20_000)
    stop.abort()
    assert.deepEqual(types().slice(0, 2), ['listening', 'heartbeat'])
  })

  it('come early when there is news, and the hub’s word comes back with them', async () => {
    const { clock, reporter, got, replies } = open()
    const stop = new AbortController()
    void reporter.beat(10, () => beatOf(0), stop.signal)
    await clock.advance(3_000)
    reporter.beatSoon()
    await clock.advance(10)
    assert.equal(got.length, 1)
    await clock.advance(9_000)
    assert.equal(got.length, 1, 'the interval begins anew')
    await clock.advance(2_000)
    stop.abort()
    assert.deepEqual(
      replies.map(({ order }) => order),
      ['continue', 'continue'],
    )
  })

  it('bring the hub’s order, once', async () => {
    for (const [mood, order, expected] of [
      ['up', 'stop', 'stop'],
      [410, 'continue', 'revoked'],
    ] as const) {
      const { clock, hub, reporter, orders } = open()
      const stop = new AbortController()
      void reporter.beat(1, () => beatOf(0), stop.signal)
      await clock.advance(3_000)
      assert.deepEqual(orders, [])
      Object.assign(hub, { mood, order })
      await clock.advance(5_000)
      stop.abort()
      assert.deepEqual(orders, [expected])
    }
  })
})

describe('the last report', () => {
  /** Patience of a minute. */
  const finish = (bed: ReturnType<typeof open>) => {
    const until = bed.clock.monotonic() + 60_000
    return bed.reporter.finish(exit, () => until - bed.clock.monotonic())
  }

  it('is kept until the hub is back, within its limit', async () => {
    const bed = open()
    bed.hub.mood = 'away'
    bed.reporter.post(listening)
    const told = finish(bed)
    await bed.clock.advance(50_000)
    bed.hub.mood = 'up'
    await bed.clock.advance(10_000)
    assert.equal(await told, true)
    assert.deepEqual(bed.types(), ['exit'], 'what it makes needless is not sent')
  })

  it('is given up after that', async () => {
    const bed = open()
    bed.hub.mood = 'away'
    const told = finish(bed)
    await bed.clock.advance(63_000)
    assert.equal(await told, false)
    const tries = bed.asked.length
    bed.hub.mood = 'up'
    await bed.clock.advance(600_000)
    assert.equal(bed.asked.length, tries)
  })

  it('need not arrive where the claim was revoked, and has not where the hub cannot read it', async () => {
    for (const [mood, expected] of [
      [410, true],
      [400, false],
    ] as const) {
      const bed = open()
      bed.hub.mood = mood
      const told = finish(bed)
      await bed.clock.advance(5_000)
      assert.equal(await told, expected)
      assert.equal(bed.asked.length, 1)
    }
  })
})
