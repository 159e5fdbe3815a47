/** Who may use whose server. Scopes are kept without their filter: it is the server of the row, whatever it is called today. */
import type { Selectable } from 'kysely'
import type { Database } from './open.ts'
import type { Schema, Tx } from './schema.ts'

/** A server, by its owner and name. */
export interface ServerKey {
  readonly ownerId: number
  readonly serverName: string
}

export type ShareTarget = { readonly kind: 'user' | 'group'; readonly id: number }

export interface Share extends ServerKey {
  readonly id: number
  readonly ownerName: string
  readonly to: ShareTarget & { readonly name: string }
  /** Names of scopes, sorted. */
  readonly scopes: readonly string[]
  readonly createdAt: number
}

export type ShareQuery =
  | { readonly of: 'owner'; readonly ownerId: number; readonly serverName?: string | undefined }
  /** Shares with the groups the user is in are among them. */
  | { readonly of: 'user'; readonly userId: number }
  | { readonly of: 'group'; readonly groupId: number }

export interface PageOf {
  readonly offset: number
  readonly limit: number
}

export interface ShareStore {
  /** Adds to what was given before. @returns null if server, owner or target are no more. */
  grant(server: ServerKey, to: ShareTarget, scopes: readonly string[], at: number): Promise<Share | null>
  /** @param scopes null: all. @returns what is left, or null. */
  revoke(server: ServerKey, to: ShareTarget, scopes: readonly string[] | null): Promise<Share | null>
  /** @returns how many. */
  removeAll(server: ServerKey): Promise<number>
  find(server: ServerKey, to: ShareTarget): Promise<Share | null>
  /** In the order of ids. */
  list(query: ShareQuery, page: PageOf): Promise<{ readonly items: readonly Share[]; readonly total: number }>
  /** What others gave to a user or to a group of theirs: scopes with their filter. */
  scopesOf(userId: number): Promise<readonly string[]>
}

