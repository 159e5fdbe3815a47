import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobEnd, type JobId, SchedulerError } from '@batchway/schedulers'
import fc from 'fast-check'
import { outcomeCodes } from './session.ts'
import { type Bench, openBench, sampleSpec } from './testing/bench.ts'
import { emptyList, failingList } from './testing/fake-cluster.ts'
import { openWorld, type World } from './testing/fake-world.ts'

/** What the world does to a hub. `pick` chooses a session or a job among those there are. */
type Action =
  | { readonly do: 'start'; readonly who: 'alice' | 'bob'; readonly server: '' | 'lab' }
  | { readonly do: 'stop'; readonly pick: number; readonly by: 'alice' | 'root' }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'kill'; readonly calls: number; readonly when: 'before' | 'after'; readonly away: number }
  | { readonly do: 'list'; readonly answers: 'well' | 'fails' | 'empty' | 'cut' }
  | { readonly do: 'submit'; readonly replies: 'well' | 'lost' | 'lost unsent' | 'refused' }
  | { readonly do: 'accounting'; readonly answers: boolean }
  | { readonly do: 'proxy'; readonly answers: 'well' | 'fails' | 'forgets' }
  | { readonly do: 'end'; readonly pick: number; readonly kind: JobEnd['kind']; readonly hide: boolean }
  | { readonly do: 'requeue' | 'suspend' | 'resume' | 'finish' | 'intrude' | 'squat'; readonly pick: number }
  | { readonly do: 'silence'; readonly pick: number; readonly isSilent: boolean }

const pick = fc.nat({ max: 7 })
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('start' as const),
      who: fc.constantFrom('alice', 'bob'),
      server: fc.constantFrom('', 'lab'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('stop' as const), pick, by: fc.constantFrom('alice', 'root') }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.constantFrom(1, 2, 3, 5, 10, 20, 45, 90) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('kill' as const),
      calls: fc.nat({ max: 25 }),
      when: fc.constantFrom('before', 'after'),
      away: fc.constantFrom(0, 5, 70),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('list' as const),
      answers: fc.constantFrom('well', 'fails', 'empty', 'cut'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('submit' as const),
      replies: fc.constantFrom('well', 'lost', 'lost unsent', 'refused'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('accounting' as const), answers: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('proxy' as const), answers: fc.constantFrom('well', 'fails', 'forgets') }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      pick,
      kind: fc.constantFrom('completed', 'failed', 'walltime', 'node-failure', 'cancelled'),
      hide: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('requeue', 'suspend', 'resume', 'finish', 'intrude', 'squat'),
      pick,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('silence' as const), pick, isSilent: fc.boolean() }) },
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

function setScheduler(bench: Bench, { answers }: Extract<Action, { do: 'list' }>): void {
  const { cluster } = bench
  cluster.answer =
    answers === 'well'
      ? null
      : answers === 'fails'
        ? failingList
        : answers === 'empty'
          ? emptyList
          : () => ({ complete: false, jobs: [...cluster.jobs.values()].slice(1) })
}

function setSubmit({ cluster }: Bench, { replies }: Extract<Action, { do: 'submit' }>): void {
  cluster.accepts = replies === 'well' || replies === 'lost'
  cluster.beforeReply =
    replies === 'well'
      ? null
      : () => {
          throw new SchedulerError(replies === 'refused' ? 'refused' : 'ambiguous', replies)
        }
}

function setProxy({ proxy }: Bench, { answers }: Extract<Action, { do: 'proxy' }>): void {
  if (answers === 'forgets') proxy.table.clear()
  proxy.before =
    answers === 'fails'
      ? () => {
          throw new Error('ECONNREFUSED')
        }
      : null
}

const livingJobs = ({ cluster }: Bench): JobId[] =>
  [...cluster.jobs.values()].filter(({ phase, owner }) => phase !== 'ended' && owner !== 'mallory').map(({ id }) => id)

