import { z } from '@hono/zod-openapi'
import { BatchwayError } from '../core/errors.ts'
import { parseWireTime, toWireTime } from '../core/times.ts'
import type { Caller, People, PersonCaller, User } from '../people/people.ts'
import { hiddenOrMissing } from './access.ts'
import type { ApiDeps } from './deps.ts'
import { SelfModel, type ServerFacts, toUserModel, UserModel, type UserModelSettings } from './models.ts'
import { type ApiRoute, route } from './route.ts'
import { allServers, runningServers } from './server-facts.ts'
import { ServiceSelfModel, toServiceModel } from './service-models.ts'

/** How far a compute node's clock may be ahead (ms): JupyterHub's limit. */
const maxAheadMs = 59 * 60_000

/** The user that a path names. By now the access rule has been met; the answer for nobody is the same as for "not yours". */
export async function userOfPath(
  people: Pick<People, 'findUser'>,
  params: Readonly<Record<string, string>>,
): Promise<User> {
  const user = await people.findUser(params.user ?? '')
  if (user === null) throw hiddenOrMissing()
  return user
}

export const scopesOf = (caller: Caller): ReadonlySet<string> =>
  caller.kind === 'anonymous' ? new Set() : caller.scopes

/** `GET /user` for a service by its own token. Its token has no number: it is configuration. */
const toServiceSelf = (caller: Extract<Caller, { kind: 'service' }>): z.infer<typeof ServiceSelfModel> => ({
  ...toServiceModel(caller.service, caller.scopes),
  scopes: [...caller.scopes].sort(),
  token_id: null,
  session_id: null,
})

interface SelfScopes {
  readonly sorted: readonly string[]
  /** With what whoever asks may know: who they are. These two are not listed as scopes of the token. */
  readonly seen: ReadonlySet<string>
  readonly seesServers: boolean
}

/** Callers are remembered as long as nothing changes that could matter, and so is what follows from their scopes. */
const selfScopes = new WeakMap<PersonCaller, SelfScopes>()

function selfScopesOf(caller: PersonCaller): SelfScopes {
  const known = selfScopes.get(caller)
  if (known !== undefined) return known
  const { name } = caller.user
  const made = {
    sorted: [...caller.scopes].sort(),
    seen: new Set([...caller.scopes, `read:users:name!user=${name}`, `read:users:groups!user=${name}`]),
    seesServers: seesServers(caller.scopes),
  }
  selfScopes.set(caller, made)
  return made
}

/** Whether servers of anybody may be shown: else nobody's have to be looked up. */
export const seesServers = (scopes: ReadonlySet<string>): boolean =>
  [...scopes].some((scope) => /^read:(servers|users)(!|$)/.test(scope))

/** `GET /user`: the caller's own model, with what tells clients how they are known. */
function toSelfModel(
  caller: PersonCaller,
  servers: readonly ServerFacts[],
  settings: UserModelSettings,
): z.infer<typeof SelfModel> {
  const { seen, sorted } = selfScopesOf(caller)
  return {
    ...toUserModel(caller.user, servers, seen, settings, false),
    scopes: [...sorted],
    token_id: caller.kind === 'token' ? `a${caller.token.id}` : null,
    session_id: caller.kind === 'token' ? caller.token.signInId : null,
  }
}

const Activity = z
  .object({
    last_activity: z.string().nullish(),
    servers: z.record(z.string(), z.looseObject({ last_activity: z.string() })).nullish(),
  })
  .openapi('Activity')

/** `?include_stopped_servers`, JupyterHub's reading of it: anything but 0 and false. */
export const StoppedQuery = z.object({ include_stopped_servers: z.string().optional() })
export const wantsStopped = ({ include_stopped_servers: text = '0' }: z.output<typeof StoppedQuery>): boolean =>
  !['0', 'false'].includes(text.toLowerCase())

/** What models of users are made with. */
export const modelSettings = ({ people, settings }: Pick<ApiDeps, 'people' | 'settings'>): UserModelSettings => ({
  base: settings.base,
  publicUrl: settings.publicUrl,
  places: settings.places,
  rolesOfUser: people.rolesOfUser,
})

export function userRoutes(deps: ApiDeps): readonly ApiRoute[] {
  const { people, sessions, now } = deps
  const settings = modelSettings(deps)
  const readTime = (text: string): number => {
    const at = parseWireTime(text)
    if (at === null)
      throw new BatchwayError('bad_request', 'A time is not in ISO 8601, e.g. 2024-01-31T12:34:56.123456Z.')
    if (at > now() + maxAheadMs)
      throw new BatchwayError(
        'bad_request',
        `A time lies in the future: it is ${toWireTime(now())} here. Check the clock.`,
      )
    return at
  }
  return [
    route({
      operationId: 'getSelf',
      method: 'get',
      path: '/user',
      access: 'signed-in',
      summary: 'Who am I: the model of the caller, with the scopes of the token',
      responses: { 200: { description: 'The caller', schema: z.union([SelfModel, ServiceSelfModel]) } },
      async handler({ caller }) {
        if (caller.kind === 'anonymous') throw new BatchwayError('forbidden', 'Missing or invalid credentials.')
        if (caller.kind === 'service') return Response.json(toServiceSelf(caller))
        const active = selfScopesOf(caller).seesServers ? await sessions.listActiveOf(caller.user.id) : []
        return Response.json(toSelfModel(caller, await runningServers(deps, active), settings))
      },
    }),
    route({
      operationId: 'getUser',
      method: 'get',
      path: '/users/{user}',
      access: {
        anyOf: [
          'read:users',
          'read:users:name',
          'read:servers',
          'read:users:groups',
          'read:users:activity',
          'read:roles:users',
        ],
      },
      summary: 'Read one user; the scopes held decide on the fields',
      query: StoppedQuery,
      responses: { 200: { description: 'The user', schema: UserModel } },
      async handler({ caller, params, query }) {
        const user = await userOfPath(people, params)
        const withStopped = wantsStopped(query)
        const active = await sessions.listActiveOf(user.id)
        const servers = withStopped ? await allServers(deps, user, active) : await runningServers(deps, active)
        return Response.json(toUserModel(user, servers, scopesOf(caller), settings, withStopped))
      },
    }),
    route({
      operationId: 'reportActivity',
      method: 'post',
      path: '/users/{user}/activity',
      access: { anyOf: ['users:activity'] },
      summary: 'Report when a user and their servers were last active',
      body: Activity,
      responses: { 200: { description: 'Noted; times only move forward' } },
      async handler({ params, body }) {
        const user = await userOfPath(people, params)
        if (!body.last_activity && Object.keys(body.servers ?? {}).length === 0)
          throw new BatchwayError('bad_request', 'The body must contain last_activity or servers.')
        const userAt = body.last_activity ? readTime(body.last_activity) : null
        // All of it is checked before any of it counts.
        const touches: { id: string; at: number }[] = []
        for (const [serverName, activity] of Object.entries(body.servers ?? {})) {
          const session = await sessions.findActive(user.id, serverName)
          const known = session ?? (await sessions.findLatest(user.id, serverName))
          if (known === null) throw new BatchwayError('bad_request', 'No such server: check the keys of "servers".')
          const at = readTime(activity.last_activity)
          if (session !== null) touches.push({ id: session.id, at })
        }
        if (userAt !== null) people.touchUser(user.id, Math.min(userAt, now()))
        for (const { id, at } of touches) await sessions.touch(id, Math.min(at, now()))
        return new Response(null, { status: 200 })
      },
    }),
  ]
}
