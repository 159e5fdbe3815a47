/** What ways to sign in keep with sign-ins: sealed before it comes here. Goes with the sign-in (foreign keys). */
import type { Database } from './open.ts'

export interface KeptRow {
  readonly signInId: string
  readonly userId: number
  readonly sealed: string
  readonly askedAt: number
}

export interface KeptSignInStore {
  insert(
    signInId: string,
    kept: { way: string; sealed: string; handleHashes: readonly string[] },
    at: number,
  ): Promise<void>
  find(signInId: string): Promise<{ readonly way: string; readonly sealed: string } | null>
  /** Those of a way that were asked about before `before`, the oldest first. */
  due(way: string, before: number, limit: number): Promise<readonly KeptRow[]>
  /** Take it upon oneself to ask. @returns false if another hub did, or the sign-in has ended. */
  claim(signInId: string, askedAt: number, now: number): Promise<boolean>
  replace(signInId: string, sealed: string): Promise<void>
  /** Ask again earlier, or later. */
  setAskedAt(signInId: string, at: number): Promise<void>
  /** Sign-ins of a way that have this handle. */
  findByHandle(
    way: string,
    handleHash: string,
  ): Promise<readonly { readonly signInId: string; readonly userId: number }[]>
}

export function keptSignInStore({ db }: Database): KeptSignInStore {
  return {
    insert: (signInId, { way, sealed, handleHashes }, at) =>
      db.transaction().execute(async (tx) => {
        await tx.insertInto('kept_sign_in').values({ sign_in_id: signInId, way, sealed, asked_at: at }).execute()
        const rows = [...new Set(handleHashes)].map((hash) => ({ sign_in_id: signInId, way, handle_hash: hash }))
        if (rows.length > 0) await tx.insertInto('sign_in_handle').values(rows).execute()
      }),
    find: async (signInId) => {
      const row = await db
        .selectFrom('kept_sign_in')
        .select(['way', 'sealed'])
        .where('sign_in_id', '=', signInId)
        .executeTakeFirst()
      return row === undefined ? null : { way: row.way, sealed: row.sealed }
    },
    due: async (way, before, limit) => {
      const rows = await db
        .selectFrom('kept_sign_in')
        .innerJoin('sign_in', 'sign_in.id', 'kept_sign_in.sign_in_id')
        .select(['sign_in_id', 'sealed', 'asked_at', 'sign_in.user_id as user_id'])
        .where('kept_sign_in.way', '=', way)
        .where('asked_at', '<', before)
        .orderBy('asked_at')
        .limit(limit)
        .execute()
      return rows.map((row) => ({
        signInId: row.sign_in_id,
        userId: row.user_id,
        sealed: row.sealed,
        askedAt: row.asked_at,
      }))
    },
    claim: async (signInId, askedAt, now) => {
      const { numUpdatedRows } = await db
        .updateTable('kept_sign_in')
        .set({ asked_at: now })
        .where('sign_in_id', '=', signInId)
        .where('asked_at', '=', askedAt)
        .executeTakeFirst()
      return numUpdatedRows === 1n
    },
    replace: async (signInId, sealed) => {
      await db.updateTable('kept_sign_in').set({ sealed }).where('sign_in_id', '=', signInId).execute()
    },
    setAskedAt: async (signInId, at) => {
      await db.updateTable('kept_sign_in').set({ asked_at: at }).where('sign_in_id', '=', signInId).execute()
    },
    findByHandle: async (way, handleHash) => {
      const rows = await db
        .selectFrom('sign_in_handle')
        .innerJoin('sign_in', 'sign_in.id', 'sign_in_handle.sign_in_id')
        .select(['sign_in_id', 'sign_in.user_id as user_id'])
        .where('sign_in_handle.way', '=', way)
        .where('handle_hash', '=', handleHash)
        .execute()
      return rows.map((row) => ({ signInId: row.sign_in_id, userId: row.user_id }))
    },
  }
}
