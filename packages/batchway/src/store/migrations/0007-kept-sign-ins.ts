import { sql } from 'kysely'
import type { Migration } from '../migrate.ts'

/** What a way to sign in keeps with each sign-in, sealed, and by what its provider may end it. Both go with the sign-in. */
export const keptSignIns: Migration = {
  name: '0007-kept-sign-ins',
  statements: () => [
    sql`create table kept_sign_in (sign_in_id text primary key references sign_in (id) on delete cascade,
      way text not null, sealed text not null, asked_at bigint not null)`,
    sql`create index kept_sign_in_by_time on kept_sign_in (way, asked_at)`,
    sql`create table sign_in_handle (sign_in_id text not null references sign_in (id) on delete cascade,
      way text not null, handle_hash text not null, primary key (sign_in_id, handle_hash))`,
    sql`create index sign_in_handle_by_hash on sign_in_handle (way, handle_hash)`,
  ],
}
