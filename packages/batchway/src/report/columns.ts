/** The columns of the report: the talk's nine, and those that can be switched on. One table for every format. */
import { hoursText, meanText, memoryText, secondsText, shareText, walltimeText } from './figures.ts'
import type { Grouping, ReportRow } from './report.ts'

export interface Column {
  /** For `--columns` and the JSON. */
  readonly id: string
  /** As it stands at the head of the table. */
  readonly title: string
  readonly isNumber: boolean
  /** Blank where there is nothing to tell. */
  readonly text: (row: ReportRow) => string
  /** For sorting and for programs: the figure itself; null where there is none. */
  readonly value: (row: ReportRow) => number | string | null
  /** What it says, for help and documents. */
  readonly meaning: string
}

const seconds = (ms: number | null): number | null => (ms === null ? null : Math.round(ms) / 1_000)
const secondsOr = (ms: number | null): string => (ms === null ? '' : secondsText(ms))

/** The first column: the talk's word where rows are people. */
function keyColumn(by: Grouping): Column {
  const title = by === 'user' ? 'username' : by
  return { id: title, title, isNumber: false, text: ({ key }) => key, value: ({ key }) => key, meaning: `The ${by}` }
}

const meanOf = ({ startMs: { sum }, ok }: ReportRow): number | null => (ok === 0 ? null : Number(meanText(sum, ok)))

/** The talk's own, behind the first. */
const talkColumns: readonly Column[] = [
  {
    id: 'count',
    title: 'count',
    isNumber: true,
    text: ({ count }) => String(count),
    value: ({ count }) => count,
    meaning: 'Starts asked for in the period',
  },
  {
    id: 'failures',
    title: 'Failures',
    isNumber: true,
    text: ({ failures }) => String(failures),
    value: ({ failures }) => failures,
    meaning: 'Starts that failed before they were ready; not those that a person cancelled',
  },
  {
    id: 'avg',
    title: 'avg(starttime)',
    isNumber: true,
    text: ({ startMs, ok }) => (ok === 0 ? '' : meanText(startMs.sum, ok)),
    value: meanOf,
    meaning: 'Mean seconds from the click to ready, of those that became ready',
  },
  {
    id: 'max',
    title: 'max(starttime)',
    isNumber: true,
    text: ({ startMs }) => secondsOr(startMs.max),
    value: ({ startMs }) => seconds(startMs.max),
    meaning: 'The longest of them',
  },
  {
    id: 'queue',
    title: 'latest(queue)',
    isNumber: false,
    text: ({ latest }) => latest.queue,
    value: ({ latest }) => latest.queue,
    meaning: 'Queue or partition, and cluster, of the latest start, failed or not',
  },
  {
    id: 'mem',
    title: 'latest(mem)',
    isNumber: true,
    text: ({ latest }) => memoryText(latest.memoryMiB),
    value: ({ latest }) => latest.memoryMiB,
    meaning: 'Memory that it asked for (in JSON: MiB)',
  },
  {
    id: 'walltime',
    title: 'latest(walltime)',
    isNumber: true,
    text: ({ latest }) => walltimeText(latest.wallSeconds),
    value: ({ latest }) => latest.wallSeconds,
    meaning: 'Its time limit (in JSON: seconds)',
  },
  {
    id: 'nodes',
    title: 'latest(nodes)',
    isNumber: true,
    text: ({ latest }) => `${latest.nodes}:ppn=${latest.cores}`,
    value: ({ latest }) => latest.nodes * latest.cores,
    meaning: 'Its nodes and the cores on each (in JSON: cores in all)',
  },
]

