import type { OutcomeWords } from '../sessions/outcomes.ts'
import type { Session, SessionEvent } from '../sessions/session.ts'
import { took } from './format.ts'

/** One step of the timeline. `at` is a moment, `took` a finished length, `since` a running one. */
export interface Stage {
  readonly mark: 'done' | 'now' | 'next' | 'bad'
  readonly what: string
  readonly at: number | null
  readonly length: string | null
  readonly more: string | null
}

const stage = (mark: Stage['mark'], what: string, facts: Partial<Stage> = {}): Stage => ({
  at: null,
  length: null,
  more: null,
  ...facts,
  mark,
  what,
})

/** What the history remembers and the facts do not tell. */
export interface Trace {
  /** Job and node as last seen. */
  readonly job: string | null
  readonly node: string | null
  /** It had a node, and the scheduler put it back into the queue. */
  readonly isRequeued: boolean
}

export function traceOf(events: readonly SessionEvent[]): Trace {
  const last = (key: string) => events.map(({ data }) => data[key]).findLast((value) => typeof value === 'string')
  const moved = events.findLast(({ data: { from, to } }) => from !== to)?.data
  return {
    job: last('job')?.toString() ?? null,
    node: last('node')?.toString() ?? null,
    isRequeued: moved?.to === 'queued' && (moved.from === 'starting' || moved.from === 'ready'),
  }
}

export const noTrace: Trace = { job: null, node: null, isRequeued: false }

/**
 * What happened so far, what happens now, what comes next. Pure.
 * @param ending the words of the outcome, for a session that has ended.
 */
export function stageTimeline(
  session: Session,
  now: number,
  ending: OutcomeWords | null,
  trace: Trace = noTrace,
): readonly Stage[] {
  const { facts, createdAt, submittedAt, startedAt, readyAt, endedAt, spec } = session
  const isOver = facts.state === 'ended' || facts.state === 'stopping'
  const jobId = jobOf(session, trace)
  const node = nodeOf(session, trace)
  const app = spec.application.title

  const stages: Stage[] = [stage('done', 'Asked', { at: createdAt, more: 'Checked and written down' })]
  const step = (isDone: boolean, isNow: boolean, whenDone: Stage, whenNow: Stage, whenNext: Stage) => {
    if (isDone) stages.push(whenDone)
    else if (!isOver) stages.push(isNow ? whenNow : whenNext)
  }
  step(
    submittedAt !== null,
    true,
    stage('done', 'Submitted', {
      at: submittedAt,
      more: `${jobId === null ? 'The job' : `Job ${jobId}`} on ${spec.clusterTitle}, took ${took((submittedAt ?? 0) - createdAt)}`,
    }),
    stage('now', 'Submitting', { length: took(now - createdAt), more: `Asking ${spec.clusterTitle}` }),
    stage('next', 'Submitted'),
  )
  step(
    startedAt !== null,
    submittedAt !== null,
    stage('done', 'Waited in the queue', { length: took((startedAt ?? 0) - (submittedAt ?? createdAt)) }),
    stage('now', 'Waiting in the queue', {
      length: took(now - (submittedAt ?? createdAt)),
      more:
        session.attempt > 1
          ? `Put back into the queue, attempt ${session.attempt}`
          : trace.isRequeued
            ? 'Put back into the queue'
            : null,
    }),
    stage('next', 'Waiting in the queue'),
  )
  step(
    readyAt !== null,
    startedAt !== null,
    stage('done', 'Started', { length: took((readyAt ?? 0) - (startedAt ?? 0)), more: node && `Node ${node}` }),
    stage('now', `Starting ${app}`, { length: took(now - (startedAt ?? now)), more: node && `Node ${node}` }),
    stage('next', 'Starting on a node', { more: `Node set-up, then ${app}` }),
  )
  step(
    readyAt !== null,
    false,
    stage(facts.state === 'ready' ? 'now' : 'done', 'Ready', { at: readyAt }),
    stage('next', 'Ready'),
    stage('next', 'Ready'),
  )
  if (facts.state === 'stopping') stages.push(stage('now', 'Stopping', { more: 'The job is being ended' }))
  if (facts.state === 'ended' && ending !== null) {
    const ran = readyAt !== null && endedAt !== null ? `After ${took(endedAt - readyAt)}` : null
    stages.push(stage(ending.tone === 'bad' ? 'bad' : 'done', ending.title, { at: endedAt, more: ran }))
  }
  return stages
}

/** The node that runs or ran it, as far as it is known. */
export function nodeOf({ facts }: Session, trace: Trace): string | null {
  if (facts.state === 'starting' || facts.state === 'ready') return facts.node
  if (facts.state === 'stopping') return facts.claim?.node ?? trace.node
  return facts.state === 'ended' ? (facts.outcome.accounting?.host ?? trace.node) : null
}

/** The scheduler's name of the job, as far as it is known. */
export const jobOf = ({ facts }: Session, trace: Trace): string | null =>
  'jobId' in facts ? facts.jobId : facts.state === 'ended' ? trace.job : null
