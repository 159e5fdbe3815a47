import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { plainOutcome } from '../sessions/decide-outcome.ts'
import type { ReconcilerStats } from '../sessions/reconciler.ts'
import type { Session } from '../sessions/session.ts'
import { type MetricsParts, metricsPrefix, openFigures, openMetrics } from './metrics.ts'
import { alice, bob, factsOf, fakeHub, sessionOf } from './testing/fake-hub.ts'

const noon = Date.parse('2026-11-19T12:00:00Z')
const orphans: ReconcilerStats = { found: 3, gone: 2, cancelsSent: 4, cancelsFailed: 1, foreign: 5 }

function openBench(prefix?: string) {
  const clock = { now: noon, elapsed: 0, counts: 0 }
  const rows = new Map<string, Session>()
  const listeners = new Set<(session: Session) => void>()
  const timers = new Set<() => void>()
  const health = { lastAnswerAt: noon - 8_000, failingSince: noon - 2_000, words: 'timeout', missing: 2 }
  const polled = {
    calls: 9,
    failures: 2,
    answers: { complete: 6, incomplete: 1 },
    lastCallMs: 250,
    jobsListed: 40,
    lastAnswerAt: noon - 8_000,
  }
  const parts: MetricsParts = {
    sessions: {
      subscribe(_, listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      listActive: async () => [...rows.values()].filter(({ facts }) => facts.state !== 'ended'),
      clusterHealth: () => health,
      schedulerStats: () => ({ clusters: new Map([['main', polled]]), orphans }),
    },
    people: {
      async countUsers() {
        clock.counts += 1
        return 7
      },
      countUsersSince: async (since) => Math.round((noon - since) / 86_400_000),
    },
    clusters: [{ key: 'main', title: 'Main cluster', driver: 'slurm' }],
    version: '0.1.0',
    now: () => clock.now,
    elapsed: () => clock.elapsed,
    every(_, run) {
      timers.add(run)
      return () => timers.delete(run)
    },
  }
  const metrics = openMetrics(openFigures(prefix), parts)
  return {
    clock,
    listeners,
    timers,
    metrics,
    put(session: Session) {
      rows.set(session.id, session)
      for (const listener of listeners) listener(session)
    },
    /** Value of a series; `null` if it is not there. */
    async value(series: string): Promise<number | null> {
      const line = (await metrics.text()).split('\n').find((each) => each.startsWith(`${series} `))
      return line === undefined ? null : Number(line.slice(series.length + 1))
    },
    [Symbol.dispose]: () => metrics[Symbol.dispose](),
  }
}

/** As the room tells it; the spec's cluster is this bench's. */
const told = (facts: Session['facts'], change: Partial<Session> = {}): Session => {
  const session = sessionOf(alice, facts, { id: 's1', ...change })
  return { ...session, spec: { ...session.spec, cluster: 'main' } }
}

describe('metrics', () => {
  it('have every series before anything happened, so that rates begin with the first event', async () => {
    using bench = openBench()
    assert.equal(await bench.value('batchway_session_starts_total{cluster="main"}'), 0)
    assert.equal(await bench.value('batchway_session_outcomes_total{cluster="main",outcome="walltime"}'), 0)
    assert.equal(await bench.value('batchway_sessions{cluster="main",state="ready"}'), 0)
    assert.equal(await bench.value('jupyterhub_server_spawn_duration_seconds_count{status="success",reason=""}'), 0)
    assert.equal(await bench.value('batchway_build_info{version="0.1.0"}'), 1)
    assert.ok(((await bench.value('process_resident_memory_bytes')) ?? 0) > 1e6)
  })

  it('count a session from the click to its end, each thing once however often it is told', async () => {
    using bench = openBench()
    const times = { createdAt: noon, submittedAt: noon + 1_000, startedAt: noon + 61_000, readyAt: noon + 71_000 }
    for (let turn = 0; turn < 2; turn++)
      bench.put(told(factsOf.submitting, { createdAt: noon, submittedAt: null, startedAt: null, readyAt: null }))
    bench.put(told(factsOf.queued, { ...times, startedAt: null, readyAt: null }))
    bench.put(told(factsOf.starting, { ...times, readyAt: null }))
    for (let turn = 0; turn < 2; turn++) bench.put(told(factsOf.ready, times))
    assert.equal(await bench.value('jupyterhub_running_servers'), 1)
    assert.equal(await bench.value('batchway_sessions{cluster="main",state="ready"}'), 1)
    bench.clock.now = noon + 100_000
    bench.put(
      told(
        { state: 'stopping', jobId: factsOf.ready.jobId, claim: null, because: plainOutcome('stopped-by-user') },
        times,
      ),
    )
    const ended = { ...times, endedAt: noon + 104_000 }
    for (let turn = 0; turn < 2; turn++)
      bench.put(told({ state: 'ended', outcome: plainOutcome('stopped-by-user') }, ended))

    for (const [series, value] of [
      ['batchway_session_starts_total{cluster="main"}', 1],
      ['jupyterhub_server_spawn_duration_seconds_sum{status="success",reason=""}', 71],
      ['jupyterhub_server_spawn_duration_seconds_count{status="success",reason=""}', 1],
      ['batchway_session_queue_seconds_sum{cluster="main"}', 60],
      ['batchway_session_boot_seconds_sum{cluster="main"}', 10],
      ['jupyterhub_server_stop_seconds_sum{status="success"}', 4],
      ['jupyterhub_server_stop_seconds_count{status="success"}', 1],
      ['batchway_session_outcomes_total{cluster="main",outcome="stopped-by-user"}', 1],
      ['jupyterhub_running_servers', 0],
    ] as const)
      assert.equal(await bench.value(series), value, series)
  })

  it('tell a start that failed by its outcome, and not one that was called off', async () => {
    using bench = openBench()
    const fresh = { createdAt: noon, submittedAt: null, startedAt: null, readyAt: null }
    for (const [id, code] of [
      ['s1', 'rejected'],
      ['s2', 'stopped-by-user'],
    ] as const) {
      bench.put(told(factsOf.submitting, { ...fresh, id }))
      bench.put(told({ state: 'ended', outcome: plainOutcome(code) }, { ...fresh, id, endedAt: noon + 3_000 }))
    }
    const name = 'jupyterhub_server_spawn_duration_seconds_sum'
    assert.equal(await bench.value(`${name}{status="failure",reason="rejected"}`), 3)
    assert.equal(await bench.value(`${name}{status="failure",reason="stopped-by-user"}`), null)
  })

  it('do not count again what an earlier hub has counted', async () => {
    using bench = openBench()
    bench.put(told(factsOf.submitting, { createdAt: noon - 1 }))
    bench.put(told(factsOf.ready, { id: 's2', createdAt: noon - 60_000, readyAt: noon - 1_000 }))
    assert.equal(await bench.value('batchway_session_starts_total{cluster="main"}'), 0)
    assert.equal(await bench.value('jupyterhub_server_spawn_duration_seconds_count{status="success",reason=""}'), 0)
    const outcome = plainOutcome('walltime')
    bench.put(told({ state: 'ended', outcome }, { id: 's2', createdAt: noon - 60_000, endedAt: noon + 1 }))
    assert.equal(await bench.value('batchway_session_outcomes_total{cluster="main",outcome="walltime"}'), 1)
    bench.put(told({ state: 'ended', outcome }, { id: 's3', endedAt: noon - 9_000 }))
    assert.equal(await bench.value('batchway_session_outcomes_total{cluster="main",outcome="walltime"}'), 1)
  })

  it('tell what was asked of each scheduler, how old its answer is, and what it does not show', async () => {
    using bench = openBench()
    for (let turn = 0; turn < 2; turn++)
      for (const [series, value] of [
        ['batchway_scheduler_calls_total{cluster="main"}', 9],
        ['batchway_scheduler_failures_total{cluster="main"}', 2],
        ['batchway_scheduler_answers_total{cluster="main",kind="complete"}', 6],
        ['batchway_scheduler_answers_total{cluster="main",kind="incomplete"}', 1],
        ['batchway_scheduler_call_seconds{cluster="main"}', 0.25],
        ['batchway_scheduler_jobs_listed{cluster="main"}', 40],
        ['batchway_scheduler_answer_age_seconds{cluster="main"}', 8],
        ['batchway_scheduler_silent_seconds{cluster="main"}', 2],
        ['batchway_scheduler_missing_jobs{cluster="main"}', 2],
        ['batchway_orphan_jobs_total{what="found"}', 3],
        ['batchway_orphan_jobs_total{what="gone"}', 2],
        ['batchway_orphan_cancels_total{status="sent"}', 3],
        ['batchway_orphan_cancels_total{status="failed"}', 1],
        ['batchway_foreign_jobs', 5],
      ] as const)
        assert.equal(await bench.value(series), value, series)
  })

  it('count users once a minute, however often somebody asks', async () => {
    using bench = openBench()
    assert.equal(await bench.value('jupyterhub_total_users'), 7)
    assert.equal(await bench.value('jupyterhub_active_users{period="7d"}'), 7)
    assert.equal(bench.clock.counts, 1)
    bench.clock.now += 60_000
    await bench.value('jupyterhub_total_users')
    assert.equal(bench.clock.counts, 2)
  })

  it('tell how late the event loop is, and how long requests and the start of the hub took', async () => {
    using bench = openBench()
    for (const at of [50, 100, 450]) {
      bench.clock.elapsed = at
      for (const run of bench.timers) run()
    }
    bench.metrics.observeRequest({ method: 'GET', handler: 'page', status: 200, ms: 40 })
    bench.metrics.started(1_500)
    for (const [series, value] of [
      ['jupyterhub_event_loop_interval_seconds_count', 3],
      ['jupyterhub_event_loop_interval_seconds_sum', 0.3],
      ['jupyterhub_request_duration_seconds_sum{method="GET",handler="page",code="200"}', 0.04],
      ['jupyterhub_hub_startup_duration_seconds_sum', 1.5],
    ] as const)
      assert.equal(await bench.value(series), value, series)
  })

  it('tell how long the hub’s own work took', async () => {
    using bench = openBench()
    const { timings } = bench.metrics
    timings.proxy('poll', true, 20)
    timings.proxy('add', true, 30)
    timings.proxy('add', false, 10_000)
    timings.proxy('delete', true, 40)
    timings.checkedRoutes(50)
    timings.adopted(60)
    timings.polled(70)
    timings.signIn(true, 80)
    timings.signIn(false, 90)
    timings.signOut(100)
    timings.cspReport()
    for (const [series, value] of [
      ['jupyterhub_proxy_poll_duration_seconds_sum', 0.02],
      ['jupyterhub_proxy_add_duration_seconds_sum{status="success"}', 0.03],
      ['jupyterhub_proxy_add_duration_seconds_sum{status="failure"}', 10],
      ['jupyterhub_proxy_delete_duration_seconds_count{status="success"}', 1],
      ['jupyterhub_check_routes_duration_seconds_sum', 0.05],
      ['jupyterhub_init_spawners_duration_seconds_sum', 0.06],
      ['jupyterhub_server_poll_duration_seconds_sum{status="running"}', 0.07],
      ['jupyterhub_login_duration_seconds_sum{status="success"}', 0.08],
      ['jupyterhub_login_duration_seconds_sum{status="failure"}', 0.09],
      ['jupyterhub_logout_duration_seconds_sum', 0.1],
      ['jupyterhub_csp_reports_total', 1],
    ] as const)
      assert.equal(await bench.value(series), value, series)
  })

  it('stay of a bounded number, whatever clients ask for', async () => {
    using bench = openBench()
    for (let count = 0; count < 50; count++)
      bench.metrics.observeRequest({ method: `M${count}`, handler: 'page', status: 405, ms: 1 })
    const text = await bench.metrics.text()
    assert.equal(text.match(/^jupyterhub_request_duration_seconds_count/gm)?.length, 1)
    assert.match(text, /method="other"/)
  })

  it('begin with the word of the site, where it has one', async () => {
    using bench = openBench('lab_hub')
    const text = await bench.metrics.text()
    assert.doesNotMatch(text, /jupyterhub_/)
    assert.match(text, /^lab_hub_running_servers 0$/m)
    assert.match(text, /^batchway_build_info/m)
    assert.equal(metricsPrefix({ JUPYTERHUB_METRICS_PREFIX: 'lab_hub' }), 'lab_hub')
    assert.equal(metricsPrefix({}), 'jupyterhub')
    assert.equal(metricsPrefix({ JUPYTERHUB_METRICS_PREFIX: '' }), 'jupyterhub')
    for (const wrong of ['1hub', 'a-b', 'a b', 'a\n# HELP', 'x'.repeat(64)])
      assert.throws(() => metricsPrefix({ JUPYTERHUB_METRICS_PREFIX: wrong }), /JUPYTERHUB_METRICS_PREFIX is no name/)
  })

  it('name nobody and nothing of anybody’s', async () => {
    using bench = openBench()
    const session = told(factsOf.ready, { serverName: 'secret-project' })
    bench.put(session)
    const text = await bench.metrics.text()
    for (const word of [alice.name, bob.name, 'secret-project', session.id, session.account])
      assert.ok(!new RegExp(`\\b${word}\\b`).test(text), word)
  })

  it('leave nothing behind', () => {
    const bench = openBench()
    bench.metrics[Symbol.dispose]()
    assert.equal(bench.listeners.size + bench.timers.size, 0)
  })
})

/** JupyterHub's metrics: name, type, labels. @see jupyterhub/metrics.py of 5.2 and 6.0 */
const contract = {
  request_duration_seconds: ['histogram', ['method', 'handler', 'code']],
  server_spawn_duration_seconds: ['histogram', ['status', 'reason']],
  server_stop_seconds: ['histogram', ['status']],
  server_poll_duration_seconds: ['histogram', ['status']],
  running_servers: ['gauge', []],
  total_users: ['gauge', []],
  active_users: ['gauge', ['period']],
  check_routes_duration_seconds: ['histogram', []],
  proxy_poll_duration_seconds: ['histogram', []],
  proxy_add_duration_seconds: ['histogram', ['status']],
  proxy_delete_duration_seconds: ['histogram', ['status']],
  hub_startup_duration_seconds: ['histogram', []],
  init_spawners_duration_seconds: ['histogram', []],
  login_duration_seconds: ['histogram', ['status']],
  logout_duration_seconds: ['histogram', []],
  csp_reports_total: ['counter', []],
  event_loop_interval_seconds: ['histogram', []],
} as const satisfies Record<string, readonly ['histogram' | 'gauge' | 'counter', readonly string[]]>

describe('JupyterHub’s metrics', () => {
  for (const [name, [type, labels]] of Object.entries(contract))
    it(`${name} is here, of the same type, with the same labels`, async () => {
      using bench = openBench()
      bench.metrics.observeRequest({ method: 'GET', handler: 'page', status: 200, ms: 1 })
      const text = await bench.metrics.text()
      assert.match(text, new RegExp(`^# TYPE jupyterhub_${name} ${type}$`, 'm'))
      const series = text.split('\n').filter((line) => new RegExp(`^jupyterhub_${name}(_count)?[ {]`).test(line))
      assert.notEqual(series.length, 0, 'there before the first event')
      for (const line of series)
        assert.deepEqual(
          [...line.matchAll(/(\w+)="/g)].map(([, label]) => label),
          labels,
        )
    })
})

describe('GET hub/metrics', () => {
  const paths = ['/hub/metrics', '/hub/api/metrics']
  const ask = (hub: ReturnType<typeof fakeHub>, path: string, token?: string) =>
    hub.internalApi.request(path, token === undefined ? {} : { headers: { Authorization: `token ${token}` } })

  it('is for the scope read:metrics, unfiltered, and for nobody else', async () => {
    const hub = fakeHub()
    hub.addToken('prometheus', bob, new Set(['read:metrics']))
    hub.addToken('narrow', bob, new Set(['read:metrics!user=bob']))
    for (const path of paths) {
      const answer = await ask(hub, path, 'prometheus')
      assert.equal(answer.status, 200)
      assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
      assert.equal((await ask(hub, path, 'narrow')).status, 403)
      assert.equal((await ask(hub, path, 'token-alice')).status, 403)
      assert.equal((await ask(hub, path)).status, 403)
    }
  })

  it('is for anybody where the site says so', async () => {
    const hub = fakeHub('/', { guardsMetrics: false })
    for (const path of paths) assert.equal((await ask(hub, path)).status, 200)
    assert.equal((await ask(hub, '/hub/api/clusters')).status, 403)
  })

  it('knows the other operations by their patterns, never by what stood in the path', async () => {
    const hub = fakeHub()
    await ask(hub, '/hub/api/users/alice', 'token-alice')
    await ask(hub, '/hub/api/no/such/thing')
    assert.deepEqual(
      hub.observed.map(({ handler, status }) => [handler, status]),
      [
        ['api/users/{user}', 200],
        ['api*', 404],
      ],
    )
  })
})
