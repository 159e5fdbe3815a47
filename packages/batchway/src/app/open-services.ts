/** The services of the configuration, with their tokens read: of each only the hash is kept. */
import { basePathOf, type Config } from '../core/config.ts'
import type { ServiceConfig } from '../core/services-config.ts'
import { type RoleBook, rolesOfService } from '../people/roles.ts'
import { hashOf, isStrongToken, shortestToken } from '../people/secrets.ts'
import { openServices, type Service, type Services } from '../people/services.ts'
import type { ServiceRoute } from '../sessions/route-keeper.ts'
import { readPrivateFile } from './private-secret.ts'
import { roleBookOf } from './role-problems.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** @param config without `serviceProblems`. @throws {Error} with words for the admin, for a token that is missing, open to others or weak. */
export function openSiteServices(
  config: Pick<Config, 'services' | 'url' | 'roles' | 'customScopes'>,
  environment: Environment,
): Services {
  const base = basePathOf(config)
  const book = roleBookOf(config)
  const seen = new Map<string, string>()
  const entries = Object.entries(config.services).map(([name, service]) => {
    const tokenHash = hashOf(tokenOf(name, service, environment))
    const other = seen.get(tokenHash)
    // Who holds it could not be told apart.
    if (other !== undefined)
      throw new Error(`the services "${other}" and "${name}" have the same token: give each its own`)
    seen.set(tokenHash, name)
    return { service: toService(name, service, base, book), tokenHash }
  })
  return openServices(entries)
}

function tokenOf(
  name: string,
  { apiTokenFile, apiTokenVariable = '' }: ServiceConfig,
  environment: Environment,
): string {
  const place = apiTokenFile ?? `the variable ${apiTokenVariable}`
  const token = apiTokenFile === undefined ? environment[apiTokenVariable]?.trim() : readPrivateFile(apiTokenFile)
  if (!token) throw new Error(`the token of the service "${name}" is not in the environment: set ${apiTokenVariable}`)
  const advice = 'make one with "openssl rand -hex 32"'
  if (!isStrongToken(token) || new Set(token).size < 8)
    throw new Error(`${place} holds no random token of ${shortestToken} characters or more for "${name}": ${advice}`)
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Error(`${place} holds more than a token for "${name}": ${advice}`)
  return token
}

function toService(name: string, config: ServiceConfig, base: string, book: RoleBook): Service {
  const prefix = config.url === undefined ? '' : `${base}services/${name}/`
  const redirectUri = config.oauthRedirectUri ?? (prefix === '' ? null : `${prefix}oauth_callback`)
  return {
    name,
    url: config.url ?? null,
    isPrefixStripped: config.stripPrefix,
    prefix,
    isDisplayed: config.display,
    info: config.info,
    roles: rolesOfService(name, book),
    client:
      redirectUri === null
        ? null
        : {
            id: clientIdOfService(name, config),
            redirectUri,
            allowedScopes: config.clientAllowedScopes,
            isTrusted: config.oauthNoConfirm,
          },
  }
}

export const clientIdOfService = (name: string, { oauthClientId }: Pick<ServiceConfig, 'oauthClientId'>): string =>
  oauthClientId ?? `service-${name}`

/** Path of a service's route as the proxy names it: on the hub's own host, no trailing slash. @param hubRoute path of the hub's. */
export const servicePathOf = ({ prefix }: Pick<Service, 'prefix'>, hubRoute: string): string =>
  `${hubRoute === '/' ? '' : hubRoute}${prefix.slice(0, -1)}`

/** What the proxy has to know of them. */
export const routesOfServices = ({ all }: Services, hubRoute: string): readonly ServiceRoute[] =>
  all.flatMap((service) =>
    service.url === null
      ? []
      : [
          {
            path: servicePathOf(service, hubRoute),
            name: service.name,
            target: service.url.replace(/\/$/, ''),
            isPrefixStripped: service.isPrefixStripped,
          },
        ],
  )
