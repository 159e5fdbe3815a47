import type { JobEnd, JobPhase, WaitKind } from '../driver.ts'

/** States of a job. @see bjobs(1), 10.1, "STAT" */
const phases: ReadonlyMap<string, JobPhase> = new Map(
  Object.entries<JobPhase>({
    PEND: 'pending',
    WAIT: 'pending', // member of a chunk: it has its place behind another
    PROV: 'pending', // its host is being powered up
    PSUSP: 'held', // stopped by a person before it began
    RUN: 'running',
    USUSP: 'paused', // by a person
    SSUSP: 'paused', // by LSF
    ZOMBI: 'ending', // killed, and its host has not said so yet
    DONE: 'ended',
    EXIT: 'ended',
    // UNKWN is left out on purpose: the master has lost the host, on which the job goes on for all that is known.
  }),
)

/** A word that is not in the table is `unknown`, never `ended`. */
export const readState = (word: string): JobPhase => phases.get(word) ?? 'unknown'

/**
 * Pending reasons by class; the first match wins, everything else is normal waiting. @see bjobs -p, lsbatch.h "PEND_*"
 *
 * `never` costs a session its place: only what no waiting lifts.
 */
const reasons: readonly (readonly [RegExp, WaitKind])[] = [
  [/never (?:be )?satisfied|job will never|can never (?:run|be scheduled)/i, 'never'],
  [/suspended by .* while pending|job (?:is|was) held|\bheld by\b/i, 'held'],
  [/user group .*limit|(?:queue|project|application|service class|lic\w* project) has reached .*limit/i, 'group-limit'],
  [/\buser has reached\b|per[- ]user .*limit|user .*\b(?:slot|job|pending).*\b(?:limit|threshold)\b/i, 'user-limit'],
  [/job array has reached/i, 'user-limit'],
  [/limit .*\b(?:defined|configured)\b|resource \(.*\) limit/i, 'group-limit'],
]

/** The class of a pending job's reason. */
export const readReason = (reason: string): WaitKind =>
  reasons.find(([pattern]) => pattern.test(reason))?.[1] ?? 'normal'

/** Reasons are several, each with a semicolon behind it: one line of sentences. */
export const toSentences = (text: string): string =>
  text
    .split(/;|\n/)
    .map((part) => part.replace(/[\x00-\x1f\x7f]+/g, ' ').trim())
    .filter((part) => part !== '')
    .join('; ')
    .slice(0, 1_000)

/** Why LSF ended a job. @see "Termination reasons displayed by bacct, bhist, and bjobs", 10.1 */
const terminations: Readonly<Record<string, JobEnd['kind']>> = {
  TERM_ADMIN: 'cancelled',
  TERM_BUCKET_KILL: 'cancelled',
  TERM_FORCE_ADMIN: 'cancelled',
  TERM_FORCE_OWNER: 'cancelled',
  TERM_MC_RECALL: 'cancelled',
  TERM_ORPHAN_SYSTEM: 'cancelled',
  TERM_OWNER: 'cancelled',
  TERM_REQUEUE_ADMIN: 'cancelled',
  TERM_REQUEUE_OWNER: 'cancelled',
  TERM_RUNLIMIT: 'walltime',
  TERM_CPULIMIT: 'walltime', // of processor time
  TERM_DEADLINE: 'walltime',
  TERM_MEMLIMIT: 'out-of-memory',
  TERM_SWAP: 'out-of-memory',
  TERM_PREEMPT: 'preempted',
  TERM_LOAD: 'preempted', // the host is wanted for other work
  TERM_WINDOW: 'preempted', // the hours of the queue are over
  TERM_ZOMBIE: 'node-failure',
  TERM_REMOVE_HUNG_JOB: 'node-failure',
  TERM_CWD_NOTEXIST: 'launch-failed',
  TERM_PRE_EXEC_FAIL: 'not-prepared',
  TERM_CSM_ALLOC: 'not-prepared',
  TERM_DATA: 'not-prepared',
  TERM_RC_RECLAIM: 'preempted',
}

/** Where the job's own process ended by a signal, LSF adds its number to this, as a shell does. */
const signalBase = 128

/**
 * @param code as bjobs prints it; null if it prints none, as for a job that never began.
 * @param reason `TERM_RUNLIMIT: job killed after reaching LSF run time limit.`, or nothing.
 */
export function readEnd(
  state: string,
  code: number | null,
  reason: string,
): Pick<JobEnd, 'kind' | 'exitCode' | 'signal'> {
  if (state === 'DONE') return { kind: 'completed', exitCode: 0 }
  const kind = terminations[/^TERM_[A-Z_]+/.exec(reason)?.[0] ?? '']
  if (kind !== undefined) return { kind }
  if (code === null) return { kind: reason === '' ? 'unknown' : 'failed' }
  return code > signalBase && code <= signalBase + 64
    ? { kind: 'failed', signal: code - signalBase }
    : { kind: 'failed', exitCode: code & 0xff }
}
