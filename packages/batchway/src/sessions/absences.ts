/** Follows the jobs that one cluster's list has shown and does not show now, and gathers what tells whether they are gone. */
import { type JobId, type JobList, type JobStatus, SchedulerError } from '@batchway/schedulers'
import type { Logger } from '../core/logger.ts'
import { callBudget } from './call-budget.ts'
import { judgeAbsence } from './judge-absence.ts'
import { isOurs, ownJob } from './own-job.ts'
import type { ClusterSite } from './room.ts'
import type { Attempt, Session } from './session.ts'

export interface AbsenceDuties {
  /** A living job that only its owner is shown. */
  onStatus(session: Session, attempt: Attempt, status: JobStatus, askedAt: number): Promise<void>
  /** The job is proven gone; `status` is accounting's word, if any. */
  onVanished(session: Session, status: JobStatus | null): Promise<void>
  /** When the session's agent was last heard: a living agent outweighs an answer that does not show its job. */
  heardAt(session: Session): number | undefined
  /** When a cancel sent as the job's owner was told that there is no such job (any more). */
  deniedAt(session: Session): number | undefined
}

export interface Absent {
  readonly session: Session
  readonly attempt: Attempt
  readonly jobId: JobId
  /** Its owner was told that there is no such job. */
  readonly isDenied?: boolean
}

export interface Absences extends AsyncDisposable {
  /** The list shows the session's job. */
  seen(sessionId: string): void
  /** @param absent what a complete answer that began at `askedAt` does not show. @param seen how many of our jobs it does show. */
  digest(absent: readonly Absent[], seen: number, askedAt: number): Promise<void>
  /** Forget sessions that have ended. */
  prune(living: ReadonlySet<string>): void
  isMissing(sessionId: string): boolean
  /** Sessions whose job the last complete answers did not show. */
  readonly missing: number
}

/** An agent heard within this time lives. */
const silentMs = 30_000
const overdueMs = 300_000
/** What an owner was shown counts for so long. */
const freshMs = 60_000
/** Questions as an owner: beside the list calls, and only in doubt. */
const ownerCalls = { burst: 2, perMinute: 8 }
/** An owner who may not ask (no rule of sudo allows it) is not asked again at once: each refusal is a mail to root. */
const refusedMs = 600_000

/** Several living jobs gone at once is more likely a filtered or cut answer (PrivateData, a restarted controller) than the truth. */
const isMassLoss = (gone: number, seen: number): boolean => gone >= 3 && gone * 2 > seen + gone

interface OwnersAnswer {
  readonly list: JobList | null
  readonly askedAt: number
}

