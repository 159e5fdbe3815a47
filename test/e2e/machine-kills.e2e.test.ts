/**
 * `kill -9` of the hub at random moments of start, run and stop, round after round, on Slurm and on the local cluster at once: one
 * application per session that runs, nothing left of those that ended, and each of them ready or explained.
 * BATCHWAY_TEST_ROUNDS says how many rounds (5), BATCHWAY_TEST_SEED which random moments.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { SessionView } from './support/api.ts'
import {
  assertExplained,
  assertOneApplication,
  isLive,
  slurmJobsLike,
  strangers,
  untilNothingIsLeft,
} from './support/machine-check.ts'
import { openRandom } from './support/random.ts'
import { openStubSite, type StubSite, type StubUser } from './support/stub-site.ts'
import { replayTraces } from './support/traces.ts'
import { until } from './support/until.ts'

const rounds = Number(process.env.BATCHWAY_TEST_ROUNDS ?? 5)
const random = openRandom()

/** What the hub is doing when it is killed. */
const moments = ['start', 'sbatch', 'late', 'stop', 'again', 'run'] as const
type Moment = (typeof moments)[number]

interface Seat {
  readonly user: StubUser
  readonly profile: string
  readonly server: string
}

describe('a hub that is killed', () => {
  let stub: StubSite
  const figures: object[] = []
  const print = (line: object): void => console.log(JSON.stringify(line))
  before(async () => {
    print({ rounds, seed: random.seed })
    stub = await openStubSite({ instance: 'm1' })
  })
  after(async () => {
    await stub?.[Symbol.asyncDispose]()
  })

  /** Random moments do not wait for conditions: they are what is tested. */
  const someTime = (longestMs: number): Promise<void> => delay(random.whole(0, longestMs))

  /** A restart of the hub by its supervisor, at once or after up to four seconds. */
  async function killHub(): Promise<void> {
    const start = await stub.killHub()
    if (random.next() < 0.4) await someTime(4_000)
    await start()
  }

  /** Clicks that the hub said it had taken. */
  const taken = new Set<Seat>()
  const ask = async (seat: Seat): Promise<void> => {
    const answer = await stub.request(seat.user, seat.server, seat.profile)
    if (answer === null) return
    assert.equal(answer.status, 202, answer.body)
    taken.add(seat)
  }

  /** Ready or ended: where a session comes to rest when nobody touches it. */
  const settled = ({ user, server }: Seat): Promise<SessionView> =>
    stub.untilIs(user, server, 'ready or ended', ({ state }) => state === 'ready' || state === 'ended', 180_000)

  async function isReady(session: SessionView): Promise<void> {
    assertOneApplication(stub, session, { starts: 1 })
    const [start] = stub.startsOf(session)
    const page = await until(`${session.server} is reached`, async () => {
      const answer = await stub.open(session)
      return answer.status === 200 ? answer : null
    })
    assert.equal(
      page.body.split(' ')[0],
      String(start?.pid),
      'the application that answers is the one that was started',
    )
  }

  async function endOf(session: SessionView): Promise<{ code: string; leftMs: number }> {
    const from = performance.now()
    const ended = await stub.untilState(session.user as StubUser, session.server, 'ended', 90_000)
    assert.equal(ended.id, session.id)
    assertExplained(ended)
    await untilNothingIsLeft(stub, ended)
    const leftMs = performance.now() - from
    const { length: starts } = stub.startsOf(ended)
    assert.ok(starts <= 1, `${starts} starts of ${ended.server}`)
    assertOneApplication(stub, ended, { starts })
    return { code: ended.outcome?.code ?? '', leftMs: Math.round(leftMs) }
  }

  async function provoke(moment: Moment, seats: readonly Seat[]): Promise<void> {
    const ready = async (): Promise<SessionView[]> => {
      await Promise.all(seats.map(ask))
      return await Promise.all(seats.map(({ user, server }) => stub.untilState(user, server, 'ready')))
    }
    switch (moment) {
      case 'start': {
        const asked = Promise.all(seats.map(ask))
        await someTime(2_500)
        await killHub()
        return void (await asked)
      }
      case 'sbatch':
      case 'late': {
        // The job is accepted after the next hub has looked for it, if the time is long.
        const seconds = moment === 'late' ? random.whole(5, 9) : random.whole(1, 3)
        const before = stub.commands.calls('sbatch').length
        stub.commands.fault('sbatch', `sleep ${seconds}`)
        const asked = Promise.all(seats.map(ask))
        await until('sbatch runs', () => stub.commands.calls('sbatch').length > before)
        await someTime(moment === 'late' ? 500 : seconds * 1_000)
        await killHub()
        stub.commands.mend('sbatch')
        return void (await asked)
      }
      case 'again': {
        // The next one dies too, while it takes over what runs.
        const asked = Promise.all(seats.map(ask))
        await someTime(1_500)
        await killHub()
        await someTime(700)
        await killHub()
        return void (await asked)
      }
      case 'run': {
        await ready()
        await someTime(1_500)
        return await killHub()
      }
      case 'stop': {
        const sessions = await ready()
        const pressed = Promise.all(sessions.map((session) => stub.stop(session)))
        await someTime(1_500)
        await killHub()
        return void (await pressed)
      }
    }
  }

  async function round(number: number): Promise<void> {
    const moment = moments[number % moments.length] ?? 'start'
    const seats: Seat[] = [
      { user: 'alice', profile: 'stub', server: `r${number}` },
      { user: 'bob', profile: 'here', server: `r${number}` },
    ]
    await provoke(moment, seats)
    for (const seat of seats) {
      // A request that died with the hub before it was written down never happened, and nobody said that it had.
      if ((await stub.session(seat.user, seat.server)) === null) {
        assert.ok(!taken.has(seat), 'a click that was answered is not lost')
        figures.push({ number, moment, cluster: seat.profile, never: true })
        print(figures.at(-1) ?? {})
        continue
      }
      const from = performance.now()
      const session = moment === 'stop' ? await stub.untilState(seat.user, seat.server, 'ended') : await settled(seat)
      const settledMs = Math.round(performance.now() - from)
      if (session.state === 'ready') {
        await isReady(session)
        await stub.stop(session)
      }
      const { code, leftMs } = await endOf(session) // counted from the stop
      if (session.state === 'ready') assert.equal(code, 'stopped-by-user')
      const attempt = session.attempt
      figures.push({ number, moment, cluster: session.cluster, was: session.state, code, attempt, settledMs, leftMs })
      print(figures.at(-1) ?? {})
    }
  }

  for (let number = 0; number < rounds; number++)
    it(`round ${number}: ${moments[number % moments.length]}`, () => round(number))

  it('left no job that no session knows', () => assert.deepEqual(strangers(stub), []))

  it('would have been seen to start two applications', async () => {
    await stub.request('alice', 'twice', 'stub')
    const session = await stub.untilState('alice', 'twice', 'ready')
    assertOneApplication(stub, session, { starts: 1 })
    await using second = stub.startByHand(session)
    await until('the second application runs', () => stub.startsOf(session).length === 2)
    assert.throws(() => assertOneApplication(stub, session, { starts: 1 }), /2 !== 1/, second.output())
    assert.ok(slurmJobsLike(`bm1${session.id}`).some(isLive), 'a job that is left would be seen')
    await assert.rejects(untilNothingIsLeft(stub, session, 1_000), /nothing is left/)
    await stub.stop(session)
    await stub.untilState('alice', 'twice', 'ended')
    await untilNothingIsLeft(stub, session)
  })

  it('leaves histories that the table of the machine can tell', () => {
    assert.equal(replayTraces(stub.site), stub.rows('select id from session').length)
  })
})
