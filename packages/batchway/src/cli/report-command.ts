/** `batchway report`: who asked for starts, and what came of them. Reads only. */
import { writeFileSync } from 'node:fs'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { readPrivateFile } from '../app/private-secret.ts'
import type { Config } from '../core/config.ts'
import { type Column, columnsOf, extraColumns, sortRows } from '../report/columns.ts'
import { parsePeriod, zonedTime } from '../report/period.ts'
import { type Grouping, groupings } from '../report/report.ts'
import { toCsv, toJson, toTable, toTableWithFoot } from '../report/write-report.ts'
import { type ReportFile, reportFile } from '../web/report-file.ts'
import type { Order } from '../web/report-view.ts'
import { configOption, loadSite } from './load-site.ts'
import { databaseSource, logSource, type ReportSource, type SourceQuery, siteSource } from './report/report-source.ts'

const formats = ['table', 'csv', 'json', 'html'] as const
type Format = (typeof formats)[number]

export interface ReportOptions {
  readonly config?: string
  readonly database?: string
  readonly fromLog?: readonly string[]
  readonly from?: string
  readonly to?: string
  readonly last?: string
  readonly day?: string
  readonly timeZone?: string
  readonly by: Grouping
  readonly cluster?: string
  readonly columns?: readonly string[]
  readonly sort?: string
  readonly format: Format
  readonly foot: boolean
  readonly output?: string
  readonly mail?: boolean
}

const toColumns = (text: string): string[] => {
  const names = text.split(',').filter((name) => name !== '')
  const columns = columnsOf('user', names)
  if ('unknown' in columns)
    throw new InvalidArgumentError(
      `there is no column "${columns.unknown}"; there are: ${extraColumns.map(({ id }) => id).join(', ')}, all`,
    )
  return names
}

const toZone = (text: string): string => {
  if (text !== 'UTC' && !Intl.supportedValuesOf('timeZone').includes(text))
    throw new InvalidArgumentError('write an IANA name such as "Europe/Berlin"')
  return text
}

const append = (text: string, before: readonly string[] = []): string[] => [...before, text]

/** `count`, `-count` (descending), or the key if absent. @throws {Error} with the columns that there are. */
function orderFor(columns: readonly Column[], sort: string | undefined): Order {
  const [key] = columns
  if (key === undefined) throw new RangeError('a report without columns')
  if (sort === undefined) return { column: key, isDescending: false }
  const id = sort.replace(/^-/, '')
  const column = columns.find((one) => one.id === id)
  if (column === undefined)
    throw new Error(`--sort: no column "${id}" is shown; there are: ${columns.map((one) => one.id).join(', ')}`)
  return { column, isDescending: sort.startsWith('-') }
}

async function textOf(made: Made, format: Format, hasFoot: boolean): Promise<string> {
  const { report, rows, columns, order, siteName } = made
  if (format === 'csv') return toCsv(rows, columns)
  if (format === 'json') return toJson(report, rows, columns)
  if (format === 'html') return await reportFile({ report, rows, columns, order, siteName })
  return hasFoot ? toTableWithFoot(report, rows, columns) : toTable(rows, columns)
}

/** The site's configuration is only needed where it says what to read. */
async function placeOf(
  options: ReportOptions,
  warn: (words: string) => void,
): Promise<{ readonly source: ReportSource; readonly config: Config | null }> {
  if (options.fromLog !== undefined) return { source: logSource(options.fromLog, warn), config: null }
  if (options.database !== undefined) return { source: databaseSource(options.database), config: null }
  const { config } = await loadSite(options.config)
  return { source: siteSource(config), config }
}

interface Made extends ReportFile {
  readonly config: Config | null
}

