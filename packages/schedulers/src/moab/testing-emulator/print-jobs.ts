import { nowSeconds } from '../../testing-emulator/job-table.ts'
import { node } from '../../testing-emulator/schedule.ts'
import { hasEnded, idOf, type MoabJob, rmIdOf } from './job-table.ts'

const escaped: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** ` Name="value"` for each that is there, in Moab's order: that of the alphabet. */
const attributesOf = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .filter(([, value]) => value !== '')
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => ` ${name}="${String(value).replace(/[&<>"']/g, (sign) => escaped[sign] ?? '')}"`)
    .join('')

const ranFor = ({ startedAt, endedAt }: MoabJob): number | '' =>
  startedAt === 0 ? '' : (endedAt || nowSeconds()) - startedAt

/** What mdiag and showq say alike. */
const common = (job: MoabJob): Record<string, string | number> => ({
  AWDuration: ranFor(job),
  Account: job.account,
  BlockReason: job.blockReason,
  Class: job.class,
  DRMJID: rmIdOf(job),
  EEDuration: nowSeconds() - job.createdAt,
  GJID: idOf(job),
  Group: job.owner,
  JobID: idOf(job),
  JobName: job.name,
  ReqAWDuration: job.wallSeconds,
  StartTime: job.startedAt,
  State: job.state,
  SubmissionTime: job.createdAt,
  SuspendDuration: 0,
  User: job.owner,
})

/** `mdiag -j --xml`. */
export function printDiagnosis(jobs: readonly MoabJob[]): string {
  const one = (job: MoabJob): string => {
    const attributes = attributesOf({
      ...common(job),
      EState: job.state,
      Flags: 'RESTARTABLE',
      Hold: job.hold,
      IWD: job.directory,
      OFile: job.output,
      PAL: 'emulated',
      RM: 'emulated',
      SRMJID: rmIdOf(job),
      SessionID: job.pid === 0 ? '' : job.pid,
      StartCount: job.startedAt === 0 ? '' : 1,
    })
    const needs = attributesOf({
      AllocNodeList: job.startedAt === 0 ? '' : `${node}${job.cores > 1 ? `:${job.cores}` : ''}`,
      ReqNodeMem: '>=0',
      ReqProcPerTask: 1,
      TCReqMin: job.cores,
    })
    return `<job${attributes}><req${needs}/><tx/></job>`
  }
  return `<Data>${jobs.map(one).join('')}</Data>\n`
}

/** `showq -c --xml`. */
export function printCompleted(all: readonly MoabJob[]): string {
  const jobs = all.filter(hasEnded)
  const one = (job: MoabJob): string =>
    `<job${attributesOf({
      ...common(job),
      CompletionCode: job.completionCode,
      CompletionTime: job.endedAt,
      MasterHost: job.startedAt === 0 ? '' : node,
      ReqProcs: job.cores,
    })}/>`
  return `<Data><Object>queue</Object><cluster/><queue count="${jobs.length}" option="completed">${jobs.map(one).join('')}</queue></Data>\n`
}
