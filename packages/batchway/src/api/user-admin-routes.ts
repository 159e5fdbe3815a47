/** Users as administrators and services see them: lists, and making, changing and removing. */
import { z } from '@hono/zod-openapi'
import { BatchwayError } from '../core/errors.ts'
import { eventLoop } from '../core/turns.ts'
import { actorOf } from '../people/actor.ts'
import type { Caller, User } from '../people/people.ts'
import type { Session } from '../sessions/session.ts'
import { visibleBy } from './access.ts'
import type { ApiDeps } from './deps.ts'
import { toUserModel, UserModel } from './models.ts'
import { PageQuery, pageResponse, readPage, wrapped } from './pagination.ts'
import { type ApiRoute, route } from './route.ts'
import { allServers, keptOf, runningServers, toServerFacts } from './server-facts.ts'
import { stopAllOf } from './stop-all.ts'
import { modelSettings, StoppedQuery, scopesOf, seesServers, userOfPath, wantsStopped } from './user-routes.ts'

const ListQuery = PageQuery.extend(StoppedQuery.shape).extend({
  state: z.enum(['active', 'ready', 'inactive', '']).optional(),
  name_filter: z.string().optional().openapi({ description: 'Part of the name' }),
  sort: z
    .string()
    .regex(/^-?(id|name|last_activity)$/, "sort must be 'id', 'name', or 'last_activity', perhaps with '-' before it")
    .default('id'),
})

const NewUsers = z
  .strictObject({
    usernames: z.array(z.string()).min(1, 'Must specify at least one user to create'),
    admin: z.boolean().default(false),
  })
  .openapi('NewUsers')
const NewUser = z
  .strictObject({ admin: z.boolean().default(false) })
  .nullable()
  .openapi('NewUser')
const UserChange = z
  .strictObject({
    name: z.string().optional(),
    admin: z.boolean().optional(),
    auth_state: z.null('what a sign-in told is not kept here: leave it out').optional(),
  })
  .openapi('UserChange')

