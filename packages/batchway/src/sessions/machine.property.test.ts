import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobEnd, type JobId, type JobList, type JobStatus, SchedulerError, toJobId } from '@batchway/schedulers'
import fc from 'fast-check'
import { replay } from './model/replay.ts'
import { outcomeCodes, type Session } from './session.ts'
import { type Bench, openBench, sampleSpec } from './testing/bench.ts'
import { emptyList, failingList } from './testing/fake-cluster.ts'
import { openWorld, type World } from './testing/fake-world.ts'
import { historyOf } from './testing/histories.ts'

/** What the world does to a hub. `pick` chooses a session or a job among those there are. */
const actions = {
  start: fc.record({
    who: fc.constantFrom('alice' as const, 'bob' as const),
    /** Changes his mind at once. */
    stops: fc.constantFrom(false, false, false, true),
  }),
  stop: fc.record({ pick: fc.nat(3), by: fc.constantFrom('alice', 'root') }),
  wait: fc.constantFrom(1, 2, 3, 5, 10, 20, 45, 90),
  /** At one of the hub's next calls, or soon; then nobody is there for so many seconds. */
  kill: fc.record({
    calls: fc.nat(25),
    when: fc.constantFrom('before' as const, 'after' as const),
    away: fc.constantFrom(0, 5, 70),
  }),
  list: fc.constantFrom('well' as const, 'fails' as const, 'empty' as const, 'cut' as const),
  submit: fc.constantFrom(
    'well' as const,
    'lost' as const,
    'lost unsent' as const,
    'refused' as const,
    'prints another id' as const,
    'prints an id and sends nothing' as const,
  ),
  accounting: fc.boolean(),
  proxy: fc.constantFrom('well' as const, 'slow' as const, 'fails' as const, 'forgets' as const),
  end: fc.record({
    pick: fc.nat(3),
    kind: fc.constantFrom('completed', 'failed', 'walltime', 'node-failure', 'cancelled') satisfies fc.Arbitrary<
      JobEnd['kind']
    >,
    hide: fc.boolean(),
  }),
  requeue: fc.record({ pick: fc.nat(3), leavesZombie: fc.boolean() }),
  suspend: fc.record({ pick: fc.nat(3), seconds: fc.constantFrom(5, 40, 120) }),
  finish: fc.nat(3),
  /** Nobody hears the job's agent for a while; meanwhile another process of the job may try. */
  cut: fc.record({ pick: fc.nat(3), seconds: fc.constantFrom(5, 40, 70), intruder: fc.boolean() }),
  intrude: fc.nat(3),
  twins: fc.boolean(),
  /** A stranger's job under the name of ours. */
  squat: fc.nat(3),
}
const weights: Readonly<Partial<Record<keyof typeof actions, number>>> = {
  start: 6,
  wait: 6,
  requeue: 2,
  kill: 2,
  cut: 2,
}
type Given = { readonly [A in keyof typeof actions]: (typeof actions)[A] extends fc.Arbitrary<infer T> ? T : never }
type Action = { readonly [A in keyof Given]: { readonly do: A; readonly with: Given[A] } }[keyof Given]

const action = fc.oneof(
  ...Object.entries(actions).map(([name, given]) => ({
    weight: weights[name as keyof typeof actions] ?? 1,
    arbitrary: (given as fc.Arbitrary<unknown>).map((value) => ({ do: name, with: value }) as Action),
  })),
)

/** Everything the hub has ever kept, by the tests' own look into the store. */
async function sessionsOf({ stores, alice, bob }: Bench) {
  const rows = await Promise.all(
    [alice, bob].map(async ({ id }) => [
      ...(await stores.sessions.listActiveOf(id)),
      ...(await stores.sessions.listEndedOf(id, 1_000)),
    ]),
  )
  return rows.flat()
}

function setList({ cluster }: Bench, how: Given['list']): void {
  const cut = (): JobList => ({ complete: false, jobs: [...cluster.jobs.values()].slice(1) })
  cluster.answer = { well: null, fails: failingList, empty: emptyList, cut }[how]
}

