/** What a monitoring system may ask: figures of this hub in Prometheus' text format. Never a name of a user, a server or a job. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { OutboxStats } from '../events/outbox.ts'
import type { PeopleService } from '../people/people.ts'
import type { SessionService } from '../sessions/service.ts'
import type { SessionState } from '../sessions/session.ts'
import type { ClusterSummary } from './deps.ts'
import { lookAtEvents } from './event-metrics.ts'
import { type HubTimings, openHubTimings } from './hub-timings.ts'
import { countSessions } from './session-metrics.ts'

export interface Metrics extends Disposable {
  readonly contentType: string
  text(): Promise<string>
  /** One answered request; `handler` is a stable name, never a path. */
  observeRequest(request: { method: string; handler: string; status: number; ms: number }): void
  /** How long the hub's own work takes. */
  readonly timings: HubTimings
  /** The hub listens, so many milliseconds after its process began to assemble it. */
  started(ms: number): void
}

export interface MetricsParts {
  readonly sessions: Pick<SessionService, 'subscribe' | 'listActive' | 'clusterHealth' | 'schedulerStats'>
  readonly people: Pick<PeopleService, 'countUsers' | 'countUsersSince'>
  readonly clusters: readonly ClusterSummary[]
  readonly version: string
  /** Where events go, and what became of them; none if absent. */
  readonly eventSinks?: () => readonly OutboxStats[]
  /** Unix milliseconds. */
  now(): number
  /** Milliseconds of a clock that only goes forward. */
  elapsed(): number
  /** Call `run` every `ms` until the returned function is called. */
  every(ms: number, run: () => void): () => void
}

const usualPrefix = 'jupyterhub'

/** JupyterHub's own variable, for sites whose dashboards expect another word. @throws {Error} for what Prometheus takes as no name. */
export function metricsPrefix({
  JUPYTERHUB_METRICS_PREFIX: text,
}: Readonly<Record<string, string | undefined>>): string {
  if (text === undefined || text === '') return usualPrefix
  if (/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(text)) return text
  throw new Error('JUPYTERHUB_METRICS_PREFIX is no name of a metric: write letters, digits and "_", e.g. "jupyterhub"')
}

/** Clients write what they like. */
const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

const dayMs = 86_400_000
const periods = { '24h': dayMs, '7d': 7 * dayMs, '30d': 30 * dayMs } as const
/** Counting users reads the whole table: so often at most, however often somebody asks. */
const usersMs = 60_000
/** JupyterHub's rhythm. */
const loopMs = 50
const states: readonly SessionState[] = ['submitting', 'queued', 'starting', 'ready', 'stopping']

/** Where all figures are kept. Opened before those who tell how long their work takes. */
export interface Figures {
  readonly registry: Registry
  /** What JupyterHub's names begin with. */
  readonly prefix: string
  readonly timings: HubTimings
}

export function openFigures(prefix = usualPrefix): Figures {
  const registry = new Registry()
  return { registry, prefix, timings: openHubTimings(registry, prefix) }
}

/** Close with `using` or `[Symbol.dispose]`. Open it before sessions are adopted, so that none is missed. */
export function openMetrics({ registry, prefix, timings }: Figures, parts: MetricsParts): Metrics {
  const { sessions, people, clusters, now, elapsed, every } = parts
  const registers = [registry]
  // process_* and nodejs_*: memory, CPU, event loop, garbage collection.
  collectDefaultMetrics({ register: registry })
  // Gauges by names of counters, which `promtool check metrics` refuses; the figures stand under other names too.
  for (const what of ['handles', 'requests', 'resources']) registry.removeSingleMetric(`nodejs_active_${what}_total`)
  const requests = new Histogram({
    name: `${prefix}_request_duration_seconds`,
    help: 'Requests by handler: the API’s operations, and "page/…" for what people see',
    labelNames: ['method', 'handler', 'code'],
    registers,
  })
  const loop = new Histogram({
    name: `${prefix}_event_loop_interval_seconds`,
    help: `How late the event loop came to a timer of ${loopMs} ms`,
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  })
  const startup = new Histogram({
    name: `${prefix}_hub_startup_duration_seconds`,
    help: 'From the first step of the hub to its listening',
    registers,
  })
  new Gauge({ name: 'batchway_build_info', help: 'Which Batchway this is', labelNames: ['version'], registers }).set(
    { version: parts.version },
    1,
  )
  // Before each answer, and not by the metrics' own collectors: those of one metric may not set another.
  const looks = [
    lookAtUsers(registry, prefix, people, now),
    lookAtSessions(registry, prefix, parts),
    lookAtSchedulers(registry, parts),
    lookAtEvents(registry, parts.eventSinks ?? (() => [])),
  ]
  const uncount = countSessions(registry, { sessions, clusters, prefix, now })

  let wokenAt = elapsed()
  const stopLoop = every(loopMs, () => {
    const at = elapsed()
    loop.observe(Math.max(0, at - wokenAt - loopMs) / 1_000)
    wokenAt = at
  })
  return {
    contentType: registry.contentType,
    async text() {
      for (const look of looks) await look()
      return registry.metrics()
    },
    observeRequest: ({ method, handler, status, ms }) =>
      requests.observe(
        { method: methods.has(method) ? method : 'other', handler, code: status },
        Math.max(0, ms) / 1_000,
      ),
    timings,
    started: (ms) => startup.observe(ms / 1_000),
    [Symbol.dispose]() {
      stopLoop()
      uncount()
      registry.clear()
    },
  }
}

