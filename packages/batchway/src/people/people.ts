/**
 * Who someone is and what they may do. The words of this room, and the one service that other rooms call.
 */

import type { Administration } from './administration.ts'
import type { ApiTokens } from './api-tokens.ts'
import type { Service } from './services.ts'

/** Facts from whoever vouches for the person: name → texts. Untrusted text, whoever sent it. */
export type Claims = Readonly<Record<string, readonly string[]>>

export interface User {
  readonly id: number
  readonly name: string
  readonly isAdmin: boolean
  readonly groups: readonly string[]
  readonly createdAt: number
  readonly lastActivityAt: number | null
  readonly preferences: Preferences
  /** What the last sign-in told of the person; absent: nothing. */
  readonly claims?: Claims
}

/** People under one name: from sign-ins, made by hand, or both. */
export interface Group {
  readonly id: number
  readonly name: string
  /** Whatever the site's services keep here; the gateway does not read it. */
  readonly properties: Readonly<Record<string, unknown>>
}

/** What is to be true of a user; what is left out stays as it is. */
export interface UserChange {
  readonly isAdmin?: boolean
  /** Replaces the groups the user is in. */
  readonly groups?: readonly string[]
  readonly claims?: Claims
}

export interface Preferences {
  readonly theme: 'system' | 'light' | 'dark'
  readonly contrast: 'normal' | 'more'
  /** The last choice in the launch form: profile key and the fields as the user gave them. */
  readonly lastChoice: { readonly profile: string; readonly fields: Readonly<Record<string, string>> } | null
}

/** One signed-in browser. `id` is the value of the `jupyterhub-session-id` cookie; the login cookie's secret is kept hashed. */
export interface SignIn {
  readonly id: string
  readonly userId: number
  /** By which way: `Login.id`, or `link`. */
  readonly way: string
  readonly createdAt: number
  readonly expiresAt: number
}

export interface SignInOrigin {
  readonly way: string
  readonly address: string
  readonly agent: string
  /** When the provider ceases to vouch for the person (Unix milliseconds): the sign-in ends then at the latest. */
  readonly endsAt: number | null
}

export interface Token {
  readonly id: number
  readonly kind: 'api' | 'server' | 'oauth'
  readonly userId: number
  readonly scopes: readonly string[]
  readonly note: string
  /** The OAuth client it was issued to, for `oauth`: a server's, or a service's (`isServiceClientId`). */
  readonly clientId: string | null
  /** The sign-in it depends on, for `oauth`: signing out revokes it. */
  readonly signInId: string | null
  /** The batch session it belongs to, for `server`. */
  readonly sessionId: string | null
  readonly createdAt: number
  readonly lastActivityAt: number | null
  readonly expiresAt: number | null
}

/** Who makes a request. `scopes` are fully expanded, in JupyterHub's notation (`access:servers!server=alice/`). */
export type Caller =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'browser'; readonly user: User; readonly signIn: SignIn; readonly scopes: ReadonlySet<string> }
  | { readonly kind: 'token'; readonly user: User; readonly token: Token; readonly scopes: ReadonlySet<string> }
  /** A service by its own token: it acts for itself, and for no user. */
  | { readonly kind: 'service'; readonly service: Service; readonly scopes: ReadonlySet<string> }

/** Callers that are a person, or act for one. */
export type PersonCaller = Extract<Caller, { user: User }>

export interface OAuthClient {
  /** `jupyterhub-user-alice` or `jupyterhub-user-alice~lab`, for a server. */
  readonly id: string
  readonly secretHash: string
  readonly redirectUri: string
  readonly allowedScopes: readonly string[]
  readonly description: string
  /** The server it belongs to. */
  readonly userId: number
  readonly serverName: string
}

export interface People {
  findUser(name: string): Promise<User | null>
  findUserById(id: number): Promise<User | null>
  /** Find or create. @throws {BatchwayError} `invalid_choice` for a name that is not allowed (see `user-name.ts`). */
  ensureUser(name: string, change?: UserChange): Promise<User>
  savePreferences(userId: number, change: Partial<Preferences>): Promise<void>

  /** Make a one-time sign-in link's secret (shown once). @param ttlSeconds how long it can be used. */
  createLink(userName: string, ttlSeconds: number): Promise<string>
  /** Look at a link without using it (link previews must not burn it). @returns null if unknown, used or too old. */
  peekLink(secret: string): Promise<{ userName: string } | null>
  /** Use a link: exactly one of several simultaneous calls wins. @returns null for the others. */
  redeemLink(secret: string): Promise<User | null>

  /** Start a browser's sign-in. @returns the cookie secret, shown once. */
  signIn(user: User, from: SignInOrigin): Promise<{ signIn: SignIn; secret: string }>
  /** Revoke the sign-in and every OAuth token that hangs on it. */
  signOut(signInId: string): Promise<void>
  /** @returns anonymous if the secret is unknown or expired. */
  callerOfCookie(secret: string): Promise<Caller>
  /** `server` and `oauth` tokens of ended sessions are unknown. @returns anonymous if unknown or expired. */
  callerOfToken(token: string): Promise<Caller>

  /** Register a token whose text the caller already knows (derived or generated). */
  insertToken(text: string, token: Omit<Token, 'id' | 'createdAt' | 'lastActivityAt'>): Promise<Token>
  revokeTokensOfSession(sessionId: string): Promise<void>
  /** Tokens issued to a client go with it. */
  revokeClient(clientId: string): Promise<void>
  upsertClient(client: OAuthClient): Promise<void>
  findClient(id: string): Promise<OAuthClient | null>
  /** @returns the code, shown once; valid for 300 s and one use. */
  createCode(code: {
    clientId: string
    userId: number
    redirectUri: string
    scopes: readonly string[]
    signInId: string | null
    challenge: string | null
  }): Promise<string>
  /** Use a code: exactly one of several simultaneous calls wins. */
  redeemCode(code: string): Promise<{
    clientId: string
    userId: number
    redirectUri: string
    scopes: readonly string[]
    signInId: string | null
    challenge: string | null
  } | null>
}

/** What only administration, the token page and the composition root ask. */
export interface PeopleService extends People, Administration, ApiTokens, AsyncDisposable {
  /** In the order of ids, after `afterId`. */
  listUsers(limit: number, afterId?: number): Promise<readonly User[]>
  countUsers(): Promise<number>
  /** Users whose activity, as far as it is written down, is not older than `since` (Unix ms). */
  countUsersSince(since: number): Promise<number>
  /** Tokens, sign-ins and links go with the user; the history of sessions stays. */
  removeUser(userId: number): Promise<void>
  setGroups(userId: number, groups: readonly string[]): Promise<void>
  /** Kept in memory until `flush`; only moves forward. */
  touchUser(userId: number, at: number): void

  /** Every browser of the user, and the OAuth tokens that hang on them. */
  signOutEverywhere(userId: number): Promise<void>

  /** Write down activity: who was seen when. To be called every few seconds; disposal does it too. */
  flush(): Promise<void>
  /** Remove what was issued to services that are no more. @param clientIds of those that are. */
  forgetServicesBut(clientIds: readonly string[]): Promise<void>
  /** Delete what has expired. To be called now and then. */
  purgeExpired(): Promise<void>
}