async function make(options: ReportOptions, now: number, warn: (words: string) => void): Promise<Made> {
  const { source, config } = await placeOf(options, warn)
  const timeZone = options.timeZone ?? config?.site.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
  // A log is its own period, unless one is asked for.
  const isWholeLog = options.fromLog !== undefined && !['from', 'to', 'last', 'day'].some((name) => name in options)
  const period = isWholeLog ? null : parsePeriod(options, timeZone, now)
  if (typeof period === 'string') throw new Error(period)
  const columns = columnsOf(options.by, options.columns ?? [])
  if ('unknown' in columns) throw new Error(`there is no column "${columns.unknown}"`)
  const order = orderFor(columns, options.sort)
  const query: SourceQuery = { period, timeZone, by: options.by, cluster: options.cluster }
  const report = await source(query, now)
  const rows = sortRows(report.rows, order.column, order.isDescending)
  return { report, rows, columns, order, siteName: config?.site.name ?? 'Batchway', config }
}

/** @returns the text of the report. @throws {Error} in words. */
export async function reportText(options: ReportOptions, now: number, warn: (words: string) => void): Promise<string> {
  return await textOf(await make(options, now, warn), options.format, options.foot)
}

/** @returns who got it. @throws {Error} in words. */
export async function mailReport(
  options: ReportOptions,
  now: number,
  warn: (words: string) => void,
): Promise<readonly string[]> {
  const made = await make(options, now, warn)
  const { report, siteName, config } = made
  const mail = config?.report.mail
  if (mail === undefined) throw new Error('--mail: the configuration names nobody: write report.mail')
  const password = mail.passwordFile === undefined ? null : readPrivateFile(mail.passwordFile)
  const day = zonedTime(report.period.from, report.timeZone).slice(0, 10)
  // A library that no other command needs.
  const { sendReport } = await import('./report/send-report.ts')
  await sendReport(mail, password, {
    subject: `${siteName}: report of ${day}, ${report.total.count} starts, ${report.total.failures} failed`,
    text: await textOf(made, 'table', true),
    html: await textOf(made, 'html', true),
    csv: { name: `report-${day}.csv`, text: await textOf(made, 'csv', false) },
  })
  return mail.to
}

export function addReportCommand(program: Command): void {
  const meanings = extraColumns.map(({ id, meaning }) => `  ${id.padEnd(14)}${meaning}`)
  program
    .command('report')
    .description('who asked for starts in a period, and what came of them; yesterday if no period is given')
    .option(...configOption)
    .option('--day <day>', '2026-01-31, today or yesterday')
    .option(
      '--from <when>',
      '2026-01-31, 2026-01-31T06:00 (by the clocks of the site), 2026-01-31T06:00Z, or so long ago: 36h',
    )
    .option('--to <when>', 'the end, not counted in; now if absent')
    .option('--last <duration>', 'so long up to now: 24h, 7d')
    .option('--time-zone <zone>', 'instead of the site’s', toZone)
    .addOption(new Option('--by <what>', 'what a row is').choices(groupings).default('user'))
    .option('--cluster <key>', 'only starts on this cluster')
    .option('--columns <list>', 'columns beside the usual ones, with commas, or "all"', toColumns)
    .option('--sort <column>', 'by this column; with - before it the largest first')
    .addOption(new Option('--format <form>', 'how it is written').choices(formats).default('table'))
    .option('--no-foot', 'without the sums below the table')
    .option('--output <file>', 'write it there')
    .option('--mail', 'send it to whom the configuration names (report.mail) instead of printing it')
    .option(
      '--from-log <file>',
      'read event logs instead of the database (again for more, oldest first; - is standard input)',
      append,
    )
    .option('--database <url>', 'read this database: a file, sqlite:/path or postgres://…')
    .addHelpText('after', `\nColumns to switch on:\n${meanings.join('\n')}`)
    .action(async (options: ReportOptions) => {
      const warn = (words: string): void => void process.stderr.write(`batchway: ${words}\n`)
      if (options.mail) {
        const receivers = await mailReport(options, Date.now(), warn)
        process.stdout.write(`sent to ${receivers.join(', ')}\n`)
        return
      }
      const text = await reportText(options, Date.now(), warn)
      if (options.output === undefined) process.stdout.write(text)
      else writeFileSync(options.output, text)
    })
}
