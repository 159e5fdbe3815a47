/**
 * Asks one cluster for all its sessions at once, and tells gone from unknown. A failed or doubtful answer changes nothing.
 * Fast while something moves, slow when all is quiet, never more than the budget: the agents' messages make it a safety net.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { JobId, JobList, JobStatus } from '@batchway/schedulers'
import { SchedulerError } from '@batchway/schedulers'
import type { Logger } from '../core/logger.ts'
import { callBudget } from './call-budget.ts'
import type { ClusterSite } from './room.ts'
import type { Attempt, Session } from './session.ts'

export interface PollerDuties {
  /** Sessions of this cluster that have not ended. */
  sessions(): readonly Session[]
  /** The current attempt of a session: its job id and what the channel has shown of it. */
  attemptOf(session: Session): Promise<Attempt | null>
  /** A row of the list belongs to the session (by job id, or by tag while the id is unknown). */
  onStatus(session: Session, attempt: Attempt, status: JobStatus, askedAt: number): Promise<void>
  /** The job is proven gone; `status` is accounting's word, if any. */
  onVanished(session: Session, status: JobStatus | null): Promise<void>
  /** A complete answer, begun at `askedAt`, did not show the tag of a session whose job id is unknown. */
  onTagAbsent(session: Session, attempt: Attempt, askedAt: number, steadySince: number): Promise<void>
  /** When the session's agent was last heard: a living agent outweighs an answer that does not show its job. */
  heardAt(session: Session): number | undefined
  /** When a cancel sent as the job's owner was told that there is no such job (any more). */
  deniedAt(session: Session): number | undefined
}

export interface PollerHealth {
  readonly lastAnswerAt: number | null
  readonly failingSince: number | null
  readonly words: string | null
  /** Since when what we know of this cluster is fresh: the first digested answer after the last failure; null while it fails. */
  readonly steadySince: number | null
}

export interface Answer {
  readonly list: JobList
  readonly askedAt: number
}

export interface Poller extends AsyncDisposable {
  /** Something moves: ask soon. */
  nudge(): void
  /** The newest answer that began at or after `since`; who asks for a fresh one shares the next call. @throws {SchedulerError} */
  ask(since: number): Promise<Answer>
  health(): PollerHealth
}

const movingMs = 4_000
const waitingMs = 10_000
const quietMs = 30_000
const idleMs = 60_000
/** Let what was just asked for happen first. */
const nudgeMs = 250
/** A scheduler that fails is asked this often at most, however impatient people are. */
const impatientMs = 10_000
const longestBackOffMs = 120_000
/** Accounting lags behind the list by seconds (2 s measured on Slurm 22.05): ask this often before "nobody knows". */
const accountingTries = 6
/** An agent heard within this time lives. */
const silentMs = 30_000
/** The event loop turns after so many sessions. */
const sessionsPerTurn = 100

/** The job that the id or the tag means, and nobody else's: names are free to choose, and a scheduler set up anew counts from 1. */
const isOurs = (status: JobStatus, session: Session, attempt: Attempt): boolean =>
  (status.owner === undefined || status.owner === session.account) &&
  (status.name === '' || status.name === attempt.tag)

interface Absent {
  readonly session: Session
  readonly attempt: Attempt
  readonly jobId: JobId
  /** In how many complete answers in a row it was missing. */
  readonly count: number
}

