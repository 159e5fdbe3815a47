import { sql } from 'kysely'
import type { Migration } from '../migrate.ts'

/**
 * Access to a server that its owner gave to somebody else, and codes that are exchanged for it. The default server has no row in
 * `server`, so that no foreign key can watch the pair (owner, name): triggers do. Whoever loses access loses the tokens that this server's
 * application has of them; what is written down of removed tokens makes it count everywhere (see 0006).
 */
export const shares: Migration = {
  name: '0011-shares',
  statements: ({ name, identity }) => [
    sql`create table share (id ${identity}, owner_id bigint not null references "user" (id) on delete cascade,
      server_name text not null, user_id bigint references "user" (id) on delete cascade,
      group_id bigint references user_group (id) on delete cascade, scopes text not null, created_at bigint not null,
      check ((user_id is null) <> (group_id is null)))`,
    sql`create unique index share_with_user on share (owner_id, server_name, user_id) where user_id is not null`,
    sql`create unique index share_with_group on share (owner_id, server_name, group_id) where group_id is not null`,
    sql`create index share_by_user on share (user_id) where user_id is not null`,
    sql`create index share_by_group on share (group_id) where group_id is not null`,
    sql`create table share_code (id ${identity}, owner_id bigint not null references "user" (id) on delete cascade,
      server_name text not null, code_hash text not null unique, scopes text not null, created_at bigint not null,
      expires_at bigint not null, exchange_count bigint not null default 0, last_exchanged_at bigint)`,
    sql`create index share_code_by_server on share_code (owner_id, server_name)`,
    sql`create index share_code_by_expiry on share_code (expires_at)`,
    ...(name === 'sqlite' ? sqliteTriggers : postgresTriggers),
  ],
}

const sqliteTriggers = [
  sql`create trigger share_removed after delete on share
    begin delete from token where kind = 'oauth' and user_id <> old.owner_id
      and client_id in (select id from oauth_client where user_id = old.owner_id and server_name = old.server_name)
      and (user_id = old.user_id or user_id in (select user_id from membership where group_id = old.group_id)); end`,
  sql`create trigger share_left after delete on membership
    begin delete from token where kind = 'oauth' and user_id = old.user_id and client_id in (
      select oauth_client.id from share join oauth_client
        on oauth_client.user_id = share.owner_id and oauth_client.server_name = share.server_name
      where share.group_id = old.group_id and share.owner_id <> old.user_id); end`,
  sql`create trigger server_removed after delete on server
    begin
      delete from share where owner_id = old.user_id and server_name = old.name;
      delete from share_code where owner_id = old.user_id and server_name = old.name;
    end`,
  sql`create trigger server_renamed after update of name on server
    begin
      update share set server_name = new.name where owner_id = old.user_id and server_name = old.name;
      update share_code set server_name = new.name where owner_id = old.user_id and server_name = old.name;
    end`,
]

// Before, not after: of a removed group memberships and shares are both gone when triggers after them run.
const postgresTriggers = [
  sql`create function forget_guest() returns trigger language plpgsql as
    'begin
      delete from token where kind = ''oauth'' and user_id <> old.owner_id
        and client_id in (select id from oauth_client where user_id = old.owner_id and server_name = old.server_name)
        and (user_id = old.user_id or user_id in (select user_id from membership where group_id = old.group_id));
      return old;
    end'`,
  sql`create trigger share_removed before delete on share for each row execute function forget_guest()`,
  sql`create function forget_member() returns trigger language plpgsql as
    'begin
      delete from token where kind = ''oauth'' and user_id = old.user_id and client_id in (
        select oauth_client.id from share join oauth_client
          on oauth_client.user_id = share.owner_id and oauth_client.server_name = share.server_name
        where share.group_id = old.group_id and share.owner_id <> old.user_id);
      return old;
    end'`,
  sql`create trigger share_left before delete on membership for each row execute function forget_member()`,
  sql`create function forget_shares() returns trigger language plpgsql as
    'begin
      delete from share where owner_id = old.user_id and server_name = old.name;
      delete from share_code where owner_id = old.user_id and server_name = old.name;
      return null;
    end'`,
  sql`create trigger server_removed after delete on server for each row execute function forget_shares()`,
  sql`create function rename_shares() returns trigger language plpgsql as
    'begin
      update share set server_name = new.name where owner_id = old.user_id and server_name = old.name;
      update share_code set server_name = new.name where owner_id = old.user_id and server_name = old.name;
      return null;
    end'`,
  sql`create trigger server_renamed after update of name on server for each row execute function rename_shares()`,
]
