import { copyFileSync } from 'node:fs'
import { constants } from 'node:os'
import { type Execution, followJob, type JobRunEnd } from '../../testing-emulator/follow-job.ts'
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
  started: ({ number }, pid) => table.locked(() => table.update(number, { sessionId: pid, substate: 42 })),
  ended({ number, output }, { why, code, signal, spool }) {
    if (output !== '' && output !== '/dev/null') copyFileSync(spool, output.replace(/^[\w.-]+:/, ''))
    table.locked(() => {
      const job = table.find(number)
      if (job !== undefined) table.update(number, endOf(job, { why, code, signal }))
      schedule(table)
    })
  },
})

/** What becomes of a job whose script has ended. */
export function endOf(
  { comment, deletedBy }: PbsJob,
  { why, code, signal }: Pick<JobRunEnd, 'why' | 'code' | 'signal'>,
): Partial<PbsJob> {
  const endedAt = nowSeconds()
  if (deletedBy !== '') return { state: 'F', substate: 91, exitStatus: 271, endedAt }
  const exitStatus = why === 'walltime' ? -29 : signal === null ? (code ?? 0) : 256 + constants.signals[signal]
  const words = exitStatus === 0 ? 'finished' : why === 'walltime' ? 'exceeded resource walltime' : 'failed'
  const substate = exitStatus === 0 ? 92 : 93
  return { state: 'F', substate, exitStatus, endedAt, comment: `${comment} and ${words}` }
}
