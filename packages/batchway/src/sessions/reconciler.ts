/**
 * Compares what runs with what should: jobs that carry our tag and belong to no living attempt are cancelled (or left, by policy). Jobs
 * of other instances are not looked at, nor those of strangers that only bear a name like ours.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { JobId, JobList, JobStatus } from '@batchway/schedulers'
import { parseTag } from './ids.ts'
import { isShown } from './own-job.ts'
import type { ClusterSite, Room } from './room.ts'
import type { Session } from './session.ts'

export interface Reconciler {
  /** Look at one answer, begun at `askedAt`, of a cluster; cancels go on in the background. Never throws. */
  look(site: ClusterSite, list: JobList, askedAt: number): Promise<void>
  /** Is there a job that should not be there, and that more cancels may end? */
  isBusy(cluster: string): boolean
  stats(): ReconcilerStats
}

/** Since the hub came up, for metrics. */
export interface ReconcilerStats {
  /** Jobs without a living attempt. */
  readonly found: number
  /** Those of them that have ended since. */
  readonly gone: number
  readonly cancelsSent: number
  readonly cancelsFailed: number
  /** Jobs of another gateway with our instance, as last seen. */
  readonly foreign: number
}

/**
 * Why a job is not wanted. `surplus`: its session runs another job. `ended`: its session has ended. `unknown`: there is no such session,
 * its row was lost. `foreign`: there never was one here: another gateway uses our instance. That one is not ours to cancel.
 */
type Fault = 'surplus' | 'ended' | 'unknown' | 'foreign'

/** A job of an unknown session must have been seen for so long: its row may just be on its way. */
const unknownMs = 10_000
/** Back-off between cancels of the same job, last value repeated. */
const cancelMs = [0, 3_000, 5_000, 10_000, 30_000]
/** So many jobs of unknown sessions, and more than we know, are not lost rows: a database is new, or a copy of another gateway's. */
const manyUnknown = 4
/** The event loop turns after so many rows of a list. */
const rowsPerTurn = 1_000

interface Orphan {
  readonly fault: Fault
  readonly account: string
  /** The job's, with our tag. */
  readonly name: string
  readonly seenSince: number
  sightings: number
  sent: number
  sentAt: number
  isBusy: boolean
}

