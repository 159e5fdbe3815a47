import type { IncomingMessage, ServerResponse } from 'node:http'
import { cookiePlace } from './confine-cookie.ts'
import { errorAnswer, type Refusal } from './error-pages.ts'
import { isHost, type Origin, readOrigin } from './forwarded.ts'
import type { Front } from './front.ts'
import { type HeaderPolicy, type RawHeaders, type Sender, valuesOf } from './headers.ts'
import { type Hosts, readHost } from './hosts.ts'
import { errorWords, type Log } from './log.ts'
import { isForeignWorker, isFromNeighbour } from './neighbours.ts'
import { parseRequestPath } from './request-path.ts'
import type { Revocations, Streams } from './revocations.ts'
import type { LiveRoute, RouteBook } from './route-book.ts'
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
  readonly peerOf: (request: IncomingMessage) => string | null
  /** Path of the home page, for the error pages. */
  readonly home: string
  /** Null: hub and applications share one host, and routes are told apart by path alone. */
  readonly hosts: Hosts | null
  readonly log: Log
  readonly now: () => number
  readonly newId: () => string
}

/** Where a request goes. */
export interface Direction {
  readonly live: LiveRoute
  /** Target prefix and the request's own raw bytes. */
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

/** Decide where a request goes, from its head alone. @returns a refusal if it goes nowhere. */
export function direct(request: IncomingMessage, forwarding: Forwarding): Direction | Refusal {
  const { book, front, trustedFronts, hosts } = forwarding
  const raw = request.rawHeaders
  const url = request.url ?? ''
  const [host, ...otherHosts] = valuesOf(raw, 'host')
  if (host === undefined || otherHosts.length > 0 || !isHost(host)) return 'bad_request'
  const path = parseRequestPath(url)
  if (path === null) return 'bad_request'
  const codings = valuesOf(raw, 'transfer-encoding')
  // Node has undone the chunks; any further coding would be lost on the way.
  if (codings.length > 1 || codings.some((coding) => coding.toLowerCase() !== 'chunked')) return 'unsupported'
  const place = hosts === null ? null : readHost(host, hosts)
  if (place === 'malformed') return 'bad_request'
  if (place === 'unknown') return 'unknown_host'
  const live = book.match(path, place)
  if (live === 'ambiguous') return 'bad_request'
  if (live === undefined)
    return place?.kind === 'application' && isApplicationPath(url, forwarding.home) ? 'not_running' : 'no_route'
  if (live.route.pending) return 'pending'
  const toHub = live.route.hub === true
  if ((place === null || toHub) && isForeignWorker({ raw, url }, toHub ? null : live.path)) return 'foreign_page'
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
  const told = readOrigin({ peer, isFront, host, header }, trustedFronts)
  // The host that was routed by is the one that counts: an application's visitor check compares origins with it.
  const origin = place === null ? told : { ...told, host }
  const sender: Sender = toHub ? 'hub' : place === null ? cookiePlace(live.path, url) : 'own-host'
  const isFrontsOwn = isFront && front.signsIn
  return { live, path: live.target.prefix + url, raw: passing, origin, isFrontsOwn, attested, sender }
}

/** Answer with the error page. Does nothing if an answer has begun: then only cutting the connection tells the truth. */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
  { home, hosts, log, newId }: Forwarding,
  error?: unknown,
): void {
  const onward = refusal === 'not_running' && hosts !== null ? hubAddress(request, home, hosts) : null
  if (onward !== null) {
    response.writeHead(302, { Location: onward, 'Cache-Control': 'no-store', 'Content-Length': 0 })
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
  if (refusal === 'internal') log.error(fields, 'request refused')
  else log.info(fields, 'request refused')
  if (response.headersSent) {
    response.destroy()
    return
  }
  const accept = request.headers.accept ?? ''
  const { status, headers, body } = errorAnswer(refusal, { requestId, home: (hosts?.hubOrigin ?? '') + home, accept })
  // Where the body of such a request ends is anybody's guess: nothing after it is a request.
  if (refusal === 'unsupported') response.shouldKeepAlive = false
  response.writeHead(status, [...headers])
  response.end(request.method === 'HEAD' ? undefined : body)
}

/**
 * Where the hub tells people about an application that is not there: it knows them, and whether the session starts, has ended or never
 * was. Programs get the refusal instead.
 */
function hubAddress({ method, headers, url = '' }: IncomingMessage, home: string, hosts: Hosts): string | null {
  if (method !== 'GET' && method !== 'HEAD') return null
  const mode = headers['sec-fetch-mode']
  if (mode === undefined ? !/\btext\/html\b/i.test(headers.accept ?? '') : mode !== 'navigate') return null
  return hosts.hubOrigin + (url === '/' || url === home ? home : `${home}hub/${url.slice(home.length)}`)
}

const isApplicationPath = (url: string, home: string): boolean =>
  url === '/' || url === home || url.startsWith(`${home}user/`)

export const refusalOf = (error: unknown): Refusal => (error instanceof UpstreamError ? error.kind : 'internal')