export function openPoller(
  site: ClusterSite,
  duties: PollerDuties,
  { now, log, sleep }: { now: () => number; log: Logger; sleep: (ms: number, signal: AbortSignal) => Promise<void> },
): Poller {
  const stop = new AbortController()
  const cluster = site.cluster.key
  const budget = callBudget(now)
  let wake = new AbortController()
  let last: Answer | null = null
  let health: PollerHealth = { lastAnswerAt: null, failingSince: null, words: null, steadySince: null }
  const missing = new Map<string, number>()
  const waiters = new Set<{ since: number; resolve(answer: Answer): void; reject(error: unknown): void }>()
  let failures = 0
  let failedAt = 0

  async function call(): Promise<Answer | null> {
    const askedAt = now()
    try {
      const list = await site.cluster.list()
      last = { list, askedAt }
      failures = 0
      health = { ...health, lastAnswerAt: now(), failingSince: null, words: null }
    } catch (error) {
      failures += 1
      failedAt = now()
      const words = error instanceof SchedulerError ? error.message : String(error)
      health = { ...health, failingSince: health.failingSince ?? now(), words, steadySince: null }
      log.warn({ cluster, failures, error: words }, 'scheduler did not answer the list')
      refuseWaiters()
      return null
    }
    for (const waiter of waiters) {
      if (waiter.since > askedAt) continue
      waiters.delete(waiter)
      waiter.resolve(last)
    }
    return last
  }

  const noAnswer = (): SchedulerError => new SchedulerError('unavailable', health.words ?? 'the hub is stopping')
  function refuseWaiters(): void {
    for (const { reject } of waiters) reject(noAnswer())
    waiters.clear()
  }

  /** Several living jobs gone at once is more likely a filtered or cut answer (PrivateData, a restarted controller) than the truth. */
  const isDoubtful = (gone: number, seen: number): boolean => gone >= 3 && gone * 2 > seen

  /** One call for all that are missing. @returns null if accounting did not answer. */
  async function accounted(absent: readonly Absent[]): Promise<ReadonlyMap<JobId, JobStatus> | null> {
    try {
      return await site.cluster.history(absent.map(({ jobId }) => jobId))
    } catch (error) {
      log.warn({ cluster, jobs: absent.length, error: String(error) }, 'accounting did not answer')
      return null
    }
  }

  /** What goes wrong with one session must not keep the others from being looked at. */
  async function guarded(session: Session, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      log.error({ cluster, session: session.id, error: String(error) }, 'an answer could not be digested')
    }
  }

  async function digest({ list, askedAt }: Answer): Promise<void> {
    const byId = new Map(list.jobs.map((job) => [job.id, job]))
    const byName = Map.groupBy(list.jobs, (job) => job.name)
    const sessions = duties.sessions()
    const absent: Omit<Absent, 'count'>[] = []
    let seen = 0
    for (const [index, session] of sessions.entries()) {
      if (index % sessionsPerTurn === sessionsPerTurn - 1) await nextTurn()
      await guarded(session, async () => {
        const attempt = await duties.attemptOf(session)
        if (!attempt) return
        const { jobId } = attempt
        const candidates = jobId === null ? (byName.get(attempt.tag) ?? []) : [byId.get(jobId)]
        const ours = candidates.filter((status) => status !== undefined && isOurs(status, session, attempt))
        const status = ours.find((job) => job?.phase !== 'ended') ?? ours[0]
        if (status) {
          seen += 1
          missing.delete(session.id)
          await duties.onStatus(session, attempt, status, askedAt)
        } else if (jobId !== null) absent.push({ session, attempt, jobId })
        else if (list.complete) await duties.onTagAbsent(session, attempt, askedAt, health.steadySince ?? askedAt)
      })
    }
    if (list.complete) await digestAbsent(absent, seen, askedAt)
    const living = new Set(sessions.map(({ id }) => id))
    for (const id of missing.keys()) if (!living.has(id)) missing.delete(id)
  }

  async function digestAbsent(all: readonly Omit<Absent, 'count'>[], seen: number, askedAt: number): Promise<void> {
    const isKnown = ({ firstSeenAt }: Attempt): boolean => firstSeenAt !== null && firstSeenAt < askedAt
    const gone = all.filter(({ attempt }) => isKnown(attempt)).length
    const doubtful = isDoubtful(gone, seen + gone)
    if (doubtful) log.warn({ cluster, gone, seen }, 'many jobs missing at once: waiting for proof')
    const due: Absent[] = []
    for (const each of all) {
      if (each.attempt.acceptedAt !== null && each.attempt.acceptedAt >= askedAt) continue // asked before the job was there
      const count = (missing.get(each.session.id) ?? 0) + 1
      missing.set(each.session.id, count)
      if (count >= 2 || each.session.facts.state === 'stopping') due.push({ ...each, count })
    }
    if (due.length === 0) return
    const told = await accounted(due)
    for (const { session, attempt, jobId, count } of due) {
      const found = told?.get(jobId)
      const status = found && isOurs(found, session, attempt) ? found : undefined
      if (status && status.phase !== 'ended') {
        missing.delete(session.id) // accounting knows it alive: the list does not show everything
        continue
      }
      const isDenied = (duties.deniedAt(session) ?? askedAt) < askedAt
      const isSilent = (duties.heardAt(session) ?? 0) < askedAt - silentMs
      // Without a word of accounting or of the scheduler to the owner, only a channel that has shown this job can say that it is gone.
      const isGone = told !== null && isKnown(attempt) && !doubtful && isSilent && count >= accountingTries
      if (!status && !isDenied && !isGone) continue
      missing.delete(session.id)
      await guarded(session, () => duties.onVanished(session, status ?? null))
    }
  }

  /** How long until the next call is worth it. */
  function interval(): number {
    if (failures > 0) return Math.min(longestBackOffMs, 3_000 * 2 ** Math.min(failures, 6))
    const sessions = duties.sessions()
    if (sessions.length === 0) return idleMs
    const at = now()
    const moving = sessions.some(({ id, facts, createdAt }) => {
      if (facts.state === 'submitting' || facts.state === 'stopping' || facts.state === 'starting') return true
      return (facts.state === 'queued' && at - createdAt < 120_000) || missing.has(id)
    })
    if (moving) return movingMs
    return sessions.some(({ facts }) => facts.state === 'queued') ? waitingMs : quietMs
  }

  /** Sleep until a call is due and allowed. */
  async function untilDue(): Promise<void> {
    const ms = interval()
    await sleep(ms, AbortSignal.any([stop.signal, wake.signal]))
    if (wake.signal.aborted && waiters.size === 0) await sleep(nudgeMs, stop.signal)
    if (failures > 0) await sleep(Math.max(0, failedAt + Math.min(ms, impatientMs) - now()), stop.signal)
    if (duties.sessions().length > 0 || waiters.size > 0) await sleep(budget.take(), stop.signal)
  }

  async function loop(): Promise<void> {
    while (!stop.signal.aborted) {
      await untilDue()
      wake = new AbortController() // what was asked for until now, the next call answers
      if (stop.signal.aborted || (duties.sessions().length === 0 && waiters.size === 0)) continue
      const answer = await call()
      if (!answer) continue
      await digest(answer)
      health = { ...health, steadySince: health.steadySince ?? answer.askedAt }
    }
    refuseWaiters()
  }
  const running = loop()

  return {
    nudge: () => wake.abort(),
    ask(since) {
      if (last && last.askedAt >= since) return Promise.resolve(last)
      wake.abort()
      if (failures > 0 || stop.signal.aborted) return Promise.reject(noAnswer())
      return new Promise((resolve, reject) => waiters.add({ since, resolve, reject }))
    },
    health: () => health,
    async [Symbol.asyncDispose]() {
      stop.abort()
      refuseWaiters()
      await running
    },
  }
}
