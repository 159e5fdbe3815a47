/** Shares from the other side: what others share with a user or a group, and giving it back. */
import { z } from '@hono/zod-openapi'
import type { Share, ShareTarget } from '../people/shares.ts'
import { hiddenOrMissing } from './access.ts'
import type { ApiDeps } from './deps.ts'
import { PageQuery, readPage, wrapped, wrappedResponse } from './pagination.ts'
import { readiness } from './readiness.ts'
import { type ApiRoute, type Incoming, route } from './route.ts'
import { ShareModel, toShareModel } from './share-models.ts'
import { userOfPath } from './user-routes.ts'

/** Whose: the scopes are named alike. */
const sides = [
  { kind: 'user', path: '/users/{user}/shared', suffix: 'User', read: 'read:users:shares', write: 'users:shares' },
  {
    kind: 'group',
    path: '/groups/{group}/shared',
    suffix: 'Group',
    read: 'read:groups:shares',
    write: 'groups:shares',
  },
] as const

export function sharedRoutes(deps: ApiDeps): readonly ApiRoute[] {
  const { people, shares, settings } = deps
  const ready = readiness(deps.sessions)

  async function targetOf({ params }: Pick<Incoming, 'params'>): Promise<ShareTarget & { readonly name: string }> {
    if (params.group === undefined) return { ...(await userOfPath(people, params)), kind: 'user' }
    const group = await people.findGroup(params.group)
    if (group === null) throw hiddenOrMissing()
    return { ...group, kind: 'group' }
  }

  /** @throws {BatchwayError} `not_found` for nobody, no server and no share alike. */
  async function shareOf(call: Pick<Incoming, 'params'>): Promise<Share> {
    const { owner: ownerName = '', name = '' } = call.params
    const to = await targetOf(call)
    const owner = await people.findUser(ownerName)
    const share = owner && (await shares.find(owner, name, to))
    if (share === null) throw hiddenOrMissing()
    return share
  }

  return sides.flatMap(({ kind, path, suffix, read, write }) => [
    route({
      operationId: `listSharedWith${suffix}`,
      method: 'get',
      path,
      access: { anyOf: [read] },
      summary:
        kind === 'user'
          ? 'Servers that are shared with a user, or a group of theirs'
          : 'Servers that are shared with a group',
      query: PageQuery,
      responses: { 200: { description: 'A page of shares', schema: wrapped(z.array(ShareModel)) } },
      async handler(call) {
        const { id } = await targetOf(call)
        const page = readPage(call.request, call.query)
        const { items, total } = await shares.list(
          kind === 'user' ? { of: 'user', userId: id } : { of: 'group', groupId: id },
          page,
        )
        const isReady = await ready(items)
        const models = items.map((share) => toShareModel(share, isReady(share), settings))
        return wrappedResponse(call, page, models, total)
      },
    }),
    route({
      operationId: `getSharedWith${suffix}`,
      method: 'get',
      path: `${path}/{owner}/{name}`,
      aliases: [`${path}/{owner}/`],
      access: { anyOf: [read] },
      summary: `What of one server is shared with a ${kind}`,
      responses: { 200: { description: 'The share', schema: ShareModel } },
      async handler(call) {
        const share = await shareOf(call)
        return Response.json(toShareModel(share, (await ready([share]))(share), settings))
      },
    }),
    route({
      operationId: `leaveSharedWith${suffix}`,
      method: 'delete',
      path: `${path}/{owner}/{name}`,
      aliases: [`${path}/{owner}/`],
      access: { anyOf: [write] },
      summary: `Give a ${kind}’s access to one server back`,
      responses: { 204: { description: 'They have no share any more' } },
      async handler(call) {
        const { ownerId, ownerName, serverName, to } = await shareOf(call)
        const owner = await people.findUser(ownerName)
        if (owner?.id === ownerId) await shares.revoke(owner, serverName, { [to.kind]: to.name, scopes: null })
        await call.record({
          action: 'share-removed',
          object: `${ownerName}/${serverName}`,
          detail: `${to.kind} ${to.name}, given back`,
        })
        return new Response(null, { status: 204 })
      },
    }),
  ])
}
