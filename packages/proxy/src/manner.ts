/**
 * How requests and answers pass where the proxy stands in configurable-http-proxy's place: what that one's options say, and its
 * `X-Forwarded-*`. Everything is decided once, or from the head of one request; nothing here waits.
 */
import type { Passing } from './forwarded.ts'
import { foldName, type RawHeaders, valuesOf } from './headers.ts'
import { authorityOf, type Route } from './route.ts'
import type { LiveRoute } from './route-book.ts'
import { pathBelow, withLocation, withoutSegments } from './route-wishes.ts'
import { plainAddress } from './trusted-fronts.ts'

export interface MannerOptions {
  /** Add `X-Forwarded-*` (not `--no-x-forward`). */
  readonly isForwardedTold: boolean
  /** Put the path of the target before that of the request (not `--no-prepend-path`). */
  readonly isTargetPathAdded: boolean
  /** Leave the route's own path in that of the request (not `--no-include-prefix`). */
  readonly isPrefixKept: boolean
  /** The first segment of a route is its host (`--host-routing`). */
  readonly isRoutedByHost: boolean
  /** Name the target in `Host` (`--change-origin`). */
  readonly isHostOfTarget: boolean
  /** Name us in a `Location` that names the target (`--auto-rewrite`). */
  readonly isLocationOurs: boolean
  /** Scheme for such a `Location` (`--protocol-rewrite`). */
  readonly locationScheme: string | null
  readonly customHeaders: readonly (readonly [name: string, value: string])[]
  /** What users' servers send is kept to their own part of the site, and what is the hub's is kept from them. */
  readonly areUsersConfined: boolean
}

/** What the head of a request says about its way here. */
export interface Arrival {
  readonly peer: string | null
  readonly isFront: boolean
  readonly isTls: boolean
  readonly host: string
  readonly raw: RawHeaders
}

export interface Manner {
  /** Whether a route leads to what the site itself runs: the hub, its services, whatever else was posted; not to a user's server. */
  isHubs(route: Route): boolean
  /** The host to route by; null: by path alone. */
  hostOf(host: string): string | null
  /** The path that is asked for at the target. */
  pathAt(live: LiveRoute, url: string): string
  passing(live: LiveRoute, arrival: Arrival): Passing
  /** The headers of an answer, as the browser may follow them. */
  answered(status: number, headers: RawHeaders, live: LiveRoute, host: string): RawHeaders
}

const told = ['x-forwarded-for', 'x-forwarded-port', 'x-forwarded-proto', 'x-forwarded-host']
/** As configurable-http-proxy has them: 303 is not among them. */
const rewritten: ReadonlySet<number> = new Set([201, 301, 302, 307, 308])

export function openManner(options: MannerOptions): Manner {
  const { isForwardedTold, isTargetPathAdded, isPrefixKept, isRoutedByHost, isHostOfTarget } = options
  const { isLocationOurs, locationScheme, customHeaders, areUsersConfined } = options
  const custom = new Set(customHeaders.map(([name]) => foldName(name)))
  const replaced = new Set([...custom, ...(isForwardedTold ? told : [])])
  const fixed = customHeaders.flat()
  return {
    isHubs: (route) => !areUsersConfined || typeof route.user !== 'string',
    hostOf: (host) => (isRoutedByHost ? hostName(host) : null),
    pathAt: (live, url) => {
      const passed = isPrefixKept ? pathBelow(live, url) : withoutSegments(url, live.depth)
      const asked = isTargetPathAdded ? live.target.prefix + passed : passed
      return asked.startsWith('/') ? asked : `/${asked}`
    },
    passing: (live, arrival) => ({
      believes: !arrival.isFront ? 'nothing' : live.toHub ? 'everything' : 'addresses',
      replaced,
      headers: isForwardedTold ? [...forwardedHeaders(arrival, custom), ...fixed] : fixed,
      host: isHostOfTarget ? authorityOf(live.route.target) : null,
    }),
    answered: (status, headers, { route }, host) =>
      (isLocationOurs || locationScheme !== null) && rewritten.has(status)
        ? withLocation(headers, (location) =>
            rewriteLocation(location, authorityOf(route.target), isLocationOurs ? host : null, locationScheme),
          )
        : headers,
  }
}

/** Name without port, in lower case; brackets are part of an IPv6 address. */
const hostName = (host: string): string => host.replace(/:\d*$/, '').toLowerCase()

/**
 * What a front server says, and after it what we saw; from anybody else what we saw alone. WebSockets have schemes and ports of their own,
 * and no `X-Forwarded-Host`, as with configurable-http-proxy.
 */
function forwardedHeaders({ peer, isFront, isTls, host, raw }: Arrival, without: ReadonlySet<string>): string[] {
  const isWebSocket = valuesOf(raw, 'upgrade').length > 0
  const out: string[] = []
  const tell = (name: string, seen: string | null): void => {
    const lower = name.toLowerCase()
    if (without.has(lower)) return
    const said = isFront ? valuesOf(raw, lower).join(',') : ''
    const value = seen === null ? said : said === '' ? seen : `${said},${seen}`
    if (value !== '') out.push(name, value)
  }
  const scheme = `${isWebSocket ? 'ws' : 'http'}${isTls ? 's' : ''}`
  const port = /:(\d+)$/.exec(host.replace(/^\[[^\]]*\]/, ''))?.[1] ?? (isTls ? '443' : '80')
  tell('X-Forwarded-For', peer === null || peer === 'unix' ? null : plainAddress(peer))
  tell('X-Forwarded-Port', port)
  tell('X-Forwarded-Proto', scheme)
  const named = isFront ? valuesOf(raw, 'x-forwarded-host')[0] : undefined
  if (!without.has('x-forwarded-host') && (named !== undefined || !isWebSocket))
    out.push('X-Forwarded-Host', named ?? host)
  return out
}

/** Where the target sends the browser to itself, the browser is sent to us. */
function rewriteLocation(location: string, target: string, host: string | null, scheme: string | null): string {
  const url = URL.parse(location, 'http://base.invalid')
  if (url === null || url.host !== target) return location
  if (host !== null) url.host = host
  // Without a port in the new host the target's would stay.
  if (host !== null && !/:\d+$/.test(host)) url.port = ''
  if (scheme !== null) url.protocol = scheme
  return url.href
}
