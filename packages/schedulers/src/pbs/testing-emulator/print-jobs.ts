import { foldAttribute } from '../../testing-emulator/fold-attribute.ts'
import { nowSeconds } from '../../testing-emulator/job-table.ts'
import { idOf, type PbsJob, server } from './job-table.ts'
import { elementsOf, type PbsRecord, recordOf } from './record-of.ts'

/** In PBS's own layout: a tab after each colon, lists on one line. */
export function printDocument(content: object): string {
  const document = { timestamp: nowSeconds(), pbs_version: '23.06.06', pbs_server: server, ...content }
  const text = JSON.stringify(document, null, '\t')
    .replace(/^(\t*"(?:[^"\\]|\\.)*"): /gm, '$1:\t')
    .replace(/\[\n\s*([^[\]]*?)\n\s*\]/g, (_, list: string) => `[${list.replace(/,\n\s*/g, ', ')}]`)
  return `${text}\n`
}

const recordsOf = (jobs: readonly PbsJob[], withElements: boolean): [id: string, record: PbsRecord][] =>
  jobs.flatMap((job) => [[idOf(job), recordOf(job)] as [string, PbsRecord], ...(withElements ? elementsOf(job) : [])])

/** `qstat -f -F json`, with `-t` elements of arrays too. */
export const printJson = (jobs: readonly PbsJob[], withElements = false): string =>
  printDocument(jobs.length > 0 ? { Jobs: Object.fromEntries(recordsOf(jobs, withElements)) } : {})

const lastColumn = 79

/** `qstat -f`. */
export const printText = (jobs: readonly PbsJob[], withElements = false): string =>
  recordsOf(jobs, withElements)
    .map(([id, record]) => `Job Id: ${id}\n${Object.entries(record).flatMap(inText).join('')}\n`)
    .join('')

function inText([name, value]: [string, PbsRecord[string]]): string[] {
  if (typeof value !== 'object') return [foldAttribute(name, String(value), lastColumn)]
  const pairs = Object.entries(value)
  if (name === 'Variable_List')
    return [foldAttribute(name, pairs.map(([key, text]) => `${key}=${text}`).join(','), lastColumn)]
  return pairs.map(([key, text]) => foldAttribute(`${name}.${key}`, String(text), lastColumn))
}

/** `qstat`. */
export function printTable(jobs: readonly PbsJob[]): string {
  if (jobs.length === 0) return ''
  const rows = jobs.map((job) => {
    const [id, name, owner] = [idOf(job).padEnd(17), job.name.padEnd(16), job.owner.padEnd(15)]
    return `${id} ${name} ${owner} ${(job.startedAt > 0 ? '00:00:00' : '0').padStart(8)} ${job.state} ${job.queue.padEnd(16)}\n`
  })
  return `Job id            Name             User              Time Use S Queue
----------------  ---------------- ----------------  -------- - -----
${rows.join('')}`
}
