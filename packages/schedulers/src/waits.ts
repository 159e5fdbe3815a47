import type { Driver, JobId, JobList, JobStatus } from './driver.ts'

type Words = Awaited<ReturnType<NonNullable<Driver['waits']>['parse']>>

/** How long what a scheduler said about waiting jobs holds: such a question may cost it more than a list. */
const heldMs = 30_000

/**
 * Completes lists with what a second question tells about jobs that wait. It is asked beside the lists, never before one, and only while a
 * job waits for which the scheduler has found no place: its answer stands in the list after. Without an answer nothing is said.
 * @param ask may throw.
 */
export function openWaits(ask: () => Promise<Words>, now: () => number): (list: JobList) => JobList {
  let words: Words = new Map<JobId, Pick<JobStatus, 'reason' | 'wait'>>()
  let askedAt = Number.NEGATIVE_INFINITY
  let isAsking = false

  async function refresh(): Promise<void> {
    isAsking = true
    askedAt = now()
    words = await ask().catch(() => new Map())
    isAsking = false
  }

  return (list) => {
    if (list.jobs.some(isUnplaced) && !isAsking && now() - askedAt >= heldMs) void refresh()
    if (words.size === 0) return list
    return {
      ...list,
      jobs: list.jobs.map((job) => (job.phase === 'pending' ? { ...job, ...words.get(job.id) } : job)),
    }
  }
}

const isUnplaced = ({ phase, reason }: JobStatus): boolean => phase === 'pending' && reason !== undefined
