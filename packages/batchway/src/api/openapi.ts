import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { HubVersions } from '../core/http.ts'
import type { Access } from './access.ts'
import type { ApiRoute } from './route.ts'

const Problem = z
  .object({
    status: z.number(),
    message: z.string(),
    type: z.string(),
    title: z.string(),
    detail: z.string(),
    instance: z.string(),
    retry: z.boolean(),
  })
  .openapi('Problem')

/** The API's description, made from the route objects themselves. @param server URL path of the API. */
export function describeApi(routes: readonly ApiRoute[], server: string, versions: HubVersions): object {
  const app = new OpenAPIHono()
  const { openAPIRegistry: registry } = app
  registry.registerComponent('securitySchemes', 'token', {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description: '`token T` or `Bearer T`',
  })
  registry.registerComponent('securitySchemes', 'cookie', {
    type: 'apiKey',
    in: 'cookie',
    name: 'jupyterhub-hub-login',
    description: 'A signed-in browser; every request needs the X-XSRFToken header too. Public listener only.',
  })
  for (const route of routes) {
    const params = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => [name, z.string()] as const)
    registry.registerPath(
      createRoute({
        operationId: route.operationId,
        method: route.method,
        path: route.path === '' ? '/' : route.path,
        summary: route.summary,
        description: accessWords(route.access),
        security:
          route.access === 'anonymous'
            ? []
            : route.access === 'agent'
              ? [{ token: [] }]
              : [{ token: [] }, { cookie: [] }],
        request: {
          ...(params.length > 0 ? { params: z.object(Object.fromEntries(params)) } : {}),
          query: route.query,
          ...(route.body ? { body: { content: { 'application/json': { schema: route.body } } } } : {}),
        },
        responses: {
          ...Object.fromEntries(
            Object.entries(route.responses).map(([status, { description, schema }]) => [
              status,
              schema ? { description, content: { 'application/json': { schema } } } : { description },
            ]),
          ),
          default: { description: 'A problem', content: { 'application/json': { schema: Problem } } },
        },
      }),
    )
  }
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Batchway',
      version: versions.batchway,
      description: `JupyterHub's REST API at level ${versions.jupyterhub}, with Batchway's own resources beside it.`,
    },
    servers: [{ url: server }],
  })
}

function accessWords(access: Access): string {
  if (access === 'anonymous') return 'No credentials needed.'
  if (access === 'agent') return 'For agents inside jobs, on the internal listener only.'
  if (access === 'signed-in') return 'Any valid credentials.'
  const names = access.anyOf.map((scope) => `\`${scope}\``).join(', ')
  const { filters = [] } = access
  return [
    `Needs any of the scopes ${names}${access.of === 'caller' ? ' on oneself' : ''}.`,
    ...(filters.length > 0
      ? [`With a filter (${filters.map((kind) => `\`!${kind}=\``).join(', ')}) what it covers is shown.`]
      : []),
    ...(access.byBody ? ['Or a name and a password in the body, of somebody who has the scope.'] : []),
  ].join(' ')
}
