import { nowSeconds } from '../../testing-emulator/job-table.ts'
import { type Scheduling, schedule as takeTurn } from '../../testing-emulator/schedule.ts'
import type { LsfJob, LsfTable } from './job-table.ts'

const rules: Scheduling<LsfJob> = {
  queued: 'PEND',
  running: 'RUN',
  slot: ({ slot }) => slot,
  start: (_, slot) => ({ state: 'RUN', startedAt: nowSeconds(), slot, reason: '' }),
  wait: (_, free) => ({
    reason:
      free === null
        ? "Not enough processors to meet the job's spanning requirement: 1 host;"
        : 'Not enough job slot(s): 1 host;',
  }),
}

/** One turn of the master's scheduler. The table is locked by the caller. */
export const schedule = (table: LsfTable): void => takeTurn(table, rules)
