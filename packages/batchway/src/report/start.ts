/** The words of this room: one start, from the click to what came of it. Pure. */
import type { Spec } from '../profiles/spec.ts'
import type { OutcomeCode, SessionState } from '../sessions/session.ts'

/** What was asked for, in the words of the report. */
export interface Asked {
  readonly profile: string
  readonly cluster: string
  readonly application: string
  /** `ram256g@mesabim3`: queue or partition, and the cluster; the cluster alone where it has no queues. */
  readonly queue: string
  /** What the job is charged to; empty where it named nothing. */
  readonly account: string
  readonly memoryMiB: number
  readonly wallSeconds: number
  readonly nodes: number
  /** On each node. */
  readonly cores: number
}

/** One session, as the report sees it. Times are Unix milliseconds. */
export interface Start {
  readonly id: string
  readonly user: string
  readonly asked: Asked
  readonly askedAt: number
  /** When the job began that became ready; as long as none did, when the present one began. */
  readonly startedAt: number | null
  /** When the application answered for the first time: a job that is put back into the queue later does not change it. */
  readonly readyAt: number | null
  /** When the present life of the job began; null while it waits. */
  readonly runsSince: number | null
  readonly endedAt: number | null
  readonly state: SessionState
  /** Of a session that has ended. */
  readonly outcome: OutcomeCode | null
  /** As the agent measured it; null where none could tell. */
  readonly cpuSeconds: number | null
}

/** Where a start failed. */
export const phases = ['submit', 'queue', 'boot', 'application'] as const
export type Phase = (typeof phases)[number]

export type Fate =
  | { readonly is: 'ready' }
  | { readonly is: 'failed'; readonly phase: Phase; readonly code: OutcomeCode }
  /** Given up by a person, or not decided yet. */
  | { readonly is: 'other' }

/**
 * Where a session fails that ends in this way before it was ready; null: somebody wanted it to end. `by job`: in the queue or while it
 * started, whichever it had reached.
 */
const failures: Readonly<Record<OutcomeCode, Phase | 'by job' | null>> = {
  finished: 'application',
  'stopped-by-user': null,
  'stopped-by-admin': null,
  'cancelled-outside': null,
  idle: null,
  walltime: 'by job',
  'out-of-memory': 'by job',
  'node-failure': 'by job',
  preempted: 'by job',
  rejected: 'submit',
  'can-never-run': 'queue',
  'not-prepared': 'boot',
  'queue-limit': 'queue',
  'home-missing': 'boot',
  'home-full': 'boot',
  'home-read-only': 'boot',
  'output-unwritable': 'boot',
  'application-not-found': 'application',
  'module-failed': 'application',
  'runtime-not-startable': 'boot',
  'hub-not-reachable': 'boot',
  'never-ready': 'application',
  'application-failed': 'application',
  'job-failed': 'by job',
  lost: 'by job',
}

/** What came of a start. */
export function fateOf({ readyAt, outcome, startedAt }: Pick<Start, 'readyAt' | 'outcome' | 'startedAt'>): Fate {
  if (readyAt !== null) return { is: 'ready' }
  const where = outcome === null ? null : failures[outcome]
  if (outcome === null || where === null) return { is: 'other' }
  return { is: 'failed', code: outcome, phase: where === 'by job' ? (startedAt === null ? 'queue' : 'boot') : where }
}

const textOption = (spec: Spec, ...names: readonly string[]): string => {
  for (const name of names) {
    const value = spec.jobOptions[name]
    if (typeof value === 'string' && value !== '') return value
  }
  return ''
}

/** The request of a spec, in the words of the report. Options are the drivers' own: their common names are looked for. */
export function askedOf(spec: Spec): Asked {
  const queue = textOption(spec, 'partition', 'queue')
  const host = textOption(spec, 'host') || spec.cluster
  const nodes = spec.jobOptions.nodes
  return {
    profile: spec.profile.key,
    cluster: spec.cluster,
    application: spec.application.key,
    queue: queue === '' ? spec.cluster : queue.includes('@') ? queue : `${queue}@${host}`,
    account: textOption(spec, 'account', 'project'),
    memoryMiB: spec.resources.memoryMiB,
    wallSeconds: spec.resources.wallSeconds,
    nodes: typeof nodes === 'number' && Number.isInteger(nodes) && nodes > 0 ? nodes : 1,
    cores: spec.resources.cores,
  }
}
