import { nowSeconds } from '../../testing-emulator/job-table.ts'
import { node } from '../../testing-emulator/schedule.ts'
import { toWalltime } from '../pbs.ts'
import { type PbsJob, server } from './job-table.ts'
import { asctime, vnodeOf } from './schedule.ts'

/** What `qstat -f -F json` prints of these jobs, in PBS's own layout: a tab after each colon. */
export function printJobs(jobs: readonly PbsJob[]): string {
  const document = {
    timestamp: nowSeconds(),
    pbs_version: '23.06.06',
    pbs_server: server,
    ...(jobs.length > 0 && { Jobs: Object.fromEntries(jobs.map((job) => [`${job.number}.${server}`, recordOf(job)])) }),
  }
  return `${JSON.stringify(document, null, '\t').replace(/^(\t*"(?:[^"\\]|\\.)*"): /gm, '$1:\t')}\n`
}

function recordOf(job: PbsJob): object {
  const { number, cores, memory, owner, home, state, startedAt, endedAt } = job
  const hasRun = startedAt > 0
  const hasEnded = state === 'F'
  const used = Math.max(0, (endedAt || nowSeconds()) - startedAt)
  const path = (kind: 'e' | 'o'): string =>
    `${server}:${job.output !== '' && kind === 'o' ? job.output : `${home}/${job.name}.${kind}${number}`}`
  return {
    Job_Name: job.name,
    Job_Owner: `${owner}@${server}`,
    ...(hasRun && {
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
    Error_Path: path('e'),
    ...(hasRun && {
      exec_host: `${node}/${job.slot}${cores > 1 ? `*${cores}` : ''}`,
      exec_vnode: vnodeOf(cores, memory),
    }),
    Hold_Types: state === 'H' ? 'u' : 'n',
    Join_Path: job.join,
    Keep_Files: 'n',
    Mail_Points: job.mail,
    mtime: asctime(job.modifiedAt),
    Output_Path: path('o'),
    Priority: 0,
    qtime: asctime(job.createdAt),
    Rerunable: job.rerunable ? 'True' : 'False',
    Resource_List: {
      ...(memory !== '' && { mem: memory }),
      ncpus: cores,
      ...(job.gpus > 0 && { ngpus: job.gpus }),
      nodect: 1,
      place: 'free',
      select: job.chunk,
      ...(job.wallSeconds > 0 && { walltime: toWalltime(job.wallSeconds) }),
    },
    ...(hasRun && { stime: asctime(startedAt) }),
    ...(hasEnded && hasRun && { obittime: asctime(endedAt) }),
    ...(hasRun && { session_id: job.sessionId, jobdir: home }),
    substate: job.substate,
    Variable_List: job.variables,
    ...(job.comment !== '' && { comment: job.comment }),
    ...(state !== 'H' && { etime: asctime(job.createdAt) }),
    ...(hasRun && { run_count: 1 }),
    ...(hasEnded && hasRun && { Stageout_status: 1 }),
    ...(hasEnded && { Exit_status: job.exitStatus ?? 271 }),
    Submit_arguments: job.submitArguments,
    ...(hasEnded && { history_timestamp: endedAt }),
    project: '_pbs_project_default',
    Submit_Host: server,
  }
}
