/** Tokens of users: made, listed and taken back. */
import { z } from '@hono/zod-openapi'
import { BatchwayError } from '../core/errors.ts'
import { toWireTime } from '../core/times.ts'
import type { DescribedToken } from '../people/api-tokens.ts'
import type { User } from '../people/people.ts'
import { hiddenOrMissing, isCovered } from './access.ts'
import type { ApiDeps } from './deps.ts'
import { type ApiRoute, type Incoming, route } from './route.ts'
import { userOfPath } from './user-routes.ts'

const time = z.string().nullable()
const TokenModel = z
  .object({
    user: z.string(),
    id: z.string(),
    kind: z.literal('api_token'),
    roles: z.array(z.string()).openapi({ description: 'Always empty: tokens have scopes' }),
    scopes: z.array(z.string()).openapi({ description: 'What it may do now' }),
    created: time,
    last_activity: time,
    expires_at: time,
    note: z.string(),
    session_id: z.string().nullable(),
    oauth_client: z.string(),
  })
  .openapi('Token')

const Credentials = z.object({ username: z.string(), password: z.string() })
const NewToken = z
  .object({
    note: z.string().nullish(),
    expires_in: z.int().min(1).nullish().openapi({ description: 'Seconds; as long as may be if absent' }),
    scopes: z.array(z.string()).nullish().openapi({ description: 'Everything the user may do if absent' }),
    roles: z.array(z.string()).nullish().openapi({ description: 'Names of roles; better write scopes' }),
    // Whatever does not name anybody is a refusal, not a malformed request.
    auth: z.unknown().optional().openapi({ description: 'Who asks, for who has no token yet' }),
  })
  .nullable()
  .openapi('NewToken')

function toTokenModel(owner: User, { token, scopes, application }: DescribedToken): z.infer<typeof TokenModel> {
  return {
    user: owner.name,
    id: `a${token.id}`,
    kind: 'api_token',
    roles: [],
    scopes: [...scopes],
    created: toWireTime(token.createdAt),
    last_activity: toWireTime(token.lastActivityAt),
    expires_at: toWireTime(token.expiresAt),
    note: token.note,
    session_id: token.signInId,
    // The name that JupyterHub gives to tokens that no application asked for.
    oauth_client: application ?? 'JupyterHub',
  }
}

/** Who asks for a token, and what they hold. */
interface Requester {
  readonly name: string
  readonly kind: 'user' | 'service'
  readonly scopes: ReadonlySet<string>
  /** The way they signed in for this one request. */
  readonly way: string | null
  /** What they hold is, and stays, whatever the user may do. */
  readonly isWhole: boolean
}

export function tokenRoutes(deps: ApiDeps): readonly ApiRoute[] {
  const { people, now } = deps

  const refused = (name: string): BatchwayError =>
    new BatchwayError('forbidden', `User ${name} not found or no permissions to generate tokens`)

  async function requesterOf({ caller, address }: Incoming, auth: unknown): Promise<Requester> {
    if (caller.kind === 'service')
      return { name: caller.service.name, kind: 'service', scopes: caller.scopes, way: null, isWhole: false }
    if (caller.kind !== 'anonymous') {
      const isWhole = caller.kind === 'browser' || caller.token.scopes.includes('inherit')
      return { name: caller.user.name, kind: 'user', scopes: caller.scopes, way: null, isWhole }
    }
    const given = Credentials.safeParse(auth)
    const identified = given.success ? await deps.identify({ ...given.data, address }) : null
    if (identified === null) throw new BatchwayError('forbidden', 'Missing or invalid credentials.')
    const { user, way } = identified
    return { name: user.name, kind: 'user', scopes: await people.scopesOfUser(user), way, isWhole: true }
  }

  async function tokenOfPath({ params }: Incoming): Promise<{ owner: User; found: DescribedToken }> {
    const owner = await userOfPath(people, params)
    const found = (await people.describeTokens(owner)).find(({ token }) => `a${token.id}` === params.token)
    if (found === undefined) throw hiddenOrMissing()
    return { owner, found }
  }

  return [
    route({
      operationId: 'listTokens',
      method: 'get',
      path: '/users/{user}/tokens',
      access: { anyOf: ['read:tokens'] },
      summary: 'The tokens of a user, those of applications among them; never their texts',
      responses: { 200: { description: 'Tokens', schema: z.object({ api_tokens: z.array(TokenModel) }) } },
      async handler({ params }) {
        const owner = await userOfPath(people, params)
        const tokens = await people.describeTokens(owner)
        return Response.json({ api_tokens: tokens.map((each) => toTokenModel(owner, each)) })
      },
    }),
    route({
      operationId: 'createToken',
      method: 'post',
      path: '/users/{user}/tokens',
      access: { anyOf: ['tokens'], byBody: true },
      summary: 'Make a token for a user, of what both the user and the caller hold',
      body: NewToken,
      responses: {
        201: {
          description: 'The token; its text is shown here only',
          schema: TokenModel.extend({ token: z.string() }),
        },
      },
      async handler(call) {
        const { params, body, record } = call
        const requester = await requesterOf(call, body?.auth)
        const name = params.user ?? ''
        const owner = await people.findUser(name)
        const target = { user: name, server: null, groups: owner?.groups ?? [] }
        if (owner === null || !isCovered(requester.scopes, 'tokens', target)) throw refused(name)
        const isOwn = requester.kind === 'user' && requester.name === owner.name
        const by = isOwn ? '' : ` by ${requester.kind} ${requester.name}`
        const made = await people.createToken(
          owner,
          {
            scopes: body?.scopes ?? null,
            roles: body?.roles ?? null,
            note: body?.note || `Requested via api${by}`,
            expiresAt: body?.expires_in == null ? null : now() + body.expires_in * 1_000,
            isFixed: !(isOwn && requester.isWhole) && !people.isEverything(requester.scopes),
          },
          requester.scopes,
        )
        await record({
          action: 'token-created',
          object: owner.name,
          detail: `a${made.token.id}`,
          ...(requester.way !== null && { actor: requester.name, way: requester.way }),
        })
        const found = (await people.describeTokens(owner)).find(({ token }) => token.id === made.token.id)
        if (found === undefined) throw new BatchwayError('gone', 'It was taken back in the same moment.')
        return Response.json({ ...toTokenModel(owner, found), token: made.text }, { status: 201 })
      },
    }),
    route({
      operationId: 'getToken',
      method: 'get',
      path: '/users/{user}/tokens/{token}',
      access: { anyOf: ['read:tokens'] },
      summary: 'Read one token',
      responses: { 200: { description: 'The token', schema: TokenModel } },
      async handler(call) {
        const { owner, found } = await tokenOfPath(call)
        return Response.json(toTokenModel(owner, found))
      },
    }),
    route({
      operationId: 'revokeToken',
      method: 'delete',
      path: '/users/{user}/tokens/{token}',
      access: { anyOf: ['tokens'] },
      summary: 'Take a token back; of an application, all that it has of this user',
      responses: { 204: { description: 'It means nothing any more' } },
      async handler(call) {
        const { owner, found } = await tokenOfPath(call)
        if (!(await people.revokeToken(owner.id, found.token.id))) throw hiddenOrMissing()
        const application = found.token.clientId === null ? '' : ` of ${found.token.clientId}`
        await call.record({ action: 'token-revoked', object: owner.name, detail: `a${found.token.id}${application}` })
        return new Response(null, { status: 204 })
      },
    }),
  ]
}
