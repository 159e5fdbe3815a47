import { copyFileSync } from 'node:fs'
import { constants } from 'node:os'
import { type Execution, followJob } from '../../testing-emulator/follow-job.ts'
import { nowSeconds } from '../../testing-emulator/job-table.ts'
import type { Place } from '../../testing-emulator/place.ts'
import { idOf, type MoabJob, type MoabTable, rmIdOf } from './job-table.ts'
import { schedule } from './schedule.ts'

/** Looks after one job, in place of the resource manager below Moab. */
export const mom = (number: number, table: MoabTable, place: Place): Promise<void> =>
  followJob(number, table, place, executionIn(table, place))

const executionIn = (table: MoabTable, place: Place): Execution<MoabJob> => ({
  running: 'Running',
  over: ['Completed', 'Removed'],
  command: (_, script) => ['/bin/sh', '-l', '-c', 'exec "$0"', script],
  directory: ({ directory }) => directory,
  environment: (job) => ({
    ...job.environment,
    HOME: job.home,
    LOGNAME: job.owner,
    USER: job.owner,
    SHELL: place.shell,
    PATH: '/usr/local/bin:/usr/bin:/bin',
    PBS_JOBID: rmIdOf(job),
    PBS_JOBNAME: job.name,
    PBS_ENVIRONMENT: 'PBS_BATCH',
    MOAB_JOBID: idOf(job),
    MOAB_JOBNAME: job.name,
    MOAB_CLASS: job.class,
    MOAB_USER: job.owner,
  }),
  started: ({ number }, pid) => table.locked(() => table.update(number, { pid })),
  ended({ number, output }, { why, code, signal, spool }) {
    if (output !== '' && output !== '/dev/null') copyFileSync(spool, output)
    const status = signal === null ? (code ?? 0) : 256 + constants.signals[signal]
    table.locked(() => {
      table.update(number, {
        state: 'Completed',
        completionCode: why === 'exit' ? String(status) : `CNCLD(${status})`,
        endedAt: nowSeconds(),
      })
      schedule(table)
    })
  },
})
