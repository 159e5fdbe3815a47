import { copyFileSync } from 'node:fs'
import { constants } from 'node:os'
import { type Execution, followJob } from '../../testing-emulator/follow-job.ts'
import { nowSeconds } from '../../testing-emulator/job-table.ts'
import type { Place } from '../../testing-emulator/place.ts'
import { type PbsJob, type PbsTable, server } from './job-table.ts'
import { schedule } from './schedule.ts'

/** Looks after one job, in place of PBS's execution daemon. */
export const mom = (number: number, table: PbsTable, place: Place): Promise<void> =>
  followJob(number, table, place, executionIn(table, place))

const executionIn = (table: PbsTable, place: Place): Execution<PbsJob> => ({
  running: 'R',
  over: ['F'],
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
    PBS_JOBID: `${job.number}.${server}`,
    PBS_JOBNAME: job.name,
    PBS_ENVIRONMENT: 'PBS_BATCH',
  }),
  started: ({ number }, pid) => table.locked(() => table.update(number, { sessionId: pid })),
  ended({ number, output }, { why, code, signal, spool }) {
    if (output !== '' && output !== '/dev/null') copyFileSync(spool, output.replace(/^[\w.-]+:/, ''))
    const exitStatus = why === 'walltime' ? -29 : signal === null ? (code ?? 0) : 256 + constants.signals[signal]
    table.locked(() => {
      const { comment = '', deletedBy = '' } = table.find(number) ?? {}
      const words = exitStatus === 0 ? 'finished' : why === 'walltime' ? 'exceeded resource walltime' : 'failed'
      table.update(number, {
        state: 'F',
        substate: deletedBy !== '' ? 91 : exitStatus === 0 ? 92 : 93,
        exitStatus: deletedBy === '' ? exitStatus : 271,
        endedAt: nowSeconds(),
        comment: deletedBy === '' ? `${comment} and ${words}` : comment,
      })
      schedule(table)
    })
  },
})
