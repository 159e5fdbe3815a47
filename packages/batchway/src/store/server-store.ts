/** The named slots of users; a session needs none, so a slot is what a user keeps between sessions. */
import type { Database } from './open.ts'

export interface ServerSlot {
  readonly userId: number
  readonly name: string
  readonly displayName: string
  readonly createdAt: number
}

export interface ServerStore {
  /**
   * Repeating it changes nothing.
   * @param limit how many slots the user may have then; 0 = any number.
   * @returns false if it is not there and there are so many already.
   */
  ensure(slot: ServerSlot, limit?: number): Promise<boolean>
  listOf(userId: number): Promise<readonly ServerSlot[]>
  rename(userId: number, name: string, displayName: string): Promise<void>
  remove(userId: number, name: string): Promise<void>
}

export function serverStore({ db, dialect }: Database): ServerStore {
  return {
    ensure: ({ userId, name, displayName, createdAt }, limit = 0) =>
      db.transaction().execute(async (tx) => {
        // Two of one user count one after the other.
        await tx
          .selectFrom('user')
          .select('id')
          .where('id', '=', userId)
          .$if(dialect.rowLocks, (query) => query.forUpdate())
          .execute()
        const names = await tx.selectFrom('server').select('name').where('user_id', '=', userId).execute()
        if (names.some((row) => row.name === name)) return true
        if (limit > 0 && names.length >= limit) return false
        await tx
          .insertInto('server')
          .values({ user_id: userId, name, display_name: displayName, created_at: createdAt })
          .execute()
        return true
      }),
    listOf: async (userId) =>
      (await db.selectFrom('server').selectAll().where('user_id', '=', userId).orderBy('name').execute()).map(
        (row) => ({ userId: row.user_id, name: row.name, displayName: row.display_name, createdAt: row.created_at }),
      ),
    rename: async (userId, name, displayName) => {
      await db
        .updateTable('server')
        .set({ display_name: displayName })
        .where('user_id', '=', userId)
        .where('name', '=', name)
        .execute()
    },
    remove: async (userId, name) => {
      await db.deleteFrom('server').where('user_id', '=', userId).where('name', '=', name).execute()
    },
  }
}
