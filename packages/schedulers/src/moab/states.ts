import type { JobEnd, JobPhase, WaitKind } from '../driver.ts'

/** States of a job. @see Moab Workload Manager, Administrator Guide, "Job States" */
const phases: ReadonlyMap<string, JobPhase> = new Map(
  Object.entries<JobPhase>({
    Idle: 'pending',
    Blocked: 'pending',
    Deferred: 'pending', // tried in vain; Moab tries again by itself
    Migrated: 'pending', // handed to the resource manager, whose queue it waits in
    Staging: 'pending',
    Starting: 'pending', // the resource manager has been told to begin
    BatchHold: 'held',
    SystemHold: 'held',
    UserHold: 'held',
    Hold: 'held',
    Running: 'running',
    Suspended: 'paused',
    Completed: 'ended',
    Removed: 'ended', // before it began
    Vacated: 'ended', // while it ran
    // Unknown, Lost and NotQueued are left out on purpose: Moab itself does not know.
  }),
)

/** A word that is not in the table is `unknown`, never `ended`. */
export const readState = (word: string): JobPhase => phases.get(word) ?? 'unknown'

/**
 * Reasons of pending jobs by class; the first match wins, everything else is normal waiting.
 *
 * `never` costs a session its place: only what Moab itself calls so.
 */
const reasons: readonly (readonly [RegExp, WaitKind])[] = [
  [/can never (?:run|start)|will never (?:run|start)/i, 'never'],
  [/limit of \S+ +(?:\([^)]*\) +)?for user\b|per[- ]user .*limit/i, 'user-limit'],
  [/\blimit of \S+|violates .*\blimit\b/i, 'group-limit'],
]

/** The class of a pending job's reason. */
export const readReason = (reason: string): WaitKind =>
  reasons.find(([pattern]) => pattern.test(reason))?.[1] ?? 'normal'

/** `IdlePolicy:job 7 violates …` → `IdlePolicy: job 7 violates …`, with single blanks. */
export const toSentence = (text: string): string =>
  text
    .replace(/[\x00-\x1f\x7f]+/g, ' ')
    .replace(/^(\w{1,60}):(?=\S)/, '$1: ')
    .replace(/ {2,}/g, ' ')
    .trim()
    .slice(0, 1_000)

/** Torque, below Moab, adds the signal that ended the job's script to this. */
const signalBase = 256
/** Statuses that no process had: the execution daemon's own words. @see Torque, job.h, JOB_EXEC_* */
const special: Readonly<Record<number, JobEnd['kind']>> = {
  [-1]: 'launch-failed',
  [-2]: 'launch-failed',
  [-3]: 'launch-failed',
  [-10]: 'out-of-memory',
  [-11]: 'walltime',
}

/**
 * @param code `CompletionCode`: a number, or `CNCLD` for a job that somebody or Moab has cancelled, with or without one behind it.
 * @param isOver its time was up: Moab cancels such a job like any other.
 */
export function readEnd(state: string, code: string, isOver: boolean): Pick<JobEnd, 'kind' | 'exitCode' | 'signal'> {
  const isCancelled = state === 'Removed' || state === 'Vacated' || /^CNCLD\b/i.test(code)
  if (isCancelled) return { kind: isOver ? 'walltime' : 'cancelled' }
  if (!/^-?\d{1,9}$/.test(code)) return { kind: 'unknown' }
  const status = Number(code)
  if (status === 0) return { kind: 'completed', exitCode: 0 }
  if (status < 0) return { kind: special[status] ?? 'failed' }
  if (status <= signalBase || status > signalBase + 64) return { kind: 'failed', exitCode: status & 0xff }
  return isOver ? { kind: 'walltime' } : { kind: 'failed', signal: status - signalBase }
}
