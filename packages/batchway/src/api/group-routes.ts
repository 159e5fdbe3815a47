/** Groups: people under one name, with properties for whoever asks for them. */
import { z } from '@hono/zod-openapi'
import { BatchwayError } from '../core/errors.ts'
import { eventLoop } from '../core/turns.ts'
import type { Caller, Group } from '../people/people.ts'
import { hiddenOrMissing, isCovered, visibleBy } from './access.ts'
import type { ApiDeps } from './deps.ts'
import { GroupModel, toGroupModel } from './models.ts'
import { PageQuery, pageResponse, readPage, wrapped } from './pagination.ts'
import { type ApiRoute, type Incoming, route } from './route.ts'
import { scopesOf } from './user-routes.ts'

const names = z.array(z.string())
/** Clients send a group back as they have read it. Its name is in the path, its roles are configuration. */
const unheeded = {
  name: z.string().optional().openapi({ description: 'Not heeded' }),
  roles: z.array(z.unknown()).optional().openapi({ description: 'Not heeded' }),
}
const NewGroups = z
  .strictObject({
    // JupyterHub takes an object, too: its keys are what counts.
    groups: z
      .union([names, z.record(z.string(), z.unknown())])
      .transform((all) => (Array.isArray(all) ? all : Object.keys(all))),
    users: names.default([]),
    ...unheeded,
  })
  .openapi('NewGroups')
const NewGroup = z
  .strictObject({ users: names.default([]), ...unheeded })
  .nullable()
  .openapi('NewGroup')
const Members = z.strictObject({ users: names, ...unheeded }).openapi('Members')
const Properties = z.record(z.string(), z.unknown()).openapi('GroupProperties')

