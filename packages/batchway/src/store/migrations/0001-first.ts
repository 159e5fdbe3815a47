import { sql } from 'kysely'
import type { Migration } from '../migrate.ts'

/** People, tokens, OAuth, sessions. History has no foreign key to `user`: it outlives a deleted user. */
export const first: Migration = {
  name: '0001-first',
  statements: ({ identity }) => [
    sql`create table "user" (id ${identity}, name text not null unique, is_admin integer not null, created_at bigint not null,
      last_activity_at bigint, preferences text not null)`,
    sql`create table user_group (id ${identity}, name text not null unique, created_at bigint not null)`,
    sql`create table membership (
      user_id bigint not null references "user" (id) on delete cascade,
      group_id bigint not null references user_group (id) on delete cascade,
      primary key (user_id, group_id))`,
    sql`create index membership_by_group on membership (group_id)`,
    sql`create table server (user_id bigint not null references "user" (id) on delete cascade, name text not null,
      display_name text not null, created_at bigint not null, primary key (user_id, name))`,

    sql`create table sign_in (id text primary key, user_id bigint not null references "user" (id) on delete cascade,
      secret_hash text not null unique, created_at bigint not null, expires_at bigint not null, last_seen_at bigint not null,
      address text not null, agent text not null)`,
    sql`create index sign_in_by_user on sign_in (user_id)`,
    sql`create index sign_in_by_expiry on sign_in (expires_at)`,
    sql`create table link (secret_hash text primary key, user_id bigint not null references "user" (id) on delete cascade,
      created_at bigint not null, expires_at bigint not null, used_at bigint)`,
    sql`create index link_by_user on link (user_id)`,

    sql`create table oauth_client (id text primary key, secret_hash text not null, redirect_uri text not null,
      allowed_scopes text not null, description text not null,
      user_id bigint not null references "user" (id) on delete cascade, server_name text not null)`,
    sql`create index oauth_client_by_user on oauth_client (user_id)`,
    sql`create table oauth_code (code_hash text primary key,
      client_id text not null references oauth_client (id) on delete cascade,
      user_id bigint not null references "user" (id) on delete cascade, redirect_uri text not null, scopes text not null,
      sign_in_id text references sign_in (id) on delete cascade, challenge text, expires_at bigint not null)`,
    sql`create index oauth_code_by_client on oauth_code (client_id)`,
    sql`create index oauth_code_by_user on oauth_code (user_id)`,
    sql`create index oauth_code_by_sign_in on oauth_code (sign_in_id)`,

    sql`create table token (id ${identity}, text_hash text not null unique, kind text not null,
      user_id bigint not null references "user" (id) on delete cascade, scopes text not null, note text not null,
      client_id text references oauth_client (id) on delete cascade,
      sign_in_id text references sign_in (id) on delete cascade,
      session_id text, created_at bigint not null, last_activity_at bigint, expires_at bigint)`,
    sql`create index token_by_user on token (user_id)`,
    sql`create index token_by_client on token (client_id) where client_id is not null`,
    sql`create index token_by_sign_in on token (sign_in_id) where sign_in_id is not null`,
    sql`create index token_by_session on token (session_id) where session_id is not null`,
    sql`create index token_by_expiry on token (expires_at) where expires_at is not null`,

    sql`create table session (id text primary key, user_id bigint not null, user_name text not null, server_name text not null,
      account text not null, spec text not null, state text not null, facts text not null, attempt integer not null,
      version integer not null, created_at bigint not null, submitted_at bigint, started_at bigint, ready_at bigint,
      ended_at bigint, ends_at bigint, last_activity_at bigint)`,
    // One session that has not ended per server: this index is what refuses the second click.
    sql`create unique index session_active on session (user_id, server_name) where state <> 'ended'`,
    sql`create index session_latest on session (user_id, server_name, created_at)`,
    sql`create index session_ended on session (user_id, ended_at) where state = 'ended'`,
    sql`create table attempt (session_id text not null references session (id) on delete cascade, number integer not null,
      tag text not null unique, secret_hash text not null, job_id text, submit text not null, submit_pid bigint,
      submit_pid_start text, created_at bigint not null, accepted_at bigint, first_seen_at bigint, last_seen_at bigint,
      output_path text not null, primary key (session_id, number))`,
    sql`create table claim (id text primary key, session_id text not null references session (id) on delete cascade,
      attempt integer not null, job_id text not null, restart integer not null, node text not null,
      token_hash text not null unique, created_at bigint not null, revoked_at bigint)`,
    sql`create index claim_by_session on claim (session_id, created_at)`,
    // One claim at a time may run the application.
    sql`create unique index claim_live on claim (session_id) where revoked_at is null`,
    sql`create table session_event (session_id text not null references session (id) on delete cascade, seq integer not null,
      at bigint not null, type text not null, data text not null, primary key (session_id, seq))`,

    sql`create table setting (key text primary key, value text not null)`,
  ],
}
