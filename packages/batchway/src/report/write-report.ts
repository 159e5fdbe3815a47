/** A report as text: table, CSV, JSON. Pure. The page is made by the room of pages. */
import type { Column } from './columns.ts'
import { zonedTime } from './period.ts'
import type { Report, ReportRow } from './report.ts'
import { footWords } from './report-words.ts'

/** Names in a log are anybody's: nothing may move the cursor, colour a terminal or begin another line. */
const clean = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}')

/** Columns with two blanks between, no blanks at the end; figures to the right. */
export function toTable(rows: readonly ReportRow[], columns: readonly Column[]): string {
  const cells = rows.map((row) => columns.map(({ text }) => clean(text(row))))
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...cells.map((line) => (line[i] ?? '').length)))
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, i) => (columns[i]?.isNumber ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  return [columns.map(({ title }) => title), ...cells].map((texts) => `${line(texts)}\n`).join('')
}

/** With the foot in words below the table. */
export const toTableWithFoot = (report: Report, rows: readonly ReportRow[], columns: readonly Column[]): string =>
  `${toTable(rows, columns)}\n${footWords(report).map(clean).join('\n')}\n`

/** A spreadsheet takes a cell that begins so for a formula. */
const formula = /^[=+\-@\t\r]/

/** RFC 4180. Texts of people that a spreadsheet would run get an apostrophe before them. */
export function toCsv(rows: readonly ReportRow[], columns: readonly Column[]): string {
  const quote = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const cell = ({ isNumber, text }: Column, row: ReportRow): string => {
    const plain = clean(text(row))
    return quote(!isNumber && formula.test(plain) ? `'${plain}` : plain)
  }
  const lines = [columns.map(({ title }) => quote(title)), ...rows.map((row) => columns.map((one) => cell(one, row)))]
  return lines.map((line) => `${line.join(',')}\r\n`).join('')
}

/** One object: the period, the rows by the ids of their columns (texts in `text`), the sums and the people. */
export function toJson(report: Report, rows: readonly ReportRow[], columns: readonly Column[]): string {
  const { period, timeZone, by, cluster, writtenAt, total, people } = report
  const entries = (of: (column: Column) => unknown): object =>
    Object.fromEntries(columns.map((column) => [column.id, of(column)]))
  const answer = {
    period: { from: zonedTime(period.from, timeZone), to: zonedTime(period.to, timeZone), time_zone: timeZone },
    by,
    cluster: cluster ?? null,
    written: zonedTime(writtenAt, timeZone),
    titles: entries(({ title }) => title),
    rows: rows.map((row) => ({ ...entries(({ value }) => value(row)), text: entries(({ text }) => text(row)) })),
    total: {
      starts: total.count,
      ready: total.ok,
      failures: total.failures,
      other: total.other,
      people: total.people,
      ready_in_5_min: total.inTime,
      failures_by_phase: total.failuresBy,
      failures_by_outcome: total.failuresByCode,
      late_by: total.slowBy,
      node_hours: Number((total.nodeMs / 3_600_000).toFixed(2)),
    },
    people: {
      last_day: people.day,
      last_7_days: people.week,
      last_30_days: people.month,
      ever: people.ever,
      new: people.new,
    },
  }
  return `${JSON.stringify(answer, null, 2)}\n`
}
