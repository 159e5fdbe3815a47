import { sql } from 'kysely'
import type { Migration } from '../migrate.ts'

/**
 * For reports: a session's times are those of the present life of its job, and a start is judged by the first one that became ready.
 * The index holds all that is asked about people, so that no row (a spec is long) is read for it.
 */
export const reports: Migration = {
  name: '0012-reports',
  statements: () => [
    sql`alter table session add column first_ready_at bigint`,
    sql`alter table session add column first_started_at bigint`,
    sql`update session set first_ready_at = ready_at, first_started_at = started_at where ready_at is not null`,
    sql`create index session_by_start on session (created_at, id, user_name)`,
  ],
}
