/** Starts, ends and their lengths, counted from what the session room tells. JupyterHub's names where it has them. */
import { Counter, Histogram, type Registry } from 'prom-client'
import { outcomeCodes, type Session, type SessionState } from '../sessions/session.ts'
import type { Sessions } from '../sessions/sessions.ts'
import type { ClusterSummary } from './deps.ts'

/** Spawns wait in queues: JupyterHub's buckets, and hours. */
const startBuckets = [0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 180, 300, 600, 1_800, 3_600, 14_400, 86_400]
const queueBuckets = [1, 5, 15, 60, 300, 900, 3_600, 14_400, 43_200, 86_400, 259_200]

/** How a session ends that nobody is sorry for; before it was ready it has failed to start for any other reason. */
const wanted: ReadonlySet<string> = new Set(['stopped-by-user', 'stopped-by-admin', 'finished'])

/**
 * @param registry gets the metrics.
 * @param openedAt what began or ended before (Unix ms) was counted by an earlier hub.
 * @returns how to stop.
 */
export function countSessions(
  registry: Registry,
  {
    sessions,
    clusters,
    prefix,
    now,
  }: { sessions: Pick<Sessions, 'subscribe'>; clusters: readonly ClusterSummary[]; prefix: string; now(): number },
): () => void {
  const openedAt = now()
  const registers = [registry]
  const spawns = new Histogram({
    name: `${prefix}_server_spawn_duration_seconds`,
    help: 'From the request of a server to its being ready, or to its end without that; reason is the outcome',
    labelNames: ['status', 'reason'],
    buckets: startBuckets,
    registers,
  })
  const stops = new Histogram({
    name: `${prefix}_server_stop_seconds`,
    help: 'From the order to stop to the end of the job',
    labelNames: ['status'],
    buckets: startBuckets,
    registers,
  })
  const starts = new Counter({
    name: 'batchway_session_starts_total',
    help: 'Sessions asked for',
    labelNames: ['cluster'],
    registers,
  })
  const queued = new Histogram({
    name: 'batchway_session_queue_seconds',
    help: 'From the submitted job to its first sign of life',
    labelNames: ['cluster'],
    buckets: queueBuckets,
    registers,
  })
  const booted = new Histogram({
    name: 'batchway_session_boot_seconds',
    help: 'From the running job to the application that answers',
    labelNames: ['cluster'],
    buckets: startBuckets,
    registers,
  })
  const outcomes = new Counter({
    name: 'batchway_session_outcomes_total',
    help: 'Sessions that ended, by how',
    labelNames: ['cluster', 'outcome'],
    registers,
  })
  // A rate needs a series that was there before the first event.
  spawns.zero({ status: 'success', reason: '' })
  for (const reason of outcomeCodes) if (!wanted.has(reason)) spawns.zero({ status: 'failure', reason })
  stops.zero({ status: 'success' })
  for (const { key: cluster } of clusters) {
    starts.inc({ cluster }, 0)
    for (const outcome of outcomeCodes) outcomes.inc({ cluster, outcome }, 0)
  }

  /** Sessions that have not ended: which state they were told in last, and since when. */
  const known = new Map<string, { readonly state: SessionState; readonly since: number }>()
  const seconds = (from: number, to: number): number => Math.max(0, to - from) / 1_000

  function count(session: Session, before: SessionState | null, since: number): void {
    const { facts, spec, createdAt, submittedAt, startedAt, readyAt, endedAt } = session
    const { cluster } = spec
    if (before === null && facts.state === 'submitting' && createdAt >= openedAt) starts.inc({ cluster })
    if (before !== null && before !== 'ready' && facts.state === 'ready' && readyAt !== null) {
      spawns.observe({ status: 'success', reason: '' }, seconds(createdAt, readyAt))
      if (submittedAt !== null && startedAt !== null) queued.observe({ cluster }, seconds(submittedAt, startedAt))
      if (startedAt !== null) booted.observe({ cluster }, seconds(startedAt, readyAt))
    }
    if (before === null || facts.state !== 'ended') return
    const at = endedAt ?? now()
    const { code } = facts.outcome
    outcomes.inc({ cluster, outcome: code })
    if (before === 'stopping') stops.observe({ status: 'success' }, seconds(since, at))
    if (readyAt === null && !wanted.has(code))
      spawns.observe({ status: 'failure', reason: code }, seconds(createdAt, at))
  }

  return sessions.subscribe('all', (session) => {
    const before = known.get(session.id) ?? null
    const { state } = session.facts
    count(session, before?.state ?? null, before?.since ?? now())
    // What is told of a session after its end changes no figure.
    if (state === 'ended') known.delete(session.id)
    else if (before?.state !== state) known.set(session.id, { state, since: now() })
  })
}
