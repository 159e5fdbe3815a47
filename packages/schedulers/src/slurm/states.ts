import type { JobEnd, JobPhase } from '../driver.ts'

interface Meaning {
  readonly phase: JobPhase
  readonly end?: JobEnd['kind']
}

/**
 * Slurm's job states, compact and long (sacct prints the long ones), and what they mean here.
 * @see squeue(1) "JOB STATE CODES", 22.05 to 24.11
 */
const table: readonly (readonly [compact: string, long: string, phase: JobPhase, end?: JobEnd['kind']])[] = [
  ['PD', 'PENDING', 'pending'],
  ['CF', 'CONFIGURING', 'pending'], // a node is being booted: nothing runs yet
  ['R', 'RUNNING', 'running'],
  ['SI', 'SIGNALING', 'running'],
  ['RS', 'RESIZING', 'running'],
  ['CG', 'COMPLETING', 'ending'],
  ['SO', 'STAGE_OUT', 'ending'],
  ['S', 'SUSPENDED', 'paused'],
  ['ST', 'STOPPED', 'paused'],
  ['RQ', 'REQUEUED', 'pending'],
  ['RF', 'REQUEUE_FED', 'pending'],
  ['EX', 'EXPEDITING', 'pending'],
  ['RH', 'REQUEUE_HOLD', 'held'],
  ['RD', 'RESV_DEL_HOLD', 'held'],
  ['SE', 'SPECIAL_EXIT', 'held'],
  ['CD', 'COMPLETED', 'ended', 'completed'],
  ['F', 'FAILED', 'ended', 'failed'],
  ['CA', 'CANCELLED', 'ended', 'cancelled'],
  ['TO', 'TIMEOUT', 'ended', 'walltime'],
  ['DL', 'DEADLINE', 'ended', 'failed'],
  ['OOM', 'OUT_OF_MEMORY', 'ended', 'out-of-memory'],
  ['NF', 'NODE_FAIL', 'ended', 'node-failure'],
  ['BF', 'BOOT_FAIL', 'ended', 'node-failure'],
  ['PR', 'PREEMPTED', 'ended', 'preempted'],
  ['LF', 'LAUNCH_FAILED', 'ended', 'launch-failed'],
  // RV (REVOKED: a sibling cluster of a federation took the job) is left out on purpose: the job goes on elsewhere.
]

const meanings: ReadonlyMap<string, Meaning> = new Map(
  table.flatMap(([compact, long, phase, end]) => {
    const meaning: Meaning = { phase, ...(end !== undefined && { end }) }
    return [
      [compact, meaning],
      [long, meaning],
    ] as const
  }),
)

/** What a state word means; a word that is not in the table is `unknown`, never `ended`. `CANCELLED by 1000` counts as CANCELLED. */
export const readState = (word: string): Meaning =>
  meanings.get(word.replace(/ by .*$/s, '').replace(/\+$/, '')) ?? { phase: 'unknown' }

/** What slurmstepd leaves as the job's signal when it cannot open the output file or enter the job's folder (recorded: FAILED 0:53). */
const notLaunched = 53

/** A failure before the script's first line is none of the script. Everything else stays what the state said. */
export const sharpenEnd = (kind: JobEnd['kind'], signal: number): JobEnd['kind'] =>
  kind === 'failed' && signal === notLaunched ? 'launch-failed' : kind
