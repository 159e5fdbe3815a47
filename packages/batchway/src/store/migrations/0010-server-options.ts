import { sql } from 'kysely'
import type { Migration } from '../migrate.ts'

/** A named server keeps what a start without options takes. JSON object; null: nothing was said. */
export const serverOptions: Migration = {
  name: '0010-server-options',
  statements: () => [sql`alter table server add column user_options text`],
}
