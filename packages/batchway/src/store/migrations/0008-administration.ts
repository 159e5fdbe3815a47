import { sql } from 'kysely'
import type { Migration } from '../migrate.ts'

/**
 * Groups have properties, and a membership knows who said so: the sign-in, an administrator, or both. What was there before came from
 * sign-ins. The indexes serve lists of users: by last activity, and by what their servers do.
 */
export const administration: Migration = {
  name: '0008-administration',
  statements: () => [
    sql`alter table user_group add column properties text not null default '{}'`,
    sql`alter table membership add column by_sign_in integer not null default 1`,
    sql`alter table membership add column by_hand integer not null default 0`,
    sql`create index user_by_activity on "user" (last_activity_at, id)`,
    sql`create index session_by_state on session (user_id, state) where state <> 'ended'`,
  ],
}
