/** Signed-in browsers by the hash of their cookie's secret. */
import type { SignIn } from '../people/people.ts'
import { inChunks } from './in-chunks.ts'
import type { Database } from './open.ts'

export interface FoundSignIn {
  readonly signIn: SignIn
  readonly lastSeenAt: number
}

export interface SignInStore {
  insert(secretHash: string, signIn: SignIn, from: { address: string; agent: string }): Promise<void>
  /** Expiry is the caller's to judge: only it knows the time. */
  find(secretHash: string): Promise<FoundSignIn | null>
  /** The OAuth tokens and codes that hang on it go in the same statement (foreign keys). */
  remove(id: string): Promise<void>
  /** End every sign-in of a user. */
  removeOf(userId: number): Promise<void>
  removeExpired(now: number): Promise<void>
  /** Ids of those that nobody has used since then, as far as it was written. @param since Unix milliseconds; itself counts. */
  listUnusedSince(since: number): Promise<readonly string[]>
  /** End them. One that is used while this runs stays. */
  removeUnusedSince(ids: readonly string[], since: number): Promise<void>
  /** Id → Unix milliseconds; makes no cached answer invalid. */
  touch(seen: ReadonlyMap<string, number>): Promise<void>
}

export function signInStore({ db, changes }: Database): SignInStore {
  return {
    insert: async (secretHash, signIn, { address, agent }) => {
      await db
        .insertInto('sign_in')
        .values({
          id: signIn.id,
          user_id: signIn.userId,
          secret_hash: secretHash,
          way: signIn.way,
          created_at: signIn.createdAt,
          expires_at: signIn.expiresAt,
          last_seen_at: signIn.createdAt,
          address,
          agent,
        })
        .execute()
    },
    find: async (secretHash) => {
      const row = await db.selectFrom('sign_in').selectAll().where('secret_hash', '=', secretHash).executeTakeFirst()
      if (row === undefined) return null
      return {
        signIn: { id: row.id, userId: row.user_id, way: row.way, createdAt: row.created_at, expiresAt: row.expires_at },
        lastSeenAt: row.last_seen_at,
      }
    },
    remove: async (id) => {
      await db.deleteFrom('sign_in').where('id', '=', id).execute()
      changes.bump()
    },
    removeOf: async (userId) => {
      await db.deleteFrom('sign_in').where('user_id', '=', userId).execute()
      changes.bump()
    },
    removeExpired: async (now) => {
      const { numDeletedRows } = await db.deleteFrom('sign_in').where('expires_at', '<=', now).executeTakeFirst()
      // Asked every few seconds: what is cached stays good while nothing was found.
      if (numDeletedRows > 0n) changes.bump()
    },
    listUnusedSince: async (since) => {
      const rows = await db.selectFrom('sign_in').select('id').where('last_seen_at', '<=', since).execute()
      return rows.map(({ id }) => id)
    },
    removeUnusedSince: async (ids, since) => {
      await inChunks(ids, async (chunk) => {
        await db.deleteFrom('sign_in').where('id', 'in', chunk).where('last_seen_at', '<=', since).execute()
      })
      if (ids.length > 0) changes.bump()
    },
    touch: (seen) =>
      inChunks(seen, async (chunk) => {
        await db.transaction().execute(async (tx) => {
          for (const [id, at] of chunk)
            await tx
              .updateTable('sign_in')
              .set({ last_seen_at: at })
              .where('id', '=', id)
              .where('last_seen_at', '<', at)
              .execute()
        })
      }),
  }
}
