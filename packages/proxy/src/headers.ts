import { type CookiePlace, confineCookie } from './confine-cookie.ts'
import { setsCookie, withoutCookies } from './cookies.ts'
import type { Origin, Passing } from './forwarded.ts'

/** Name, value, name, value… in the order and the spelling of the wire (`rawHeaders`). */
export type RawHeaders = readonly string[]

/** What differs from site to site in how headers pass. */
export interface HeaderPolicy {
  /** Names from `guardedCookieNames`. */
  readonly guardedCookies: ReadonlySet<string>
  /** Further identity headers of this site, folded by {@link foldName}. */
  readonly identityHeaders: ReadonlySet<string>
}

/** WSGI, CGI and PHP cannot tell `Remote_User` from `REMOTE-USER`, so neither may we. */
export const foldName = (name: string): string => name.toLowerCase().replaceAll('_', '-')

/** RFC 9110 7.6.1 and what came before it; `Connection` may name more. What `TE` and `Trailer` say is told anew, see `trailers.ts`. */
const hopByHop = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'te', 'trailer', 'upgrade'],
  ...['proxy-authenticate', 'proxy-authorization', 'http2-settings'],
])

export const isHopByHop = (lower: string): boolean => hopByHop.has(lower)

/** Headers by which front servers tell who the user is: Apache's REMOTE_USER modules, Authelia, oauth2-proxy, IAP, Access, ALB, Tailscale. */
const identityNames = new Set([
  ...[
    'remote-user',
    'remote-user-data',
    'remote-groups',
    'remote-email',
    'remote-name',
    'x-remote-user',
    'x-remote-user-data',
  ],
  ...[
    'x-remote-groups',
    'x-remote-email',
    'x-remote-name',
    'x-proxy-remote-user',
    'x-webauth-user',
    'x-authenticated-user',
  ],
  ...['x-authenticated-userid', 'eppn', 'x-client-cert', 'ssl-client-cert'],
  ...['x-goog-iap-jwt-assertion', 'x-goog-authenticated-user-email', 'x-goog-authenticated-user-id'],
  ...['cf-access-jwt-assertion', 'cf-access-authenticated-user-email'],
])
const identityPrefixes = [
  ...['oidc-', 'x-auth-request-', 'x-amzn-oidc-', 'shib-', 'mellon-', 'x-ssl-client-', 'tailscale-user-'],
  // Ours: only the proxy may speak to the hub under this name.
  'x-batchway-',
]

/** Credentials that a front server asks for itself, and forwards if nobody stops it: a password must not reach anybody's application. */
const frontsOwn = /^(basic|digest|negotiate|ntlm)\b/i

/** Where a client may claim an address of its own choice; `x-forwarded-…` comes on top. */
export const addressNames: ReadonlySet<string> = new Set([
  ...['forwarded', 'x-real-ip', 'x-client-ip', 'true-client-ip', 'cf-connecting-ip', 'x-cluster-client-ip', 'x-scheme'],
  ...['x-original-url', 'x-rewrite-url', 'x-original-host'],
])

/** Response headers that speak for more than one host: `Clear-Site-Data` takes the cookies of the whole site. */
const siteWide = new Set(['clear-site-data', 'strict-transport-security', 'alt-svc', 'nel', 'report-to'])

/**
 * Response headers that speak for the whole origin, which on a shared host belongs to the hub and to other people's applications too.
 * Pages of the hub let no window of another policy keep a hand on them; one that says the same as they do would.
 */
const originWide = new Set([
  ...['service-worker-allowed', 'cross-origin-opener-policy', 'cross-origin-opener-policy-report-only'],
])

function isIdentityHeader(name: string, policy: HeaderPolicy): boolean {
  const folded = foldName(name)
  return (
    identityNames.has(folded) ||
    policy.identityHeaders.has(folded) ||
    identityPrefixes.some((prefix) => folded.startsWith(prefix))
  )
}

export interface RequestHeaderInput {
  readonly raw: RawHeaders
  readonly origin: Origin
  /** A hub route: the hub's cookies pass. Identity headers never do. */
  readonly toHub: boolean
  /** From a front server that signs people in: passwords and tickets of HTTP's own kinds were for it. */
  readonly isFrontsOwn: boolean
  /** What we attest: follows after everything of the client's has been taken out. */
  readonly attested: readonly string[]
  readonly framing: 'none' | 'zero' | 'length' | 'chunked' | 'websocket'
}

