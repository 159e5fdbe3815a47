import { sql } from 'kysely'
import type { Migration } from '../migrate.ts'

/** Sessions by their end, whoever's: what a hub that was killed has left to do, and reports. */
export const ends: Migration = {
  name: '0002-ends',
  statements: () => [sql`create index session_by_end on session (ended_at) where state = 'ended'`],
}
