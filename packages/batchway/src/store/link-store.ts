/** One-time sign-in links by the hash of their secret. */
import type { Database } from './open.ts'

export interface LinkStore {
  insert(secretHash: string, userId: number, createdAt: number, expiresAt: number): Promise<void>
  /** Look without using. @returns the user's name, or null if unknown, used or too old. */
  peek(secretHash: string, now: number): Promise<string | null>
  /** Exactly one of several simultaneous calls gets the user's id; the others get null. */
  redeem(secretHash: string, now: number): Promise<number | null>
  removeExpired(now: number): Promise<void>
}

export function linkStore({ db }: Database): LinkStore {
  return {
    insert: async (secretHash, userId, createdAt, expiresAt) => {
      await db
        .insertInto('link')
        .values({ secret_hash: secretHash, user_id: userId, created_at: createdAt, expires_at: expiresAt })
        .execute()
    },
    peek: async (secretHash, now) => {
      const row = await db
        .selectFrom('link')
        .innerJoin('user', 'user.id', 'link.user_id')
        .select('user.name as name')
        .where('link.secret_hash', '=', secretHash)
        .where('link.used_at', 'is', null)
        .where('link.expires_at', '>', now)
        .executeTakeFirst()
      return row?.name ?? null
    },
    redeem: async (secretHash, now) => {
      // One statement looks and marks, so the database decides who was first.
      const row = await db
        .updateTable('link')
        .set({ used_at: now })
        .where('secret_hash', '=', secretHash)
        .where('used_at', 'is', null)
        .where('expires_at', '>', now)
        .returning('user_id')
        .executeTakeFirst()
      return row?.user_id ?? null
    },
    removeExpired: async (now) => {
      await db.deleteFrom('link').where('expires_at', '<=', now).execute()
    },
  }
}
