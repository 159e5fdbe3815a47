/** What reports read: long rows by pages, without what a report has no use for. Implements the contract of `report/report-store.ts`. */
import { sql } from 'kysely'
import type { Spec } from '../profiles/spec.ts'
import type { ReportStore, StartRow } from '../report/report-store.ts'
import type { Database } from './open.ts'

/** Specs of one profile and the same choices are the same text: each is parsed once. */
const keptSpecs = 1_000

export function reportStore({ db, dialect }: Pick<Database, 'db' | 'dialect'>): ReportStore {
  const specs = new Map<string, Spec>()
  function specOf(text: string): Spec {
    const known = specs.get(text)
    if (known !== undefined) return known
    const spec = JSON.parse(text) as Spec
    if (specs.size >= keptSpecs) specs.clear()
    specs.set(text, spec)
    return spec
  }
  const outcome = (...path: string[]) => dialect.jsonText(sql.ref('facts'), ['outcome', ...path])

  return {
    async listStarts({ from, to }, after, limit) {
      const all = db.selectFrom('session').where('created_at', '<', to)
      // One lower bound: of two, SQLite begins at the one that every page shares.
      const rest =
        after === null
          ? all.where('created_at', '>=', from)
          : all.where(sql<boolean>`(created_at, id) > (${after.askedAt}, ${after.id})`)
      const rows = await rest
        .select(['id', 'user_name', 'spec', 'state', 'created_at', 'started_at', 'ended_at'])
        .select(['first_ready_at', 'first_started_at'])
        // An end has long texts beside these two: last lines of logs.
        .select(outcome('code').as('code'))
        .select(outcome('use', 'cpuSeconds').as('cpu_seconds'))
        .orderBy('created_at')
        .orderBy('id')
        .limit(limit)
        .execute()
      return rows.map(
        (row): StartRow => ({
          id: row.id,
          user: row.user_name,
          spec: specOf(row.spec),
          state: row.state as StartRow['state'],
          askedAt: row.created_at,
          startedAt: row.first_ready_at === null ? row.started_at : row.first_started_at,
          readyAt: row.first_ready_at,
          runsSince: row.started_at,
          endedAt: row.ended_at,
          outcome: row.code as StartRow['outcome'],
          cpuSeconds: row.cpu_seconds === null ? null : Number(row.cpu_seconds),
        }),
      )
    },
    async listPeople(before) {
      const rows = await db
        .selectFrom('session')
        .where('created_at', '<', before)
        .select((e) => ['user_name', e.fn.min('created_at').as('first'), e.fn.max('created_at').as('last')])
        .groupBy('user_name')
        .execute()
      return rows.map((row) => ({ user: row.user_name, firstAt: row.first, lastAt: row.last }))
    },
  }
}
