import { appendFileSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { type Execution, followJob } from '../../testing-emulator/follow-job.ts'
import { nowSeconds } from '../../testing-emulator/job-table.ts'
import type { Place } from '../../testing-emulator/place.ts'
import { node } from '../../testing-emulator/schedule.ts'
import { cluster, type LsfJob, type LsfTable, longTime } from './job-table.ts'
import { schedule } from './schedule.ts'

/** Looks after one job, in place of LSF's daemon on the execution host. */
export const sbatchd = (number: number, table: LsfTable, place: Place): Promise<void> =>
  followJob(number, table, place, executionIn(table, place))

const executionIn = (table: LsfTable, place: Place): Execution<LsfJob> => ({
  running: 'RUN',
  over: ['DONE', 'EXIT'],
  command: (_, script) => ['/bin/sh', '-c', 'exec "$0"', script],
  directory: ({ directory }) => directory,
  environment: (job) => ({
    ...job.environment,
    HOME: job.home,
    LOGNAME: job.owner,
    USER: job.owner,
    SHELL: place.shell,
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LSB_JOBID: String(job.number),
    LSB_JOBINDEX: '0',
    LSB_JOBNAME: job.name,
    LSB_QUEUE: job.queue,
    LSB_HOSTS: Array.from({ length: job.cores }, () => node).join(' '),
    LSB_MCPU_HOSTS: `${node} ${job.cores}`,
    LSB_SUB_HOST: node,
    LS_SUBCWD: job.directory,
  }),
  started: ({ number }, pid) => table.locked(() => table.update(number, { pid })),
  ended(job, { why, code, signal, spool }) {
    const exitCode = signal === null ? (code ?? 0) : 128 + constants.signals[signal]
    const exitReason =
      why === 'deleted'
        ? 'TERM_OWNER: job killed by owner.'
        : why === 'walltime'
          ? 'TERM_RUNLIMIT: job killed after reaching LSF run time limit.'
          : ''
    const state = why === 'exit' && exitCode === 0 ? 'DONE' : 'EXIT'
    const file = job.output.replaceAll('%J', String(job.number))
    if (file !== '' && file !== '/dev/null')
      appendFileSync(file, `${report({ ...job, state, exitCode, exitReason })}${readFileSync(spool, 'utf8')}\n`)
    table.locked(() => {
      table.update(job.number, { state, exitCode, exitReason, endedAt: nowSeconds() })
      schedule(table)
    })
  },
})

/** What LSF writes into the file before a job's own output. */
function report({ number, name, owner, state, createdAt, startedAt, exitCode, exitReason }: LsfJob): string {
  const how =
    state === 'DONE' ? 'Successfully completed.' : `${exitReason}\nExited with exit code ${exitCode}.`.trimStart()
  return `Sender: LSF System <lsfadmin@${node}>
Subject: Job ${number}: <${name}> in cluster <${cluster}> ${state === 'DONE' ? 'Done' : 'Exited'}

Job <${name}> was submitted from host <${node}> by user <${owner}> in cluster <${cluster}> at ${longTime(createdAt)}
Job was executed on host(s) <${node}>, in queue <normal>, as user <${owner}> in cluster <${cluster}> at ${longTime(startedAt)}

${how}

The output (if any) follows:

`
}
