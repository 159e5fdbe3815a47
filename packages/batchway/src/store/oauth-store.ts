/** OAuth clients of servers (one each) and authorization codes by their hash. */
import type { OAuthClient } from '../people/people.ts'
import { clientColumns } from './client-columns.ts'
import type { Database } from './open.ts'

export interface OAuthCode {
  readonly clientId: string
  readonly userId: number
  readonly redirectUri: string
  readonly scopes: readonly string[]
  readonly signInId: string | null
  /** PKCE. */
  readonly challenge: string | null
}

export interface OAuthStore {
  /** A client that is there keeps its tokens, unless it changes hands: then they are removed. */
  upsertClient(client: OAuthClient): Promise<void>
  findClient(id: string): Promise<OAuthClient | null>
  /** Its codes and tokens go in the same statement (foreign keys). */
  removeClient(id: string): Promise<void>
  /** @returns false if its client, user or sign-in is no longer there. */
  insertCode(codeHash: string, code: OAuthCode, expiresAt: number): Promise<boolean>
  /** Take a code out: exactly one of several simultaneous calls gets it. An expired one is gone too, and null. */
  takeCode(codeHash: string, now: number): Promise<OAuthCode | null>
  removeExpired(now: number): Promise<void>
}

export function oauthStore({ db, dialect, changes }: Database): OAuthStore {
  return {
    upsertClient: async (client) => {
      const { id, ...values } = {
        id: client.id,
        secret_hash: client.secretHash,
        redirect_uri: client.redirectUri,
        allowed_scopes: JSON.stringify(client.allowedScopes),
        description: client.description,
        user_id: client.userId,
        server_name: client.serverName,
      }
      await db.transaction().execute(async (tx) => {
        // Names can be built so that two servers share a client id; the newcomer must not inherit the other's tokens.
        await tx
          .deleteFrom('oauth_client')
          .where('id', '=', id)
          .where((e) => e.or([e('user_id', '<>', client.userId), e('server_name', '<>', client.serverName)]))
          .execute()
        await tx
          .insertInto('oauth_client')
          .values({ id, ...values })
          .onConflict((on) => on.column('id').doUpdateSet(values))
          .execute()
      })
      changes.bump()
    },
    findClient: async (id) => {
      const row = await db.selectFrom('oauth_client').selectAll().where('id', '=', id).executeTakeFirst()
      if (row === undefined) return null
      return {
        id: row.id,
        secretHash: row.secret_hash,
        redirectUri: row.redirect_uri,
        allowedScopes: JSON.parse(row.allowed_scopes) as readonly string[],
        description: row.description,
        userId: row.user_id,
        serverName: row.server_name,
      }
    },
    removeClient: async (id) => {
      await db.deleteFrom('oauth_client').where('id', '=', id).execute()
      changes.bump()
    },
    insertCode: async (codeHash, code, expiresAt) => {
      try {
        await db
          .insertInto('oauth_code')
          .values({
            code_hash: codeHash,
            ...clientColumns(code.clientId),
            user_id: code.userId,
            redirect_uri: code.redirectUri,
            scopes: JSON.stringify(code.scopes),
            sign_in_id: code.signInId,
            challenge: code.challenge,
            expires_at: expiresAt,
          })
          .execute()
        return true
      } catch (error) {
        if (dialect.isForeignKeyViolation(error)) return false
        throw error
      }
    },
    takeCode: async (codeHash, now) => {
      const row = await db.deleteFrom('oauth_code').where('code_hash', '=', codeHash).returningAll().executeTakeFirst()
      if (row === undefined || row.expires_at <= now) return null
      return {
        clientId: row.client_id ?? row.service_client ?? '',
        userId: row.user_id,
        redirectUri: row.redirect_uri,
        scopes: JSON.parse(row.scopes) as readonly string[],
        signInId: row.sign_in_id,
        challenge: row.challenge,
      }
    },
    removeExpired: async (now) => {
      await db.deleteFrom('oauth_code').where('expires_at', '<=', now).execute()
    },
  }
}