export function openAbsences(
  { cluster }: ClusterSite,
  duties: AbsenceDuties,
  { now, log }: { now: () => number; log: Logger },
): Absences {
  const missing = new Map<string, { readonly count: number; readonly since: number }>()
  const answers = new Map<string, OwnersAnswer>()
  const budget = callBudget(now, ownerCalls)
  let asking: Promise<void> | null = null

  /** What goes wrong with one session must not keep the others from being looked at. */
  async function guarded(session: Session, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      log.error({ cluster: cluster.key, session: session.id, error: String(error) }, 'an absence could not be digested')
    }
  }

  /** One call for all that are missing. @returns null if accounting did not answer. */
  async function accounted(absent: readonly Absent[]): Promise<ReadonlyMap<JobId, JobStatus> | null> {
    try {
      return await cluster.history(absent.map(({ jobId }) => jobId))
    } catch (error) {
      log.warn({ cluster: cluster.key, jobs: absent.length, error: String(error) }, 'accounting did not answer')
      return null
    }
  }

  async function askOwner(account: string, absent: readonly Absent[]): Promise<void> {
    const askedAt = now()
    try {
      const list = await cluster.listAs(account)
      answers.set(account, { list, askedAt })
      for (const { session, attempt } of absent) {
        const status = ownJob(list.jobs, session, attempt)
        if (status) await guarded(session, () => duties.onStatus(session, attempt, status, askedAt))
      }
    } catch (error) {
      answers.set(account, { list: null, askedAt })
      const words = error instanceof SchedulerError ? error.message : String(error)
      log.warn({ cluster: cluster.key, account, error: words }, 'the owner of a missing job could not ask for it')
    }
  }

  /** Of the owners of what is missing, those who have not asked for longest; in the background, since the list goes on meanwhile. */
  function askOwners(unclear: readonly Absent[]): void {
    if (asking) return
    const owners = Map.groupBy(unclear, ({ session }) => session.account)
    const askedAt = (account: string): number => answers.get(account)?.askedAt ?? 0
    const isDue = (account: string): boolean => {
      const answer = answers.get(account)
      return !answer || now() - answer.askedAt >= (answer.list ? freshMs / 4 : refusedMs)
    }
    const due = [...owners].filter(([account]) => isDue(account)).sort(([a], [b]) => askedAt(a) - askedAt(b))
    const chosen = due.filter(() => budget.tryTake())
    if (chosen.length === 0) return
    asking = (async () => {
      for (const [account, absent] of chosen) await askOwner(account, absent)
    })().finally(() => {
      asking = null
    })
  }

  function ownersWord({ session, attempt }: Absent, since: number): 'shown' | 'denied' | 'not asked' {
    const { list, askedAt } = answers.get(session.account) ?? { list: null, askedAt: 0 }
    if (!list || askedAt < since || now() - askedAt > freshMs) return 'not asked'
    if (ownJob(list.jobs, session, attempt)) return 'shown'
    return list.complete ? 'denied' : 'not asked'
  }

  async function digest(all: readonly Absent[], seen: number, askedAt: number): Promise<void> {
    const isKnown = ({ firstSeenAt }: Attempt): boolean => firstSeenAt !== null && firstSeenAt < askedAt
    const gone = all.filter(({ attempt }) => isKnown(attempt)).length
    const isDoubtful = isMassLoss(gone, seen)
    if (isDoubtful) log.warn({ cluster: cluster.key, gone, seen }, 'many jobs missing at once: waiting for proof')
    const due: Absent[] = []
    for (const each of all) {
      const { session, attempt } = each
      if (attempt.acceptedAt !== null && attempt.acceptedAt >= askedAt) continue // asked before the job was there
      const { count, since } = missing.get(session.id) ?? { count: 0, since: askedAt }
      missing.set(session.id, { count: count + 1, since })
      if (count >= 1 || session.facts.state === 'stopping') due.push(each)
    }
    if (due.length === 0) return
    const told = await accounted(due)
    const unclear: Absent[] = []
    for (const each of due) {
      const { session, attempt, jobId } = each
      const { count, since } = missing.get(session.id) ?? { count: 1, since: askedAt }
      const found = told?.get(jobId)
      const status = found && isOurs(found, session, attempt) ? found : null
      const accounting =
        told === null ? 'no answer' : !status ? 'nothing' : status.phase === 'ended' ? 'ended' : 'alive'
      const verdict = judgeAbsence({
        count,
        isKnown: isKnown(attempt),
        isSilent: (duties.heardAt(session) ?? 0) < askedAt - silentMs,
        accounting,
        isDenied: (duties.deniedAt(session) ?? askedAt) < askedAt,
        owner: each.isDenied ? 'denied' : ownersWord(each, since),
        showsOthers: seen > 0,
        isMassLoss: isDoubtful,
        isOverdue: session.endsAt !== null && askedAt > session.endsAt + overdueMs,
      })
      if (verdict !== 'gone') {
        if (!each.isDenied) unclear.push(each)
        continue
      }
      missing.delete(session.id)
      await guarded(session, () => duties.onVanished(session, accounting === 'ended' ? status : null))
    }
    askOwners(unclear)
  }

  return {
    digest,
    seen: (sessionId) => void missing.delete(sessionId),
    isMissing: (sessionId) => missing.has(sessionId),
    prune(living) {
      for (const id of missing.keys()) if (!living.has(id)) missing.delete(id)
      // A refusal is remembered for as long as it counts.
      for (const [account, { askedAt }] of answers) if (now() - askedAt >= refusedMs) answers.delete(account)
    },
    get missing() {
      return missing.size
    },
    async [Symbol.asyncDispose]() {
      await asking
    },
  }
}