function setSubmit({ cluster }: Bench, how: Given['submit']): void {
  cluster.accepts = how === 'well' || how === 'lost' || how === 'prints another id'
  const fail = (): never => {
    throw new SchedulerError(how === 'refused' ? 'refused' : 'ambiguous', how)
  }
  const lies = how === 'prints another id' || how === 'prints an id and sends nothing'
  cluster.beforeReply = how === 'well' || lies ? null : fail
  // Any job: of another session, of no session, one that was cancelled long ago.
  const wrong = (): JobId => {
    const known = [...new Set([...cluster.jobs.keys(), ...(cluster.accounting?.keys() ?? [])])]
    return known[cluster.requests.length % known.length] ?? toJobId('1')
  }
  cluster.prints = lies ? wrong : null
}

function setProxy({ proxy, clock }: Bench, how: Given['proxy']): void {
  if (how === 'forgets') proxy.table.clear()
  const fail = (): never => {
    throw new Error('ECONNREFUSED')
  }
  const beSlow = (call: string): Promise<void> => clock.sleep(call === 'add' ? 3_000 : 0, new AbortController().signal)
  proxy.before = { well: null, forgets: null, slow: beSlow, fails: fail }[how]
}

const livingJobs = ({ cluster }: Bench): JobId[] =>
  [...cluster.jobs.values()]
    .filter(({ phase, owner, name }) => phase !== 'ended' && owner !== 'mallory' && name !== 'mpi-run')
    .map(({ id }) => id)

async function act(bench: Bench, world: World, action: Action): Promise<void> {
  const { cluster } = bench
  const jobAt = (pick: number): JobStatus | undefined => {
    const living = livingJobs(bench)
    return cluster.jobs.get(living[pick % living.length] ?? toJobId('none'))
  }
  switch (action.do) {
    case 'start': {
      const { who, stops } = action.with
      const started = world.hub?.start(bench[who], '', sampleSpec({ requeue: true }))
      void started?.then(({ id }) => (stops ? world.hub?.stop(id, who) : undefined)).catch(() => {})
      return
    }
    case 'stop': {
      const rows = await sessionsOf(bench)
      const session = rows[action.with.pick % rows.length]
      if (session) void world.hub?.stop(session.id, action.with.by).catch(() => {})
      return
    }
    case 'wait':
      return world.run(action.with)
    case 'kill':
      world.life?.dieAfter(action.with.calls, action.with.when)
      await world.run(15)
      world.kill()
      await world.run(action.with.away + 2)
      await world.boot()
      return
    case 'list':
      return setList(bench, action.with)
    case 'submit':
      return setSubmit(bench, action.with)
    case 'accounting':
      cluster.accounting = action.with ? (cluster.accounting ?? new Map()) : null
      return
    case 'proxy':
      return setProxy(bench, action.with)
    case 'end': {
      const job = jobAt(action.with.pick)
      if (!job) return
      cluster.end(job.id, { kind: action.with.kind })
      await world.run(1) // the node sees it first
      if (action.with.hide) cluster.hide(job.id)
      return
    }
    case 'requeue': {
      const job = jobAt(action.with.pick)
      if (job) world.requeue(job.id, action.with.leavesZombie)
      return
    }
    case 'suspend': {
      const job = jobAt(action.with.pick)
      if (job?.phase !== 'running') return
      cluster.change(job.id, { phase: 'paused' })
      await world.run(action.with.seconds)
      if (cluster.jobs.get(job.id)?.phase === 'paused') cluster.change(job.id, { phase: 'running' })
      return
    }
    case 'cut': {
      const job = jobAt(action.with.pick)
      if (!job) return
      world.silence(job.id, true)
      await world.run(action.with.seconds)
      if (action.with.intruder) world.intrude(job.id)
      await world.run(6)
      world.silence(job.id, false)
      return
    }
    case 'finish':
    case 'intrude':
    case 'squat': {
      const job = jobAt(action.with)
      if (!job) return
      if (action.do === 'finish') world.finish(job.id)
      if (action.do === 'intrude') world.intrude(job.id)
      if (action.do === 'squat') cluster.add(job.name, 'mallory', { phase: 'running', host: 'n9' })
      return
    }
    case 'twins':
      world.hasTwins = action.with
      return
  }
}

