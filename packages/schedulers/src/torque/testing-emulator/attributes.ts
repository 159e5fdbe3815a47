/** What the server tells of a job, in its own order; `print-xml.ts` and `print-text.ts` write it down. */
import { toWalltime } from '../../pbs/pbs.ts'
import { asctime } from '../../pbs/testing-emulator/schedule.ts'
import { nowSeconds } from '../../testing-emulator/job-table.ts'
import { node } from '../../testing-emulator/schedule.ts'
import { idOf, server, type TorqueJob } from './job-table.ts'

export interface Attribute {
  readonly name: string
  /** A number is a time: Unix seconds. */
  readonly value: string | number | readonly (readonly [name: string, value: string])[]
}

/** @param element of a job array: its number. */
export function attributesOf(job: TorqueJob, element?: number): Attribute[] {
  const { home, name, number, state, array, startedAt, endedAt, queue, owner, asked, waitsUntil } = job
  const isArray = array !== '' && element === undefined
  const hasRun = startedAt > 0
  const hasEnded = state === 'C'
  const suffix = element === undefined ? '' : `-${element}`
  const path = (kind: 'e' | 'o'): string =>
    `${server}:${job.output !== '' && kind === 'o' ? job.output : `${home}/${name}.${kind}${number}${suffix}`}`
  const rows: readonly (readonly [name: string, value: Attribute['value'], isShown: boolean])[] = [
    ['Job_Id', element === undefined ? idOf(job) : `${number}[${element}].${server}`, true],
    ['Job_Name', `${name}${suffix}`, true],
    ['Job_Owner', `${owner}@${server}`, true],
    ['resources_used', usedBy(job), hasRun && (isMeasured(job) || hasEnded)],
    ['job_state', isArray ? 'Q' : state, true],
    ['queue', queue, true],
    ['server', server, true],
    ['Checkpoint', 'u', true],
    ['ctime', job.createdAt, true],
    ['Error_Path', path('e'), true],
    ['exec_host', `${node}/${rangesOf(job.slots)}`, hasRun],
    ['Execution_Time', waitsUntil, waitsUntil > 0],
    ['Hold_Types', state === 'H' ? 'u' : 'n', true],
    ['Join_Path', job.join, true],
    ['Keep_Files', 'n', true],
    ['Mail_Points', job.mail, true],
    ['mtime', job.modifiedAt, true],
    ['Output_Path', path('o'), true],
    ['Priority', '0', true],
    ['qtime', job.createdAt, !isArray],
    ['Rerunable', job.rerunable ? 'True' : 'False', true],
    ['Resource_List', [...asked, ...nodeCount(asked)], asked.length > 0],
    ['session_id', String(job.sessionId), job.sessionId > 0],
    ['Variable_List', variablesOf(job, element), true],
    ['Account_Name', job.account, job.account !== ''],
    ['euser', owner, true],
    ['egroup', owner, true],
    ['queue_type', 'E', true],
    ['comment', job.comment, job.comment !== ''],
    ['etime', job.eligibleAt || job.modifiedAt, job.eligibleAt > 0 || isArray],
    ['exit_status', String(job.exitStatus), hasEnded],
    ['submit_args', job.submitArguments, job.submitArguments !== ''],
    ['job_array_request', array, isArray],
    ['job_array_id', String(element), element !== undefined],
    ['start_time', startedAt, hasRun],
    ['Walltime', [['Remaining', String(remaining(job))]], hasRun && !hasEnded && job.wallSeconds > 0],
    ['start_count', String(job.startCount), hasRun],
    ['fault_tolerant', 'False', true],
    ['comp_time', endedAt, hasEnded],
    ['job_radix', '0', true],
    ['total_runtime', `${endedAt - startedAt}.000000`, hasEnded && hasRun],
    ['submit_host', server, true],
    ['init_work_dir', home, true],
    ['request_version', '1', true],
  ]
  return rows.flatMap(([key, value, isShown]) => (isShown ? [{ name: key, value }] : []))
}

const remaining = (job: TorqueJob): number => Math.max(0, job.startedAt + job.wallSeconds - nowSeconds())

/** Nodes are counted where they were asked for. */
const nodeCount = (asked: TorqueJob['asked']): [string, string][] =>
  asked.some(([name]) => name === 'nodes') ? [['nodect', '1']] : []

const secondsOf = ({ startedAt, endedAt }: TorqueJob): number => Math.max(0, (endedAt || nowSeconds()) - startedAt)

/** The daemon looks at what jobs use this often. */
const measureSeconds = 45
const isMeasured = (job: TorqueJob): boolean => job.isMeasured || secondsOf(job) >= measureSeconds

/** In the order in which the two kinds of records are seen to tell it. */
function usedBy(job: TorqueJob): [string, string][] {
  const walltime = toWalltime(secondsOf(job))
  return isMeasured(job)
    ? [
        ['cput', '00:00:00'],
        ['energy_used', '0'],
        ['mem', '4848kb'],
        ['vmem', '8104kb'],
        ['walltime', walltime],
      ]
    : [
        ['cput', '00:00:00'],
        ['vmem', '0kb'],
        ['walltime', walltime],
        ['mem', '0kb'],
        ['energy_used', '0'],
      ]
}

const variablesOf = ({ variables }: TorqueJob, element: number | undefined): string =>
  Object.entries({ ...(element !== undefined && { PBS_ARRAYID: element }), ...variables })
    .map(([name, value]) => `${name}=${value}`)
    .join(',')

/** 0,1,2,5 → `0-2,5`. */
export function rangesOf(slots: readonly number[]): string {
  const ranges: [from: number, to: number][] = []
  for (const slot of slots) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === slot - 1) last[1] = slot
    else ranges.push([slot, slot])
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',')
}

/** `Sun Nov 22 at 09:53`, in UTC. */
export function dayAndTime(at: number): string {
  const [day, month, date, time = ''] = asctime(at).split(/ +/)
  return `${day} ${month} ${date?.padStart(2, '0')} at ${time.slice(0, 5)}`
}
