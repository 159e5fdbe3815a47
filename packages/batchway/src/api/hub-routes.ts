/** The hub itself: what it is, the proxy's routes, and its end. */
import { z } from '@hono/zod-openapi'
import { BatchwayError } from '../core/errors.ts'
import { actorOf } from '../people/actor.ts'
import type { ApiDeps } from './deps.ts'
import { PageQuery, pageResponse, readPage, wrapped } from './pagination.ts'
import { type ApiRoute, route } from './route.ts'

const ClassView = z.object({ class: z.string(), version: z.string() })
const InfoView = z
  .object({
    version: z.string(),
    python: z.string().openapi({ description: 'What runs the hub; the name is JupyterHub’s' }),
    sys_executable: z.string(),
    spawner: ClassView,
    authenticator: ClassView,
  })
  .openapi('Info')

const RouteTable = z.record(
  z.string(),
  z.object({ routespec: z.string(), target: z.string(), data: z.record(z.string(), z.unknown()) }),
)

export function hubRoutes({ hub, settings }: ApiDeps): readonly ApiRoute[] {
  const { jupyterhub, batchway } = settings.versions

  return [
    route({
      operationId: 'getInfo',
      method: 'get',
      path: '/info',
      access: { anyOf: ['read:hub'] },
      summary: 'What this hub is made of',
      responses: { 200: { description: 'Versions and parts', schema: InfoView } },
      handler: () =>
        Response.json({
          version: jupyterhub,
          python: hub.about.runtime,
          sys_executable: hub.about.executable,
          spawner: { class: `batchway.schedulers (${hub.about.drivers.join(', ')})`, version: batchway },
          authenticator: { class: `batchway.people (${hub.about.logins.join(', ')})`, version: batchway },
        }),
    }),
    route({
      operationId: 'listRoutes',
      method: 'get',
      path: '/proxy',
      access: { anyOf: ['proxy'] },
      summary: 'The proxy’s routes, by path',
      query: PageQuery,
      responses: {
        200: { description: 'Routes, or a page of them', schema: z.union([RouteTable, wrapped(RouteTable)]) },
      },
      async handler(call) {
        const page = readPage(call.request, call.query)
        const all = [...(await hub.listRoutes())].sort(([one], [other]) => (one < other ? -1 : 1))
        const shown = all
          .slice(page.offset, page.offset + page.limit)
          .map(([path, { target, user, server_name, service }]) => {
            // JupyterHub's spelling; never more of a route than these: the rest is between hub and proxy.
            const routespec = path.endsWith('/') ? path : `${path}/`
            const whose =
              service !== undefined ? { service } : user !== undefined ? { user, server_name } : { hub: true }
            const data = { ...whose, jupyterhub: true }
            return [routespec, { routespec, target, data }] as const
          })
        return pageResponse(call, page, Object.fromEntries(shown), all.length)
      },
    }),
    route({
      operationId: 'checkRoutes',
      method: 'post',
      path: '/proxy',
      access: { anyOf: ['proxy'] },
      summary: 'Compare the proxy’s routes with what should be there, and mend them now',
      responses: { 200: { description: 'Done' } },
      async handler() {
        await hub.mendRoutes()
        return new Response(null, { status: 200 })
      },
    }),
    route({
      operationId: 'changeProxy',
      method: 'patch',
      path: '/proxy',
      access: { anyOf: ['proxy'] },
      summary: 'For scripts that tell of a new proxy: where it is, is configuration here; routes are mended',
      body: z.looseObject({}),
      responses: { 200: { description: 'Done' }, 400: { description: 'The proxy’s place cannot be changed this way' } },
      async handler({ body }) {
        for (const key of ['api_url', 'auth_token'])
          if (key in body)
            throw new BatchwayError(
              'bad_request',
              `${key} is configuration: write "proxy.control", then restart the hub. It ends no session.`,
            )
        await hub.mendRoutes()
        return new Response(null, { status: 200 })
      },
    }),
    route({
      operationId: 'shutDown',
      method: 'post',
      path: '/shutdown',
      access: { anyOf: ['shutdown'] },
      summary: 'Stop the hub, after all servers if asked; the proxy is a process of its own',
      body: z.object({ servers: z.boolean().default(false), proxy: z.boolean().default(false) }).nullable(),
      responses: { 202: { description: 'On its way', schema: z.object({ message: z.string() }) } },
      async handler({ body, caller, record }) {
        if (body?.proxy === true)
          throw new BatchwayError('bad_request', 'The proxy is a process of its own: stop it where it was started.')
        if (caller.kind === 'anonymous') throw new BatchwayError('forbidden', 'Missing or invalid credentials.')
        const servers = body?.servers ?? false
        await record({ action: 'hub-stopped', ...(servers && { detail: 'with all servers' }) })
        await hub.shutDown({ servers, by: actorOf(caller) })
        return Response.json({ message: 'Shutting down Hub' }, { status: 202 })
      },
    }),
  ]
}
