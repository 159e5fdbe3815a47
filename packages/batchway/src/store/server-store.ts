/** The named slots of users; a session needs none, so a slot is what a user keeps between sessions. */
import type { Database } from './open.ts'

export interface ServerSlot {
  readonly userId: number
  readonly name: string
  readonly displayName: string
  readonly createdAt: number
}

export interface ServerStore {
  /** Repeating it changes nothing. */
  ensure(slot: ServerSlot): Promise<void>
  listOf(userId: number): Promise<readonly ServerSlot[]>
  rename(userId: number, name: string, displayName: string): Promise<void>
  remove(userId: number, name: string): Promise<void>
}

export function serverStore({ db }: Database): ServerStore {
  return {
    ensure: async ({ userId, name, displayName, createdAt }) => {
      await db
        .insertInto('server')
        .values({ user_id: userId, name, display_name: displayName, created_at: createdAt })
        .onConflict((on) => on.columns(['user_id', 'name']).doNothing())
        .execute()
    },
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