export function userAdminRoutes(deps: ApiDeps): readonly ApiRoute[] {
  const { people, sessions } = deps
  const settings = modelSettings(deps)

  /** Freshly made: no server runs. */
  const modelOf = (user: User, caller: Caller) => toUserModel(user, [], scopesOf(caller), settings, false)

  async function modelsOf(users: readonly User[], caller: Caller, withStopped: boolean) {
    const scopes = scopesOf(caller)
    const withServers = seesServers(scopes)
    const active = new Map<number, Session[]>()
    if (withServers)
      for (const session of await sessions.listActiveOfUsers(new Set(users.map(({ id }) => id))))
        active.set(session.userId, [...(active.get(session.userId) ?? []), session])
    const kept = await keptOf(deps, [...active.values()].flat())
    const models = []
    for (const user of users) {
      const running = active.get(user.id) ?? []
      // Only what has ended must be asked of the database, user by user.
      const servers =
        withStopped && withServers
          ? await eventLoop.next().then(() => allServers(deps, user, running))
          : running.map((session) => toServerFacts(session, kept))
      models.push(toUserModel(user, servers, scopes, settings, withStopped))
    }
    return models
  }

  return [
    route({
      operationId: 'listUsers',
      method: 'get',
      path: '/users',
      access: { anyOf: ['list:users'], filters: ['user', 'group'] },
      summary: 'The users that the caller may see; with the Accept type of pages wrapped, else at most 200',
      query: ListQuery,
      responses: {
        200: {
          description: 'Users, or a page of them',
          schema: z.union([z.array(UserModel), wrapped(z.array(UserModel))]),
        },
      },
      async handler(call) {
        const { caller, query, request } = call
        const page = readPage(request, query)
        const among = visibleBy(scopesOf(caller), 'list:users', ['user', 'group'])
        const [, minus, sort] = /^(-?)(.*)$/.exec(query.sort) ?? []
        const { users, total } = await people.searchUsers({
          offset: page.offset,
          limit: page.limit,
          sort: sort === 'name' || sort === 'last_activity' ? sort : 'id',
          isDescending: minus === '-',
          state: query.state || null,
          nameHas: query.name_filter ?? null,
          among: among === null ? null : { users: among.user ?? [], groups: among.group ?? [] },
        })
        return pageResponse(call, page, await modelsOf(users, caller, wantsStopped(query)), total)
      },
    }),
    route({
      operationId: 'createUsers',
      method: 'post',
      path: '/users',
      access: { anyOf: ['admin:users'] },
      summary: 'Make several users; those that exist are left as they are',
      body: NewUsers,
      maxBodyBytes: 1024 * 1024,
      responses: {
        201: { description: 'Those that were made', schema: z.array(UserModel) },
        409: { description: 'All of them exist' },
      },
      async handler({ caller, body, record }) {
        const created = await people.createUsers(body.usernames, { isAdmin: body.admin }, scopesOf(caller))
        for (const { name } of created) {
          await eventLoop.next()
          await record({ action: 'user-created', object: name, ...(body.admin && { detail: 'administrator' }) })
        }
        return Response.json(
          created.map((user) => modelOf(user, caller)),
          { status: 201 },
        )
      },
    }),
    route({
      operationId: 'createUser',
      method: 'post',
      path: '/users/{user}',
      access: { anyOf: ['admin:users'] },
      summary: 'Make a user',
      body: NewUser,
      responses: { 201: { description: 'The user', schema: UserModel }, 409: { description: 'The user exists' } },
      async handler({ caller, params, body, record }) {
        const isAdmin = body?.admin ?? false
        const [user] = await people.createUsers([params.user ?? ''], { isAdmin }, scopesOf(caller))
        if (user === undefined) throw new BatchwayError('exists', 'The user already exists')
        await record({ action: 'user-created', object: user.name, ...(isAdmin && { detail: 'administrator' }) })
        return Response.json(modelOf(user, caller), { status: 201 })
      },
    }),
    route({
      operationId: 'changeUser',
      method: 'patch',
      path: '/users/{user}',
      access: { anyOf: ['admin:users'] },
      summary: 'Give a user another name, or make an administrator of them or none',
      body: UserChange,
      responses: { 200: { description: 'The user', schema: UserModel } },
      async handler({ caller, params, body, record }) {
        const user = await userOfPath(people, params)
        const active = await sessions.listActiveOf(user.id)
        const isRenamed = body.name !== undefined && body.name.toLowerCase() !== user.name
        if (isRenamed && active.length > 0)
          throw new BatchwayError('session_busy', `${user.name} has servers that are not stopped. Stop them first.`)
        const changed = await people.changeUser(user, { name: body.name, isAdmin: body.admin }, scopesOf(caller))
        if (changed.name !== user.name)
          await record({ action: 'user-renamed', object: changed.name, detail: `was ${user.name}` })
        if (changed.isAdmin !== user.isAdmin)
          await record({ action: changed.isAdmin ? 'admin-granted' : 'admin-revoked', object: changed.name })
        const model = toUserModel(changed, await runningServers(deps, active), scopesOf(caller), settings, false)
        return Response.json({ ...model, auth_state: null })
      },
    }),
    route({
      operationId: 'removeUser',
      method: 'delete',
      path: '/users/{user}',
      access: { anyOf: ['delete:users'] },
      summary: 'Stop all servers of a user, then remove the user with tokens and sign-ins',
      responses: {
        204: { description: 'Removed' },
        400: { description: 'It is the caller, or servers are still stopping: ask again' },
      },
      async handler({ caller, params, record }) {
        const user = await userOfPath(people, params)
        if ('user' in caller && caller.user.id === user.id)
          throw new BatchwayError('bad_request', 'Cannot delete yourself!')
        const by = actorOf(caller)
        const stopping = await stopAllOf(user.id, by, deps, ({ id, userName, serverName }) =>
          record({ action: 'session-stop', object: `${userName}/${serverName}`, detail: `session ${id}` }),
        )
        if (stopping > 0)
          throw new BatchwayError(
            'session_busy',
            `Servers of ${user.name} are in the process of stopping, please wait and ask again.`,
          )
        await people.removeUser(user.id)
        await record({ action: 'user-removed', object: user.name })
        // Started in the very last moment: nobody is left who could stop it.
        for (const session of await sessions.listActiveOf(user.id)) await sessions.stop(session.id, by)
        return new Response(null, { status: 204 })
      },
    }),
  ]
}
