import { sql } from 'kysely'
import type { Migration } from '../migrate.ts'

/** What reports ask of an end, beside the end itself: that is long (last lines of logs), and a database reads all of it for two words. */
export const outcomeColumns: Migration = {
  name: '0014-outcome-columns',
  statements: ({ jsonText }) => {
    const outcome = (...path: string[]) => jsonText(sql.ref('facts'), ['outcome', ...path])
    return [
      sql`alter table session add column outcome_code text`,
      sql`alter table session add column cpu_seconds double precision`,
      sql`update session set outcome_code = ${outcome('code')}, cpu_seconds = cast(${outcome('use', 'cpuSeconds')} as double precision)
        where ended_at is not null`,
    ]
  },
}
