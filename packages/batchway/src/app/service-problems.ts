/** What is wrong with services, beyond their form. */
import { type ConfigProblem, closest } from '../core/config-error.ts'
import type { SiteChecks } from '../core/load-config.ts'
import { roles as defaultRoles } from '../people/roles.ts'
import { scopeTable } from '../people/scope-table.ts'
import { isScopeText } from '../people/scopes.ts'
import { clientIdOfService } from './open-services.ts'

export const serviceProblems: SiteChecks = ({ services, roles, customScopes }) => {
  const problems: ConfigProblem[] = []
  const say = (path: string, message: string): unknown => problems.push({ path, message })
  const custom = new Map(Object.entries(customScopes ?? {}).map(([name, { subscopes }]) => [name, subscopes]))
  const roleNames = [...Object.keys(defaultRoles), ...Object.keys(roles ?? {})]
  const clients = new Map<string, string>()
  for (const [name, service] of Object.entries(services ?? {})) {
    const path = `services.${name}`
    const id = clientIdOfService(name, service)
    const other = clients.get(id)
    if (other !== undefined) say(`${path}.oauthClientId`, `"${id}" is the id of the service "${other}" already`)
    clients.set(id, name)
    const isClient = service.url !== undefined || service.oauthRedirectUri !== undefined
    for (const key of ['oauthClientId', 'clientAllowedScopes', 'oauthNoConfirm'] as const) {
      const isSaid = key === 'clientAllowedScopes' ? service[key].length > 0 : Boolean(service[key])
      if (!isClient && isSaid) say(`${path}.${key}`, 'nobody signs in there: write "url" or "oauthRedirectUri" too')
    }
    for (const [index, text] of service.clientAllowedScopes.entries()) {
      if (roleNames.includes(text) || isScopeText(text, custom)) continue
      const guess = closest(text, [...Object.keys(scopeTable), ...custom.keys(), ...roleNames])
      const meant = guess === undefined ? '' : `; did you mean "${guess}"?`
      say(`${path}.clientAllowedScopes[${index}]`, `there is no scope or role "${text}"${meant}`)
    }
  }
  if (services === null) return problems
  const known = Object.keys(services)
  for (const [role, { services: holders }] of Object.entries(roles ?? {}))
    for (const [index, holder] of holders.entries()) {
      if (known.includes(holder)) continue
      const guess = closest(holder, known)
      const meant = guess === undefined ? 'name it in "services"' : `did you mean "${guess}"?`
      say(`roles.${role}.services[${index}]`, `there is no service "${holder}"; ${meant}`)
    }
  return problems
}
