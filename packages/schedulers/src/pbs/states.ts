import type { JobEnd, JobPhase, WaitKind } from '../driver.ts'

/** States of a job. @see OpenPBS, qstat(1B) "Job state" and Reference Guide "Job States" */
const phases: ReadonlyMap<string, JobPhase> = new Map(
  Object.entries<JobPhase>({
    Q: 'pending',
    T: 'pending', // in transit to this server's queue, or out of it
    W: 'pending', // waits for the time it was asked for, or for its files
    H: 'held',
    R: 'running',
    B: 'running', // an array of which something has begun
    S: 'paused', // suspended by the server
    U: 'paused', // suspended since somebody uses the workstation
    E: 'ending',
    F: 'ended',
    X: 'ended', // an element of an array
    // M (moved to another server) is left out on purpose: the job goes on elsewhere.
  }),
)

/** A word that is not in the table is `unknown`, never `ended`. */
export const readState = (word: string): JobPhase => phases.get(word) ?? 'unknown'

/**
 * Comments of pending jobs by class; the first match wins, everything else is normal waiting.
 *
 * `never` costs a session its place: only what PBS itself calls so.
 */
const reasons: readonly (readonly [RegExp, WaitKind])[] = [
  [/^Can Never Run\b/i, 'never'],
  [/\b(?:held|hold)\b/i, 'held'],
  [/would exceed .*\b(?:group|project|queue)\b.*limit|(?:group|project) .*limit/i, 'group-limit'],
  [/user .*limit|limit on .*\buser\b|per[- ]user/i, 'user-limit'],
]

/** The class of a pending job's comment. */
export const readComment = (comment: string): WaitKind =>
  reasons.find(([pattern]) => pattern.test(comment))?.[1] ?? 'normal'

/** Statuses that no process had: the execution daemon's own words. @see OpenPBS, job.h, JOB_EXEC_* */
const special: Readonly<Record<number, JobEnd['kind']>> = {
  [-1]: 'launch-failed',
  [-2]: 'launch-failed',
  [-3]: 'launch-failed',
  [-4]: 'node-failure',
  [-5]: 'node-failure',
  [-6]: 'node-failure',
  [-7]: 'node-failure',
  [-26]: 'out-of-memory', // virtual memory over what was asked for
  [-27]: 'out-of-memory',
  [-28]: 'walltime', // of processor time
  [-29]: 'walltime',
}

/** 256 is added to the signal that ended the job's script. */
const signalBase = 256

/** @param exit `Exit_status`; null if the record has none, as that of a job that was deleted before it ran. */
export function readEnd(exit: number | null, comment: string): Pick<JobEnd, 'kind' | 'exitCode' | 'signal' | 'by'> {
  const by = /\bterminated by (\S+?)(?:@\S*)?$/.exec(comment)?.[1]
  if (by !== undefined) return { kind: 'cancelled', by }
  if (exit === null) return { kind: /delet|terminat/i.test(comment) ? 'cancelled' : 'unknown' }
  if (exit === 0) return { kind: 'completed', exitCode: 0 }
  if (exit < 0) return { kind: special[exit] ?? 'failed' }
  return exit > signalBase && exit <= signalBase + 64
    ? { kind: 'failed', signal: exit - signalBase }
    : { kind: 'failed', exitCode: exit & 0xff }
}
