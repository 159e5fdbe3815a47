/** Tokens that people and services use: made within what owner and requester hold, listed with what they may do now, taken back. */
import { BatchwayError } from '../core/errors.ts'
import type { Stores } from '../store/stores.ts'
import type { FoundToken } from '../store/token-store.ts'
import type { Activity } from './activity.ts'
import type { Token, User } from './people.ts'
import { type RoleBook, scopesAskedBy, scopesOfToken, scopesOfUser } from './roles.ts'
import { coversScopeText, expandScopes, type GroupsOf, isScopeText, usersToLookUp } from './scopes.ts'
import { hashOf } from './secrets.ts'
import { issuedTo, type Services } from './services.ts'

export interface TokenRequest {
  /** Null = everything the owner may do, now and later. */
  readonly scopes: readonly string[] | null
  /** Names of roles: what they hold now. Not together with scopes. */
  readonly roles?: readonly string[] | null
  readonly note: string
  /** Unix milliseconds; null = as long as tokens may live here. */
  readonly expiresAt: number | null
  /**
   * Write down what `inherit` stands for today, so that the token does not grow with its owner: for requesters who hold everything now
   * and may not hold what the owner gets tomorrow.
   */
  readonly isFixed?: boolean
}

export interface DescribedToken {
  readonly token: Token
  /** What it may do at this moment, sorted. */
  readonly scopes: readonly string[]
  /** The application it was issued to, in words; null for a token that was asked for by itself. */
  readonly application: string | null
}

export interface ApiTokens {
  /**
   * Make a token with a random text (shown once).
   * @param grantedBy what the requester holds: nobody hands on what they do not hold.
   * @throws {BatchwayError} `bad_request` for unknown scopes, scopes that owner or requester do not hold, and a life that is too long.
   */
  createToken(
    owner: User,
    request: TokenRequest,
    grantedBy: ReadonlySet<string>,
  ): Promise<{ readonly token: Token; readonly text: string }>
  /** Those that count now, the one used longest ago first. */
  describeTokens(owner: User): Promise<readonly DescribedToken[]>
  /** One that was issued to an application goes with all that this application has of the user. @returns false if there is none. */
  revokeToken(userId: number, tokenId: number): Promise<boolean>
}

export interface ApiTokenParts {
  readonly stores: Pick<Stores, 'tokens' | 'users' | 'shares'>
  readonly now: () => number
  readonly random: (bytes: number) => Buffer
  readonly book: RoleBook
  readonly services: Services
  readonly tokensSeen: Activity<number>
  /** Null = tokens may live for ever. */
  readonly longestSeconds: number | null
}

export function apiTokens({
  stores,
  now,
  random,
  book,
  services,
  tokensSeen,
  longestSeconds,
}: ApiTokenParts): ApiTokens {
  const { tokens, users, shares } = stores

  async function groupsFor(...sets: readonly ReadonlySet<string>[]): Promise<GroupsOf> {
    const groups = await users.groupsOfNames([...usersToLookUp(...sets)])
    return (name) => groups.get(name) ?? []
  }

  /** Nobody gets by a token what they do not hold, and nobody hands on what they do not hold. */
  async function checkScopes(
    owner: User,
    asked: readonly string[],
    held: ReadonlySet<string>,
    grantedBy: ReadonlySet<string>,
  ): Promise<void> {
    const unknown = asked.find((text) => !isScopeText(text, book.customScopes))
    if (unknown !== undefined) throw refused(`There is no scope ${quote(unknown)}.`)
    const expanded = expandScopes(asked, { userName: owner.name }, held, book.customScopes)
    const groupsOf = await groupsFor(expanded, held, grantedBy)
    for (const each of expanded) {
      if (!coversScopeText(held, each, groupsOf)) throw refused(`${owner.name} does not hold the scope ${quote(each)}.`)
      if (!coversScopeText(grantedBy, each, groupsOf))
        throw refused(`You do not hold the scope ${quote(each)}, so you cannot hand it on.`)
    }
  }

  function scopesOfRequest(
    held: ReadonlySet<string>,
    { scopes, roles = null, isFixed = false }: TokenRequest,
  ): readonly string[] {
    if (scopes !== null && roles !== null) throw refused('Write scopes or roles, not both.')
    const names = scopes === null ? (roles ?? ['token']) : []
    const asked = [
      ...(scopes ?? []),
      ...names.flatMap((name) => {
        const role = book.roles.get(name)
        if (role === undefined) throw refused(`There is no role ${quote(name)}.`)
        return role.scopes
      }),
    ]
    if (!isFixed || !asked.includes('inherit')) return asked
    return [...asked.filter((text) => text !== 'inherit'), ...held]
  }

  /** @returns the end of its life, as long as may be if nothing was asked. */
  function endOf(asked: number | null): number | null {
    const latest = longestSeconds === null ? null : now() + longestSeconds * 1_000
    if (asked !== null && asked <= now()) throw new BatchwayError('bad_request', 'A token must live a while.')
    if (latest !== null && asked !== null && asked > latest)
      throw new BatchwayError('bad_request', `Tokens live for ${longestSeconds} seconds at most here.`)
    return asked ?? latest
  }

  async function describe(owner: User, { token, server, application }: FoundToken): Promise<DescribedToken> {
    const service = issuedTo(token, services)
    const shared = await shares.scopesOf(owner.id)
    const place = { server, service: service === 'gone' ? undefined : service?.name, book, shared }
    const groupsOf = await groupsFor(scopesAskedBy(token, owner, place), scopesOfUser(owner, book, shared))
    const seenAt = tokensSeen.pending(token.id) ?? 0
    return {
      token: { ...token, lastActivityAt: seenAt > (token.lastActivityAt ?? 0) ? seenAt : token.lastActivityAt },
      scopes: [...scopesOfToken(token, owner, { ...place, groupsOf })].sort(),
      application: service === null || service === 'gone' ? application : `Service ${service.name}`,
    }
  }

  return {
    createToken: async (owner, request, grantedBy) => {
      const held = scopesOfUser(owner, book, await shares.scopesOf(owner.id))
      const asked = scopesOfRequest(held, request)
      await checkScopes(owner, asked, held, grantedBy)
      const expiresAt = endOf(request.expiresAt)
      const text = random(32).toString('hex')
      const token = await tokens.insert(hashOf(text), {
        kind: 'api',
        userId: owner.id,
        scopes: asked,
        note: request.note.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ').slice(0, 1_024),
        clientId: null,
        signInId: null,
        sessionId: null,
        createdAt: now(),
        expiresAt,
      })
      if (token === null) throw new BatchwayError('gone', 'This user has been removed.')
      return { token, text }
    },
    describeTokens: async (owner) => {
      const found = (await tokens.listOf(owner.id)).filter(
        ({ token }) => (token.expiresAt === null || token.expiresAt > now()) && issuedTo(token, services) !== 'gone',
      )
      const described: DescribedToken[] = []
      for (const each of found) described.push(await describe(owner, each))
      const usedAt = ({ lastActivityAt, createdAt }: Token): number => lastActivityAt ?? createdAt
      return described.sort((one, other) => usedAt(one.token) - usedAt(other.token))
    },
    revokeToken: tokens.remove,
  }
}

const refused = (words: string): BatchwayError => new BatchwayError('bad_request', words, { field: 'scopes' })
const quote = (text: string): string => JSON.stringify(text.slice(0, 100))
