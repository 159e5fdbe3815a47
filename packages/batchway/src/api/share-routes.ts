/** Who may use a server (contract 2.8): what its owner shares, and codes that others exchange for it. */
import { z } from '@hono/zod-openapi'
import { BatchwayError } from '../core/errors.ts'
import { originOf } from '../core/http.ts'
import type { User } from '../people/people.ts'
import type { Share } from '../people/shares.ts'
import type { ApiDeps } from './deps.ts'
import { PageQuery, readPage, wrapped, wrappedResponse } from './pagination.ts'
import { readiness } from './readiness.ts'
import { type ApiRoute, type Incoming, route } from './route.ts'
import {
  NewShareCodeModel,
  parseShareCodeId,
  ShareCodeModel,
  ShareModel,
  toShareCodeModel,
  toShareModel,
} from './share-models.ts'
import { scopesOf, userOfPath } from './user-routes.ts'

const scopes = z.array(z.string()).max(100).nullish()
const oneOf = z.string().max(255).nullish()
const ShareRequest = z
  .strictObject({ user: oneOf, group: oneOf, scopes })
  .refine(({ user, group }) => !user !== !group, 'specify exactly one of user or group')
  .openapi('ShareRequest')
const ShareCodeRequest = z
  .strictObject({
    scopes,
    expires_in: z.int().min(60).max(31_536_000).default(86_400).openapi({ description: 'Seconds' }),
  })
  .nullable()
  .openapi('ShareCodeRequest')
const WhichCode = z.object({ code: z.string().optional(), id: z.string().optional() })

/** A server as a path: the default one has an empty name, so that its path ends with a slash. */
const spellings = [
  { rest: '/{user}/', suffix: 'Default' },
  { rest: '/{user}/{server}', suffix: '' },
] as const

