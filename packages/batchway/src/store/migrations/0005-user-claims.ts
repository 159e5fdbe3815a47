import { sql } from 'kysely'
import type { Migration } from '../migrate.ts'

/** What the last sign-in told of a person: profiles and accounts may depend on it. */
export const userClaims: Migration = {
  name: '0005-user-claims',
  statements: () => [sql`alter table "user" add column claims text not null default '{}'`],
}
