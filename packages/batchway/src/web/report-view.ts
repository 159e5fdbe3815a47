/** What the page of the report shows, and what a report looks like as a page of its own. Pure. */
import { type Column, sortRows } from '../report/columns.ts'
import { shareText } from '../report/figures.ts'
import type { Grouping, Report, ReportRow } from '../report/report.ts'
import { failureWords, slowWords } from '../report/report-words.ts'
import { count, type TimeWords } from './format.ts'

/** Rows on one page. */
export const reportPageRows = 100

const things: Readonly<Record<Grouping, readonly [one: string, many: string]>> = {
  user: ['person', 'people'],
  profile: ['profile', 'profiles'],
  cluster: ['cluster', 'clusters'],
  account: ['account', 'accounts'],
}

export interface ReportTable {
  readonly heads: readonly {
    readonly title: string
    readonly is_number: boolean
    /** Null where nobody can sort: in a file. */
    readonly url: string | null
    readonly sorted: 'ascending' | 'descending' | null
  }[]
  readonly rows: readonly (readonly {
    readonly text: string
    readonly is_number: boolean
    readonly is_bad: boolean
  }[])[]
  readonly sums: readonly string[]
  readonly caption: string
}

export interface Order {
  readonly column: Column
  readonly isDescending: boolean
}

export function reportTable(
  report: Report,
  rows: readonly ReportRow[],
  columns: readonly Column[],
  order: Order,
  sortUrl: (sort: string) => string | null,
): ReportTable {
  const { total } = report
  const sums: Readonly<Record<string, number>> = {
    count: total.count,
    failures: total.failures,
    ok: total.ok,
    other: total.other,
  }
  return {
    heads: columns.map((column) => {
      const isSorted = column.id === order.column.id
      // Figures are looked at from the largest, names from A; a second press turns it round.
      const isNextDescending = isSorted ? !order.isDescending : column.isNumber
      return {
        title: column.title,
        is_number: column.isNumber,
        url: sortUrl(`${isNextDescending ? '-' : ''}${column.id}`),
        sorted: isSorted ? (order.isDescending ? 'descending' : 'ascending') : null,
      }
    }),
    rows: rows.map((row) =>
      columns.map(({ id, isNumber, text }) => ({
        text: text(row),
        is_number: isNumber,
        is_bad: id === 'failures' && row.failures > 0,
      })),
    ),
    sums: columns.map(({ id }, index) =>
      index === 0 ? count(report.rows.length, ...things[report.by]) : String(sums[id] ?? ''),
    ),
    caption: `Starts by ${things[report.by][0]}, sorted by ${order.column.title}. Times in seconds from the click to ready; blank where no start became ready.`,
  }
}

/** @param sort `count`, `-count`. What is no column is the number of starts, the largest first. */
export function orderOf(columns: readonly Column[], sort: string): Order {
  const column = columns.find(({ id }) => id === sort.replace(/^-/, ''))
  if (column !== undefined) return { column, isDescending: sort.startsWith('-') }
  const usual = columns.find(({ id }) => id === 'count') ?? columns[0]
  if (usual === undefined) throw new RangeError('a report without columns')
  return { column: usual, isDescending: true }
}

export const orderedRows = ({ rows }: Report, { column, isDescending }: Order): readonly ReportRow[] =>
  sortRows(rows, column, isDescending)

const because = (words: string): string => (words === '' ? '' : `: ${words}`)

/** The four figures on top. */
export function reportTiles(report: Report) {
  const { total, people } = report
  const late = total.ok - total.inTime
  return [
    {
      title: 'Starts asked',
      value: String(total.count),
      sub: `by ${count(total.people, 'person', 'people')}${people.new > 0 ? `; ${people.new} new here` : ''}`,
    },
    {
      title: 'Became ready',
      value: String(total.ok),
      sub:
        total.count === 0 ? '' : `${shareText(total.ok, total.count)}; ${total.other} were cancelled or still waited`,
    },
    {
      title: 'Failures',
      value: String(total.failures),
      sub: total.count === 0 ? '' : `${shareText(total.failures, total.count)}${because(failureWords(report))}`,
    },
    {
      title: 'Not ready in 5 min',
      value: String(late),
      sub: total.ok === 0 ? '' : `${shareText(late, total.ok)} of those ready${because(slowWords(report))}`,
    },
  ]
}

export const peopleWords = ({ people }: Report): string =>
  `People on the last day: ${people.day}, in 7 days: ${people.week}, in 30 days: ${people.month}, ever: ${people.ever}`

export function periodWords({ period: { from, to }, writtenAt }: Report, times: TimeWords): string {
  const written = `Written ${times.full(writtenAt)}.`
  const isWholeDays = from < to && [from, to].every((at) => times.clock(at) === '00:00')
  if (!isWholeDays) return `Starts asked for from ${times.full(from)} to ${times.full(to)}. ${written}`
  const [first, last] = [times.date(from), times.date(to - 1)]
  return `Starts asked for ${first === last ? `on ${first}` : `from ${first} to ${last}`}. ${written}`
}
