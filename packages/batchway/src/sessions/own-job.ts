/**
 * Which of the jobs that a scheduler shows is a session's. The tag decides, and the owner: a submit may print any number (a site's own
 * sbatch that prints one last, an error page with digits), names are free to choose, and a scheduler set up anew counts from 1. Pure.
 */
import type { JobId, JobStatus } from '@batchway/schedulers'
import type { Attempt, Session } from './session.ts'

export const isOurs = (
  { name, owner }: Pick<JobStatus, 'name' | 'owner'>,
  { account }: Pick<Session, 'account'>,
  { tag }: Pick<Attempt, 'tag'>,
): boolean => name === tag && (owner === undefined || owner === account)

/** The scheduler has shown the attempt's job under our tag. Until then its id is a hint at most. */
export const isShown = <A extends Pick<Attempt, 'jobId' | 'firstSeenAt'>>(
  attempt: A,
): attempt is A & { readonly jobId: JobId; readonly firstSeenAt: number } =>
  attempt.jobId !== null && attempt.firstSeenAt !== null

/**
 * The session's job among those of an answer. Once shown it is known by its id. Before, of several that bear our tag: one that lives, and
 * of those the one that the submit named.
 */
export function ownJob(
  jobs: readonly JobStatus[],
  session: Pick<Session, 'account'>,
  attempt: Pick<Attempt, 'tag' | 'jobId' | 'firstSeenAt'>,
): JobStatus | undefined {
  const ours = jobs.filter((job) => isOurs(job, session, attempt))
  if (isShown(attempt)) return ours.find(({ id }) => id === attempt.jobId)
  const living = ours.filter(({ phase }) => phase !== 'ended')
  const candidates = living.length > 0 ? living : ours
  return candidates.find(({ id }) => id === attempt.jobId) ?? candidates[0]
}