/** Those that can be switched on. */
export const extraColumns: readonly Column[] = [
  {
    id: 'ok',
    title: 'ok',
    isNumber: true,
    text: ({ ok }) => String(ok),
    value: ({ ok }) => ok,
    meaning: 'Starts that became ready',
  },
  {
    id: 'other',
    title: 'other',
    isNumber: true,
    text: ({ other }) => String(other),
    value: ({ other }) => other,
    meaning: 'Neither: cancelled by a person, or still on the way',
  },
  {
    id: 'p50',
    title: 'p50(starttime)',
    isNumber: true,
    text: ({ startMs }) => secondsOr(startMs.p50),
    value: ({ startMs }) => seconds(startMs.p50),
    meaning: 'Half of those ready took at most so many seconds',
  },
  {
    id: 'p95',
    title: 'p95(starttime)',
    isNumber: true,
    text: ({ startMs }) => secondsOr(startMs.p95),
    value: ({ startMs }) => seconds(startMs.p95),
    meaning: 'Of those ready 95 in 100 took at most so many seconds',
  },
  {
    id: 'in5min',
    title: 'ready in 5 min',
    isNumber: true,
    text: ({ inTime, ok }) => shareText(inTime, ok),
    value: ({ inTime, ok }) => (ok === 0 ? null : inTime / ok),
    meaning: 'Share of those ready that were so within five minutes',
  },
  {
    id: 'queued',
    title: 'avg(queue)',
    isNumber: true,
    text: ({ queueMs }) => secondsOr(queueMs),
    value: ({ queueMs }) => seconds(queueMs),
    meaning: 'The part before the job began: mean seconds, of those ready',
  },
  {
    id: 'boot',
    title: 'avg(boot)',
    isNumber: true,
    text: ({ bootMs }) => secondsOr(bootMs),
    value: ({ bootMs }) => seconds(bootMs),
    meaning: 'The part from there until ready',
  },
  {
    id: 'nodehours',
    title: 'node-hours',
    isNumber: true,
    text: ({ nodeMs }) => hoursText(nodeMs),
    value: ({ nodeMs }) => Number(hoursText(nodeMs)),
    meaning: 'Nodes times hours that the jobs had them, until now where they still run',
  },
  {
    id: 'efficiency',
    title: 'efficiency',
    isNumber: true,
    text: ({ cpu }) => shareText(cpu.used, cpu.given),
    value: ({ cpu }) => (cpu.given > 0 ? cpu.used / cpu.given : null),
    meaning: 'Processor time used, of what was reserved, where the session’s agent told',
  },
  {
    id: 'lastfailure',
    title: 'last failure',
    isNumber: false,
    text: ({ lastFailure }) => lastFailure?.code ?? '',
    value: ({ lastFailure }) => lastFailure?.code ?? null,
    meaning: 'How the latest of the failures ended (see the list of outcomes)',
  },
  {
    id: 'application',
    title: 'application',
    isNumber: false,
    text: ({ latest }) => latest.application,
    value: ({ latest }) => latest.application,
    meaning: 'Application of the latest start',
  },
  {
    id: 'cluster',
    title: 'cluster',
    isNumber: false,
    text: ({ latest }) => latest.cluster,
    value: ({ latest }) => latest.cluster,
    meaning: 'Cluster of the latest start',
  },
]

/**
 * The columns of a report. @param extra ids of extra columns, or `all`.
 * @returns the id that there is no column of.
 */
export function columnsOf(by: Grouping, extra: readonly string[]): readonly Column[] | { readonly unknown: string } {
  const wanted = extra.includes('all') ? extraColumns.map(({ id }) => id) : extra
  const unknown = wanted.find((name) => !extraColumns.some(({ id }) => id === name))
  if (unknown !== undefined) return { unknown }
  // In the table's order, and never a column twice: that of the cluster stands first where rows are clusters.
  const rest = extraColumns.filter(({ id }) => wanted.includes(id) && id !== by)
  return [keyColumn(by), ...talkColumns, ...rest]
}

/** Sort rows by a column; ties and rows without a figure by key, the latter last. */
export function sortRows(rows: readonly ReportRow[], column: Column, isDescending: boolean): readonly ReportRow[] {
  const order = (a: ReportRow, b: ReportRow): number => {
    const [x, y] = [column.value(a), column.value(b)]
    if (x === null || y === null) return Number(x === null) - Number(y === null)
    const up = x < y ? -1 : x > y ? 1 : 0
    return isDescending ? -up : up
  }
  return [...rows].sort((a, b) => order(a, b) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
}
