/** JupyterHub's model of a service (contract 2.4). A key appears only when a held scope shows it. */
import { z } from '@hono/zod-openapi'
import { coversScopeText } from '../people/scopes.ts'
import type { Service } from '../people/services.ts'

export const ServiceModel = z
  .object({
    kind: z.literal('service'),
    name: z.string(),
    admin: z.literal(false).openapi({ description: 'Services have what their roles say, never everything' }),
    roles: z.array(z.string()).optional(),
    url: z.string().optional(),
    prefix: z.string().optional(),
    command: z.array(z.string()).optional().openapi({ description: 'Always empty: the hub starts no services' }),
    pid: z.int().optional().openapi({ description: 'Always 0' }),
    info: z.record(z.string(), z.unknown()).optional(),
    display: z.boolean().optional(),
  })
  .openapi('Service')

export const ServiceSelfModel = ServiceModel.extend({
  scopes: z.array(z.string()),
  token_id: z.null(),
  session_id: z.null(),
}).openapi('ServiceSelf')

/** @param scopes what the caller holds. */
export function toServiceModel(service: Service, scopes: ReadonlySet<string>): z.infer<typeof ServiceModel> {
  const may = (scope: string): boolean => coversScopeText(scopes, `${scope}!service=${service.name}`)
  return {
    kind: 'service',
    name: service.name,
    admin: false,
    ...(may('read:roles:services') && { roles: [...service.roles] }),
    ...(may('read:services') && {
      url: service.url ?? '',
      prefix: service.prefix,
      command: [],
      pid: 0,
      info: service.info,
      display: service.isDisplayed,
    }),
  }
}
