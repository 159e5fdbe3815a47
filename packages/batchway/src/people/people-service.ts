/** Users, sign-ins, links, tokens and OAuth grants: the one service of this room. */
import { BatchwayError } from '../core/errors.ts'
import type { Stores } from '../store/stores.ts'
import { activity } from './activity.ts'
import { administration } from './administration.ts'
import { apiTokens } from './api-tokens.ts'
import type { Audit, AuditAction } from './audit.ts'
import { callers } from './callers.ts'
import { defaultGrantRules, type GrantRules } from './grants.ts'
import type { PeopleService, SignIn, User, UserChange } from './people.ts'
import { hashOf, isPlausible, isStrongToken } from './secrets.ts'
import { noServices, type Services } from './services.ts'
import { parseUserName, toUserName } from './user-name.ts'

export interface PeopleParts {
  readonly stores: Omit<Stores, 'sessions' | 'settings' | 'servers' | 'audit' | 'revoked'>
  /** Unix milliseconds. */
  readonly now: () => number
  readonly random: (bytes: number) => Buffer
  /** Told when a name becomes known for the first time. */
  readonly audit?: Audit
}

export interface PeopleOptions {
  /** From sign-in to the end, however busy the browser is. */
  readonly signInSeconds?: number
  /** Without a request for this long the sign-in is over; null = no such limit. */
  readonly idleSeconds?: number | null
  readonly rules?: GrantRules
  /** Longest life of a token that somebody asks for; null = none. */
  readonly longestTokenSeconds?: number | null
  readonly services?: Services
}

const codeSeconds = 300

export function openPeople({ stores, now, random, audit }: PeopleParts, options: PeopleOptions = {}): PeopleService {
  const { users, signIns, links, tokens, oauth } = stores
  const {
    signInSeconds = 14 * 86_400,
    idleSeconds = null,
    rules = defaultGrantRules,
    longestTokenSeconds = null,
    services = noServices,
  } = options
  const { book } = rules
  const tokensSeen = activity<number>()
  const usersSeen = activity<number>()
  const signInsSeen = activity<string>()
  const secret = (): string => random(32).toString('base64url')
  const idleMs = idleSeconds === null ? null : idleSeconds * 1_000

  /** With what is seen but not yet written. */
  const current = (user: User): User => {
    const at = usersSeen.pending(user.id)
    return at === null || at <= (user.lastActivityAt ?? 0) ? user : { ...user, lastActivityAt: at }
  }
  const currentOrNull = (user: User | null): User | null => (user === null ? null : current(user))

  async function ensure(name: string, change?: UserChange): Promise<User> {
    const before = await users.find(name)
    const user = await users.ensure(name, now(), change)
    const tell = async (action: AuditAction, detail = ''): Promise<void> =>
      audit?.({ actor: 'system', action, object: name, detail })
    if (before === null) await tell('user-created')
    if (user.isAdmin !== (before?.isAdmin ?? false)) await tell(user.isAdmin ? 'admin-granted' : 'admin-revoked')
    const groups = user.groups.join(', ')
    if (groups !== (before?.groups ?? []).join(', ')) await tell('group-changed', groups === '' ? 'none' : groups)
    return user
  }

  /** What was seen is written late: a sign-in is idle only if nobody has been seen with it since. */
  async function purgeIdle(at: number): Promise<void> {
    if (idleMs === null) return
    const since = at - idleMs
    const isUsed = (id: string): boolean => (signInsSeen.pending(id) ?? 0) > since
    await signIns.removeUnusedSince(
      (await signIns.listUnusedSince(since)).filter((id) => !isUsed(id)),
      since,
    )
  }

  async function flush(): Promise<void> {
    await usersSeen.flush(users.touch)
    await tokensSeen.flush(tokens.touch)
    await signInsSeen.flush(signIns.touch)
  }

  return {
    ...administration({ stores, now, rules, current }),
    ...apiTokens({ stores, now, random, book, services, tokensSeen, longestSeconds: longestTokenSeconds }),
    ...callers({ stores, now, tokensSeen, usersSeen, signInsSeen, idleMs, book, services }),

    findUser: async (text) => {
      const parsed = parseUserName(text)
      return 'refused' in parsed ? null : currentOrNull(await users.find(parsed.name))
    },
    findUserById: async (id) => currentOrNull(await users.findById(id)),
    listUsers: async (limit, afterId) => (await users.list(limit, afterId)).map(current),
    countUsers: users.count,
    countUsersSince: users.countSince,
    ensureUser: async (name, change) => current(await ensure(toUserName(name), change)),
    removeUser: users.remove,
    setGroups: (userId, groups) => users.setGroups(userId, groups, now()),
    savePreferences: users.savePreferences,
    touchUser: usersSeen.saw,

    createLink: async (userName, ttlSeconds) => {
      const { id } = await ensure(toUserName(userName))
      const text = secret()
      await links.insert(hashOf(text), id, now(), now() + ttlSeconds * 1_000)
      return text
    },
    peekLink: async (text) => {
      const userName = isPlausible(text) ? await links.peek(hashOf(text), now()) : null
      return userName === null ? null : { userName }
    },
    redeemLink: async (text) => {
      const id = isPlausible(text) ? await links.redeem(hashOf(text), now()) : null
      return id === null ? null : currentOrNull(await users.findById(id))
    },

    signIn: async (user, from) => {
      const createdAt = now()
      const expiresAt = Math.min(createdAt + signInSeconds * 1_000, from.endsAt ?? Number.POSITIVE_INFINITY)
      const signIn: SignIn = { id: random(16).toString('hex'), userId: user.id, way: from.way, createdAt, expiresAt }
      const text = secret()
      await signIns.insert(hashOf(text), signIn, { address: line(from.address, 64), agent: line(from.agent, 256) })
      usersSeen.saw(user.id, createdAt)
      return { signIn, secret: text }
    },
    signOut: signIns.remove,
    signOutEverywhere: signIns.removeOf,

    insertToken: async (text, token) => {
      if (!isStrongToken(text)) throw new RangeError('a token must be random and have 32 to 512 characters')
      const inserted = await tokens.insert(hashOf(text), { ...token, createdAt: now() })
      if (inserted === null)
        throw new BatchwayError('gone', 'The sign-in or the server this token was meant for has ended.')
      return inserted
    },
    revokeTokensOfSession: tokens.removeOfSession,

    upsertClient: oauth.upsertClient,
    findClient: oauth.findClient,
    revokeClient: oauth.removeClient,
    createCode: async (code) => {
      const text = secret()
      if (!(await oauth.insertCode(hashOf(text), code, now() + codeSeconds * 1_000)))
        throw new BatchwayError(
          'gone',
          'The sign-in or the server has ended. Open the server again from the home page.',
        )
      return text
    },
    redeemCode: async (text) => (isPlausible(text) ? await oauth.takeCode(hashOf(text), now()) : null),

    flush,
    forgetServicesBut: tokens.removeOfServicesBut,
    purgeExpired: async () => {
      const at = now()
      await tokens.removeExpired(at)
      await signIns.removeExpired(at)
      await purgeIdle(at)
      await links.removeExpired(at)
      await oauth.removeExpired(at)
      await stores.shareCodes.removeExpired(at)
    },
    [Symbol.asyncDispose]: flush,
  }
}

/** Text of a stranger as one line of bounded length: it is shown on pages and in terminals. */
const line = (text: string, longest: number): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ').slice(0, longest)
