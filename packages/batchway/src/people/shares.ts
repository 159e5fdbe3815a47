/** Servers that their owners share with others: directly, or by a code that others exchange. Nobody gives what they do not hold. */
import { BatchwayError } from '../core/errors.ts'
import type { ShareCode } from '../store/share-code-store.ts'
import type { PageOf, Share, ShareQuery, ShareTarget } from '../store/share-store.ts'
import type { Stores } from '../store/stores.ts'
import type { User } from './people.ts'
import { defaultBook, type RoleBook } from './roles.ts'
import { withSubscopes } from './scope-table.ts'
import { coversScopeText } from './scopes.ts'
import { hashOf, isPlausible } from './secrets.ts'
import { parseShareScopes, scopeOnServer } from './share-scopes.ts'
import { parseUserName } from './user-name.ts'

export type { Share, ShareCode, ShareQuery, ShareTarget }

export interface ShareRequest {
  /** By name: one of the two. */
  readonly user?: string | undefined
  readonly group?: string | undefined
  /** With the filter of this server or without one; null: the access alone (to give), everything (to take back). */
  readonly scopes: readonly string[] | null
}

export interface ShareCodeRequest {
  readonly scopes: readonly string[] | null
  readonly seconds: number
}

type Found<T> = Promise<{ readonly items: readonly T[]; readonly total: number }>

export interface Shares {
  list(query: ShareQuery, page: PageOf): Found<Share>
  find(owner: User, serverName: string, to: ShareTarget): Promise<Share | null>
  /** @throws {BatchwayError} `not_found` for a server that nobody keeps. */
  checkServer(owner: User, serverName: string): Promise<void>
  /**
   * Adds to what was given before.
   * @param grantedBy what the requester holds.
   * @throws {BatchwayError} `not_found` for the server, `bad_request` for scopes and for a target that is not there, `forbidden`.
   */
  grant(owner: User, serverName: string, request: ShareRequest, grantedBy: ReadonlySet<string>): Promise<Share>
  /** @returns what is left; null for nothing, and for a target that is not there. @throws {BatchwayError} as `grant`. */
  revoke(owner: User, serverName: string, request: ShareRequest): Promise<Share | null>
  /** @returns how many. */
  revokeAll(owner: User, serverName: string): Promise<number>

  listCodes(owner: User, serverName: string | undefined, page: PageOf): Found<ShareCode>
  /** @returns the code's text, shown once. @throws {BatchwayError} as `grant`. */
  createCode(
    owner: User,
    serverName: string,
    request: ShareCodeRequest,
    grantedBy: ReadonlySet<string>,
  ): Promise<{ readonly code: ShareCode; readonly text: string }>
  /** @param which all of this server's if neither is given. @returns how many. */
  removeCodes(
    owner: User,
    serverName: string,
    which: { readonly id?: number | undefined; readonly text?: string | undefined },
  ): Promise<number>
  /** Look at a code without using it. @returns null if unknown or expired. */
  peekCode(text: string): Promise<ShareCode | null>
  /** @returns null if unknown or expired. @throws {BatchwayError} `bad_request` for the owner. */
  redeemCode(text: string, guest: User): Promise<Share | null>
}

export interface ShareParts {
  readonly stores: Pick<Stores, 'users' | 'groups' | 'servers' | 'shares' | 'shareCodes'>
  /** Unix milliseconds. */
  readonly now: () => number
  readonly random: (bytes: number) => Buffer
  readonly book?: RoleBook
}

/** Living codes of one server; who needs more shares with a group. */
const mostCodes = 100

