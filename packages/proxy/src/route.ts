import { createHash } from 'node:crypto'
import type { ConnectionOptions } from 'node:tls'
import { optionsProblem, type RouteOptions } from './route-options.ts'

/** The key that proxy and agent share: TLS-PSK identity and key in hexadecimal. */
export interface Psk {
  readonly identity: string
  readonly key: string
}

/** A route as it is posted. Keys other than these are stored and given back verbatim. */
export interface Route {
  /**
   * `http://host:port[/path]`, `http+unix://<percent-encoded socket path>[/path]`, or `https://host:port[/path]` with `psk`; without, where
   * targets may prove themselves by certificates ({@link TargetRules}).
   */
  readonly target: string
  readonly psk?: Psk
  /** Leads to the hub: its cookies pass. Every other route leads to an application. */
  readonly hub?: boolean
  /** Known but not confirmed: answered with 503 until it is posted again without this. */
  readonly pending?: boolean
  readonly batchway?: RouteOptions
  readonly [extra: string]: unknown
}

/** A route as it is listed: the key is replaced by its fingerprint. */
export interface RouteView {
  readonly target: string
  readonly last_activity: string
  readonly psk?: { readonly identity: string; readonly fingerprint: string }
  readonly hub?: boolean
  readonly pending?: boolean
  readonly batchway?: RouteOptions
  readonly [extra: string]: unknown
}

/** Where the bytes go. `prefix` is put before the request's path; it has no trailing slash. */
export interface Target {
  readonly connect:
    | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
    | { readonly kind: 'unix'; readonly path: string }
  readonly psk: Psk | null
  /** How a target without a key proves who it is, now; none: it speaks plainly, or has a key. */
  readonly tls?: () => CertificateTls
  readonly prefix: string
}

/** Our own certificate and key, and by which authorities a target's is judged (none: those of the system). */
export type CertificateTls = Pick<ConnectionOptions, 'key' | 'cert' | 'ca' | 'rejectUnauthorized'>

/** Which targets a proxy takes. */
export interface TargetRules {
  /** Asked for each connection: files are replaced. Null: `https` is for targets with a key, and nothing else. */
  readonly certificates: (() => CertificateTls) | null
}
const keysOnly: TargetRules = { certificates: null }

/** First 16 hex digits of SHA-256 over the key's hexadecimal text: enough to compare, useless to connect. */
export const keyFingerprint = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 16)

/** @throws {RouteError} with words for the caller of the control API; they never contain a key. */
export function parseRoute(input: unknown, rules: TargetRules = keysOnly): Route {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new RouteError("Must specify 'target' as string")
  const fields: Record<string, unknown> = { ...input }
  const { target, psk, hub, pending } = fields
  if (typeof target !== 'string') throw new RouteError("Must specify 'target' as string")
  if (hub !== undefined && typeof hub !== 'boolean') throw new RouteError('hub must be true or false')
  if (pending !== undefined && typeof pending !== 'boolean') throw new RouteError('pending must be true or false')
  const problem = fields.batchway === undefined ? null : optionsProblem(fields.batchway)
  if (problem !== null) throw new RouteError(problem)
  delete fields.last_activity // ours to say
  if (isDeeper(fields, 16)) throw new RouteError('a route is not nested that deeply')
  const route: Route = { ...fields, target, ...(psk !== undefined && { psk: parsePsk(psk) }) }
  parseTarget(route, rules)
  return route
}

/** @throws {RouteError} if the target is not one we can reach in the promised way. */
export function parseTarget({ target, psk }: Route, { certificates }: TargetRules = keysOnly): Target {
  const url = URL.canParse(target) ? new URL(target) : null
  if (url === null || url.username || url.password || url.search || url.hash || !url.host)
    throw new RouteError('target must be scheme://host:port[/path]')
  let end = url.pathname.length
  while (url.pathname[end - 1] === '/') end -= 1
  const prefix = url.pathname.slice(0, end)
  if (url.protocol === 'http+unix:' || url.protocol === 'unix+http:') {
    if (psk) throw new RouteError('a socket target takes no psk')
    return { connect: { kind: 'unix', path: socketPath(url.host) }, psk: null, prefix }
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new RouteError('target must begin with http://, http+unix:// or https://')
  const tls = url.protocol === 'https:' && psk === undefined ? certificates : null
  if (tls === null && (url.protocol === 'https:') !== (psk !== undefined))
    throw new RouteError('https targets need a psk, and a psk needs an https target')
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  if (port === 0) throw new RouteError('target must name a port')
  const connect = { kind: 'tcp', host: url.hostname.replace(/^\[|\]$/g, ''), port } as const
  return { connect, psk: psk ?? null, ...(tls && { tls }), prefix }
}

/** What a request to a target would have in `Host`, and its `Location` names: the port only where it is not the scheme's own. */
export const authorityOf = (target: string): string => {
  const { protocol, host } = new URL(target)
  return /unix/.test(protocol) ? 'localhost' : host
}

export function viewRoute(route: Route, lastActivity: number): RouteView {
  const { psk, ...rest } = route
  return {
    ...rest,
    ...(psk && { psk: { identity: psk.identity, fingerprint: keyFingerprint(psk.key) } }),
    last_activity: new Date(lastActivity).toISOString(),
  }
}

/** True if both lead to the same program with the same key, so that open connections may be kept. */
export const sameUpstream = (a: Route, b: Route): boolean =>
  a.target === b.target && a.psk?.identity === b.psk?.identity && a.psk?.key === b.psk?.key

/** A restored route is used at once if the peer proves itself: the hub's own, or one with a key. Another program may sit on any other port by now. */
export const restored = (route: Route): Route => (route.hub || route.psk ? route : { ...route, pending: true })

/** What can be parsed can be too deep to be written again, into the list of routes and into the snapshot. */
const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1)))

export class RouteError extends Error {
  override readonly name = 'RouteError'
}

function parsePsk(input: unknown): Psk {
  const { identity, key } = typeof input === 'object' && input !== null ? { identity: '', key: '', ...input } : {}
  // OpenSSL takes identities up to 128 bytes; fewer than 128 bits of key are no key.
  if (typeof identity !== 'string' || !/^[\u0021-\u007e]{1,128}$/.test(identity))
    throw new RouteError('psk.identity must be 1 to 128 visible ASCII characters')
  if (typeof key !== 'string' || !/^(?:[0-9a-fA-F]{2}){16,64}$/.test(key))
    throw new RouteError('psk.key must be 32 to 128 hex digits')
  return { identity, key }
}

function socketPath(host: string): string {
  let path: string
  try {
    path = decodeURIComponent(host)
  } catch {
    throw new RouteError('the socket path is not percent-encoded')
  }
  if (!path.startsWith('/') || path.includes('\0')) throw new RouteError('the socket path must be absolute')
  return path
}
