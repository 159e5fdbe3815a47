import { sql } from 'kysely'
import type { Migration } from '../migrate.ts'

/**
 * The audit log. The database itself keeps it append-only, whoever writes: nothing is ever changed, and only what is older than the
 * time that a purge's own entry names may be deleted, so that no purge goes unrecorded. That time lies at least 30 days back.
 */
export const auditLog: Migration = {
  name: '0004-audit',
  statements: ({ name, identity }) => [
    sql`create table audit_entry (id ${identity}, at bigint not null, actor text not null, action text not null,
      object text not null, address text not null, way text not null, outcome text not null, detail text not null)`,
    sql`create index audit_by_time on audit_entry (at)`,
    sql`create index audit_by_actor on audit_entry (actor, at)`,
    sql`create index audit_by_action on audit_entry (action, at)`,
    ...(name === 'sqlite' ? sqliteGuards : postgresGuards),
  ],
}

const sqliteGuards = [
  sql`create trigger audit_no_change before update on audit_entry
    begin select raise(abort, 'the audit log is append-only'); end`,
  // "insert or replace" deletes without asking delete triggers.
  sql`create trigger audit_no_replace before insert on audit_entry
    when exists (select 1 from audit_entry where id = new.id)
    begin select raise(abort, 'the audit log is append-only'); end`,
  sql`create trigger audit_no_young_purge before insert on audit_entry
    when new.action = 'audit-purged' and cast(new.object as integer) > new.at - 2592000000
    begin select raise(abort, 'a purge of the audit log must leave 30 days'); end`,
  sql`create trigger audit_no_delete before delete on audit_entry
    when old.at >= coalesce((select max(cast(object as integer)) from audit_entry where action = 'audit-purged'), 0)
    begin select raise(abort, 'the audit log is append-only'); end`,
]

const postgresGuards = [
  sql`create function audit_refuse() returns trigger language plpgsql as
    'begin raise exception ''the audit log is append-only''; end'`,
  sql`create function audit_check_purge() returns trigger language plpgsql as
    'begin
      if cast(new.object as bigint) > new.at - 2592000000 then
        raise exception ''a purge of the audit log must leave 30 days'';
      end if;
      return new;
    end'`,
  sql`create function audit_check_delete() returns trigger language plpgsql as
    'begin
      if old.at >= coalesce((select max(cast(object as bigint)) from audit_entry where action = ''audit-purged''), 0) then
        raise exception ''the audit log is append-only'';
      end if;
      return old;
    end'`,
  sql`create trigger audit_no_change before update on audit_entry for each row execute function audit_refuse()`,
  sql`create trigger audit_no_truncate before truncate on audit_entry for each statement execute function audit_refuse()`,
  sql`create trigger audit_no_young_purge before insert on audit_entry for each row
    when (new.action = 'audit-purged') execute function audit_check_purge()`,
  sql`create trigger audit_no_delete before delete on audit_entry for each row execute function audit_check_delete()`,
]