export function shareRoutes(deps: ApiDeps): readonly ApiRoute[] {
  const { people, shares, settings } = deps
  const ready = readiness(deps.sessions)

  async function locate({ params }: Pick<Incoming, 'params'>): Promise<{ owner: User; name: string; object: string }> {
    const owner = await userOfPath(people, params)
    const name = params.server ?? ''
    return { owner, name, object: `${owner.name}/${name}` }
  }
  const wordsOf = ({ to, scopes: given }: Share): string => `${to.kind} ${to.name}: ${given.join(' ')}`
  const targetOf = ({ user, group }: z.output<typeof ShareRequest>) => ({
    user: user || undefined,
    group: group || undefined,
  })

  async function listShares(call: Incoming & { query: z.output<typeof PageQuery> }, ofServer: boolean) {
    const { owner, name } = await locate(call)
    if (ofServer) await shares.checkServer(owner, name)
    const page = readPage(call.request, call.query)
    const serverName = ofServer ? name : undefined
    const { items, total } = await shares.list({ of: 'owner', ownerId: owner.id, serverName }, page)
    const isReady = await ready(items)
    const models = items.map((share) => toShareModel(share, isReady(share), settings))
    return wrappedResponse(call, page, models, total)
  }
  async function listCodes(call: Incoming & { query: z.output<typeof PageQuery> }, ofServer: boolean) {
    const { owner, name } = await locate(call)
    if (ofServer) await shares.checkServer(owner, name)
    const page = readPage(call.request, call.query)
    const { items, total } = await shares.listCodes(owner, ofServer ? name : undefined, page)
    const isReady = await ready(items)
    const models = items.map((code) => toShareCodeModel(code, isReady(code), settings))
    return wrappedResponse(call, page, models, total)
  }
  const oneShare = async (share: Share) => toShareModel(share, (await ready([share]))(share), settings)

  const shareList = wrapped(z.array(ShareModel))
  const codeList = wrapped(z.array(ShareCodeModel))
  const forbidden = { description: 'The caller does not hold what they would give' }

  return [
    route({
      operationId: 'listShares',
      method: 'get',
      path: '/shares/{user}',
      access: { anyOf: ['read:shares'] },
      summary: 'With whom the servers of a user are shared',
      query: PageQuery,
      responses: { 200: { description: 'A page of shares', schema: shareList } },
      handler: (call) => listShares(call, false),
    }),
    route({
      operationId: 'listShareCodes',
      method: 'get',
      path: '/share-codes/{user}',
      access: { anyOf: ['read:shares'] },
      summary: 'The codes for servers of a user, without their texts',
      query: PageQuery,
      responses: { 200: { description: 'A page of codes', schema: codeList } },
      handler: (call) => listCodes(call, false),
    }),
    ...spellings.flatMap(({ rest, suffix }) => [
      route({
        operationId: `list${suffix}ServerShares`,
        method: 'get',
        path: `/shares${rest}`,
        access: { anyOf: ['read:shares'] },
        summary: 'With whom a server is shared',
        query: PageQuery,
        responses: { 200: { description: 'A page of shares', schema: shareList } },
        handler: (call) => listShares(call, true),
      }),
      route({
        operationId: `grant${suffix}ServerShare`,
        method: 'post',
        path: `/shares${rest}`,
        access: { anyOf: ['shares'] },
        summary: 'Share a server with a user or a group; what they had before they keep',
        body: ShareRequest,
        responses: {
          200: { description: 'The share', schema: ShareModel },
          400: { description: 'No such user, group or scope' },
          403: forbidden,
        },
        async handler(call) {
          const { owner, name, object } = await locate(call)
          const { scopes: asked = null } = call.body
          const request = { ...targetOf(call.body), scopes: asked }
          const share = await shares.grant(owner, name, request, scopesOf(call.caller))
          await call.record({ action: 'share-granted', object, detail: wordsOf(share) })
          return Response.json(await oneShare(share))
        },
      }),
      route({
        operationId: `revoke${suffix}ServerShare`,
        method: 'patch',
        path: `/shares${rest}`,
        access: { anyOf: ['shares'] },
        summary: 'Take access back from a user or a group: these scopes, or without scopes all of it',
        body: ShareRequest,
        responses: {
          200: { description: 'What is left of the share, or {}', schema: z.union([ShareModel, z.object({})]) },
        },
        async handler(call) {
          const { owner, name, object } = await locate(call)
          const { scopes: asked = null } = call.body
          const target = targetOf(call.body)
          const left = await shares.revoke(owner, name, { ...target, scopes: asked })
          const whom = target.user === undefined ? `group ${target.group}` : `user ${target.user}`
          await call.record({ action: 'share-removed', object, detail: `${whom}: ${asked?.join(' ') || 'all'}` })
          return Response.json(left === null ? {} : await oneShare(left))
        },
      }),
      route({
        operationId: `revokeAll${suffix}ServerShares`,
        method: 'delete',
        path: `/shares${rest}`,
        access: { anyOf: ['shares'] },
        summary: 'Take access to a server back from everybody it is shared with; codes stay',
        responses: { 204: { description: 'Nobody has a share any more' } },
        async handler(call) {
          const { owner, name, object } = await locate(call)
          const count = await shares.revokeAll(owner, name)
          await call.record({ action: 'share-removed', object, detail: `all ${count}` })
          return new Response(null, { status: 204 })
        },
      }),
      route({
        operationId: `list${suffix}ServerShareCodes`,
        method: 'get',
        path: `/share-codes${rest}`,
        access: { anyOf: ['read:shares'] },
        summary: 'The codes for a server, without their texts',
        query: PageQuery,
        responses: { 200: { description: 'A page of codes', schema: codeList } },
        handler: (call) => listCodes(call, true),
      }),
      route({
        operationId: `create${suffix}ShareCode`,
        method: 'post',
        path: `/share-codes${rest}`,
        access: { anyOf: ['shares'] },
        summary: 'Make a code that whoever has it can exchange for access to a server, until it expires',
        body: ShareCodeRequest,
        responses: { 200: { description: 'The code', schema: NewShareCodeModel }, 403: forbidden },
        async handler(call) {
          const { owner, name, object } = await locate(call)
          const { scopes: asked = null, expires_in: seconds = 86_400 } = call.body ?? {}
          const { code, text } = await shares.createCode(owner, name, { scopes: asked, seconds }, scopesOf(call.caller))
          const detail = `sc_${code.id}, ${code.scopes.join(' ')}, expires ${new Date(code.expiresAt).toISOString()}`
          await call.record({ action: 'share-code-created', object, detail })
          const acceptUrl = `${settings.base}hub/accept-share?code=${encodeURIComponent(text)}`
          return Response.json({
            ...toShareCodeModel(code, (await ready([code]))(code), settings),
            code: text,
            accept_url: acceptUrl,
            full_accept_url: originOf(settings.publicUrl) + acceptUrl,
          })
        },
      }),
      route({
        operationId: `revoke${suffix}ShareCodes`,
        method: 'delete',
        path: `/share-codes${rest}`,
        access: { anyOf: ['shares'] },
        summary: 'Take back one code, by its id or its text, or else all of a server; what was exchanged stays',
        query: WhichCode,
        responses: { 204: { description: 'Revoked' }, 404: { description: 'No such code' } },
        async handler(call) {
          const { owner, name, object } = await locate(call)
          const { code: text, id } = call.query
          const number = text || !id ? undefined : (parseShareCodeId(id) ?? 0)
          const count = await shares.removeCodes(owner, name, { id: number, text: text || undefined })
          if (count === 0 && (text || id)) throw new BatchwayError('not_found', 'No matching code found.')
          await call.record({ action: 'share-code-removed', object, detail: `${text || id ? 'one' : `all ${count}`}` })
          return new Response(null, { status: 204 })
        },
      }),
    ]),
  ]
}