export function openReconciler(room: Room, inBackground: (work: Promise<unknown>) => void): Reconciler {
  const { store, log, settings } = room
  /** By cluster and job. */
  const orphans = new Map<string, Map<JobId, Orphan>>()
  const stats = { found: 0, gone: 0, cancelsSent: 0, cancelsFailed: 0 }
  const of = (cluster: string): Orphan[] => [...(orphans.get(cluster)?.values() ?? [])]

  /** @returns what is wrong with a living job of our tag, and whose it must be; null if nothing is, or if it cannot be told yet. */
  async function faultOf(
    job: JobStatus,
    tag: { sessionId: string; attempt: number },
    askedAt: number,
  ): Promise<{ fault: Fault; account: string | undefined } | null> {
    const session = room.active.get(tag.sessionId) ?? (await store.find(tag.sessionId))
    if (!session) return { fault: tag.sessionId.startsWith(settings.mark) ? 'unknown' : 'foreign', account: job.owner }
    const { account, attempt, facts, endedAt } = session
    if (job.owner !== undefined && job.owner !== account) return null
    if (facts.state === 'ended') return (endedAt ?? askedAt) < askedAt ? { fault: 'ended', account } : null
    if (tag.attempt < attempt) return { fault: 'surplus', account }
    // While the scheduler has shown no job of an attempt, its id is only what the submit printed: the submitter's to follow.
    const jobId = await knownJob(session)
    return tag.attempt === attempt && jobId !== null && jobId !== job.id ? { fault: 'surplus', account } : null
  }

  async function knownJob({ id, facts, attempt }: Session): Promise<JobId | null> {
    if ('jobId' in facts && facts.jobId !== null) return facts.jobId
    const row = await store.findAttempt(id, attempt)
    return row && isShown(row) ? row.jobId : null
  }

  async function cancel(site: ClusterSite, id: JobId, orphan: Orphan): Promise<void> {
    orphan.isBusy = true
    orphan.sent += 1
    orphan.sentAt = room.now()
    stats.cancelsSent += 1
    const about = { cluster: site.cluster.key, job: id, account: orphan.account, why: orphan.fault }
    try {
      const isKnown = await site.cluster.cancel(id, orphan.account, orphan.name)
      log.info({ ...about, isKnown }, 'job without a living attempt cancelled')
    } catch (error) {
      stats.cancelsFailed += 1
      log.warn({ ...about, error: String(error) }, 'job without a living attempt could not be cancelled')
    } finally {
      orphan.isBusy = false
    }
  }

  function isDue(orphan: Orphan): boolean {
    if (orphan.isBusy || orphan.fault === 'foreign' || settings.orphans === 'leave') return false
    if (orphan.fault === 'unknown' && (orphan.sightings < 2 || room.now() - orphan.seenSince < unknownMs)) return false
    return room.now() - orphan.sentAt >= (cancelMs[Math.min(orphan.sent, cancelMs.length - 1)] ?? 0)
  }

  /** Is it more likely that these jobs are those of a gateway with our key than that we lost their rows? */
  const areForeign = (unknown: number, ours: number): boolean => unknown >= manyUnknown && unknown > ours

  async function compare(site: ClusterSite, { jobs, complete }: JobList, askedAt: number): Promise<void> {
    const before = orphans.get(site.cluster.key) ?? new Map<JobId, Orphan>()
    const now = new Map<JobId, Orphan>()
    let ours = 0
    for (const [index, job] of jobs.entries()) {
      if (index % rowsPerTurn === rowsPerTurn - 1) await nextTurn()
      const tag = parseTag(settings.instance, job.name)
      if (!tag || job.phase === 'ended' || job.phase === 'ending') continue
      const found = await faultOf(job, tag, askedAt)
      if (found?.fault !== 'unknown' && found?.fault !== 'foreign') ours += 1
      if (!found || found.account === undefined) continue
      const { fault, account } = found
      const known = before.get(job.id)
      const fresh = {
        fault,
        account,
        name: job.name,
        seenSince: askedAt,
        sightings: 0,
        sent: 0,
        sentAt: 0,
        isBusy: false,
      }
      const orphan = known?.fault === fault && known.account === account ? known : fresh
      orphan.sightings += 1
      now.set(job.id, orphan)
      if (known) continue
      if (fault === 'foreign') {
        log.error(
          { cluster: site.cluster.key, job: job.id, tag: job.name, account, instance: settings.instance },
          'a job carries our instance and the mark of another gateway: give each gateway an instance of its own',
        )
        continue
      }
      stats.found += 1
      log.warn(
        { cluster: site.cluster.key, job: job.id, tag: job.name, account, why: fault },
        'job without a living attempt',
      )
    }
    for (const [id, orphan] of before) {
      if (now.has(id)) continue
      if (complete) stats.gone += orphan.fault === 'foreign' ? 0 : 1
      else now.set(id, orphan) // what a doubtful answer does not show is still there
    }
    orphans.set(site.cluster.key, now)
    const unknown = [...now.values()].filter(({ fault }) => fault === 'unknown').length
    const isForeign = areForeign(unknown, ours)
    if (isForeign) {
      log.error(
        { cluster: site.cluster.key, jobs: unknown, instance: settings.instance },
        'many jobs carry our tag and mark without a session: is the database new, or another gateway’s hub.key a copy of ours? They are left alone',
      )
    }
    for (const [id, orphan] of now) {
      if (isDue(orphan) && !(isForeign && orphan.fault === 'unknown')) inBackground(cancel(site, id, orphan))
    }
  }

  return {
    async look(site, list, askedAt) {
      try {
        await compare(site, list, askedAt)
      } catch (error) {
        log.error({ cluster: site.cluster.key, error: String(error) }, 'jobs and sessions could not be compared')
      }
    },
    isBusy: (cluster) =>
      settings.orphans !== 'leave' &&
      of(cluster).some(({ fault, sent }) => fault !== 'foreign' && sent <= cancelMs.length),
    stats: () => ({
      ...stats,
      foreign: [...orphans.keys()].flatMap(of).filter(({ fault }) => fault === 'foreign').length,
    }),
  }
}