/** The headers that go upstream: the client's in their order, without hop-by-hop and claimed identity, and with our X-Forwarded-*. */
export function upstreamHeaders(input: RequestHeaderInput, policy: HeaderPolicy): string[] {
  const { raw, origin, toHub, framing } = input
  const dropped = connectionNames(raw)
  const { passing } = origin
  const out: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name = '', value = ''] = [raw[i], raw[i + 1]]
    const lower = name.toLowerCase()
    if (passing?.replaced.has(foldName(lower))) continue
    // `Connection: host` or `Connection: content-length` would make us send something else than we read.
    if (lower === 'host') out.push(name, passing?.host ?? value)
    else if (lower === 'content-length' && framing === 'length') out.push(name, value)
    else if (lower === 'content-length' || hopByHop.has(lower) || dropped.has(lower)) continue
    else if (lower === 'authorization' && input.isFrontsOwn && frontsOwn.test(value)) continue
    else if (lower === 'expect' && value.toLowerCase() !== '100-continue') continue
    else if (lower === 'cookie' && !toHub) {
      const kept = withoutCookies(value, policy.guardedCookies)
      if (kept !== null) out.push(name, kept)
    } else if (!isClaimed(lower, policy) || isBelieved(lower, passing, policy)) out.push(name, value)
  }
  if (framing === 'chunked') out.push('Transfer-Encoding', 'chunked')
  if (framing === 'zero') out.push('Content-Length', '0')
  if (framing === 'websocket') out.push('Connection', 'Upgrade', 'Upgrade', 'websocket')
  if (passing !== undefined) out.push(...passing.headers)
  else {
    if (origin.client !== null) out.push('X-Forwarded-For', origin.client)
    out.push('X-Forwarded-Proto', origin.proto, 'X-Forwarded-Host', origin.host, 'X-Forwarded-Port', origin.port)
  }
  out.push(...input.attested)
  return out
}

/** Who answered: the hub, an application with a host of its own, or one that has a part of everybody's host. */
export type Sender = 'hub' | 'own-host' | CookiePlace

/** The headers that go to the browser. On application routes nothing may touch the hub's cookies or what belongs to others too. */
export function downstreamHeaders(raw: RawHeaders, sender: Sender, policy: HeaderPolicy): string[] {
  const dropped = connectionNames(raw)
  const out: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name = '', value = ''] = [raw[i], raw[i + 1]]
    const lower = name.toLowerCase()
    if (hopByHop.has(lower) || (dropped.has(lower) && lower !== 'content-length')) continue
    if (sender === 'hub') out.push(name, value)
    else if (siteWide.has(lower) || (sender !== 'own-host' && originWide.has(lower))) continue
    else if (lower !== 'set-cookie') out.push(name, value)
    else if (!setsCookie(value, policy.guardedCookies))
      out.push(name, confineCookie(value, sender === 'own-host' ? null : sender))
  }
  return out
}

/**
 * What an application's answer says where the application itself says nothing: other origins, which may be other people's applications,
 * neither embed its files nor frame its pages.
 */
export function defaultHeaders(headers: RawHeaders, sender: Sender): string[] {
  if (sender === 'hub') return []
  const hasFrameRule =
    valuesOf(headers, 'x-frame-options').length > 0 ||
    valuesOf(headers, 'content-security-policy').some((value) => /\bframe-ancestors\b/i.test(value))
  return [
    ...(valuesOf(headers, 'cross-origin-resource-policy').length > 0
      ? []
      : ['Cross-Origin-Resource-Policy', 'same-origin']),
    ...(hasFrameRule ? [] : ['X-Frame-Options', 'SAMEORIGIN']),
  ]
}

/** All values of one header, by lower-case name. Asked a dozen times for each request: most names differ in length already. */
export function valuesOf(raw: RawHeaders, wanted: string): readonly string[] {
  let values: string[] | null = null
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? ''
    if (name.length !== wanted.length || (name !== wanted && name.toLowerCase() !== wanted)) continue
    values ??= []
    values.push(raw[i + 1] ?? '')
  }
  return values ?? none
}
const none: readonly string[] = []
const noNames: ReadonlySet<string> = new Set()

/** Names repeat with every request: each is judged once for a policy, as long as there are not too many. */
const judged = new WeakMap<HeaderPolicy, Map<string, boolean>>()
const mostJudged = 2_000
const longestJudged = 64

/** What a client may not say of itself: where it comes from, and who it is. */
export function isClaimed(lower: string, policy: HeaderPolicy): boolean {
  let names = judged.get(policy)
  if (names === undefined) {
    names = new Map()
    judged.set(policy, names)
  }
  const before = names.get(lower)
  if (before !== undefined) return before
  const folded = foldName(lower)
  const now = folded.startsWith('x-forwarded-') || addressNames.has(folded) || isIdentityHeader(lower, policy)
  if (names.size < mostJudged && lower.length <= longestJudged) names.set(lower, now)
  return now
}

/** Nobody but we may speak to the hub under our own name, whoever else is believed. */
function isBelieved(lower: string, passing: Passing | undefined, policy: HeaderPolicy): boolean {
  if (passing === undefined || passing.believes === 'nothing' || foldName(lower).startsWith('x-batchway-')) return false
  return passing.believes === 'everything' || !isIdentityHeader(lower, policy)
}

/** What `Connection` names, in lower case: it is about this hop alone. */
export function connectionNames(raw: RawHeaders): ReadonlySet<string> {
  const values = valuesOf(raw, 'connection')
  if (values.length === 0) return noNames
  const names = new Set<string>()
  for (const value of values) for (const name of value.split(',')) names.add(name.trim().toLowerCase())
  return names
}