export function groupRoutes(deps: ApiDeps): readonly ApiRoute[] {
  const { people } = deps

  async function groupOfPath({ params }: Pick<Incoming, 'params'>): Promise<Group> {
    const group = await people.findGroup(params.group ?? '')
    if (group === null) throw hiddenOrMissing()
    return group
  }

  async function modelsOf(groups: readonly Group[], caller: Caller) {
    const scopes = scopesOf(caller)
    const readable = groups.filter(({ name }) =>
      isCovered(scopes, 'read:groups', { user: null, server: null, group: name }),
    )
    const members = await people.membersOf(readable.map(({ id }) => id))
    return groups.map((group) =>
      toGroupModel(group, members.get(group.id) ?? null, people.rolesOfGroup(group.name), scopes),
    )
  }
  const answer = async (name: string, caller: Caller, status = 200): Promise<Response> => {
    const group = await groupOfPath({ params: { group: name } })
    return Response.json((await modelsOf([group], caller))[0], { status })
  }

  async function recordMembers(record: Incoming['record'], users: readonly string[], detail: string): Promise<void> {
    for (const user of new Set(users)) {
      await eventLoop.next()
      await record({ action: 'group-changed', object: user.toLowerCase(), detail })
    }
  }

  async function create(call: Incoming, names: readonly string[], users: readonly string[]): Promise<readonly Group[]> {
    const made = await people.createGroups(names, users, scopesOf(call.caller))
    for (const { name } of made) {
      await call.record({ action: 'group-created', object: name })
      await recordMembers(call.record, users, `added to ${name}`)
    }
    return made
  }

  return [
    route({
      operationId: 'listGroups',
      method: 'get',
      path: '/groups',
      access: { anyOf: ['list:groups'], filters: ['group'] },
      summary: 'The groups that the caller may see; with the Accept type of pages wrapped, else at most 200',
      query: PageQuery,
      responses: {
        200: {
          description: 'Groups, or a page of them',
          schema: z.union([z.array(GroupModel), wrapped(z.array(GroupModel))]),
        },
      },
      async handler(call) {
        const page = readPage(call.request, call.query)
        const visible = visibleBy(scopesOf(call.caller), 'list:groups', ['group'])
        const { offset, limit } = page
        const only = visible === null ? null : (visible.group ?? [])
        const { groups, total } = await people.searchGroups({ offset, limit, names: only })
        return pageResponse(call, page, await modelsOf(groups, call.caller), total)
      },
    }),
    route({
      operationId: 'createGroups',
      method: 'post',
      path: '/groups',
      access: { anyOf: ['admin:groups'] },
      summary: 'Make several groups, all with these members; if one exists, none is made',
      body: NewGroups,
      maxBodyBytes: 1024 * 1024,
      responses: {
        201: { description: 'The groups', schema: z.array(GroupModel) },
        409: { description: 'One of them exists' },
      },
      async handler(call) {
        const { groups, users } = call.body
        if (groups.length === 0) throw new BatchwayError('bad_request', 'Must specify at least one group to create')
        const made = await create(call, groups, users)
        return Response.json(await modelsOf(made, call.caller), { status: 201 })
      },
    }),
    route({
      operationId: 'getGroup',
      method: 'get',
      path: '/groups/{group}',
      access: { anyOf: ['read:groups', 'read:groups:name', 'read:roles:groups'] },
      summary: 'Read one group; the scopes held decide on the fields',
      responses: { 200: { description: 'The group', schema: GroupModel } },
      handler: ({ caller, params }) => answer(params.group ?? '', caller),
    }),
    route({
      operationId: 'createGroup',
      method: 'post',
      path: '/groups/{group}',
      access: { anyOf: ['admin:groups'] },
      summary: 'Make a group',
      body: NewGroup,
      maxBodyBytes: 1024 * 1024,
      responses: { 201: { description: 'The group', schema: GroupModel }, 409: { description: 'The group exists' } },
      async handler(call) {
        const name = call.params.group ?? ''
        await create(call, [name], call.body?.users ?? [])
        return await answer(name, call.caller, 201)
      },
    }),
    route({
      operationId: 'removeGroup',
      method: 'delete',
      path: '/groups/{group}',
      access: { anyOf: ['delete:groups'] },
      summary: 'Remove a group; its members stay users',
      responses: { 204: { description: 'Removed' } },
      async handler(call) {
        const group = await groupOfPath(call)
        await people.removeGroup(group.id)
        await call.record({ action: 'group-removed', object: group.name })
        return new Response(null, { status: 204 })
      },
    }),
    route({
      operationId: 'addToGroup',
      method: 'post',
      path: '/groups/{group}/users',
      access: { anyOf: ['groups'] },
      summary: 'Put users into a group: a membership that no sign-in ends',
      body: Members,
      maxBodyBytes: 1024 * 1024,
      responses: { 200: { description: 'The group', schema: GroupModel } },
      async handler(call) {
        const group = await groupOfPath(call)
        await people.addToGroup(group, call.body.users, scopesOf(call.caller))
        await recordMembers(call.record, call.body.users, `added to ${group.name}`)
        return await answer(group.name, call.caller)
      },
    }),
    route({
      operationId: 'removeFromGroup',
      method: 'delete',
      path: '/groups/{group}/users',
      access: { anyOf: ['groups'] },
      summary: 'Take users out of a group; the next sign-in may put them back',
      body: Members,
      maxBodyBytes: 1024 * 1024,
      responses: { 200: { description: 'The group', schema: GroupModel } },
      async handler(call) {
        const group = await groupOfPath(call)
        await people.removeFromGroup(group, call.body.users)
        await recordMembers(call.record, call.body.users, `removed from ${group.name}`)
        return await answer(group.name, call.caller)
      },
    }),
    route({
      operationId: 'setGroupProperties',
      method: 'put',
      path: '/groups/{group}/properties',
      access: { anyOf: ['groups'] },
      summary: 'Replace the properties of a group',
      body: Properties,
      responses: { 200: { description: 'The group', schema: GroupModel } },
      async handler(call) {
        const group = await groupOfPath(call)
        await people.setGroupProperties(group.id, call.body)
        await call.record({ action: 'group-properties', object: group.name })
        return await answer(group.name, call.caller)
      },
    }),
  ]
}
