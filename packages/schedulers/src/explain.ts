/** Asks why something is wrong with a job, for schedulers whose list says only that it is. */
import { type Command, type Driver, type JobList, type JobStatus, type Output, SchedulerError } from './driver.ts'

/** Jobs that one call asks about; more of them wait for the next list. */
const atOnce = 100

/**
 * @returns what puts reasons into a list. Each state of each job is asked about once, everybody's included: whose a job is the list alone does
 * not tell. While the reason cannot be had, the job's state counts as `unknown`: nobody's session ends without one.
 */
export function openExplainer<S>(
  explain: NonNullable<Driver['explain']>,
  settings: S,
  ask: (command: Command) => Promise<Output>,
): (list: JobList) => Promise<JobList> {
  let known = new Map<string, string | null>()
  const keyOf = ({ id, rawState }: JobStatus): string => `${id} ${rawState}`

  async function learn(unexplained: readonly JobStatus[]): Promise<void> {
    const some = unexplained.slice(0, atOnce)
    const ids = some.map(({ id }) => id)
    const reasons = explain.parse(await ask(explain.command(ids, settings)))
    for (const job of some) known.set(keyOf(job), reasons.get(job.id) ?? null)
  }

  return async (list) => {
    const troubled = list.jobs.filter((job) => explain.needs(job))
    const keys = new Set(troubled.map(keyOf))
    known = new Map([...known].filter(([key]) => keys.has(key)))
    const unexplained = troubled.filter((job) => !known.has(keyOf(job)))
    if (unexplained.length > 0)
      await learn(unexplained).catch((error: unknown) => {
        if (!(error instanceof SchedulerError)) throw error
      })
    return {
      ...list,
      jobs: list.jobs.map((job) => (keys.has(keyOf(job)) ? explained(job, known.get(keyOf(job))) : job)),
    }
  }
}

/** @param reason null: the scheduler gave none; undefined: it was not asked yet, or did not answer. */
function explained(job: JobStatus, reason: string | null | undefined): JobStatus {
  if (reason === null) return job
  if (reason !== undefined) return { ...job, reason }
  const { wait: _wait, reason: _reason, ...rest } = job
  return { ...rest, phase: 'unknown' }
}
