/** Tokens by the hash of their text. */
import type { Selectable } from 'kysely'
import type { Token } from '../people/people.ts'
import { clientColumns } from './client-columns.ts'
import { inChunks } from './in-chunks.ts'
import type { Database } from './open.ts'
import type { Schema } from './schema.ts'

/** A token with the server it speaks for (`server`) or was issued to (`oauth`), if any. */
export interface FoundToken {
  readonly token: Token
  readonly server: { readonly userName: string; readonly serverName: string } | null
  /** What its OAuth client says of itself; null without a client. */
  readonly application: string | null
}

export interface TokenStore {
  /**
   * Repeating an insert of the same text for the same owner and purpose replaces what it may do, and keeps its id.
   * @returns null if its client or sign-in is no longer there, or the text is taken by another owner or purpose.
   */
  insert(textHash: string, token: Omit<Token, 'id' | 'lastActivityAt'>): Promise<Token | null>
  /** Tokens of ended sessions are not found. Expiry is the caller's to judge: only it knows the time. */
  find(textHash: string): Promise<FoundToken | null>
  /** In the order of ids; those of ended sessions left out. */
  listOf(userId: number): Promise<readonly FoundToken[]>
  /** One issued to a client goes with all that this client has of the user. @returns false if this user has no such token. */
  remove(userId: number, id: number): Promise<boolean>
  removeOfSession(sessionId: string): Promise<void>
  removeExpired(now: number): Promise<void>
  /** Tokens of services other than those with these client ids. */
  removeOfServicesBut(clientIds: readonly string[]): Promise<void>
  /** Id → Unix milliseconds; only moves forward, and makes no cached answer invalid. */
  touch(activity: ReadonlyMap<number, number>): Promise<void>
}

export function tokenStore({ db, dialect, changes }: Database): TokenStore {
  const living = () =>
    db
      .selectFrom('token')
      .leftJoin('session', 'session.id', 'token.session_id')
      .leftJoin('oauth_client', 'oauth_client.id', 'token.client_id')
      .leftJoin('user as host', 'host.id', 'oauth_client.user_id')
      .selectAll('token')
      .select(['session.user_name as sessionUser', 'session.server_name as sessionServer'])
      .select(['host.name as clientUser', 'oauth_client.server_name as clientServer'])
      .select(['oauth_client.id as clientId', 'oauth_client.description as clientWords'])
      .where((e) => e.or([e('session.state', 'is', null), e('session.state', '<>', 'ended')]))
  type LivingRow = Awaited<ReturnType<ReturnType<typeof living>['executeTakeFirstOrThrow']>>
  const toFound = (row: LivingRow): FoundToken => ({
    token: toToken(row),
    server: toServer(row.clientUser, row.clientServer) ?? toServer(row.sessionUser, row.sessionServer),
    application: row.clientWords === '' ? row.clientId : row.clientWords,
  })
  return {
    insert: async (textHash, token) => {
      const values = {
        text_hash: textHash,
        kind: token.kind,
        user_id: token.userId,
        scopes: JSON.stringify(token.scopes),
        note: token.note,
        ...clientColumns(token.clientId),
        sign_in_id: token.signInId,
        session_id: token.sessionId,
        created_at: token.createdAt,
        expires_at: token.expiresAt,
      }
      try {
        const row = await db
          .insertInto('token')
          .values(values)
          .onConflict((on) =>
            on
              .column('text_hash')
              .doUpdateSet({ scopes: values.scopes, note: values.note, expires_at: values.expires_at })
              .where('token.user_id', '=', token.userId)
              .where('token.kind', '=', token.kind)
              .where((e) => sameText(e, 'token.client_id', values.client_id))
              .where((e) => sameText(e, 'token.service_client', values.service_client))
              .where((e) => sameText(e, 'token.sign_in_id', token.signInId))
              .where((e) => sameText(e, 'token.session_id', token.sessionId)),
          )
          .returningAll()
          .executeTakeFirst()
        changes.bump()
        return row === undefined ? null : toToken(row)
      } catch (error) {
        if (dialect.isForeignKeyViolation(error)) return null
        throw error
      }
    },
    find: async (textHash) => {
      const row = await living().where('text_hash', '=', textHash).executeTakeFirst()
      return row === undefined ? null : toFound(row)
    },
    listOf: async (userId) =>
      (await living().where('token.user_id', '=', userId).orderBy('token.id').execute()).map(toFound),
    remove: async (userId, id) => {
      const own = db.selectFrom('token').where('id', '=', id).where('user_id', '=', userId)
      const { numDeletedRows } = await db
        .deleteFrom('token')
        .where('user_id', '=', userId)
        .where((e) =>
          e.or([
            e('id', '=', id),
            e('client_id', '=', own.select('client_id')),
            e('service_client', '=', own.select('service_client')),
          ]),
        )
        .executeTakeFirst()
      changes.bump()
      return numDeletedRows > 0n
    },
    removeOfSession: async (sessionId) => {
      await db.deleteFrom('token').where('session_id', '=', sessionId).execute()
      changes.bump()
    },
    removeExpired: async (now) => {
      const { numDeletedRows } = await db.deleteFrom('token').where('expires_at', '<=', now).executeTakeFirst()
      // Asked every few seconds: what is cached stays good while nothing was found.
      if (numDeletedRows > 0n) changes.bump()
    },
    removeOfServicesBut: async (clientIds) => {
      const { numDeletedRows } = await db
        .deleteFrom('token')
        .where('service_client', 'is not', null)
        .$if(clientIds.length > 0, (query) => query.where('service_client', 'not in', clientIds))
        .executeTakeFirst()
      if (numDeletedRows > 0n) changes.bump()
    },
    touch: (activity) =>
      inChunks(activity, async (chunk) => {
        await db.transaction().execute(async (tx) => {
          for (const [id, at] of chunk)
            await tx
              .updateTable('token')
              .set({ last_activity_at: at })
              .where('id', '=', id)
              .where((e) => e.or([e('last_activity_at', 'is', null), e('last_activity_at', '<', at)]))
              .execute()
        })
      }),
  }
}

type Where = import('kysely').ExpressionBuilder<Schema, 'token'>
const sameText = (
  e: Where,
  column: 'token.client_id' | 'token.service_client' | 'token.sign_in_id' | 'token.session_id',
  value: string | null,
) => (value === null ? e(column, 'is', null) : e(column, '=', value))

const toServer = (userName: string | null, serverName: string | null): FoundToken['server'] =>
  userName === null || serverName === null ? null : { userName, serverName }

const toToken = (row: Selectable<Schema['token']>): Token => ({
  id: row.id,
  kind: row.kind,
  userId: row.user_id,
  scopes: JSON.parse(row.scopes) as readonly string[],
  note: row.note,
  clientId: row.client_id ?? row.service_client,
  signInId: row.sign_in_id,
  sessionId: row.session_id,
  createdAt: row.created_at,
  lastActivityAt: row.last_activity_at,
  expiresAt: row.expires_at,
})
