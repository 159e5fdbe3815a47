/** Services as programs see them. They are configuration: nothing here makes or removes one. */
import { z } from '@hono/zod-openapi'
import { hiddenOrMissing, visibleBy } from './access.ts'
import type { ApiDeps } from './deps.ts'
import { type ApiRoute, route } from './route.ts'
import { ServiceModel, toServiceModel } from './service-models.ts'
import { scopesOf } from './user-routes.ts'

export function serviceRoutes({ services }: Pick<ApiDeps, 'services'>): readonly ApiRoute[] {
  return [
    route({
      operationId: 'listServices',
      method: 'get',
      path: '/services',
      access: { anyOf: ['list:services'], filters: ['service'] },
      summary: 'The services that the caller may see, by name; the scopes held decide on the fields',
      responses: { 200: { description: 'Name → service', schema: z.record(z.string(), ServiceModel) } },
      handler({ caller }) {
        const scopes = scopesOf(caller)
        const visible = visibleBy(scopes, 'list:services', ['service'])
        const seen = services.all.filter(({ name }) => visible === null || visible.service?.includes(name))
        return Response.json(Object.fromEntries(seen.map((each) => [each.name, toServiceModel(each, scopes)])))
      },
    }),
    route({
      operationId: 'getService',
      method: 'get',
      path: '/services/{service}',
      access: { anyOf: ['read:services', 'read:services:name', 'read:roles:services'] },
      summary: 'Read one service; the scopes held decide on the fields',
      responses: { 200: { description: 'The service', schema: ServiceModel } },
      handler({ caller, params }) {
        const service = services.find(params.service ?? '')
        if (service === null) throw hiddenOrMissing()
        return Response.json(toServiceModel(service, scopesOf(caller)))
      },
    }),
  ]
}
