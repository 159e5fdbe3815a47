import type { ClientAnswer } from './client-answer.ts'
import type { ClientRequest } from './client-request.ts'
import { cookiePlace } from './confine-cookie.ts'
import { type ErrorAnswer, errorAnswer, type Refusal } from './error-pages.ts'
import { isHost, type Origin, readOrigin } from './forwarded.ts'
import type { Front } from './front.ts'
import { type HeaderPolicy, type RawHeaders, type Sender, valuesOf } from './headers.ts'
import { type Hosts, readHost } from './hosts.ts'
import { errorWords, type Log } from './log.ts'
import type { Manner } from './manner.ts'
import type { Metrics } from './metrics.ts'
import { isForeignWorker, isFromNeighbour } from './neighbours.ts'
import { parseRequestPath } from './request-path.ts'
import type { Revocations, Streams } from './revocations.ts'
import type { LiveRoute, RouteBook } from './route-book.ts'
import { pathBelow } from './route-wishes.ts'
import type { SitePages } from './site-pages.ts'
import type { TrustedFronts } from './trusted-fronts.ts'
import { UpstreamError } from './upstream.ts'

/** What both ways through the proxy (`forward-http.ts`, `forward-upgrade.ts`) work with. */
export interface Forwarding {
  readonly book: RouteBook
  readonly revocations: Revocations
  readonly streams: Streams
  readonly policy: HeaderPolicy
  readonly trustedFronts: TrustedFronts
  readonly front: Front
  /** Who is at the other end: an address, `unix` on a listener that is a unix socket, null when the socket has forgotten it. */
  readonly peerOf: (request: ClientRequest) => string | null
  /** Path of the home page, for the error pages. */
  readonly home: string
  /** Null: hub and applications share one host, and routes are told apart by path alone. */
  readonly hosts: Hosts | null
  /** Null: the gateway's own. */
  readonly manner: Manner | null
  /** The listener speaks TLS itself. */
  readonly isTls: boolean
  /** Null: nobody collects figures. */
  readonly metrics: Metrics | null
  /** Pages of the site in place of our own. */
  readonly sitePages: SitePages | null
  readonly log: Log
  readonly now: () => number
  readonly newId: () => string
}

/** Where a request goes. */
export interface Direction {
  readonly live: LiveRoute
  /** Target prefix and the request's own raw bytes, without the route's own path where that is stripped. */
  readonly path: string
  /** The client's headers, without cookies that were revoked. */
  readonly raw: RawHeaders
  readonly origin: Origin
  /** A front server's own credentials are on the request: they go no further. */
  readonly isFrontsOwn: boolean
  /** Headers in which the hub learns who the user is; none on the way to applications. */
  readonly attested: readonly string[]
  /** Who will have answered: what its answer may do in the browser. */
  readonly sender: Sender
}

/** @returns the one host that a request names, null where there is none that counts. */
export function hostOf(raw: RawHeaders): string | null {
  const [host, ...others] = valuesOf(raw, 'host')
  return host === undefined || others.length > 0 || !isHost(host) ? null : host
}

