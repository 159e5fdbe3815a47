/** Who makes a request: from a token or a cookie to a user with fully expanded scopes. The hub's hottest path. */
import type { Stores } from '../store/stores.ts'
import type { Activity } from './activity.ts'
import { callerCache } from './caller-cache.ts'
import type { Caller, People, User } from './people.ts'
import { defaultBook, type RoleBook, scopesAskedBy, scopesOfService, scopesOfToken, scopesOfUser } from './roles.ts'
import { usersToLookUp } from './scopes.ts'
import { hashOf, isPlausible } from './secrets.ts'
import { issuedTo, type Services } from './services.ts'

export interface CallerParts {
  readonly stores: Pick<Stores, 'users' | 'tokens' | 'signIns' | 'shares' | 'changes'>
  readonly now: () => number
  readonly tokensSeen: Activity<number>
  readonly usersSeen: Activity<number>
  readonly signInsSeen: Activity<string>
  /** A sign-in unused this long is over (ms); null = only its absolute end counts. */
  readonly idleMs: number | null
  readonly book?: RoleBook
  readonly services: Services
}

const anonymous: Caller = { kind: 'anonymous' }
type TokenCaller = Extract<Caller, { kind: 'token' }>
type BrowserCaller = Extract<Caller, { kind: 'browser' }>

export function callers(parts: CallerParts): Pick<People, 'callerOfToken' | 'callerOfCookie'> {
  const { stores, now, tokensSeen, usersSeen, signInsSeen, idleMs, book = defaultBook, services } = parts
  const byToken = callerCache<TokenCaller>({ changes: stores.changes, now })
  const byCookie = callerCache<{ readonly caller: BrowserCaller; lastSeenAt: number }>({ changes: stores.changes, now })

  const byService = new Map(
    services.all.map((service): [string, Caller] => [
      service.name,
      { kind: 'service', service, scopes: scopesOfService(service.name, book) },
    ]),
  )

  /** What is remembered of a user is older than this request. */
  function seenNow(user: User): User {
    const at = usersSeen.pending(user.id)
    return at === null || at <= (user.lastActivityAt ?? 0) ? user : { ...user, lastActivityAt: at }
  }

  async function loadToken(textHash: string): Promise<TokenCaller | null> {
    const found = await stores.tokens.find(textHash)
    const user = found === null ? null : await stores.users.findById(found.token.userId)
    if (found === null || user === null) return null
    const service = issuedTo(found.token, services)
    if (service === 'gone') return null
    const shared = await stores.shares.scopesOf(user.id)
    const place = { server: found.server, service: service?.name, book, shared }
    // Groups are part of what the cache watches, so that what they decide may be remembered.
    const named = usersToLookUp(scopesAskedBy(found.token, user, place), scopesOfUser(user, book, shared))
    const groups = await stores.users.groupsOfNames([...named])
    const groupsOf = (name: string): readonly string[] => groups.get(name) ?? []
    const scopes = scopesOfToken(found.token, user, { ...place, groupsOf })
    return { kind: 'token', user, token: found.token, scopes }
  }

  async function loadCookie(secretHash: string) {
    const found = await stores.signIns.find(secretHash)
    const user = found === null ? null : await stores.users.findById(found.signIn.userId)
    if (found === null || user === null) return null
    const { signIn, lastSeenAt } = found
    const scopes = scopesOfUser(user, book, await stores.shares.scopesOf(user.id))
    const caller: BrowserCaller = { kind: 'browser', user, signIn, scopes }
    return { caller, lastSeenAt }
  }

  return {
    callerOfToken: async (text) => {
      if (!isPlausible(text)) return anonymous
      const key = hashOf(text)
      const service = services.ofToken(key)
      if (service !== null) return byService.get(service.name) ?? anonymous
      const caller = await byToken.find(key, () => loadToken(key))
      const at = now()
      // Judged at each request, remembered or not: time passes without a change in the database.
      if (caller === null || (caller.token.expiresAt !== null && caller.token.expiresAt <= at)) return anonymous
      tokensSeen.saw(caller.token.id, at)
      // A server talks by itself; that is no sign of its owner.
      if (caller.token.kind !== 'server') usersSeen.saw(caller.user.id, at)
      // Applications ask by it about their visitor, every few minutes while there is one: whoever works there is not away.
      if (caller.token.signInId !== null) signInsSeen.saw(caller.token.signInId, at)
      return { ...caller, user: seenNow(caller.user) }
    },
    callerOfCookie: async (secret) => {
      if (!isPlausible(secret)) return anonymous
      const key = hashOf(secret)
      const found = await byCookie.find(key, () => loadCookie(key))
      if (found === null) return anonymous
      const { caller } = found
      const at = now()
      const { id, expiresAt } = caller.signIn
      if (expiresAt <= at) return anonymous
      const isIdle = (): boolean =>
        idleMs !== null && at - Math.max(found.lastSeenAt, signInsSeen.pending(id) ?? 0) >= idleMs
      if (isIdle()) {
        // An application may have been used with it since, and that has been written already.
        found.lastSeenAt = (await stores.signIns.find(key))?.lastSeenAt ?? found.lastSeenAt
        if (isIdle()) return anonymous
      }
      found.lastSeenAt = at
      signInsSeen.saw(id, at)
      usersSeen.saw(caller.user.id, at)
      return { ...caller, user: seenNow(caller.user) }
    },
  }
}
