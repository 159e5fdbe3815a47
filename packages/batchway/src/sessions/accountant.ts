/**
 * Asks accounting how ended jobs ended: for all of a cluster at once, at most every few seconds, since accounting lags behind and
 * a class of a hundred ends its sessions in the same minute.
 */
import type { JobEnd, JobId } from '@batchway/schedulers'
import type { Logger } from '../core/logger.ts'
import { isOurs } from './own-job.ts'
import type { ClusterSite } from './room.ts'
import type { Attempt, Session } from './session.ts'

export interface AccountantDuties {
  onEnd(sessionId: string, end: JobEnd): Promise<void>
}

export interface Accountant {
  /** Ask for the end of this attempt's job, soon and again, until accounting knows it or the tries are used up. */
  ask(session: AccountedSession, attempt: Pick<Attempt, 'tag'> & { readonly jobId: JobId }): void
  /** To be called every second; never throws. @returns when the answers that were asked for now are digested. */
  tick(): Promise<void>
}

/** How long after the last try the next one is made. */
const triesMs = [1_500, 3_000, 8_000, 20_000]
const pauseMs = 3_000

type AccountedSession = Pick<Session, 'id' | 'account' | 'spec'>

interface Case {
  readonly sessionId: string
  readonly account: string
  readonly tag: string
  readonly jobId: JobId
  readonly tries: number
  readonly dueAt: number
}

export function openAccountant(
  clusters: ReadonlyMap<string, ClusterSite>,
  duties: AccountantDuties,
  { now, log }: { now: () => number; log: Logger },
): Accountant {
  const open = new Map<string, Map<string, Case>>()
  const asking = new Set<string>()
  const askedAt = new Map<string, number>()

  /** A case that is still open waits for its next try; after the last one it is closed without an answer. */
  function postpone(cases: Map<string, Case>, one: Case): void {
    const ms = triesMs[one.tries]
    if (ms === undefined) cases.delete(one.sessionId)
    else cases.set(one.sessionId, { ...one, tries: one.tries + 1, dueAt: now() + ms })
  }

  async function round(cluster: string, site: ClusterSite, cases: Map<string, Case>): Promise<void> {
    const due = [...cases.values()].filter(({ dueAt }) => dueAt <= now())
    if (due.length === 0 || asking.has(cluster) || now() - (askedAt.get(cluster) ?? 0) < pauseMs) return
    asking.add(cluster)
    try {
      for (const one of due) postpone(cases, one)
      const told = await site.cluster.history(due.map(({ jobId }) => jobId))
      for (const one of due) {
        const status = told.get(one.jobId)
        if (status?.phase !== 'ended' || !status.end || !isOurs(status, one, one)) continue
        cases.delete(one.sessionId)
        await duties.onEnd(one.sessionId, status.end)
      }
    } catch (error) {
      log.warn({ cluster, jobs: due.length, error: String(error) }, 'accounting did not answer')
    } finally {
      asking.delete(cluster)
      askedAt.set(cluster, now())
    }
  }

  return {
    ask({ id, account, spec }, { tag, jobId }) {
      const cases = open.get(spec.cluster) ?? new Map<string, Case>()
      open.set(spec.cluster, cases)
      postpone(cases, { sessionId: id, account, tag, jobId, tries: 0, dueAt: 0 })
    },
    async tick() {
      await Promise.all(
        [...open].map(([cluster, cases]) => {
          const site = clusters.get(cluster)
          return site ? round(cluster, site, cases) : undefined
        }),
      )
    },
  }
}
