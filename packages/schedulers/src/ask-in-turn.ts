/** Which of many jobs is asked about next, by a scheduler that tells of one job at a time: one call each, whoever waits for word first. */
import type { JobId, JobList, JobStatus, KnownJob } from './driver.ts'

/** @returns null if the scheduler says that there is no such job. @throws {SchedulerError} */
type Ask = (job: KnownJob) => Promise<JobStatus | null>

/** One call about one of these jobs; none where there are none. @throws {SchedulerError} of that call */
export type AskInTurn = (known: readonly KnownJob[]) => Promise<JobList>

export function openTurns(ask: Ask): AskInTurn {
  /** Number of the call in which each was last asked about. */
  const askedIn = new Map<JobId, number>()
  /** Jobs whose last answer was their end: told when the next one says so, too. */
  const ended = new Set<JobId>()
  let calls = 0

  /** Those who were asked about longest ago; every other call is for the urgent ones, so that nobody is forgotten. */
  function choose(known: readonly KnownJob[]): KnownJob | undefined {
    const urgent = known.filter(({ id, isUrgent }) => isUrgent || ended.has(id))
    const among = urgent.length > 0 && calls % 4 !== 3 ? urgent : known
    const last = ({ id }: KnownJob): number => askedIn.get(id) ?? -1
    return among.reduce<KnownJob | undefined>(
      (best, job) => (best === undefined || last(job) < last(best) ? job : best),
      undefined,
    )
  }

  return async (known) => {
    const ids = new Set(known.map(({ id }) => id))
    for (const id of askedIn.keys()) if (!ids.has(id)) askedIn.delete(id)
    for (const id of ended) if (!ids.has(id)) ended.delete(id)
    const job = choose(known)
    if (job === undefined) return { complete: false, jobs: [], about: [] }
    calls += 1
    askedIn.set(job.id, calls)
    const status = await ask(job)
    if (status === null) return { complete: false, jobs: [], about: [job.id] }
    const isFirstEnd = status.phase === 'ended' && !ended.has(job.id)
    if (status.phase === 'ended') ended.add(job.id)
    else ended.delete(job.id)
    const { end, ...rest } = status
    // An answer that was damaged on its way could end a session once, not twice in the same way.
    const told: JobStatus = isFirstEnd ? { ...rest, phase: 'unknown' } : status
    return { complete: false, jobs: [told], about: [job.id] }
  }
}
