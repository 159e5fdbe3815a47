/** What the audit log promises on every database, whoever holds the connection. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { type AuditEntry, auditStore } from '../audit-store.ts'
import type { Database } from '../open.ts'
import { purgeAudit } from '../purge-audit.ts'
import type { Bench } from './bench.ts'

const day = 86_400_000
const entry = (change: Partial<AuditEntry> = {}): AuditEntry => ({
  at: 100 * day,
  actor: 'alice',
  action: 'session-start',
  object: 'alice/lab',
  address: '192.0.2.7',
  way: 'page',
  outcome: 'ok',
  detail: '',
  ...change,
})
const pause = async (): Promise<void> => {}

export function auditStoreContract(name: string, openBench: () => Promise<Bench>): void {
  const withDatabase = async (test: (database: Database) => Promise<void>): Promise<void> => {
    await using bench = await openBench()
    await using database = bench.open()
    await test(database)
  }

  describe(`AuditStore on ${name}`, () => {
    it('gives the newest entries that fit, oldest first', () =>
      withDatabase(async (database) => {
        const store = auditStore(database)
        const entries = [
          entry({ at: 1, actor: 'operator', action: 'link-created', object: 'alice' }),
          entry({ at: 2 }),
          entry({ at: 3, actor: 'bob', object: 'bob/' }),
          entry({ at: 4, actor: 'root', action: 'session-stop', object: 'alice/lab' }),
          // Neither alice's nor a pattern.
          entry({ at: 5, actor: 'alicia', object: 'alicia/x' }),
          entry({ at: 6, actor: 'a_%', object: 'a_%/x' }),
        ]
        for (const each of entries) await store.append(each)
        const times = async (...[filter, limit = 100]: Parameters<typeof store.list> | [object]) =>
          (await store.list(filter, limit)).map(({ at }) => at)
        assert.deepEqual(await times({}), [1, 2, 3, 4, 5, 6])
        assert.deepEqual(await times({}, 2), [5, 6])
        assert.deepEqual(await times({ user: 'alice' }), [1, 2, 4])
        assert.deepEqual(await times({ user: 'a_%' }), [6])
        assert.deepEqual(await times({ actor: 'alice' }), [2])
        assert.deepEqual(await times({ action: 'session-start', since: 3, until: 6 }), [3, 5])
        const all = await store.list({}, 100)
        assert.deepEqual(await times({ afterId: all[3]?.id ?? 0 }), [5, 6])
        const { id, ...kept } = { ...all[1], id: all[1]?.id }
        assert.ok(id !== undefined && id > 0)
        assert.deepEqual(kept, entries[1])
      }))

    it('keeps every entry as it was written, whoever tries', () =>
      withDatabase(async (database) => {
        const { db } = database
        const store = auditStore(database)
        await store.append(entry())
        const [before] = await store.list({}, 1)
        const tries = [
          () => db.updateTable('audit_entry').set({ actor: 'bob' }).execute(),
          () => db.updateTable('audit_entry').set({ at: 0 }).execute(),
          () => db.deleteFrom('audit_entry').execute(),
          () => store.removeBefore(Number.MAX_SAFE_INTEGER, 10),
          database.dialect.name === 'sqlite'
            ? () =>
                sql`insert or replace into audit_entry select id, at, 'bob', action, object, address, way, outcome, detail from audit_entry`.execute(
                  db,
                )
            : () => sql`truncate audit_entry`.execute(db),
          ...(database.dialect.name === 'sqlite'
            ? [() => sql`update or replace audit_entry set actor = 'bob'`.execute(db)]
            : [
                () =>
                  sql`insert into audit_entry select * from audit_entry on conflict (id) do update set actor = 'bob'`.execute(
                    db,
                  ),
              ]),
        ]
        for (const each of tries) await assert.rejects(each(), /append-only/)
        assert.deepEqual(await store.list({}, 10), [before])

        // With the guards gone the same attempt works: they are what holds.
        const ending = database.dialect.name === 'sqlite' ? sql`` : sql` on audit_entry`
        await sql`drop trigger audit_no_change${ending}`.execute(db)
        await db.updateTable('audit_entry').set({ actor: 'bob' }).execute()
        assert.equal((await store.list({}, 1))[0]?.actor, 'bob')
      }))

    it('removes what is older than a purge’s own entry says, in pieces, and nothing younger', () =>
      withDatabase(async (database) => {
        const store = auditStore(database)
        const now = 1_000 * day
        for (let index = 0; index < 1_201; index += 1) await store.append(entry({ at: 10 * day + index }))
        for (const at of [now - 101 * day, now - 100 * day, now - 99 * day]) await store.append(entry({ at }))
        let pauses = 0
        const removed = await purgeAudit(store, {
          keepSeconds: 100 * 86_400,
          now,
          pause: async () => {
            pauses += 1
          },
        })
        assert.equal(removed, 1_202)
        assert.equal(pauses, 2)
        const left = await store.list({}, 10)
        assert.deepEqual(
          left.map(({ at, action }) => [at, action]),
          [
            [now - 100 * day, 'session-start'],
            [now - 99 * day, 'session-start'],
            [now, 'audit-purged'],
          ],
        )
        assert.equal(left.at(-1)?.object, String(now - 100 * day))
        await assert.rejects(store.removeBefore(now - 99 * day + 1, 10), /append-only/)
        // Nothing to remove: nothing to tell.
        assert.equal(await purgeAudit(store, { keepSeconds: 100 * 86_400, now, pause }), 0)
        assert.equal((await store.list({}, 10)).length, 3)
      }))

    it('does not let a purge come near: 30 days always stay', () =>
      withDatabase(async (database) => {
        const store = auditStore(database)
        await store.append(entry())
        const now = 100 * day + 29 * day
        const purge = entry({ at: now, action: 'audit-purged', object: String(now - 29 * day) })
        await assert.rejects(store.append(purge), /must leave 30 days/)
        assert.equal((await store.list({}, 10)).length, 1)
      }))
  })
}
