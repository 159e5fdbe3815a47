/**
 * Asks one cluster for all its sessions at once. A failed or doubtful answer changes nothing; what an answer does not show is for
 * `absences.ts` to judge. Steady while anything lives, so that agents' messages are a help and no need; never more than the budget.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { JobId, JobList, JobStatus, KnownJob } from '@batchway/schedulers'
import { SchedulerError } from '@batchway/schedulers'
import type { Logger } from '../core/logger.ts'
import { type AbsenceDuties, type Absent, openAbsences } from './absences.ts'
import { listBudget } from './list-budget.ts'
import { isShown, ownJob } from './own-job.ts'
import { paceMs } from './poll-pace.ts'
import type { ClusterSite } from './room.ts'
import type { Attempt, Session } from './session.ts'

export interface PollerDuties extends AbsenceDuties {
  /** Sessions of this cluster that have not ended. */
  sessions(): readonly Session[]
  /** The current attempt of a session: its job id and what the channel has shown of it. */
  attemptOf(session: Session): Promise<Attempt | null>
  /** A row of the list belongs to the session (by tag; by job id too, once the tag was shown). */
  onStatus(session: Session, attempt: Attempt, status: JobStatus, askedAt: number): Promise<void>
  /** A complete answer did not show the tag of a session whose job has not been shown yet. */
  onTagAbsent(session: Session, attempt: Attempt, answer: WithoutTag): Promise<void>
  /** Every answer, when the sessions have been told: what else does it show? */
  onAnswer(answer: Answer): Promise<void>
  /** Something may be left to see although no session lives. */
  hasLeftovers(): boolean
}

/** A complete answer, as far as it tells why a tag is not in it. */
export interface WithoutTag {
  readonly askedAt: number
  /** Since when the cluster answers without a failure. */
  readonly steadySince: number
  /** It shows jobs of ours, so that nobody hides them from us. */
  readonly showsOthers: boolean
  /** The job that the submit named was asked for as its owner, who was told that there is none. Absent where all jobs are listed. */
  readonly isDenied?: boolean
}

export interface PollerHealth {
  readonly lastAnswerAt: number | null
  readonly failingSince: number | null
  readonly words: string | null
  /** Since when what we know of this cluster is fresh: the first digested answer after the last failure; null while it fails. */
  readonly steadySince: number | null
  /** Sessions whose job the last complete answers did not show. */
  readonly missing: number
}

/** What the poller has done since the hub came up, for metrics. */
export interface PollerStats {
  readonly calls: number
  readonly failures: number
  /** Complete and incomplete answers; an incomplete one held a row that could not be read. */
  readonly answers: { readonly complete: number; readonly incomplete: number }
  readonly lastCallMs: number
  /** Rows of the last answer, everybody's. */
  readonly jobsListed: number
  readonly lastAnswerAt: number | null
}

export interface Answer {
  readonly list: JobList
  readonly askedAt: number
}

export interface Poller extends AsyncDisposable {
  /** Something moves: ask soon. */
  nudge(): void
  /**
   * The newest answer that began at or after `since`; who asks for a fresh one shares the next call.
   * @param about the job that is meant: where jobs are asked about one at a time, it will soon be this one's turn. @throws {SchedulerError}
   */
  ask(since: number, about?: KnownJob): Promise<Answer>
  health(): PollerHealth
  stats(): PollerStats
}

/** Let what was just asked for happen first. */
const nudgeMs = 250
/** A scheduler that fails is asked this often at most, however impatient people are. */
const impatientMs = 10_000
/** Ask on for so long after the last session has ended: what it left must be seen. */
const lingerMs = 30_000
/** Where jobs are asked about one at a time: how long the answer about one is kept for those who ask for it. */
const rememberMs = 120_000
/** The event loop turns after so many sessions, or rows of a list. */
const sessionsPerTurn = 100
const rowsPerTurn = 2_000