/** Decide where a request goes, from its head alone. @returns a refusal if it goes nowhere. */
export function direct(request: ClientRequest, forwarding: Forwarding): Direction | Refusal {
  const { book, front, trustedFronts, hosts, manner, metrics } = forwarding
  const raw = request.rawHeaders
  const { url } = request
  const host = hostOf(raw)
  if (host === null) return 'bad_request'
  const path = parseRequestPath(url)
  if (path === null) return 'bad_request'
  const place = hosts === null ? null : readHost(host, hosts)
  if (place === 'malformed') return 'bad_request'
  if (place === 'unknown') return 'unknown_host'
  const byHost = manner === null ? null : manner.hostOf(host)
  const since = metrics === null ? 0 : performance.now()
  const live = book.match(path, byHost === null ? place : { kind: 'any', name: byHost })
  metrics?.found((performance.now() - since) / 1_000)
  if (live === 'ambiguous') return 'bad_request'
  if (live === undefined)
    return place?.kind === 'application' && isApplicationPath(url, forwarding.home) ? 'not_running' : 'no_route'
  if (live.route.pending) return 'pending'
  const { toHub } = live
  // In the other's place more than the hub counts as the site's own, and that may have service workers.
  if (
    (place === null || toHub) &&
    (manner === null || !toHub) &&
    isForeignWorker({ raw, url }, toHub ? null : live.path)
  )
    return 'foreign_page'
  if (place === null && !toHub && isFromNeighbour({ raw, host }, live.path, live.route)) return 'foreign_page'
  const passing = toHub ? raw : forwarding.revocations.withoutRevoked(raw, url, live.path)
  if (passing === 'revoked') return 'revoked'
  const header = (name: string) => valuesOf(raw, name).join(',') || undefined
  const peer = forwarding.peerOf(request)
  const isFront = front.sent(peer, raw)
  const attested = toHub ? front.attest(isFront, raw) : []
  if ('problem' in attested) {
    forwarding.log.warn({ problem: attested.problem }, 'identity headers of the front server refused')
    return 'bad_identity'
  }
  const { isTls } = forwarding
  const told = readOrigin({ peer, isFront, isTls, host, header }, trustedFronts)
  // RFC 9110 7.4: whoever names another scheme than it came by has something else in mind than we.
  if (request.scheme !== null && request.scheme !== told.proto) return 'bad_request'
  // The host that was routed by is the one that counts: an application's visitor check compares origins with it.
  const origin =
    manner !== null
      ? { ...told, passing: manner.passing(live, { peer, isFront, isTls, host, raw }) }
      : place === null
        ? told
        : { ...told, host }
  const sender: Sender = toHub ? 'hub' : place === null && byHost === null ? cookiePlace(live.path, url) : 'own-host'
  const isFrontsOwn = isFront && front.signsIn
  live.tally.requests += 1
  const asked = manner === null ? live.target.prefix + pathBelow(live, url) : manner.pathAt(live, url)
  return { live, path: asked, raw: passing, origin, isFrontsOwn, attested, sender }
}

/**
 * Answer with the error page. Does nothing if an answer has begun: then only cutting the connection tells the truth. Never throws: who calls
 * it has nothing else to say.
 */
export function refuse(...[request, response, refusal, forwarding, error]: Parameters<typeof answerRefusal>): void {
  try {
    answerRefusal(request, response, refusal, forwarding, error)
  } catch (cause) {
    forwarding.log.error({ cause: errorWords(cause) }, 'no answer could be given')
    response.destroy()
  }
}

function answerRefusal(
  request: ClientRequest,
  response: ClientAnswer,
  refusal: Refusal,
  { home, hosts, log, newId, metrics, sitePages }: Forwarding,
  error?: unknown,
): void {
  const onward = refusal === 'not_running' && hosts !== null ? hubAddress(request, home, hosts) : null
  if (onward !== null) {
    response.writeHead(302, ['Location', onward, 'Cache-Control', 'no-store', 'Content-Length', '0'])
    response.end()
    return
  }
  const requestId = newId()
  const cause = error instanceof UpstreamError ? error.cause : error
  const fields = {
    requestId,
    refusal,
    method: request.method,
    ...(cause !== undefined && { cause: errorWords(cause) }),
  }
  metrics?.refused(refusal)
  if (refusal === 'internal') log.error(fields, 'request refused')
  else log.info(fields, 'request refused')
  if (response.headersSent) {
    response.destroy()
    return
  }
  const accept = request.headers.accept ?? ''
  const own = errorAnswer(refusal, { requestId, home: (hosts?.hubOrigin ?? '') + home, accept })
  const write = ({ status, headers, body }: ErrorAnswer): void => {
    if (response.headersSent || response.destroyed) return
    response.writeHead(status, headers)
    response.end(request.method === 'HEAD' ? '' : body)
  }
  // A program that asked for a WebSocket reads the status, and no page.
  if (sitePages === null || request.headers.upgrade !== undefined) write(own)
  else
    sitePages(own.status, request.url).then(
      (page) => write(page === null ? own : { ...page, headers: [...page.headers, 'X-Request-Id', requestId] }),
      () => write(own),
    )
}

/**
 * Where the hub tells people about an application that is not there: it knows them, and whether the session starts, has ended or never
 * was. Programs get the refusal instead.
 */
function hubAddress({ method, headers, url }: ClientRequest, home: string, hosts: Hosts): string | null {
  if (method !== 'GET' && method !== 'HEAD') return null
  const mode = headers['sec-fetch-mode']
  if (mode === undefined ? !/\btext\/html\b/i.test(headers.accept ?? '') : mode !== 'navigate') return null
  return hosts.hubOrigin + (url === '/' || url === home ? home : `${home}hub/${url.slice(home.length)}`)
}

const isApplicationPath = (url: string, home: string): boolean =>
  url === '/' || url === home || url.startsWith(`${home}user/`)

export const refusalOf = (error: unknown): Refusal => (error instanceof UpstreamError ? error.kind : 'internal')