async function act(bench: Bench, world: World, action: Action): Promise<void> {
  const { cluster } = bench
  const living = livingJobs(bench)
  const jobId = 'pick' in action ? living[action.pick % living.length] : undefined
  const job = jobId === undefined ? undefined : cluster.jobs.get(jobId)
  switch (action.do) {
    case 'start':
      void world.hub?.start(bench[action.who], action.server, sampleSpec({ requeue: true })).catch(() => {})
      return
    case 'stop': {
      const rows = await sessionsOf(bench)
      const session = rows[action.pick % rows.length]
      if (session) void world.hub?.stop(session.id, action.by).catch(() => {})
      return
    }
    case 'wait':
      return world.run(action.seconds)
    case 'kill':
      world.life?.dieAfter(action.calls, action.when)
      await world.run(15)
      world.kill()
      await world.run(action.away + 2)
      await world.boot()
      return
    case 'list':
      return setScheduler(bench, action)
    case 'submit':
      return setSubmit(bench, action)
    case 'accounting':
      cluster.accounting = action.answers ? (cluster.accounting ?? new Map()) : null
      return
    case 'proxy':
      return setProxy(bench, action)
    case 'end':
      if (!job) return
      cluster.end(job.id, { kind: action.kind })
      await world.run(1) // the node sees it first
      if (action.hide) cluster.hide(job.id)
      return
    case 'requeue':
      if (job?.phase === 'running') cluster.change(job.id, { phase: 'pending', restarts: job.restarts + 1 })
      return
    case 'suspend':
      if (job?.phase === 'running') cluster.change(job.id, { phase: 'paused' })
      return
    case 'resume':
      if (job?.phase === 'paused') cluster.change(job.id, { phase: 'running' })
      return
    case 'finish':
      if (job) world.finish(job.id)
      return
    case 'intrude':
      if (job) world.intrude(job.id)
      return
    case 'squat':
      if (job) cluster.add(job.name, 'mallory', { phase: 'running', host: 'n9' })
      return
    case 'silence':
      if (job) world.silence(job.id, action.isSilent)
      return
  }
}

/** What holds at every moment, whatever happens. */
async function checkAlways(bench: Bench, world: World): Promise<void> {
  const granted = new Set<string>()
  const alive = new Set<string>()
  for (const { session, attempt, restart, isAlive } of world.applications) {
    const order = `${session} ${attempt} ${restart}`
    assert.ok(!granted.has(order), `two orders for ${order}`)
    granted.add(order)
    assert.ok(!isAlive || !alive.has(session), `two applications of ${session}`)
    if (isAlive) alive.add(session)
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
async function checkAtRest(bench: Bench, hasDied: boolean): Promise<void> {
  const wanted = new Map<string, string>()
  for (const { id, userName, serverName, facts } of await sessionsOf(bench)) {
    if (facts.state === 'ready' && facts.reachable) {
      const path = `/jupyter/user/${userName}${serverName === '' ? '' : `/${serverName}`}`
      wanted.set(path, bench.parts.credentials.psk(id, facts.claim.id).identity)
    }
    if (facts.state !== 'ended' || hasDied) continue
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
        bench.cluster.accounting ??= new Map()
        bench.proxy.before = null
        for (const id of livingJobs(bench)) {
          world.silence(id, false)
          if (bench.cluster.jobs.get(id)?.phase === 'paused') bench.cluster.change(id, { phase: 'running' })
        }
        await world.run(200)
        await checkAlways(bench, world)
        const hasDied = actions.some((each) => each.do === 'kill')
        await checkAtRest(bench, hasDied)

        for (const { id } of await sessionsOf(bench)) await world.hub?.stop(id, 'alice')
        await world.run(200)
        await checkAlways(bench, world)
        await checkAtRest(bench, hasDied)
        assert.deepEqual(
          (await sessionsOf(bench)).filter(({ facts }) => facts.state !== 'ended'),
          [],
          'a session does not end',
        )
        assert.deepEqual(livingJobs(bench), [], 'a job is left over')
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
