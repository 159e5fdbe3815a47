import { sql } from 'kysely'
import type { Migration } from '../migrate.ts'

/** Which agent a job's script names: a version of Batchway stays for as long as a job may begin with it. */
export const agents: Migration = {
  name: '0013-agents',
  statements: () => [sql`alter table attempt add column agent_directory text`],
}
