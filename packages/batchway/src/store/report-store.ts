/** What reports read: long rows by pages, without what a report has no use for. Implements the contract of `report/report-store.ts`. */
import { sql } from 'kysely'
import { readShared } from '../core/shared-json.ts'
import type { Spec } from '../profiles/spec.ts'
import type { ReportStore, StartRow } from '../report/report-store.ts'
import type { Database } from './open.ts'

/** Where a spec is asked for by its fingerprint, each comes over the socket once. */
const keptSpecs = 1_000

export function reportStore({ db, dialect }: Pick<Database, 'db' | 'dialect'>): ReportStore {
  const { fingerprint } = dialect
  const byPrint = new Map<string, Spec>()

  /** @param rows with the text of a spec as `key`, or its fingerprint. */
  async function specsOf(
    rows: readonly { readonly id: string; readonly key: string }[],
  ): Promise<(key: string) => Spec | undefined> {
    if (fingerprint === null) return (text) => readShared(text) as Spec
    const unknown = new Map(rows.filter(({ key }) => !byPrint.has(key)).map(({ id, key }) => [key, id]))
    if (byPrint.size + unknown.size > keptSpecs) {
      byPrint.clear()
      for (const { id, key } of rows) unknown.set(key, id)
    }
    if (unknown.size > 0) {
      const keyOf = new Map([...unknown].map(([key, id]) => [id, key]))
      const texts = await db
        .selectFrom('session')
        .where('id', 'in', [...keyOf.keys()])
        .select(['id', 'spec'])
        .execute()
      for (const { id, spec } of texts) byPrint.set(keyOf.get(id) ?? '', readShared(spec) as Spec)
    }
    return (key) => byPrint.get(key)
  }

  return {
    async listStarts({ from, to }, after, limit) {
      const all = db.selectFrom('session').where('created_at', '<', to)
      // One lower bound: of two, SQLite begins at the one that every page shares.
      const rest =
        after === null
          ? all.where('created_at', '>=', from)
          : all.where(sql<boolean>`(created_at, id) > (${after.askedAt}, ${after.id})`)
      const rows = await rest
        .select(['id', 'user_name', 'state', 'created_at', 'started_at', 'ended_at'])
        .select(['first_ready_at', 'first_started_at', 'outcome_code', 'cpu_seconds'])
        .select(fingerprint === null ? 'spec as key' : fingerprint(sql.ref('spec')).as('key'))
        .orderBy('created_at')
        .orderBy('id')
        .limit(limit)
        .execute()
      const specOf = await specsOf(rows)
      return rows.map((row): StartRow => {
        const spec = specOf(row.key)
        if (spec === undefined) throw new Error('sessions were removed while the report was made: try again')
        return {
          id: row.id,
          user: row.user_name,
          spec,
          state: row.state as StartRow['state'],
          askedAt: row.created_at,
          startedAt: row.first_ready_at === null ? row.started_at : row.first_started_at,
          readyAt: row.first_ready_at,
          runsSince: row.started_at,
          endedAt: row.ended_at,
          outcome: row.outcome_code as StartRow['outcome'],
          cpuSeconds: row.cpu_seconds,
        }
      })
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
