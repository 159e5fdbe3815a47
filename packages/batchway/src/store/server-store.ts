/** The named slots of users; a session needs none, so a slot is what a user keeps between sessions. */
import type { Selectable } from 'kysely'
import { inChunks } from './in-chunks.ts'
import type { Database } from './open.ts'
import type { Schema } from './schema.ts'

export interface ServerSlot {
  readonly userId: number
  readonly name: string
  readonly displayName: string
  /** What a start without options takes; null: nothing was said. */
  readonly options: Readonly<Record<string, unknown>> | null
  readonly createdAt: number
}

export interface ServerChange {
  readonly name?: string | undefined
  readonly displayName?: string | undefined
  readonly options?: ServerSlot['options'] | undefined
}

export interface ServerStore {
  /**
   * Repeating it changes nothing.
   * @param limit how many slots the user may have then; 0 = any number.
   * @returns `full` if it is not there and there are so many already.
   */
  ensure(slot: ServerSlot, limit?: number): Promise<'made' | 'known' | 'full'>
  /** In the order of their names. */
  listOf(userId: number): Promise<readonly ServerSlot[]>
  listOfUsers(userIds: Iterable<number>): Promise<readonly ServerSlot[]>
  /** @returns `taken` if another slot has the new name. */
  change(userId: number, name: string, change: ServerChange): Promise<'done' | 'missing' | 'taken'>
  remove(userId: number, name: string): Promise<void>
}

export function serverStore({ db, dialect, changes }: Database): ServerStore {
  return {
    ensure: (slot, limit = 0) =>
      db.transaction().execute(async (tx) => {
        // Two of one user count one after the other.
        await tx
          .selectFrom('user')
          .select('id')
          .where('id', '=', slot.userId)
          .$if(dialect.rowLocks, (query) => query.forUpdate())
          .execute()
        const names = await tx.selectFrom('server').select('name').where('user_id', '=', slot.userId).execute()
        if (names.some((row) => row.name === slot.name)) return 'known'
        if (limit > 0 && names.length >= limit) return 'full'
        await tx
          .insertInto('server')
          .values({
            user_id: slot.userId,
            name: slot.name,
            display_name: slot.displayName,
            user_options: toText(slot.options),
            created_at: slot.createdAt,
          })
          .execute()
        return 'made'
      }),
    listOf: async (userId) =>
      (await db.selectFrom('server').selectAll().where('user_id', '=', userId).orderBy('name').execute()).map(toSlot),
    listOfUsers: async (userIds) => {
      const found: ServerSlot[] = []
      await inChunks([...userIds], async (chunk) => {
        const rows = await db.selectFrom('server').selectAll().where('user_id', 'in', chunk).orderBy('name').execute()
        found.push(...rows.map(toSlot))
      })
      return found
    },
    change: async (userId, name, { name: newName, displayName, options }) => {
      const set = {
        ...(newName !== undefined && { name: newName }),
        ...(displayName !== undefined && { display_name: displayName }),
        ...(options !== undefined && { user_options: toText(options) }),
      }
      // Kysely would write an update of nothing.
      if (Object.keys(set).length === 0) return 'done'
      try {
        const { numUpdatedRows } = await db
          .updateTable('server')
          .set(set)
          .where('user_id', '=', userId)
          .where('name', '=', name)
          .executeTakeFirst()
        // Shares go by the name of the server, and callers are remembered with what is shared with them.
        if (newName !== undefined) changes.bump()
        return numUpdatedRows === 1n ? 'done' : 'missing'
      } catch (error) {
        if (dialect.isUniqueViolation(error)) return 'taken'
        throw error
      }
    },
    remove: async (userId, name) => {
      await db.deleteFrom('server').where('user_id', '=', userId).where('name', '=', name).execute()
      changes.bump()
    },
  }
}

const toText = (options: ServerSlot['options']): string | null => (options === null ? null : JSON.stringify(options))

const toSlot = (row: Selectable<Schema['server']>): ServerSlot => ({
  userId: row.user_id,
  name: row.name,
  displayName: row.display_name,
  options: row.user_options === null ? null : (JSON.parse(row.user_options) as Readonly<Record<string, unknown>>),
  createdAt: row.created_at,
})