export function openShares({ stores, now, random, book = defaultBook }: ShareParts): Shares {
  const { users, groups, servers, shares, shareCodes } = stores

  /** The default server always is there. */
  async function checkServer({ id, name }: User, serverName: string): Promise<void> {
    if (serverName === '' || (await servers.listOf(id)).some((server) => server.name === serverName)) return
    throw noServer(name, serverName)
  }

  /** @throws {BatchwayError} `forbidden` */
  function checkHeld(owner: User, serverName: string, scopes: readonly string[], grantedBy: ReadonlySet<string>): void {
    for (const scope of scopes)
      for (const each of withSubscopes(scope, book.customScopes)) {
        const needed = scopeOnServer(each, owner.name, serverName)
        // What speaks of persons is no part of a right over a server.
        if (!each.startsWith('read:users') && !coversScopeText(grantedBy, needed, () => owner.groups))
          throw new BatchwayError('forbidden', `Do not have permission to grant share with scope ${needed}`)
      }
  }

  async function findTarget({
    user,
    group,
  }: ShareRequest): Promise<(ShareTarget & { readonly groups: readonly string[] }) | null> {
    if ((user === undefined) === (group === undefined))
      throw new BatchwayError('bad_request', 'Specify exactly one of `user` or `group`.')
    if (group !== undefined) {
      const found = await groups.find(group)
      return found && { kind: 'group', id: found.id, groups: [] }
    }
    const parsed = parseUserName(user ?? '')
    const found = 'refused' in parsed ? null : await users.find(parsed.name)
    return found && { kind: 'user', id: found.id, groups: found.groups }
  }

  return {
    list: shares.list,
    checkServer,
    find: (owner, serverName, to) => shares.find({ ownerId: owner.id, serverName }, to),
    async grant(owner, serverName, request, grantedBy) {
      const scopes = parseShareScopes(request.scopes, owner.name, serverName, book.customScopes)
      await checkServer(owner, serverName)
      checkHeld(owner, serverName, scopes, grantedBy)
      const target = await findTarget(request)
      const { user, group } = request
      const [kind, name] = user !== undefined ? ['user', user.toLowerCase()] : ['group', group]
      // Before it is said that there is no such name.
      if (!coversScopeText(grantedBy, `read:${kind}s:name!${kind}=${name}`, () => target?.groups ?? []))
        throw new BatchwayError('forbidden', `Need scope 'read:${kind}s:name' to share with ${kind}s by name`)
      if (target === null) throw new BatchwayError('bad_request', `No such ${kind}: ${name}`)
      if (target.kind === 'user' && target.id === owner.id)
        throw new BatchwayError('bad_request', 'This server is theirs already.')
      const share = await shares.grant({ ownerId: owner.id, serverName }, target, scopes, now())
      if (share === null) throw noServer(owner.name, serverName)
      return share
    },
    async revoke(owner, serverName, request) {
      const { scopes } = request
      const names = scopes?.length ? parseShareScopes(scopes, owner.name, serverName, book.customScopes) : null
      await checkServer(owner, serverName)
      const target = await findTarget(request)
      return target === null ? null : await shares.revoke({ ownerId: owner.id, serverName }, target, names)
    },
    async revokeAll(owner, serverName) {
      await checkServer(owner, serverName)
      return await shares.removeAll({ ownerId: owner.id, serverName })
    },

    listCodes: (owner, serverName, page) => shareCodes.list(owner.id, serverName, now(), page),
    async createCode(owner, serverName, { scopes: asked, seconds }, grantedBy) {
      const scopes = parseShareScopes(asked, owner.name, serverName, book.customScopes)
      await checkServer(owner, serverName)
      checkHeld(owner, serverName, scopes, grantedBy)
      const text = random(24).toString('base64url')
      const at = now()
      const code = await shareCodes.insert(
        {
          ownerId: owner.id,
          serverName,
          codeHash: hashOf(text),
          scopes,
          createdAt: at,
          expiresAt: at + seconds * 1_000,
        },
        mostCodes,
      )
      if (code === 'missing') throw noServer(owner.name, serverName)
      if (code === 'full')
        throw new BatchwayError('bad_request', `A server has at most ${mostCodes} codes at a time. Revoke some first.`)
      return { code, text }
    },
    async removeCodes(owner, serverName, { id, text }) {
      await checkServer(owner, serverName)
      if (text !== undefined && !isPlausible(text)) return 0
      const codeHash = text === undefined ? undefined : hashOf(text)
      return await shareCodes.remove({ ownerId: owner.id, serverName }, { id, codeHash })
    },
    peekCode: async (text) => (isPlausible(text) ? await shareCodes.find(hashOf(text), now()) : null),
    async redeemCode(text, guest) {
      const code = isPlausible(text) ? await shareCodes.find(hashOf(text), now()) : null
      if (code?.ownerId === guest.id) throw new BatchwayError('bad_request', 'You cannot share with yourself.')
      if (code === null || !(await shareCodes.countExchange(code.id, now()))) return null
      return await shares.grant(code, { kind: 'user', id: guest.id }, code.scopes, now())
    },
  }
}

const noServer = (owner: string, server: string): BatchwayError =>
  new BatchwayError('not_found', `No such server: ${owner}/${server}`)
