import { Failure } from '../../testing-emulator/place.ts'
import { node } from '../../testing-emulator/schedule.ts'
import { idOf } from './bkill.ts'
import { isUnfinished, type LsfJob, type LsfTable, longTime } from './job-table.ts'

const rule = '-'.repeat(78)

/** `bhist -l -UF … ID…`: what happened to these jobs. @throws {Failure} */
export function bhist(args: readonly string[], table: LsfTable): string {
  if (!args.includes('-l') || !args.includes('-UF')) throw new Failure(255, 'this emulator knows -l -UF alone')
  const ids = args.filter((text, place) => /^\d+$/.test(text) && args[place - 1] !== '-n')
  const jobs = ids.flatMap((id) => table.find(idOf(id)) ?? [])
  if (jobs.length === 0) throw new Failure(255, 'No matching job found')
  return `${jobs.map(blockOf).join(`${rule}\n`)}`
}

function blockOf(job: LsfJob): string {
  const { number, name, owner, command, createdAt, startedAt, endedAt, queue, directory, pid, exitCode } = job
  const lines = [
    `Job <${number}>, Job Name <${name}>, User <${owner}>, Project <default>, Command <${command}>`,
    `${longTime(createdAt)}: Submitted from host <${node}>, to Queue <${queue}>, CWD <${directory}>;`,
    ...(startedAt === 0
      ? []
      : [
          `${longTime(startedAt)}: Dispatched 1 Task(s) on Host(s) <${node}>, Allocated 1 Slot(s) on Host(s) <${node}>;`,
          `${longTime(startedAt)}: Starting (Pid ${pid});`,
          `${longTime(startedAt)}: Running with execution home <${job.home}>, Execution CWD <${directory}>, Execution Pid <${pid}>;`,
        ]),
    ...(isUnfinished(job) ? [] : endOf(job)),
    '',
    `Summary of time in seconds spent in various states by  ${longTime(endedAt || createdAt)}`,
    '  PEND     PSUSP    RUN      USUSP    SSUSP    UNKWN    TOTAL',
    `  ${(startedAt || endedAt) - createdAt}        0        ${startedAt === 0 ? 0 : endedAt - startedAt}        0        0        0        ${endedAt - createdAt}`,
    '',
  ]
  return lines.join('\n')

  function endOf({ state, exitReason }: LsfJob): string[] {
    const time = longTime(endedAt)
    if (state === 'DONE') return [`${time}: Done successfully. The CPU time used is 0.0 seconds;`]
    const why = exitReason === '' ? '' : ` ${exitReason.replace(/\.$/, '')};`
    return [
      ...(exitCode === null ? [] : [`${time}: Exited with exit code ${exitCode}. The CPU time used is 0.0 seconds;`]),
      `${time}: Completed <exit>;${why}`,
    ]
  }
}
