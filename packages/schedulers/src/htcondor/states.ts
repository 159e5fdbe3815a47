import type { JobEnd, JobPhase } from '../driver.ts'

/** `JobStatus`. @see HTCondor manual, "Job ClassAd Attributes"; 0 (unexpanded) and 9 (blocked) are left out on purpose. */
const phases: Readonly<Record<number, JobPhase>> = {
  1: 'pending',
  2: 'running',
  3: 'ending', // marked for removal: it leaves the queue when its processes are gone
  4: 'ended',
  5: 'held',
  6: 'ending', // what it wrote is on its way back
  7: 'paused',
}

/** A number that is not in the table is `unknown`, never `ended`. */
export const readState = (status: number): JobPhase => phases[status] ?? 'unknown'

const names: Readonly<Record<number, string>> = {
  1: 'idle',
  2: 'running',
  3: 'removed',
  4: 'completed',
  5: 'held',
  6: 'transferring output',
  7: 'suspended',
}

/** HTCondor's word for the number. */
export const stateWord = (status: number): string => names[status] ?? `JobStatus ${status}`

/** Held by a person, or until its files are there: such a job may run yet, and stays. @see HTCondor manual, HoldReasonCode */
export const waitingHolds = [1, 15, 16] as const

/** Other holds, by what they say about a job that our submit lets HTCondor remove then. A code that is not here waits for a person. */
const endingHolds: Readonly<Record<number, JobEnd['kind']>> = {
  3: 'failed', // a policy of the job's own
  5: 'failed',
  6: 'launch-failed', // its program could not be started
  7: 'launch-failed', // its output could not be opened
  8: 'launch-failed',
  9: 'launch-failed',
  10: 'launch-failed',
  12: 'launch-failed', // files could not be brought
  13: 'launch-failed',
  14: 'launch-failed', // no working directory
  19: 'not-prepared', // the site's own hook
  21: 'failed', // the machine's policy
  23: 'launch-failed', // no such account
  26: 'failed', // the site's policy
  27: 'failed',
  34: 'out-of-memory',
  35: 'launch-failed',
  46: 'walltime',
  47: 'walltime',
  48: 'not-prepared',
}

/** Of the holds above; code and words stand for each other, where one of them is damaged. */
const waitingWords = /^(?:via condor_hold\b|submitted on hold\b|Spooling input\b)/i

/** @returns null for a hold that a person may lift. */
export function readHold(code: number | undefined, reason: string): JobEnd['kind'] | null {
  if (waitingWords.test(reason)) return null
  const kind = code === undefined ? undefined : endingHolds[code]
  // Where no control group says so, the machine's policy for memory does: `hold_if_memory_exceeded`.
  if ((code === 21 || code === 26) && /\bmemory\b.*\bexceed|exceed.*\bmemory\b/i.test(reason)) return 'out-of-memory'
  return kind ?? null
}

export interface EndFacts {
  readonly status: number
  readonly exitCode: number | undefined
  readonly exitSignal: number | undefined
  readonly isBySignal: boolean
  readonly removeReason: string
  readonly holdCode: number | undefined
  readonly holdReason: string
  readonly hasBeenVacated: boolean
}

/** Removed by the rule that our submit gives each job. */
export const isByPeriodicRemove = (reason: string): boolean => /^The job attribute PeriodicRemove\b/.test(reason)

/** How a job ended that has left the queue, or is leaving it. */
export function readEnd(facts: EndFacts): Pick<JobEnd, 'kind' | 'exitCode' | 'signal' | 'by'> {
  const { status, exitCode, exitSignal, isBySignal, removeReason } = facts
  if (status === 4) {
    if (isBySignal) return { kind: 'failed', ...(exitSignal !== undefined && { signal: exitSignal }) }
    if (exitCode === undefined) return { kind: 'unknown' }
    return { kind: exitCode === 0 ? 'completed' : 'failed', exitCode }
  }
  if (status !== 3) return { kind: 'unknown' }
  const by = /\bby user ([^\s()]{1,64}?)(?:@[^\s()]*)?\)/.exec(removeReason)?.[1]
  if (by !== undefined) return { kind: 'cancelled', by }
  if (isByPeriodicRemove(removeReason)) {
    const kind = readHold(facts.holdCode, facts.holdReason)
    if (kind !== null) return { kind }
    // Our own rule: it has lost its machine and was asked for once.
    return { kind: facts.hasBeenVacated ? 'preempted' : 'node-failure' }
  }
  return { kind: /SYSTEM_PERIODIC_REMOVE/i.test(removeReason) ? 'failed' : 'cancelled' }
}
