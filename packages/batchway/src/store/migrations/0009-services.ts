import { sql } from 'kysely'
import type { Migration } from '../migrate.ts'

/**
 * Tokens and codes may be a service's: services are configuration, so that their clients are no rows and no foreign key watches them.
 * Codes live for five minutes: their table is made anew. What is noted of a removed token names the service's client, too.
 */
export const services: Migration = {
  name: '0009-services',
  statements: ({ name }) => [
    sql`alter table token add column service_client text`,
    sql`create index token_by_service_client on token (service_client) where service_client is not null`,
    sql`drop table oauth_code`,
    sql`create table oauth_code (code_hash text primary key,
      client_id text references oauth_client (id) on delete cascade, service_client text,
      user_id bigint not null references "user" (id) on delete cascade, redirect_uri text not null, scopes text not null,
      sign_in_id text references sign_in (id) on delete cascade, challenge text, expires_at bigint not null,
      check ((client_id is null) <> (service_client is null)))`,
    sql`create index oauth_code_by_client on oauth_code (client_id)`,
    sql`create index oauth_code_by_user on oauth_code (user_id)`,
    sql`create index oauth_code_by_sign_in on oauth_code (sign_in_id)`,
    ...(name === 'sqlite' ? sqliteTrigger : postgresTrigger),
  ],
}

const sqliteTrigger = [
  sql`drop trigger token_revoked`,
  sql`create trigger token_revoked after delete on token when old.kind <> 'server'
    begin insert into revoked (kind, ref, text_hash, client_id, user_id)
      values (old.kind, cast(old.id as text), old.text_hash, coalesce(old.client_id, old.service_client), old.user_id); end`,
]

const postgresTrigger = [
  sql`create or replace function note_revoked_token() returns trigger language plpgsql as
    'begin
      insert into revoked (kind, ref, text_hash, client_id, user_id)
        values (old.kind, cast(old.id as text), old.text_hash, coalesce(old.client_id, old.service_client), old.user_id);
      return null;
    end'`,
]
