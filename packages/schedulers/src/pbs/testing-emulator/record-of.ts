import { nowSeconds } from '../../testing-emulator/job-table.ts'
import { node } from '../../testing-emulator/schedule.ts'
import { toWalltime } from '../pbs.ts'
import { type PbsJob, server } from './job-table.ts'
import { asctime, vnodeOf } from './schedule.ts'

/** A job's attributes, in PBS's order. */
export type PbsRecord = Readonly<Record<string, string | number | Readonly<Record<string, string | number>>>>

export function recordOf(job: PbsJob): PbsRecord {
  const { cores, memory, owner, home, state, startedAt, endedAt, command } = job
  const hasRun = startedAt > 0
  // Its daemon has told of it: 41 is a job on its way there.
  const isReported = hasRun && job.substate !== 41
  const hasEnded = state === 'F'
  const used = Math.max(0, (endedAt || nowSeconds()) - startedAt)
  return {
    Job_Name: job.name,
    Job_Owner: `${owner}@${server}`,
    ...(isReported && {
      resources_used: {
        cpupercent: 0,
        cput: '00:00:00',
        mem: '0kb',
        ncpus: cores,
        vmem: '0kb',
        walltime: toWalltime(used),
      },
    }),
    job_state: state,
    queue: job.queue,
    server,
    Checkpoint: 'u',
    ctime: asctime(job.createdAt),
    Error_Path: pathOf(job, 'e'),
    ...(hasRun && {
      exec_host: `${node}/${job.slot}${cores > 1 ? `*${cores}` : ''}`,
      exec_vnode: vnodeOf(cores, memory),
    }),
    ...(job.notBefore > 0 && { Execution_Time: asctime(job.notBefore) }),
    Hold_Types: state === 'H' ? 'u' : 'n',
    Join_Path: job.join,
    Keep_Files: 'n',
    Mail_Points: job.mail,
    mtime: asctime(job.modifiedAt),
    Output_Path: pathOf(job, 'o'),
    Priority: 0,
    qtime: asctime(job.createdAt),
    Rerunable: job.rerunable ? 'True' : 'False',
    Resource_List: {
      ...(memory !== '' && { mem: memory }),
      ncpus: cores,
      ...(job.gpus > 0 && { ngpus: job.gpus }),
      nodect: 1,
      place: job.place,
      select: job.chunk,
      ...(job.wallSeconds > 0 && { walltime: toWalltime(job.wallSeconds) }),
    },
    ...(hasRun && { stime: asctime(startedAt) }),
    ...(hasEnded && hasRun && { obittime: asctime(endedAt) }),
    ...(isReported && { ...(job.sessionId > 0 && { session_id: job.sessionId }), jobdir: home }),
    substate: job.substate,
    Variable_List: job.variables,
    ...(job.comment !== '' && { comment: job.comment }),
    ...(state !== 'H' && state !== 'W' && { etime: asctime(job.createdAt) }),
    ...(hasRun && { run_count: 1 }),
    ...(hasEnded && hasRun && { Stageout_status: 1 }),
    ...(hasEnded && { Exit_status: job.exitStatus ?? 271 }),
    Submit_arguments: job.submitArguments,
    ...(command.length > 0 && {
      executable: inMarkup('Executable', command.slice(0, 1)),
      argument_list: inMarkup('Argument', command.slice(1)),
    }),
    ...(job.array !== '' && {
      array: 'True',
      array_state_count: `Queued:${indicesOf(job).length} Running:0 Exiting:0 Expired:0`,
      array_indices_submitted: job.array,
      array_indices_remaining: job.array,
    }),
    ...(hasEnded && { history_timestamp: endedAt }),
    project: '_pbs_project_default',
    Submit_Host: server,
  }
}

/** The elements of an array, which wait as their own jobs, by their ids. */
export const elementsOf = (job: PbsJob): [id: string, record: PbsRecord][] =>
  indicesOf(job).map((index) => {
    const { project: _, Submit_Host: __, ...record } = recordOf(job)
    const own = Object.entries(record).filter(([name]) => !name.startsWith('array'))
    return [`${job.number}[${index}].${server}`, { ...Object.fromEntries(own), job_state: 'Q', substate: 10 }]
  })

function indicesOf({ array }: PbsJob): number[] {
  const [first = 1, last = 0] = array.split('-').map(Number)
  return array === '' ? [] : Array.from({ length: last - first + 1 }, (_, place) => first + place)
}

function pathOf({ number, name, home, output, array }: PbsJob, kind: 'e' | 'o'): string {
  if (output !== '' && kind === 'o') return `${server}:${output}`
  return `${server}:${home}/${name}.${kind}${number}${array === '' ? '' : '.^array_index^'}`
}

const inMarkup = (name: string, words: readonly string[]): string =>
  words.map((word) => `<jsdl-hpcpa:${name}>${word}</jsdl-hpcpa:${name}>`).join('')
