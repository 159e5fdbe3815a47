import type { JobEnd, JobPhase } from '../driver.ts'

/**
 * The letters of a state, of which a job has several: `qw`, `hqw`, `Eqw`, `Rr`, `dr`, `hRwq`… The first that is among them decides.
 *
 * A job with `E` waits until a person clears its error: by itself it never runs. One that is being deleted holds its place until its node has
 * answered; if that is gone, for long. @see qstat(1), "state"
 */
const letters: readonly (readonly [letter: string, phase: JobPhase])[] = [
  ['d', 'ending'],
  ['E', 'pending'],
  ['s', 'paused'], // by a person
  ['S', 'paused'], // with its queue
  ['T', 'paused'], // since a threshold of its queue was passed
  ['P', 'paused'], // preempted
  ['N', 'paused'], // preempted, its resources given to others
  ['h', 'held'],
  ['q', 'pending'],
  ['t', 'running'], // on its way to the node
  ['r', 'running'],
]
const known = /^[dEsSTPNhqtrRw]{1,8}$/

/** A state with a letter that is not in the table is `unknown`, never `ended`. */
export const readState = (state: string): JobPhase =>
  (known.test(state) && letters.find(([letter]) => state.includes(letter))?.[1]) || 'unknown'

/** In error: it was tried, and is not tried again before somebody says so. */
export const isInError = (state: string): boolean => known.test(state) && state.includes('E') && !state.includes('d')

/** Grid Engine does not count: it tells whether a job was put back at all. */
export const readRestarts = (state: string): number => (state.includes('R') ? 1 : 0)

/** What went wrong with a job, as the accounts number it. Everything else is told by its exit status. @see sge_status(5) */
const failures: Readonly<Record<number, JobEnd['kind'] | 'again'>> = {
  1: 'launch-failed',
  3: 'launch-failed',
  4: 'launch-failed',
  6: 'launch-failed',
  7: 'not-prepared',
  8: 'not-prepared',
  9: 'not-prepared',
  10: 'not-prepared',
  11: 'launch-failed',
  18: 'node-failure',
  19: 'node-failure',
  21: 'node-failure',
  24: 'again',
  25: 'again',
  26: 'launch-failed',
  27: 'launch-failed',
  28: 'launch-failed',
  29: 'launch-failed',
  36: 'launch-failed',
  38: 'launch-failed',
}
const limitEnforced = 37
const afterSignal = 100
/** What qdel sends, with the warning that we ask for. */
const signalsOfDelete: readonly number[] = [9, 12]

export interface EndFacts {
  readonly failed: number
  readonly exitStatus: number
  readonly wallSeconds: number | null
  /** What was asked for, as the accounts repeat it: `-l h_rt=300,h_vmem=2G`. */
  readonly category: string
}

/**
 * @returns null for a run after which the job was put back into the queue: it has not ended.
 *
 * Nothing in the accounts tells a `qdel` from another SIGKILL of the whole job; the kernel, short of memory, kills one process of many.
 */
export function readEnd(facts: EndFacts): Pick<JobEnd, 'kind' | 'exitCode' | 'signal'> | null {
  const { failed, exitStatus } = facts
  const failure = failures[failed]
  if (failure === 'again') return null
  if (failure !== undefined) return { kind: failure }
  if (failed === limitEnforced) return { kind: isMemoryLimit(facts) ? 'out-of-memory' : 'walltime' }
  const signal = exitStatus > 128 && exitStatus <= 128 + 64 ? exitStatus - 128 : null
  if (failed === afterSignal)
    return signal === null || signalsOfDelete.includes(signal) ? { kind: 'cancelled' } : { kind: 'failed', signal }
  return exitStatus === 0 ? { kind: 'completed', exitCode: 0 } : { kind: 'failed', exitCode: exitStatus & 0xff }
}

/** Time and memory have one number: it was memory where that was limited and time was left. */
function isMemoryLimit({ category, wallSeconds }: EndFacts): boolean {
  const limit = /\bh_rt=(\d+)\b/.exec(category)?.[1]
  const hadTime = limit !== undefined && wallSeconds !== null && wallSeconds < Number(limit)
  return hadTime && /\bh_vmem=/.test(category)
}
