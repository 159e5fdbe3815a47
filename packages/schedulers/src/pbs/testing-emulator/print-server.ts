import { node, nodeCores } from '../../testing-emulator/schedule.ts'
import { idOf, type PbsJob, queues, server } from './job-table.ts'
import { printDocument } from './print-jobs.ts'
import { toKilobytes } from './schedule.ts'

const counts = (jobs: readonly PbsJob[]) => {
  const of = (...states: readonly PbsJob['state'][]) => jobs.filter(({ state }) => states.includes(state)).length
  const parts = `Queued:${of('Q')} Held:${of('H')} Waiting:${of('W')} Running:${of('R')} Exiting:0 Begun:0`
  return { total_jobs: jobs.length, state_count: `Transit:0 ${parts} ` }
}

/** What runs has been given; nothing at all where nothing runs. */
function assigned(jobs: readonly PbsJob[]): object {
  const running = jobs.filter(({ state }) => state === 'R')
  if (running.length === 0) return {}
  const memory = running.reduce((sum, job) => sum + (job.memory === '' ? 0 : toKilobytes(job.memory)), 0)
  return {
    resources_assigned: {
      mem: `${memory / 1024}mb`,
      ncpus: running.reduce((sum, { cores }) => sum + cores, 0),
      nodect: running.length,
    },
  }
}

/** `qstat -Qf -F json`. */
export const printQueues = (jobs: readonly PbsJob[]): string =>
  printDocument({
    Queue: Object.fromEntries(
      queues.map((queue) => {
        const own = jobs.filter((job) => job.queue === queue)
        return [queue, { queue_type: 'Execution', ...counts(own), ...assigned(own), enabled: 'True', started: 'True' }]
      }),
    ),
  })

/** `qstat -Bf -F json`. */
export const printServer = (jobs: readonly PbsJob[]): string =>
  printDocument({
    Server: {
      [server]: {
        server_state: 'Active',
        server_host: server,
        scheduling: 'True',
        ...counts(jobs),
        default_queue: queues[0],
        log_events: 511,
        mailer: '/usr/sbin/sendmail',
        mail_from: 'adm',
        query_other_jobs: 'True',
        resources_default: { ncpus: 1 },
        default_chunk: { ncpus: 1 },
        ...assigned(jobs),
        scheduler_iteration: 600,
        flatuid: 'True',
        resv_enable: 'True',
        node_fail_requeue: 310,
        max_array_size: 10_000,
        resend_term_delay: 5,
        pbs_license_min: 0,
        pbs_license_max: 2_147_483_647,
        pbs_license_linger_time: 31_536_000,
        license_count: 'Avail_Global:1000000 Avail_Local:1000000 Used:0 High_Use:0',
        pbs_version: '23.06.06',
        eligible_time_enable: 'False',
        job_history_enable: 'True',
        max_concurrent_provision: 5,
        clear_topjob_estimates_enable: 'False',
        max_job_sequence_id: 9_999_999,
      },
    },
  })

/** `pbsnodes -a -F json`. */
export function printNode(jobs: readonly PbsJob[], now: number): string {
  const running = jobs.filter(({ state }) => state === 'R')
  const cores = running.reduce((sum, job) => sum + job.cores, 0)
  const memory = running.reduce((sum, job) => sum + (job.memory === '' ? 0 : toKilobytes(job.memory)), 0)
  return printDocument({
    nodes: {
      [node]: {
        Mom: node,
        Port: 15_002,
        pbs_version: '23.06.06',
        ntype: 'PBS',
        state: cores >= nodeCores ? 'job-busy' : 'free',
        pcpus: 2,
        ...(running.length > 0 && { jobs: running.map(idOf) }),
        resources_available: { arch: 'linux', host: node, mem: '24684084kb', ncpus: nodeCores, vnode: node },
        resources_assigned: { mem: `${memory}kb`, ncpus: cores },
        resv_enable: 'True',
        sharing: 'default_shared',
        license: 'l',
        last_state_change_time: now,
      },
    },
  })
}
