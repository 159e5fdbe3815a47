import type { IncomingMessage, ServerResponse } from 'node:http'
import { errorAnswer, type Refusal } from './error-pages.ts'
import { isHost, type Origin, readOrigin } from './forwarded.ts'
import type { Front } from './front.ts'
import { type HeaderPolicy, type RawHeaders, valuesOf } from './headers.ts'
import { errorWords, type Log } from './log.ts'
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
}

/** Decide where a request goes, from its head alone. @returns a refusal if it goes nowhere. */
export function direct(request: IncomingMessage, forwarding: Forwarding): Direction | Refusal {
  const { book, front, trustedFronts } = forwarding
  const raw = request.rawHeaders
  const url = request.url ?? ''
  const [host, ...otherHosts] = valuesOf(raw, 'host')
  if (host === undefined || otherHosts.length > 0 || !isHost(host)) return 'bad_request'
  const path = parseRequestPath(url)
  if (path === null) return 'bad_request'
  const codings = valuesOf(raw, 'transfer-encoding')
  // Node has undone the chunks; any further coding would be lost on the way.
  if (codings.length > 1 || codings.some((coding) => coding.toLowerCase() !== 'chunked')) return 'unsupported'
  const live = book.match(path)
  if (live === 'ambiguous') return 'bad_request'
  if (live === undefined) return 'no_route'
  if (live.route.pending) return 'pending'
  const passing = live.route.hub === true ? raw : forwarding.revocations.withoutRevoked(raw, url, live.path)
  if (passing === 'revoked') return 'revoked'
  const header = (name: string) => valuesOf(raw, name).join(',') || undefined
  const peer = forwarding.peerOf(request)
  const isFront = front.sent(peer, raw)
  const attested = live.route.hub === true ? front.attest(isFront, raw) : []
  if ('problem' in attested) {
    forwarding.log.warn({ problem: attested.problem }, 'identity headers of the front server refused')
    return 'bad_identity'
  }
  const origin = readOrigin({ peer, isFront, host, header }, trustedFronts)
  return { live, path: live.target.prefix + url, raw: passing, origin, isFrontsOwn: isFront && front.signsIn, attested }
}

/** Answer with the error page. Does nothing if an answer has begun: then only cutting the connection tells the truth. */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
  { home, log, newId }: Forwarding,
  error?: unknown,
): void {
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
  const { status, headers, body } = errorAnswer(refusal, { requestId, home, accept: request.headers.accept ?? '' })
  // Where the body of such a request ends is anybody's guess: nothing after it is a request.
  if (refusal === 'unsupported') response.shouldKeepAlive = false
  response.writeHead(status, [...headers])
  response.end(request.method === 'HEAD' ? undefined : body)
}

export const refusalOf = (error: unknown): Refusal => (error instanceof UpstreamError ? error.kind : 'internal')
