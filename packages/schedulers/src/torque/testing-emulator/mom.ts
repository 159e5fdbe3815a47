import { copyFileSync } from 'node:fs'
import { constants } from 'node:os'
import { type Execution, followJob } from '../../testing-emulator/follow-job.ts'
import { nowSeconds } from '../../testing-emulator/job-table.ts'
import type { Place } from '../../testing-emulator/place.ts'
import { idOf, readServer, type TorqueJob, type TorqueTable } from './job-table.ts'
import { schedule } from './schedule.ts'

/** Looks after one job, in place of Torque's execution daemon. */
export const mom = (number: number, table: TorqueTable, place: Place): Promise<void> =>
  followJob(number, table, place, executionIn(table, place))

const executionIn = (table: TorqueTable, place: Place): Execution<TorqueJob> => ({
  running: 'R',
  over: ['C'],
  // A login shell that is given the script's name, as the daemon does it.
  command: (_, script) => ['/bin/sh', '-l', '-c', 'exec "$0"', script],
  directory: ({ home }) => home,
  environment: (job) => ({
    HOME: job.home,
    LOGNAME: job.owner,
    USER: job.owner,
    SHELL: place.shell,
    PATH: '/usr/local/bin:/usr/bin:/bin',
    ...job.variables,
    PBS_JOBID: idOf(job),
    PBS_JOBNAME: job.name,
    PBS_QUEUE: job.queue,
    PBS_ENVIRONMENT: 'PBS_BATCH',
  }),
  started: ({ number }, pid) => table.locked(() => table.update(number, { sessionId: pid })),
  ended({ number, output }, { why, code, signal, spool }) {
    if (output !== '' && output !== '/dev/null') copyFileSync(spool, output.replace(/^[\w.-]+:/, ''))
    const status = signal === null ? (code ?? 0) : 256 + constants.signals[signal]
    table.locked(() => {
      table.update(number, { state: 'C', exitStatus: why === 'walltime' ? -11 : status, endedAt: nowSeconds() })
      schedule(table, readServer(place.folder))
    })
  },
})