type Look = () => Promise<void> | void

function lookAtUsers(registry: Registry, prefix: string, people: MetricsParts['people'], now: () => number): Look {
  const registers = [registry]
  const total = new Gauge({ name: `${prefix}_total_users`, help: 'Users who are known', registers })
  const active = new Gauge({
    name: `${prefix}_active_users`,
    help: 'Users who were active in this period',
    labelNames: ['period'],
    registers,
  })
  let countedAt = Number.NEGATIVE_INFINITY
  return async () => {
    const at = now()
    if (at - countedAt < usersMs) return
    countedAt = at
    total.set(await people.countUsers())
    for (const [period, ms] of Object.entries(periods)) active.set({ period }, await people.countUsersSince(at - ms))
  }
}

function lookAtSessions(registry: Registry, prefix: string, { sessions, clusters }: MetricsParts): Look {
  const registers = [registry]
  const ready = new Gauge({ name: `${prefix}_running_servers`, help: 'Servers that are ready', registers })
  const all = new Gauge({
    name: 'batchway_sessions',
    help: 'Sessions that have not ended, by state',
    labelNames: ['cluster', 'state'],
    registers,
  })
  return async () => {
    const active = await sessions.listActive()
    all.reset()
    for (const { key: cluster } of clusters) for (const state of states) all.set({ cluster, state }, 0)
    for (const { spec, facts } of active) all.inc({ cluster: spec.cluster, state: facts.state })
    ready.set(active.filter(({ facts }) => facts.state === 'ready').length)
  }
}

/** What the session room counts itself since the hub came up is copied when somebody asks. */
function lookAtSchedulers(registry: Registry, { sessions, clusters, now }: MetricsParts): Look {
  const registers = [registry]
  const counter = (name: string, help: string, ...labelNames: string[]) =>
    new Counter({ name: `batchway_${name}`, help, labelNames, registers })
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `batchway_${name}`, help, labelNames: ['cluster'], registers })
  const calls = counter('scheduler_calls_total', 'Calls for the list of jobs', 'cluster')
  const failures = counter('scheduler_failures_total', 'Those of them that brought no answer', 'cluster')
  const answers = counter('scheduler_answers_total', 'Answers; an incomplete one proves no absence', 'cluster', 'kind')
  const took = gauge('scheduler_call_seconds', 'How long the last answered call took')
  const listed = gauge('scheduler_jobs_listed', 'Rows of the last answer, everybody’s')
  const age = gauge('scheduler_answer_age_seconds', 'How old the last answer is; none before the first')
  const silent = gauge('scheduler_silent_seconds', 'For how long it has not answered; 0 while it does')
  const missing = gauge('scheduler_missing_jobs', 'Sessions whose job the last answers did not show')
  const orphans = counter('orphan_jobs_total', 'Jobs of ours without a session: found, and gone since', 'what')
  const cancels = counter('orphan_cancels_total', 'Cancels sent for them, by what came of it', 'status')
  const foreign = new Gauge({
    name: 'batchway_foreign_jobs',
    help: 'Jobs that bear our instance and the mark of another gateway, as last seen',
    registers,
  })
  return () => {
    const { clusters: polled, orphans: jobs } = sessions.schedulerStats()
    foreign.set(jobs.foreign)
    for (const each of [calls, failures, answers, orphans, cancels]) each.reset()
    orphans.inc({ what: 'found' }, jobs.found)
    orphans.inc({ what: 'gone' }, jobs.gone)
    cancels.inc({ status: 'sent' }, jobs.cancelsSent - jobs.cancelsFailed)
    cancels.inc({ status: 'failed' }, jobs.cancelsFailed)
    for (const { key: cluster } of clusters) {
      const stats = polled.get(cluster)
      if (stats) {
        calls.inc({ cluster }, stats.calls)
        failures.inc({ cluster }, stats.failures)
        answers.inc({ cluster, kind: 'complete' }, stats.answers.complete)
        answers.inc({ cluster, kind: 'incomplete' }, stats.answers.incomplete)
        took.set({ cluster }, stats.lastCallMs / 1_000)
        listed.set({ cluster }, stats.jobsListed)
      }
      const { lastAnswerAt, failingSince, missing: absent = 0 } = sessions.clusterHealth(cluster)
      if (lastAnswerAt !== null) age.set({ cluster }, (now() - lastAnswerAt) / 1_000)
      silent.set({ cluster }, failingSince === null ? 0 : (now() - failingSince) / 1_000)
      missing.set({ cluster }, absent)
    }
  }
}
