/** Where a report comes from: the site's database, another database file, or event logs. */
import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { statePaths } from '../../app/state-paths.ts'
import type { Config } from '../../core/config.ts'
import { gatherReport, largePage } from '../../report/gather-report.ts'
import { openEventReader, reportOfStarts } from '../../report/read-events.ts'
import type { Period, Report, ReportQuery } from '../../report/report.ts'
import { openExisting } from '../../store/open-existing.ts'
import { checkStateOwner } from '../state-owner.ts'
import { readEventLine } from './read-event-line.ts'

/** A log without a period is its own. */
export interface SourceQuery extends Omit<ReportQuery, 'period'> {
  readonly period: Period | null
}
export type ReportSource = (query: SourceQuery, now: number) => Promise<Report>

/** @throws {Error} in words, where there is nothing to read. */
async function gatherFrom(url: string, { period, ...rest }: SourceQuery, now: number): Promise<Report> {
  const query: ReportQuery = { ...rest, period: period ?? { from: 0, to: now } }
  await using database = await openExisting(url, { isReadOnly: true })
  if (database === null || database.version === 0)
    throw new Error('there is no database yet: the hub makes it when it starts')
  if (database.reports === null)
    throw new Error(
      database.version < database.known
        ? 'the database is of an older version: start the hub of this version once, it brings it up to date'
        : 'the database is of a newer version: use the command of the Batchway that runs the hub',
    )
  return await gatherReport(database.reports, query, now, largePage)
}

/** The site's own database, whether the hub runs or not. */
export const siteSource =
  (config: Config): ReportSource =>
  (query, now) => {
    checkStateOwner(config)
    return gatherFrom(statePaths(config).database, query, now)
  }

/** @param given `sqlite:/path`, `postgres://…`, or the path of a file. */
export function databaseSource(given: string): ReportSource {
  const url = /^(sqlite:|postgres(ql)?:\/\/)/.test(given) ? given : `sqlite:${resolve(given)}`
  return (query, now) => gatherFrom(url, query, now)
}

/** Logs in the order they were written, as one. @param files `-` is standard input. @param warn what the logs could not tell. */
export function logSource(files: readonly string[], warn: (words: string) => void): ReportSource {
  return async (query, now) => {
    const reader = openEventReader(readEventLine)
    for (const file of files) {
      const input = file === '-' ? process.stdin : createReadStream(file)
      for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) reader.add(line)
    }
    const { unreadable, unrequested } = reader.gaps()
    if (unreadable > 0) warn(`${unreadable} lines of sessions could not be read`)
    if (unrequested > 0)
      warn(`${unrequested} sessions were asked for before the log begins: they are not in the report`)
    const starts = reader.starts()
    const whole = { from: starts[0]?.askedAt ?? now, to: (starts.at(-1)?.askedAt ?? now) + 1 }
    return reportOfStarts(starts, { ...query, period: query.period ?? whole }, now)
  }
}