export function openPoller(
  site: ClusterSite,
  duties: PollerDuties,
  { now, log, sleep }: { now: () => number; log: Logger; sleep: (ms: number, signal: AbortSignal) => Promise<void> },
): Poller {
  const stop = new AbortController()
  const cluster = site.cluster.key
  const budget = listBudget(now)
  const absences = openAbsences(site, duties, { now, log })
  let wake = new AbortController()
  let last: Answer | null = null
  let health: Omit<PollerHealth, 'missing'> = { lastAnswerAt: null, failingSince: null, words: null, steadySince: null }
  let stats = { calls: 0, failures: 0, answers: { complete: 0, incomplete: 0 }, lastCallMs: 0, jobsListed: 0 }
  /** Where jobs are asked about one at a time: those that somebody asks for, and the last answer about each. */
  const wanted = new Map<JobId, KnownJob>()
  const lastAbout = new Map<JobId, Answer>()
  const isByJob = site.cluster.driver.query !== undefined
  const waiters = new Set<{ since: number; resolve(answer: Answer): void; reject(error: unknown): void }>()
  let failures = 0
  /** When the last call began, and when something last lived: a job may be left over when its session is. */
  let calledAt = now()
  let livedAt = calledAt
  let failedAt = 0

  /** What a scheduler that is asked about one job at a time is asked for. */
  async function known(): Promise<readonly KnownJob[]> {
    const jobs = new Map(wanted)
    for (const session of duties.sessions()) {
      const attempt = await duties.attemptOf(session)
      if (!attempt || attempt.jobId === null) continue
      const isUrgent =
        wanted.has(attempt.jobId) ||
        !isShown(attempt) ||
        session.facts.state === 'stopping' ||
        absences.isMissing(session.id)
      const { account, spec } = session
      jobs.set(attempt.jobId, { id: attempt.jobId, name: attempt.tag, account, options: spec.jobOptions, isUrgent })
    }
    return [...jobs.values()]
  }

  function remember(answer: Answer): void {
    for (const id of answer.list.about ?? []) {
      wanted.delete(id)
      lastAbout.set(id, answer)
    }
    for (const [id, { askedAt }] of lastAbout) if (answer.askedAt - askedAt > rememberMs) lastAbout.delete(id)
  }

  async function call(): Promise<Answer | null> {
    const askedAt = now()
    calledAt = askedAt
    stats = { ...stats, calls: stats.calls + 1 }
    try {
      const list = await site.cluster.list(isByJob ? await known() : undefined)
      last = { list, askedAt }
      remember(last)
      const kind = list.complete ? 'complete' : 'incomplete'
      stats = {
        ...stats,
        answers: { ...stats.answers, [kind]: stats.answers[kind] + 1 },
        lastCallMs: now() - askedAt,
        jobsListed: list.jobs.length,
      }
      failures = 0
      health = { ...health, lastAnswerAt: now(), failingSince: null, words: null }
    } catch (error) {
      failures += 1
      stats = { ...stats, failures: stats.failures + 1 }
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

  /** What goes wrong with one session must not keep the others from being looked at. */
  async function guarded(session: Session, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      log.error({ cluster, session: session.id, error: String(error) }, 'an answer could not be digested')
    }
  }

  async function digest({ list, askedAt }: Answer): Promise<void> {
    const byId = new Map<JobId, JobStatus>()
    const byName = new Map<string, JobStatus[]>()
    for (const [index, job] of list.jobs.entries()) {
      if (index % rowsPerTurn === rowsPerTurn - 1) await nextTurn()
      byId.set(job.id, job)
      const namesakes = byName.get(job.name)
      if (namesakes) namesakes.push(job)
      else byName.set(job.name, [job])
    }
    const sessions = duties.sessions()
    const absent: Absent[] = []
    const tagless: (Omit<Absent, 'jobId'> & { readonly isDenied?: boolean })[] = []
    const about = list.about && new Set(list.about)
    let seen = 0
    for (const [index, session] of sessions.entries()) {
      if (index % sessionsPerTurn === sessionsPerTurn - 1) await nextTurn()
      await guarded(session, async () => {
        const attempt = await duties.attemptOf(session)
        if (!attempt) return
        const known = isShown(attempt) ? byId.get(attempt.jobId) : undefined
        const status = ownJob(known ? [known] : (byName.get(attempt.tag) ?? []), session, attempt)
        if (status) {
          seen += 1
          absences.seen(session.id)
          await duties.onStatus(session, attempt, status, askedAt)
          return
        }
        const isDenied = attempt.jobId !== null && about?.has(attempt.jobId) === true
        // Of a job that was not asked about the answer says nothing; a submit that named none cannot be asked about.
        if (about && !isDenied && attempt.jobId !== null) return
        if (isShown(attempt)) absent.push({ session, attempt, jobId: attempt.jobId, ...(isDenied && { isDenied }) })
        else tagless.push({ session, attempt, ...(about && { isDenied }) })
      })
    }
    for (const { session, attempt, ...told } of list.complete || about ? tagless : []) {
      const answer = { askedAt, steadySince: health.steadySince ?? askedAt, showsOthers: seen > 0, ...told }
      await guarded(session, () => duties.onTagAbsent(session, attempt, answer))
    }
    if (list.complete || about) await absences.digest(absent, seen, askedAt)
    const living = new Set(sessions.map(({ id }) => id))
    absences.prune(living)
    await duties.onAnswer({ list, askedAt })
  }

  function isLive(): boolean {
    if (duties.sessions().length > 0 || duties.hasLeftovers()) livedAt = now()
    return now() - livedAt < lingerMs
  }

  /** Sleep until a call is due and allowed. */
  async function untilDue(): Promise<void> {
    const ms = paceMs({ failures, isLive: isLive(), lastCallMs: stats.lastCallMs })
    const dueAt = (failures > 0 ? failedAt : calledAt) + ms
    await sleep(Math.max(0, dueAt - now()), AbortSignal.any([stop.signal, wake.signal]))
    if (wake.signal.aborted && waiters.size === 0) await sleep(nudgeMs, stop.signal)
    if (failures > 0) await sleep(Math.max(0, failedAt + Math.min(ms, impatientMs) - now()), stop.signal)
    await sleep(budget.take(), stop.signal)
  }

  async function loop(): Promise<void> {
    while (!stop.signal.aborted) {
      await untilDue()
      wake = new AbortController() // what was asked for until now, the next call answers
      if (stop.signal.aborted) break
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
    ask(since, about) {
      const newest = isByJob && about ? lastAbout.get(about.id) : last
      if (newest && newest.askedAt >= since) return Promise.resolve(newest)
      if (isByJob && about) wanted.set(about.id, { ...about, isUrgent: true })
      wake.abort()
      if (failures > 0 || stop.signal.aborted) return Promise.reject(noAnswer())
      return new Promise((resolve, reject) => waiters.add({ since, resolve, reject }))
    },
    health: () => ({ ...health, missing: absences.missing }),
    stats: () => ({ ...stats, lastAnswerAt: health.lastAnswerAt }),
    async [Symbol.asyncDispose]() {
      stop.abort()
      refuseWaiters()
      await running
      await absences[Symbol.asyncDispose]()
    },
  }
}
