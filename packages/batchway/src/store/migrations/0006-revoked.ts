import { sql } from 'kysely'
import type { Migration } from '../migrate.ts'

/**
 * What was removed and may still be believed somewhere: tokens in the memory of applications, sign-ins in open streams. Written by
 * triggers, so that no way of removing can forget it: not the cascade from a user, not another process, not an administrator's own SQL.
 * A server's own token ends with its job, and nobody shows it to anyone but us.
 */
export const revoked: Migration = {
  name: '0006-revoked',
  statements: ({ name, identity }) => [
    sql`create table revoked (id ${identity}, kind text not null, ref text not null, text_hash text not null,
      client_id text, user_id bigint not null, told integer not null default 0)`,
    ...(name === 'sqlite' ? sqliteTriggers : postgresTriggers),
  ],
}

const sqliteTriggers = [
  sql`create trigger token_revoked after delete on token when old.kind <> 'server'
    begin insert into revoked (kind, ref, text_hash, client_id, user_id)
      values (old.kind, cast(old.id as text), old.text_hash, old.client_id, old.user_id); end`,
  sql`create trigger sign_in_revoked after delete on sign_in
    begin insert into revoked (kind, ref, text_hash, client_id, user_id)
      values ('sign-in', old.id, old.secret_hash, null, old.user_id); end`,
]

const postgresTriggers = [
  sql`create function note_revoked_token() returns trigger language plpgsql as
    'begin
      insert into revoked (kind, ref, text_hash, client_id, user_id)
        values (old.kind, cast(old.id as text), old.text_hash, old.client_id, old.user_id);
      return null;
    end'`,
  sql`create function note_revoked_sign_in() returns trigger language plpgsql as
    'begin
      insert into revoked (kind, ref, text_hash, client_id, user_id)
        values (''sign-in'', old.id, old.secret_hash, null, old.user_id);
      return null;
    end'`,
  sql`create trigger token_revoked after delete on token for each row when (old.kind <> 'server')
    execute function note_revoked_token()`,
  sql`create trigger sign_in_revoked after delete on sign_in for each row execute function note_revoked_sign_in()`,
]
