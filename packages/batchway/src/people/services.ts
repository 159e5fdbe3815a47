/** Programs beside the hub that use its API and sign people in by it. They are configuration: known from the start, and never change. */

import { isServiceClientId } from '../core/service-client.ts'

export interface Service {
  readonly name: string
  /** Where it listens, as the proxy reaches it; null: it only calls the API. */
  readonly url: string | null
  /** Its path on the gateway with both slashes; empty without `url`. */
  readonly prefix: string
  /** Its requests arrive there without that path. */
  readonly isPrefixStripped: boolean
  /** People open it themselves. */
  readonly isDisplayed: boolean
  readonly info: Readonly<Record<string, unknown>>
  /** Names of its roles. */
  readonly roles: readonly string[]
  /** Null: nobody signs in there. */
  readonly client: ServiceClient | null
}

export interface ServiceClient {
  /** Begins as `isServiceClientId` says. */
  readonly id: string
  readonly redirectUri: string
  /** Scopes and names of roles; empty: who the visitor is. */
  readonly allowedScopes: readonly string[]
  /** The visitor is not asked. */
  readonly isTrusted: boolean
}

/** What a service is known by: only the hash of its token, which is the secret of its OAuth client too. */
export interface ServiceEntry {
  readonly service: Service
  readonly tokenHash: string
}

export interface Services {
  readonly all: readonly Service[]
  find(name: string): Service | null
  /** @param tokenHash of `hashOf`. */
  ofToken(tokenHash: string): Service | null
  ofClient(clientId: string): ServiceEntry | null
}

/** The service that a token was issued to; null: none. `gone`: one that is no more, and its tokens are worth nothing. */
export function issuedTo(
  { clientId }: { readonly clientId: string | null },
  services: Services,
): Service | null | 'gone' {
  if (clientId === null || !isServiceClientId(clientId)) return null
  return services.ofClient(clientId)?.service ?? 'gone'
}

/** The scope that lets a visitor into a service. */
export const serviceAccessScope = (name: string): string => `access:services!service=${name}`

/** @throws {TypeError} if two share a name, a token or a client id. */
export function openServices(entries: readonly ServiceEntry[]): Services {
  const byName = new Map(entries.map(({ service }) => [service.name, service]))
  const byToken = new Map(entries.map(({ service, tokenHash }) => [tokenHash, service]))
  const byClient = new Map(entries.flatMap((entry) => (entry.service.client ? [[entry.service.client.id, entry]] : [])))
  const clients = entries.filter(({ service }) => service.client !== null)
  if (byName.size < entries.length || byToken.size < entries.length || byClient.size < clients.length)
    throw new TypeError('two services share a name, a token or an OAuth client id')
  return {
    all: entries.map(({ service }) => service),
    find: (name) => byName.get(name) ?? null,
    ofToken: (tokenHash) => byToken.get(tokenHash) ?? null,
    ofClient: (clientId) => byClient.get(clientId) ?? null,
  }
}

export const noServices = openServices([])
