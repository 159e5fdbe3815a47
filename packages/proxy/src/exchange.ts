import type { IncomingMessage, ServerResponse } from 'node:http'
import { errorAnswer, type Refusal } from './error-pages.ts'
import { isHost, type Origin, readOrigin, type TrustedFronts } from './forwarded.ts'
import { type HeaderPolicy, valuesOf } from './headers.ts'
import { errorWords, type Log } from './log.ts'
import { parseRequestPath } from './request-path.ts'
import type { LiveRoute, RouteBook } from './route-book.ts'
import { UpstreamError } from './upstream.ts'

/** What both ways through the proxy (`forward-http.ts`, `forward-upgrade.ts`) work with. */
export interface Forwarding {
  readonly book: RouteBook
  readonly policy: HeaderPolicy
  readonly trustedFronts: TrustedFronts
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
  readonly origin: Origin
}

/** Decide where a request goes, from its head alone. @returns a refusal if it goes nowhere. */
export function direct(request: IncomingMessage, { book, trustedFronts }: Forwarding): Direction | Refusal {
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
  const header = (name: string) => valuesOf(raw, name).join(',') || undefined
  const origin = readOrigin({ peer: request.socket.remoteAddress ?? null, host, header }, trustedFronts)
  return { live, path: live.target.prefix + url, origin }
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
  response.writeHead(status, [...headers])
  response.end(request.method === 'HEAD' ? undefined : body)
}

export const refusalOf = (error: unknown): Refusal => (error instanceof UpstreamError ? error.kind : 'internal')
