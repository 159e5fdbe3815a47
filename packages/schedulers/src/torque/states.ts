import type { JobEnd, JobPhase, WaitKind } from '../driver.ts'

/** States of a job. @see Torque 6.1, qstat(1B) "job_state" */
const phases: ReadonlyMap<string, JobPhase> = new Map(
  Object.entries<JobPhase>({
    Q: 'pending',
    T: 'pending', // is being moved to another place
    W: 'pending', // waits for the time it was asked for
    H: 'held',
    R: 'running',
    S: 'paused', // suspended
    E: 'ending', // exits after having run
    C: 'ended', // kept for `keep_completed` seconds
  }),
)

/** A word that is not in the table is `unknown`, never `ended`. */
export const readState = (word: string): JobPhase => phases.get(word) ?? 'unknown'

/** Comments of pending jobs by class; the first match wins, everything else is normal waiting. `never` costs a session its place. */
const reasons: readonly (readonly [RegExp, WaitKind])[] = [
  [/\bcan never run\b/i, 'never'],
  [/\b(?:held|hold)\b/i, 'held'],
  [/\b(?:group|queue|account) .*\blimit\b|\blimit .*\b(?:group|queue)\b/i, 'group-limit'],
  [/\buser\b.*\blimit\b|\blimit\b.*\buser\b/i, 'user-limit'],
]

/** The class of a pending job's comment, which is the scheduler's (pbs_sched, Maui, Moab) and not Torque's own. */
export const readComment = (comment: string): WaitKind =>
  reasons.find(([pattern]) => pattern.test(comment))?.[1] ?? 'normal'

/** Statuses that no process had: the execution daemon's own words. @see Torque 6.1, pbs_job.h, JOB_EXEC_* */
const special: Readonly<Record<number, JobEnd['kind']>> = {
  [-1]: 'launch-failed',
  [-2]: 'launch-failed',
  [-3]: 'launch-failed',
  [-4]: 'node-failure',
  [-5]: 'node-failure',
  [-6]: 'node-failure',
  [-7]: 'launch-failed',
  [-8]: 'launch-failed',
  [-9]: 'launch-failed', // its output could not be opened
  [-10]: 'out-of-memory',
  [-11]: 'walltime',
  [-12]: 'walltime', // of processor time
}

/** 256 is added to the signal that ended the job's script. */
const signalBase = 256
/** What `qdel` sends first. */
const sigterm = 15

/** @param exit `exit_status`; null if the record has none. */
export function readEnd(exit: number | null): Pick<JobEnd, 'kind' | 'exitCode' | 'signal'> {
  if (exit === null) return { kind: 'unknown' }
  if (exit === 0) return { kind: 'completed', exitCode: 0 }
  if (exit < 0) return { kind: special[exit] ?? 'failed' }
  // Torque does not say who ended a job; somebody's SIGTERM and qdel's look alike.
  if (exit === signalBase + sigterm) return { kind: 'cancelled' }
  return exit > signalBase && exit <= signalBase + 64
    ? { kind: 'failed', signal: exit - signalBase }
    : { kind: 'failed', exitCode: exit & 0xff }
}
