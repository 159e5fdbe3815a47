/** Named servers as things that are kept: made without a start, renamed, given a title and options (JupyterHub 6). */
import { z } from '@hono/zod-openapi'
import { BatchwayError } from '../core/errors.ts'
import { hiddenOrMissing } from './access.ts'
import type { ApiDeps } from './deps.ts'
import { ServerModel } from './models.ts'
import { type ApiRoute, route } from './route.ts'
import { locateServer, modelOf } from './server-routes.ts'

const options = z.record(z.string(), z.unknown()).nullish()
const NewServer = z
  .strictObject({ display_name: z.string().nullish(), user_options: options })
  .nullable()
  .openapi('NewServer')
const ServerChange = z
  .strictObject({ name: z.string().optional(), display_name: z.string().optional(), user_options: options })
  .refine((body) => Object.keys(body).length > 0, 'say what is to change: name, display_name or user_options')
  .openapi('ServerChange')

export function serverChangeRoutes(deps: ApiDeps): readonly ApiRoute[] {
  const { servers, settings } = deps
  return [
    route({
      operationId: 'createNamedServer',
      method: 'put',
      path: '/users/{user}/servers/{server}',
      aliases: ['/users/{user}/servers/'],
      access: { anyOf: ['start:servers', 'servers'] },
      summary: 'Make a named server without starting it',
      body: NewServer,
      responses: {
        201: { description: 'The server', schema: ServerModel },
        400: { description: 'The name or the title will not do, or there are as many as may be' },
        409: { description: 'It exists' },
      },
      async handler({ caller, params, body, record }) {
        const { owner, name } = await locateServer(deps, params)
        await servers.create(owner, name, { displayName: body?.display_name, options: body?.user_options })
        await record({ action: 'server-created', object: `${owner.name}/${name}` })
        return Response.json(modelOf(await locateServer(deps, params), caller, settings), { status: 201 })
      },
    }),
    route({
      operationId: 'changeNamedServer',
      method: 'patch',
      path: '/users/{user}/servers/{server}',
      aliases: ['/users/{user}/servers/'],
      access: { anyOf: ['start:servers', 'servers'] },
      summary: 'Give a named server another title or other options, or one that does not run another name',
      body: ServerChange,
      responses: {
        200: { description: 'The server', schema: ServerModel },
        400: { description: 'It runs, or the name or the title will not do' },
        409: { description: 'There is a server with the new name' },
      },
      async handler({ caller, params, body, record }) {
        const { owner, name, kept } = await locateServer(deps, params)
        if (name === '') throw new BatchwayError('bad_request', 'The default server has no name or options of its own.')
        if (kept === null) throw hiddenOrMissing()
        const { name: newName = name, display_name: displayName } = body
        await servers.change(owner, name, { name: newName, displayName, options: body.user_options })
        const detail = newName === name ? {} : { detail: `was ${name}` }
        await record({ action: 'server-renamed', object: `${owner.name}/${newName}`, ...detail })
        return Response.json(modelOf(await locateServer(deps, { ...params, server: newName }), caller, settings))
      },
    }),
  ]
}