/** What holds at every moment, whatever happens. */
async function checkAlways(bench: Bench, world: World): Promise<void> {
  const granted = new Set<string>()
  const alive = new Set<string>()
  for (const { session, attempt, restart, isAlive, isZombie } of world.applications) {
    const order = `${session} ${attempt} ${restart}`
    assert.ok(!granted.has(order), `two orders for ${order}`)
    granted.add(order)
    if (!isAlive || isZombie) continue // what the scheduler has given up, the hub can only refuse
    assert.ok(!alive.has(session), `two applications of ${session}`)
    alive.add(session)
  }
  for (const { id, facts } of await sessionsOf(bench)) {
    const claims = await bench.stores.sessions.listClaims(id)
    const live = claims.filter(({ revokedAt }) => revokedAt === null)
    assert.ok(live.length <= 1, `${live.length} live claims`)
    if (facts.state !== 'ended') continue
    assert.ok(outcomeCodes.includes(facts.outcome.code))
    // A hub that died at this very moment may have left the row; it is worth nothing all the same.
    for (const claim of claims) {
      const token = await bench.people.callerOfToken(bench.parts.credentials.apiToken(claim.id))
      assert.equal(token.kind, 'anonymous', 'a token outlived its session')
    }
  }
}

/** What holds when nobody disturbs the hub for a while. */
async function checkAtRest(bench: Bench): Promise<void> {
  const wanted = new Map<string, string>()
  for (const { id, userName, serverName, facts } of await sessionsOf(bench)) {
    assert.deepEqual(replay(await historyOf(bench, id)), [])
    if (facts.state === 'ready' && facts.reachable) {
      const path = `/jupyter/user/${userName}${serverName === '' ? '' : `/${serverName}`}`
      wanted.set(path, bench.parts.credentials.psk(id, facts.claim.id).identity)
    }
    if (facts.state !== 'ended') continue
    const claims = await bench.stores.sessions.listClaims(id)
    assert.ok(
      claims.every(({ revokedAt }) => revokedAt !== null),
      'a claim outlived its session',
    )
  }
  const found = new Map(
    [...bench.proxy.table].filter(([path]) => path !== '/').map(([path, { psk }]) => [path, psk?.identity]),
  )
  assert.deepEqual(found, wanted, 'routes are those of the ready, reachable sessions')
}

describe('the session machine under any order of events', () => {
  it('starts one application per life of a job, routes to what answers, and leaves nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 40 }), async (actions) => {
        await using bench = await openBench()
        const { cluster } = bench
        const ownWork = cluster.add('mpi-run', 'alice', { phase: 'running', host: 'n8' })
        cluster.end(cluster.add('mpi-run', 'alice'), { kind: 'cancelled', by: 'alice' })
        const world = openWorld(bench)
        await world.boot()
        for (const each of actions) {
          await act(bench, world, each)
          await world.run(1)
          await checkAlways(bench, world)
        }

        bench.cluster.answer = null
        bench.cluster.beforeReply = null
        bench.cluster.accepts = true
        bench.cluster.prints = null
        bench.cluster.accounting ??= new Map()
        bench.proxy.before = null
        await world.run(200)
        await checkAlways(bench, world)
        await checkAtRest(bench)
        const zombies = world.applications.filter(({ isAlive, isZombie }) => isAlive && isZombie)
        const sessions = await sessionsOf(bench)
        // A job that was started again and vanished while no hub lived, accounting silent, and the agent speaks: that is kept, though its
        // owner is not shown the job either. A "no" is less than a heartbeat: the scheduler may have lost what goes on (a node it gave up,
        // a controller started without its state), and to be wrong would take a working application from somebody, while to keep it costs
        // nobody one: no other job of this session can claim. Accounting, a cancel, Stop, or the agent's own count of the walltime end it.
        const told = zombies.filter(({ jobId, restart }) => {
          const isLast = ({ facts }: Session): boolean =>
            facts.state === 'ready' && facts.claim.jobId === jobId && facts.claim.restart === restart
          return bench.cluster.jobs.has(toJobId(jobId)) || !sessions.some(isLast)
        })
        assert.deepEqual(told, [], 'a zombie was not told')

        for (const { id } of await sessionsOf(bench)) await world.hub?.stop(id, 'alice')
        await world.run(200)
        await checkAlways(bench, world)
        await checkAtRest(bench)
        assert.deepEqual(
          (await sessionsOf(bench)).filter(({ facts }) => facts.state !== 'ended'),
          [],
          'a session does not end',
        )
        assert.deepEqual(livingJobs(bench), [], 'a job is left over')
        assert.equal(cluster.jobs.get(ownWork)?.phase, 'running', 'a job of no session was ended')
        assert.deepEqual(
          world.applications.filter(({ isAlive }) => isAlive),
          [],
          'an application is left over',
        )
      }),
      { numRuns: Number(process.env.BATCHWAY_PROPERTY_RUNS ?? 25), endOnFailure: false },
    )
  })
})
