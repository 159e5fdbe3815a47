/** Tokens and sign-ins that were removed, in the order of their removal; the database writes them down by itself (see the migration). */
import type { Database } from './open.ts'

export interface RevokedRow {
  readonly id: number
  readonly kind: 'api' | 'oauth' | 'sign-in'
  /** Id of the token or the sign-in. */
  readonly ref: string
  /** SHA-256 of the token's text, or of the sign-in's cookie. */
  readonly textHash: string
  /** The application a token was made for. */
  readonly clientId: string | null
  readonly userId: number
  /** Somebody has seen to it. */
  readonly told: boolean
}

export interface RevokedStore {
  /** @returns at most `limit`, oldest first. */
  listAfter(id: number, limit: number): Promise<readonly RevokedRow[]>
  /** @param ids at most a few thousand. */
  markTold(ids: readonly number[]): Promise<void>
  forget(upToId: number): Promise<void>
}

export function revokedStore({ db }: Database): RevokedStore {
  return {
    listAfter: async (id, limit) => {
      const rows = await db.selectFrom('revoked').selectAll().where('id', '>', id).orderBy('id').limit(limit).execute()
      return rows.map((row) => ({
        id: row.id,
        kind: row.kind,
        ref: row.ref,
        textHash: row.text_hash,
        clientId: row.client_id,
        userId: row.user_id,
        told: row.told === 1,
      }))
    },
    markTold: async (ids) => {
      if (ids.length > 0) await db.updateTable('revoked').set({ told: 1 }).where('id', 'in', ids).execute()
    },
    forget: async (upToId) => {
      await db.deleteFrom('revoked').where('id', '<=', upToId).execute()
    },
  }
}
