import { nowSeconds } from '../../testing-emulator/job-table.ts'
import { nodeCores, type Scheduling, schedule as takeTurn } from '../../testing-emulator/schedule.ts'
import { idOf, type MoabJob, type MoabTable } from './job-table.ts'

const rules: Scheduling<MoabJob> = {
  queued: 'Idle',
  running: 'Running',
  slot: ({ slot }) => slot,
  start: (_, slot) => ({ state: 'Running', startedAt: nowSeconds(), slot, blockReason: '' }),
  wait: (job, free) => ({
    blockReason: `NoResource:job ${idOf(job)} cannot run: insufficient procs available (${free ?? nodeCores} < ${job.cores})`,
  }),
}

/** One turn of the scheduler. The table is locked by the caller. */
export const schedule = (table: MoabTable): void => takeTurn(table, rules)