export function shareStore({ db, dialect, changes }: Database): ShareStore {
  const shares = (from: Pick<Tx, 'selectFrom'> = db) =>
    from
      .selectFrom('share')
      .innerJoin('user as owner', 'owner.id', 'share.owner_id')
      .leftJoin('user as guest', 'guest.id', 'share.user_id')
      .leftJoin('user_group', 'user_group.id', 'share.group_id')
      .selectAll('share')
      .select(['owner.name as ownerName', 'guest.name as guestName', 'user_group.name as groupName'])
  const column = (to: ShareTarget) => (to.kind === 'user' ? 'share.user_id' : 'share.group_id')
  const one = (from: Pick<Tx, 'selectFrom'>, { ownerId, serverName }: ServerKey, to: ShareTarget) =>
    shares(from)
      .where('share.owner_id', '=', ownerId)
      .where('share.server_name', '=', serverName)
      .where(column(to), '=', to.id)
      .executeTakeFirst()

  /** Whoever removes the server meanwhile waits, and takes the share with it. */
  async function serverIsKept(tx: Tx, { ownerId, serverName }: ServerKey): Promise<boolean> {
    if (serverName === '') return true
    const row = await tx
      .selectFrom('server')
      .select('name')
      .where('user_id', '=', ownerId)
      .where('name', '=', serverName)
      .$if(dialect.rowLocks, (query) => query.forUpdate())
      .executeTakeFirst()
    return row !== undefined
  }

  const insert = (tx: Tx, { ownerId, serverName }: ServerKey, to: ShareTarget, scopes: readonly string[], at: number) =>
    tx
      .insertInto('share')
      .values({
        owner_id: ownerId,
        server_name: serverName,
        user_id: to.kind === 'user' ? to.id : null,
        group_id: to.kind === 'group' ? to.id : null,
        scopes: toText(scopes),
        created_at: at,
      })
      .execute()

  return {
    async grant(server, to, scopes, at) {
      try {
        const row = await db.transaction().execute(async (tx) => {
          // Two grants at once: the second adds to the first.
          await lockOwner(tx, dialect.rowLocks, server.ownerId)
          if (!(await serverIsKept(tx, server))) return undefined
          const before = await one(tx, server, to)
          if (before === undefined) await insert(tx, server, to, scopes, at)
          else
            await tx
              .updateTable('share')
              .set({ scopes: toText([...scopesIn(before.scopes), ...scopes]) })
              .where('id', '=', before.id)
              .execute()
          return await one(tx, server, to)
        })
        changes.bump()
        return row === undefined ? null : toShare(row)
      } catch (error) {
        if (dialect.isForeignKeyViolation(error)) return null
        throw error
      }
    },
    async revoke(server, to, scopes) {
      const row = await db.transaction().execute(async (tx) => {
        await lockOwner(tx, dialect.rowLocks, server.ownerId)
        const before = await one(tx, server, to)
        if (before === undefined) return undefined
        const left = scopes === null ? [] : scopesIn(before.scopes).filter((each) => !scopes.includes(each))
        if (scopes !== null && left.length === scopesIn(before.scopes).length) return before
        // Made anew rather than changed: what is deleted ends what was built upon it.
        await tx.deleteFrom('share').where('id', '=', before.id).execute()
        if (left.length > 0) await insert(tx, server, to, left, before.created_at)
        return await one(tx, server, to)
      })
      changes.bump()
      return row === undefined ? null : toShare(row)
    },
    async removeAll({ ownerId, serverName }) {
      const { numDeletedRows } = await db
        .deleteFrom('share')
        .where('owner_id', '=', ownerId)
        .where('server_name', '=', serverName)
        .executeTakeFirst()
      changes.bump()
      return Number(numDeletedRows)
    },
    async find(server, to) {
      const row = await one(db, server, to)
      return row === undefined ? null : toShare(row)
    },
    async list(query, { offset, limit }) {
      const meant = shares().where((e) => {
        if (query.of === 'group') return e('share.group_id', '=', query.groupId)
        if (query.of === 'user')
          return e.or([
            e('share.user_id', '=', query.userId),
            e(
              'share.group_id',
              'in',
              e.selectFrom('membership').select('membership.group_id').where('membership.user_id', '=', query.userId),
            ),
          ])
        const own = e('share.owner_id', '=', query.ownerId)
        return query.serverName === undefined ? own : e.and([own, e('share.server_name', '=', query.serverName)])
      })
      const rows = await meant.orderBy('share.id').offset(offset).limit(limit).execute()
      const { total } = await meant
        .clearSelect()
        .select((e) => e.fn.countAll<number>().as('total'))
        .executeTakeFirstOrThrow()
      return { items: rows.map(toShare), total }
    },
    async scopesOf(userId) {
      const rows = await db
        .selectFrom('share')
        .innerJoin('user as owner', 'owner.id', 'share.owner_id')
        .select(['owner.name as owner', 'share.server_name as server', 'share.scopes as scopes'])
        .where((e) =>
          e.or([
            e('share.user_id', '=', userId),
            e('share.group_id', 'in', e.selectFrom('membership').select('group_id').where('user_id', '=', userId)),
          ]),
        )
        .orderBy('share.id')
        .execute()
      return rows.flatMap(({ owner, server, scopes }) =>
        scopesIn(scopes).map((scope) => `${scope}!server=${owner}/${server}`),
      )
    },
  }
}

/** Two changes of one owner's shares come one after the other. */
export async function lockOwner(tx: Tx, hasRowLocks: boolean, ownerId: number): Promise<void> {
  await tx
    .selectFrom('user')
    .select('id')
    .where('id', '=', ownerId)
    .$if(hasRowLocks, (query) => query.forUpdate())
    .execute()
}

export const scopesIn = (text: string): readonly string[] => JSON.parse(text) as readonly string[]
export const toText = (scopes: readonly string[]): string => JSON.stringify([...new Set(scopes)].sort())

interface ShareRow extends Selectable<Schema['share']> {
  readonly ownerName: string
  readonly guestName: string | null
  readonly groupName: string | null
}

const toShare = (row: ShareRow): Share => ({
  id: row.id,
  ownerId: row.owner_id,
  ownerName: row.ownerName,
  serverName: row.server_name,
  to:
    row.user_id === null
      ? { kind: 'group', id: row.group_id ?? 0, name: row.groupName ?? '' }
      : { kind: 'user', id: row.user_id, name: row.guestName ?? '' },
  scopes: scopesIn(row.scopes),
  createdAt: row.created_at,
})
