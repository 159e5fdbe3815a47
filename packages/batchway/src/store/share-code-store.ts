/** Codes that whoever has one may exchange for access to a server, by the hash of their text. Many may, until it expires. */
import type { Selectable } from 'kysely'
import type { Database } from './open.ts'
import type { Schema } from './schema.ts'
import { lockOwner, type PageOf, type ServerKey, scopesIn, toText } from './share-store.ts'

export interface ShareCode extends ServerKey {
  readonly id: number
  readonly ownerName: string
  /** Names of scopes, sorted. */
  readonly scopes: readonly string[]
  readonly createdAt: number
  readonly expiresAt: number
  readonly exchangeCount: number
  readonly lastExchangedAt: number | null
}

export interface NewShareCode extends ServerKey {
  readonly codeHash: string
  readonly scopes: readonly string[]
  readonly createdAt: number
  readonly expiresAt: number
}

export interface ShareCodeStore {
  /** @param most living codes of one server. @returns `missing` if the server is no more. */
  insert(code: NewShareCode, most: number): Promise<ShareCode | 'full' | 'missing'>
  /** Those that have not expired, in the order of ids. @param serverName undefined: of all servers. */
  list(
    ownerId: number,
    serverName: string | undefined,
    now: number,
    page: PageOf,
  ): Promise<{ readonly items: readonly ShareCode[]; readonly total: number }>
  /** @returns null if unknown or expired. */
  find(codeHash: string, now: number): Promise<ShareCode | null>
  /** Note that somebody has exchanged it. @returns false if it is no more. */
  countExchange(id: number, now: number): Promise<boolean>
  /** @param which all of the server's if neither is given. @returns how many. */
  remove(
    server: ServerKey,
    which: { readonly id?: number | undefined; readonly codeHash?: string | undefined },
  ): Promise<number>
  removeExpired(now: number): Promise<void>
}

export function shareCodeStore({ db, dialect }: Database): ShareCodeStore {
  const codes = () =>
    db
      .selectFrom('share_code')
      .innerJoin('user as owner', 'owner.id', 'share_code.owner_id')
      .selectAll('share_code')
      .select('owner.name as ownerName')

  return {
    async insert({ ownerId, serverName, codeHash, scopes, createdAt, expiresAt }, most) {
      const id = await db.transaction().execute(async (tx) => {
        await lockOwner(tx, dialect.rowLocks, ownerId)
        const owner = await tx.selectFrom('user').select('id').where('id', '=', ownerId).executeTakeFirst()
        const server =
          serverName === '' ||
          (await tx
            .selectFrom('server')
            .select('name')
            .where('user_id', '=', ownerId)
            .where('name', '=', serverName)
            .$if(dialect.rowLocks, (query) => query.forUpdate())
            .executeTakeFirst())
        if (!owner || !server) return 'missing'
        const { count } = await tx
          .selectFrom('share_code')
          .select((e) => e.fn.countAll<number>().as('count'))
          .where('owner_id', '=', ownerId)
          .where('server_name', '=', serverName)
          .where('expires_at', '>', createdAt)
          .executeTakeFirstOrThrow()
        if (count >= most) return 'full'
        const row = await tx
          .insertInto('share_code')
          .values({
            owner_id: ownerId,
            server_name: serverName,
            code_hash: codeHash,
            scopes: toText(scopes),
            created_at: createdAt,
            expires_at: expiresAt,
          })
          .returning('id')
          .executeTakeFirstOrThrow()
        return row.id
      })
      if (typeof id === 'string') return id
      const row = await codes().where('share_code.id', '=', id).executeTakeFirst()
      return row === undefined ? 'missing' : toCode(row)
    },
    async list(ownerId, serverName, now, { offset, limit }) {
      const meant = codes()
        .where('share_code.owner_id', '=', ownerId)
        .where('share_code.expires_at', '>', now)
        .$if(serverName !== undefined, (query) => query.where('share_code.server_name', '=', serverName ?? ''))
      const rows = await meant.orderBy('share_code.id').offset(offset).limit(limit).execute()
      const { total } = await meant
        .clearSelect()
        .select((e) => e.fn.countAll<number>().as('total'))
        .executeTakeFirstOrThrow()
      return { items: rows.map(toCode), total }
    },
    async find(codeHash, now) {
      const row = await codes().where('code_hash', '=', codeHash).where('expires_at', '>', now).executeTakeFirst()
      return row === undefined ? null : toCode(row)
    },
    async countExchange(id, now) {
      const { numUpdatedRows } = await db
        .updateTable('share_code')
        .set((e) => ({ exchange_count: e('exchange_count', '+', 1), last_exchanged_at: now }))
        .where('id', '=', id)
        .where('expires_at', '>', now)
        .executeTakeFirst()
      return numUpdatedRows === 1n
    },
    async remove({ ownerId, serverName }, { id, codeHash }) {
      const { numDeletedRows } = await db
        .deleteFrom('share_code')
        .where('owner_id', '=', ownerId)
        .where('server_name', '=', serverName)
        .$if(id !== undefined, (query) => query.where('id', '=', id ?? 0))
        .$if(codeHash !== undefined, (query) => query.where('code_hash', '=', codeHash ?? ''))
        .executeTakeFirst()
      return Number(numDeletedRows)
    },
    async removeExpired(now) {
      await db.deleteFrom('share_code').where('expires_at', '<=', now).execute()
    },
  }
}

const toCode = (row: Selectable<Schema['share_code']> & { readonly ownerName: string }): ShareCode => ({
  id: row.id,
  ownerId: row.owner_id,
  ownerName: row.ownerName,
  serverName: row.server_name,
  scopes: scopesIn(row.scopes),
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  exchangeCount: row.exchange_count,
  lastExchangedAt: row.last_exchanged_at,
})
