/**
 * Asks one cluster for all its sessions at once, and tells gone from unknown. A failed or doubtful answer changes nothing.
 * Fast while something moves, slow when all is quiet, never more than the budget: the agents' messages make it a safety net.
 */
import type { JobId, JobList, JobStatus } from '@batchway/schedulers'
import { SchedulerError } from '@batchway/schedulers'
import type { Logger } from '../core/logger.ts'
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
  /** A complete answer, begun at `askedAt`, did not show the tag of a session whose submit is unclear. */
  onTagAbsent(session: Session, attempt: Attempt, askedAt: number): Promise<void>
}

export interface PollerHealth {
  readonly lastAnswerAt: number | null
  readonly failingSince: number | null
  readonly words: string | null
}

export interface Poller extends AsyncDisposable {
  /** Something moves: ask soon. */
  nudge(): void
  /** The newest fresh answer that began at or after `since`, asking if need be. @throws {SchedulerError} */
  ask(since: number): Promise<{ readonly list: JobList; readonly askedAt: number }>
  health(): PollerHealth
}

/** Calls a minute at most, on average; a short burst is allowed when somebody clicks. */
const callsPerMinute = 20
const burst = 8
const quietMs = 30_000
const idleMs = 60_000
/** Accounting lags behind the list by seconds (2 s measured on Slurm 22.05): ask this often before "nobody knows". */
const accountingTries = 6

export function openPoller(
  site: ClusterSite,
  duties: PollerDuties,
  { now, log, sleep }: { now: () => number; log: Logger; sleep: (ms: number, signal: AbortSignal) => Promise<void> },
): Poller {
  const stop = new AbortController()
  let tokens = burst
  let refilledAt = now()
  let wake = new AbortController()
  let last: { list: JobList; askedAt: number } | null = null
  let health: PollerHealth = { lastAnswerAt: null, failingSince: null, words: null }
  /** In how many complete answers in a row a job that we had seen was missing. */
  const missing = new Map<string, number>()
  let failures = 0

  async function call(): Promise<{ list: JobList; askedAt: number }> {
    const askedAt = now()
    try {
      const list = await site.cluster.list()
      last = { list, askedAt }
      failures = 0
      health = { lastAnswerAt: now(), failingSince: null, words: null }
      return last
    } catch (error) {
      failures += 1
      const words = error instanceof SchedulerError ? error.message : String(error)
      health = { ...health, failingSince: health.failingSince ?? now(), words }
      log.warn({ cluster: site.cluster.key, failures, error: words }, 'scheduler did not answer the list')
      throw error
    }
  }

  /** Several living jobs gone at once is more likely a filtered or cut answer (PrivateData, a restarted controller) than the truth. */
  const isDoubtful = (gone: number, seen: number): boolean => gone >= 3 && gone * 2 > seen

  async function accounted(jobId: JobId): Promise<JobStatus | null> {
    try {
      const status = (await site.cluster.history([jobId])).get(jobId)
      return status?.phase === 'ended' ? status : null
    } catch (error) {
      log.warn({ cluster: site.cluster.key, job: jobId, error: String(error) }, 'accounting did not answer')
      return null
    }
  }

  async function digest({ list, askedAt }: { list: JobList; askedAt: number }): Promise<void> {
    const byId = new Map(list.jobs.map((job) => [job.id, job]))
    const byName = new Map(list.jobs.map((job) => [job.name, job]))
    const absent: { session: Session; attempt: Attempt; jobId: JobId }[] = []
    let seen = 0
    for (const session of duties.sessions()) {
      const attempt = await duties.attemptOf(session)
      if (!attempt) continue
      const { jobId } = attempt
      const status = jobId === null ? byName.get(attempt.tag) : byId.get(jobId)
      if (status && (status.owner === undefined || status.owner === session.account)) {
        seen += 1
        missing.delete(session.id)
        await duties.onStatus(session, attempt, status, askedAt)
      } else if (jobId !== null) absent.push({ session, attempt, jobId })
      else if (list.complete) await duties.onTagAbsent(session, attempt, askedAt)
    }
    if (!list.complete) return
    const known = absent.filter(({ attempt }) => attempt.firstSeenAt !== null && attempt.firstSeenAt < askedAt)
    const doubtful = isDoubtful(known.length, seen + known.length)
    if (doubtful)
      log.warn({ cluster: site.cluster.key, gone: known.length, seen }, 'many jobs missing at once: waiting for proof')
    for (const { session, attempt, jobId } of absent) {
      if (attempt.acceptedAt !== null && attempt.acceptedAt >= askedAt) continue // asked before the job was there
      const count = (missing.get(session.id) ?? 0) + 1
      missing.set(session.id, count)
      if (count < 2 && session.facts.state !== 'stopping') continue
      const status = await accounted(jobId)
      // Accounting's word is proof of its own; without it only a channel that has shown this job can say that it is gone.
      const isProven = status !== null || (attempt.firstSeenAt !== null && !doubtful && count >= accountingTries)
      if (!isProven) continue
      missing.delete(session.id)
      await duties.onVanished(session, status)
    }
  }

  /** How long until the next call is worth it. */
  function interval(): number {
    if (failures > 0) return Math.min(120_000, 3_000 * 2 ** Math.min(failures, 6))
    const sessions = duties.sessions()
    if (sessions.length === 0) return idleMs
    const at = now()
    const moving = sessions.some(({ id, facts, createdAt }) => {
      if (facts.state === 'submitting' || facts.state === 'stopping' || facts.state === 'starting') return true
      return (facts.state === 'queued' && at - createdAt < 120_000) || missing.has(id)
    })
    if (moving) return 60_000 / callsPerMinute
    return sessions.some(({ facts }) => facts.state === 'queued') ? 10_000 : quietMs
  }

  function takeToken(): number {
    const at = now()
    tokens = Math.min(burst, tokens + ((at - refilledAt) * callsPerMinute) / 60_000)
    refilledAt = at
    if (tokens < 1) return ((1 - tokens) * 60_000) / callsPerMinute
    tokens -= 1
    return 0
  }

  async function loop(): Promise<void> {
    while (!stop.signal.aborted) {
      const nudged = wake
      await sleep(interval(), AbortSignal.any([stop.signal, nudged.signal]))
      if (nudged.signal.aborted) {
        wake = new AbortController()
        await sleep(250, stop.signal) // let what was just asked for happen first
      }
      if (stop.signal.aborted) return
      if (duties.sessions().length === 0) continue
      const wait = takeToken()
      if (wait > 0) await sleep(wait, stop.signal)
      if (stop.signal.aborted) return
      try {
        await digest(await call())
      } catch (error) {
        if (!(error instanceof SchedulerError))
          log.error({ cluster: site.cluster.key, error: String(error) }, 'poll failed')
      }
    }
  }
  const running = loop()

  return {
    nudge: () => wake.abort(),
    async ask(since) {
      if (last && last.askedAt >= since) return last
      const answer = await call()
      return answer
    },
    health: () => health,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
    },
  }
}
