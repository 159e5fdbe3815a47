/** A report from storage: rows are asked for in pages, so that whoever else needs the database or the event loop comes in between. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { makeReport } from './make-report.ts'
import type { Report, ReportQuery } from './report.ts'
import type { ReportStore, StartRow } from './report-store.ts'
import { type Asked, askedOf, type Start } from './start.ts'

/** Some 2 ms of SQLite's time. */
const smallPage = 200
/** For who holds nobody up: fewer ways to a database server and back. */
export const largePage = 5_000

/** @param now Unix ms. @param pageRows rows asked for at a time */
export async function gatherReport(
  store: ReportStore,
  query: ReportQuery,
  now: number,
  pageRows = smallPage,
): Promise<Report> {
  const maker = makeReport(query, now)
  const known = new WeakMap<object, Asked>()
  const toStart = ({ spec, ...row }: StartRow): Start => {
    const asked = known.get(spec) ?? askedOf(spec)
    known.set(spec, asked)
    return { ...row, asked }
  }
  for (let last: StartRow | null = null; ; ) {
    const page: readonly StartRow[] = await store.listStarts(query.period, last, pageRows)
    maker.add(page.map(toStart))
    last = page.at(-1) ?? null
    if (page.length < pageRows) break
    await nextTurn()
  }
  return maker.finish(await store.listPeople(query.period.to))
}
