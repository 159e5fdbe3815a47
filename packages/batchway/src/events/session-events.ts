/** What a change of a session's row means, as events. Pure: the row as it was last told and as it is now go in. */
import { requestFields } from '../report/start-events.ts'
import type { Outcome, Session } from '../sessions/session.ts'
import type { EventName, EventTime, Told } from './event-table.ts'

export type SessionEventName = Extract<EventName, `session.${string}`>

/** One event with its fields. */
export type SessionHappening<N extends SessionEventName = SessionEventName> = {
  readonly [K in N]: { readonly name: K; readonly told: Told<K>; readonly when: Required<Pick<EventTime, 'at'>> }
}[N]

const seconds = (from: number | null, to: number | null): number | null =>
  from === null || to === null ? null : Math.max(0, to - from) / 1_000

const jobOf = ({ facts }: Session): string | null => ('jobId' in facts ? facts.jobId : null)
const nodeOf = ({ facts }: Session): string | null => ('node' in facts ? facts.node : null)
const outcomeOf = ({ facts }: Session): Outcome | null => (facts.state === 'ended' ? facts.outcome : null)

const common = ({ id, userName, serverName, spec }: Session) => ({
  session: id,
  user: userName,
  server: serverName,
  profile: spec.profile.key,
  cluster: spec.cluster,
})

const requested = (session: Session): SessionHappening => ({
  name: 'session.requested',
  told: {
    ...common(session),
    ...requestFields(session),
    unix_account: session.account,
    gpus: session.spec.resources.gpus,
  },
  when: { at: session.createdAt },
})

/** Of its first days in the queue, or once more after it ran. */
function waiting(before: Session | null, session: Session, now: number): SessionHappening | null {
  const { facts, submittedAt, attempt } = session
  if (before?.startedAt != null && session.startedAt === null && facts.state === 'queued')
    return {
      name: 'session.requeued',
      told: { ...common(session), attempt, job: jobOf(session), words: facts.waiting.reason },
      when: { at: now },
    }
  if (submittedAt === null || before?.submittedAt != null) return null
  const words = facts.state === 'queued' ? facts.waiting.reason : null
  return {
    name: 'session.queued',
    told: { ...common(session), attempt, job: jobOf(session), words },
    when: { at: submittedAt },
  }
}

function running(before: Session | null, session: Session): readonly SessionHappening[] {
  const { createdAt, startedAt, readyAt, attempt } = session
  const found: SessionHappening[] = []
  const place = { ...common(session), attempt, job: jobOf(session), node: nodeOf(session) }
  const queue_seconds = seconds(createdAt, startedAt)
  if (startedAt !== null && startedAt !== before?.startedAt)
    found.push({ name: 'session.started', told: { ...place, queue_seconds }, when: { at: startedAt } })
  if (readyAt !== null && readyAt !== before?.readyAt)
    found.push({
      name: 'session.ready',
      told: {
        ...place,
        queue_seconds,
        boot_seconds: seconds(startedAt, readyAt),
        start_seconds: seconds(createdAt, readyAt),
      },
      when: { at: readyAt },
    })
  return found
}

/** Only of one that is ready, and was: before, nobody was led there. */
function reaching(before: Session | null, session: Session, now: number): SessionHappening | null {
  const { facts } = session
  if (facts.state !== 'ready' || before?.facts.state !== 'ready') return null
  if (facts.reachable === before.facts.reachable) return null
  const name = facts.reachable ? 'session.back' : 'session.silent'
  return { name, told: { ...common(session), node: facts.node }, when: { at: now } }
}

function ending(before: Session | null, session: Session, now: number): SessionHappening | null {
  const { facts, endedAt, createdAt, startedAt, readyAt, attempt } = session
  if (facts.state === 'stopping' && before?.facts.state !== 'stopping') {
    const { code, by } = facts.because
    return {
      name: 'session.stopping',
      told: { ...common(session), job: jobOf(session), outcome: code, by },
      when: { at: now },
    }
  }
  const outcome = outcomeOf(session)
  if (outcome === null) return null
  const known = before && outcomeOf(before)
  const { code, words, use } = outcome
  const cpu_seconds = use?.cpuSeconds ?? null
  if (known) {
    if (known.code === code && (known.use?.cpuSeconds ?? null) === cpu_seconds) return null
    return {
      name: 'session.accounted',
      told: { ...common(session), outcome: code, words, cpu_seconds },
      when: { at: now },
    }
  }
  const at = endedAt ?? now
  return {
    name: 'session.ended',
    told: {
      ...common(session),
      attempt,
      outcome: code,
      by: outcome.by,
      words,
      exit_code: outcome.exitCode,
      signal: outcome.signal,
      start_seconds: seconds(createdAt, readyAt),
      run_seconds: seconds(startedAt, at),
      cpu_seconds,
      memory_peak_mib: use?.memoryPeakMiB ?? null,
    },
    when: { at },
  }
}

/**
 * @param before null for a new session. Of one that is known by its row alone the times of the row are what is told.
 * @param now Unix ms; for what a row keeps no time of.
 */
export function sessionEvents(before: Session | null, session: Session, now: number): readonly SessionHappening[] {
  return [
    before === null ? requested(session) : null,
    waiting(before, session, now),
    ...running(before, session),
    reaching(before, session, now),
    ending(before, session, now),
  ].filter((found) => found !== null)
}

/** What happened to a session at or after a time, as far as its row tells: for a hub that comes after one that died. */
export const eventsSince = (session: Session, since: number): readonly SessionHappening[] =>
  sessionEvents(null, session, Number.NEGATIVE_INFINITY).filter(({ when }) => when.at >= since)
