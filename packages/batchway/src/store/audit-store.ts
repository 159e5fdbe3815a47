/** The audit log's table. The database keeps it append-only (see the migration); this store has no way to change or remove an entry but by age. */
import type { Database } from './open.ts'

/** As it is kept. All texts are single lines of bounded length. */
export interface AuditEntry {
  /** Unix milliseconds. */
  readonly at: number
  /** A user's name, or one of `system`, `anonymous`, `operator` (someone at the command line). */
  readonly actor: string
  readonly action: string
  /** A user's name, or `user/server`; what else an action is about. */
  readonly object: string
  /** Of the client, as the proxy saw it; '' if there was none. */
  readonly address: string
  /** By which way: that of the sign-in, or `page`, `api`, `oauth`, `command`, `config`. */
  readonly way: string
  readonly outcome: string
  readonly detail: string
}

export interface StoredAuditEntry extends AuditEntry {
  /** In the order of writing. */
  readonly id: number
}

export interface AuditFilter {
  /** Did it, or had it done to them or to a server of theirs. */
  readonly user?: string
  readonly actor?: string
  readonly action?: string
  /** Unix milliseconds: at or after. */
  readonly since?: number
  /** Unix milliseconds: before. */
  readonly until?: number
  /** Only what was written after this entry. */
  readonly afterId?: number
  /** Only what was written before it. */
  readonly beforeId?: number
}

export interface AuditStore {
  append(entry: AuditEntry): Promise<void>
  /** The newest `limit` entries that fit, oldest first. */
  list(filter: AuditFilter, limit: number): Promise<readonly StoredAuditEntry[]>
  /** The time of the oldest entry, null if there is none. */
  oldest(): Promise<number | null>
  /**
   * Delete at most `limit` entries from before the time that the newest purge's entry names; the database refuses any others.
   * @returns how many.
   */
  removeBefore(at: number, limit: number): Promise<number>
}

export function auditStore({ db }: Database): AuditStore {
  return {
    append: async (entry) => {
      await db.insertInto('audit_entry').values(entry).execute()
    },
    list: async ({ user, actor, action, since, until, afterId, beforeId }, limit) => {
      let query = db.selectFrom('audit_entry').selectAll()
      if (user !== undefined) {
        // Not `like`: a name may hold what means something there.
        const servers = `${user}/`
        query = query.where((e) =>
          e.or([
            e('actor', '=', user),
            e('object', '=', user),
            e(e.fn('substr', ['object', e.lit(1), e.val(servers.length)]), '=', servers),
          ]),
        )
      }
      if (actor !== undefined) query = query.where('actor', '=', actor)
      if (action !== undefined) query = query.where('action', '=', action)
      if (since !== undefined) query = query.where('at', '>=', since)
      if (until !== undefined) query = query.where('at', '<', until)
      if (afterId !== undefined) query = query.where('id', '>', afterId)
      if (beforeId !== undefined) query = query.where('id', '<', beforeId)
      const rows = await query.orderBy('id', 'desc').limit(limit).execute()
      return rows.reverse()
    },
    oldest: async () =>
      (await db.selectFrom('audit_entry').select('at').orderBy('at').limit(1).executeTakeFirst())?.at ?? null,
    removeBefore: async (at, limit) => {
      const { numDeletedRows } = await db
        .deleteFrom('audit_entry')
        .where((e) =>
          e('id', 'in', e.selectFrom('audit_entry').select('id').where('at', '<', at).orderBy('at').limit(limit)),
        )
        .executeTakeFirst()
      return Number(numDeletedRows)
    },
  }
}
