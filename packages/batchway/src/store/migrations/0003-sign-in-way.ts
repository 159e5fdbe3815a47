import { sql } from 'kysely'
import type { Migration } from '../migrate.ts'

/** By which way a browser was signed in: a front server's word is compared with it on each request. */
export const signInWay: Migration = {
  name: '0003-sign-in-way',
  statements: () => [sql`alter table sign_in add column way text not null default 'link'`],
}
