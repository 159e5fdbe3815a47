import { BatchwayError } from '../core/errors.ts'
import { columnsOf } from '../report/columns.ts'
import { dayOf, parsePeriod, zonedTime } from '../report/period.ts'
import { type Grouping, groupings, type Period, type Report, type ReportQuery } from '../report/report.ts'
import { toCsv, toJson } from '../report/write-report.ts'
import {
  orderedRows,
  orderOf,
  peopleWords,
  periodWords,
  reportPageRows,
  reportTable,
  reportTiles,
} from './report-view.ts'
import type { Visit, WebApp, WebContext, WebRoom } from './web-room.ts'

/** What the page asks of the hub. */
export interface Reports {
  /** @throws {BatchwayError} where it cannot be made now. */
  make(query: ReportQuery): Promise<Report>
  /** Keys of the clusters that there are. */
  readonly clusters: readonly string[]
}

/** A page of administration, and about everybody's sessions. */
export const mayReport = (scopes: Visit['scopes']): boolean =>
  scopes.has('admin-ui') && scopes.has('read:servers') && scopes.has('list:users')

interface Asked {
  readonly from: string
  readonly to: string
  readonly by: Grouping
  readonly cluster: string
  readonly hasMore: boolean
  readonly sort: string
  readonly page: number
}

const longest = 100
function askedOf(c: WebContext): Asked {
  const text = (name: string): string => (c.req.query(name) ?? '').trim().slice(0, longest)
  const page = text('page')
  return {
    from: text('from'),
    to: text('to'),
    by: groupings.find((one) => one === text('by')) ?? 'user',
    cluster: text('cluster'),
    hasMore: text('columns') === 'all',
    sort: text('sort'),
    page: /^[1-9]\d{0,5}$/.test(page) ? Number(page) : 1,
  }
}

/** For administrators: who asked for starts, and what came of them. Reads only. */
export function mountReportPage(app: WebApp, room: WebRoom): void {
  const { paths, reports, settings, now } = room
  const { timeZone } = settings

  /** Only what differs from the page without a query. */
  const urlOf = (asked: Asked, change: Partial<Asked>, more: Readonly<Record<string, string>> = {}): string => {
    const { from, to, by, cluster, hasMore, sort, page } = { ...asked, ...change }
    const query = new URLSearchParams({
      ...(from !== '' && { from }),
      ...(to !== '' && { to }),
      ...(by !== 'user' && { by }),
      ...(cluster !== '' && { cluster }),
      ...(hasMore && { columns: 'all' }),
      ...(sort !== '' && { sort }),
      ...(page > 1 && { page: String(page) }),
      ...more,
    })
    return query.size === 0 ? paths.report : `${paths.report}?${query}`
  }
  const dayText = (at: number): string => zonedTime(at, timeZone).slice(0, 10)
  const dayUrl = (asked: Asked, at: number): string => {
    const { from, to } = dayOf(at, timeZone)
    return urlOf(asked, { from: dayText(from), to: dayText(to), page: 1 })
  }

  async function answer(c: WebContext, asked: Asked, period: Period, problem: string | null): Promise<Response> {
    const columns = columnsOf(asked.by, asked.hasMore ? ['all'] : [])
    if ('unknown' in columns) throw new RangeError('the page’s own columns')
    const cluster = asked.cluster === '' ? undefined : asked.cluster
    const report = await reports.make({ period, timeZone, by: asked.by, cluster })
    const order = orderOf(columns, asked.sort)
    const rows = orderedRows(report, order)
    const form = c.req.query('format')
    const name = `report-${dayText(period.from)}`
    if (problem === null && form === 'csv')
      return download(c, toCsv(rows, columns), `${name}.csv`, 'text/csv; charset=utf-8; header=present')
    if (problem === null && form === 'json')
      return download(c, toJson(report, rows, columns), `${name}.json`, 'application/json')
    const pages = Math.max(1, Math.ceil(rows.length / reportPageRows))
    const page = Math.min(asked.page, pages)
    const first = (page - 1) * reportPageRows
    const shown = rows.slice(first, first + reportPageRows)
    return room.pages.show(c, {
      template: 'report',
      title: 'Nightly report',
      nav: 'admin',
      status: problem === null ? 200 : 422,
      data: {
        problem,
        period_words: periodWords(report, room.times),
        tiles: reportTiles(report),
        table: reportTable(report, shown, columns, order, (sort) => urlOf(asked, { sort, page: 1 })),
        // Whoever sent something unreadable finds it again.
        form: {
          from: problem === null ? dayText(period.from) : asked.from,
          to: problem === null ? dayText(period.to) : asked.to,
          by: asked.by,
          cluster: asked.cluster,
          has_more: asked.hasMore,
          sort: asked.sort,
        },
        groupings,
        clusters: [...new Set([...reports.clusters, ...(asked.cluster === '' ? [] : [asked.cluster])])],
        range:
          rows.length === 0 ? 'Nobody asked for a start' : `${first + 1}–${first + shown.length} of ${rows.length}`,
        people: peopleWords(report),
        links: {
          before: dayUrl(asked, period.from - 1),
          week: urlOf(asked, { from: dayText(dayOf(now(), timeZone, -6).from), to: '', page: 1 }),
          csv: urlOf(asked, { page: 1 }, { format: 'csv' }),
          json: urlOf(asked, { page: 1 }, { format: 'json' }),
          earlier: page > 1 ? urlOf(asked, { page: page - 1 }) : null,
          later: page < pages ? urlOf(asked, { page: page + 1 }) : null,
        },
      },
    })
  }

  app.get(paths.report, async (c) => {
    if (!mayReport(c.get('visit').scopes)) throw new BatchwayError('forbidden', 'This page is for administrators.')
    const asked = askedOf(c)
    const given = { ...(asked.from !== '' && { from: asked.from }), ...(asked.to !== '' && { to: asked.to }) }
    const period = parsePeriod(given, timeZone, now())
    if (typeof period !== 'string') return answer(c, asked, period, null)
    return answer(c, { ...asked, page: 1 }, dayOf(now(), timeZone, -1), period)
  })
}

function download(c: WebContext, text: string, name: string, type: string): Response {
  c.header('Content-Disposition', `attachment; filename="${name}"`)
  return c.body(text, 200, { 'Content-Type': type })
}
