import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Direction, direct, type Forwarding, refusalOf, refuse } from './exchange.ts'
import { defaultHeaders, downstreamHeaders, type RequestHeaderInput, upstreamHeaders } from './headers.ts'
import { credentialsLater } from './revocations.ts'
import { UpstreamError, type UpstreamResponse } from './upstream.ts'

/** Relay one request and its response; both bodies stream. Resolves when the response is over or the client has gone. */
export async function forwardHttp(
  request: IncomingMessage,
  response: ServerResponse,
  forwarding: Forwarding,
): Promise<void> {
  const direction = direct(request, forwarding)
  if (typeof direction === 'string') return refuse(request, response, direction, forwarding)
  const aborter = new AbortController()
  const { live } = direction
  const isOver =
    live.route.hub === true
      ? undefined
      : forwarding.streams.add({
          path: live.path,
          credentials: credentialsLater(request.rawHeaders, request.url ?? ''),
          cut: () => response.destroy(),
        })
  response.once('close', () => {
    isOver?.()
    aborter.abort()
  })
  direction.live.lastActivity = forwarding.now()
  try {
    const answer = await sendUpstream(request, response, direction, aborter.signal, forwarding)
    await relayResponse(request, response, answer, direction, forwarding)
  } catch (error) {
    if (!response.destroyed) refuse(request, response, refusalOf(error), forwarding, error)
  } finally {
    // A body nobody reads any more would block the next request on this connection.
    request.unpipe()
    request.resume()
  }
}

/**
 * For a request whose turn to be answered has not come yet, Node would put it between the head and the body of the later answer. Whoever
 * sends requests ahead of answers does not wait for it for ever (RFC 9110 10.1.1).
 */
export function sayContinue(response: ServerResponse): void {
  if (response.socket !== null) response.writeContinue()
}

function sendUpstream(
  request: IncomingMessage,
  response: ServerResponse,
  { live, path, raw, origin, isFrontsOwn, attested }: Direction,
  signal: AbortSignal,
  { policy }: Forwarding,
): Promise<UpstreamResponse> {
  const framing = framingOf(request)
  const toHub = live.route.hub === true
  return live.upstream.send({
    method: request.method ?? 'GET',
    path,
    headers: upstreamHeaders({ raw, origin, toHub, isFrontsOwn, attested, framing }, policy),
    body: framing === 'length' || framing === 'chunked' ? request : null,
    signal,
    ...(request.headers.expect !== undefined && { onContinue: () => sayContinue(response) }),
  })
}

/** Relay head and body; touches the route's activity as configurable-http-proxy does: with data of responses below 300. */
export function relayResponse(
  request: IncomingMessage,
  response: ServerResponse,
  answer: UpstreamResponse,
  { live, sender }: Direction,
  { policy, now }: Forwarding,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const passed = downstreamHeaders(answer.headers, sender, policy)
  const headers = [...passed, ...defaultHeaders(passed, sender)]
  response.once('close', () => {
    answer.body.destroy()
    resolve()
  })
  const broken = (cause: unknown) => reject(new UpstreamError('broken', { cause }))
  answer.body.once('error', broken)
  answer.body.once('close', () => {
    // A body that ended early must not look complete to the browser.
    if (!answer.body.readableEnded) broken(new Error('the response ended early'))
  })
  if (answer.status < 300)
    answer.body.on('data', () => {
      live.lastActivity = now()
    })
  try {
    response.writeHead(answer.status, answer.statusText, headers)
  } catch (cause) {
    broken(cause) // a status or a reason phrase that Node would not send
    answer.body.destroy()
    return promise
  }
  // Without a length it may be an event stream: the browser must learn of it before the first event.
  if (request.method !== 'HEAD' && !headers.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-length'))
    response.flushHeaders()
  answer.body.pipe(response)
  return promise
}

function framingOf(request: IncomingMessage): RequestHeaderInput['framing'] {
  if (request.headers['transfer-encoding'] !== undefined) return 'chunked'
  if (request.headers['content-length'] !== undefined) return 'length'
  return ['GET', 'HEAD', 'OPTIONS', 'DELETE', 'TRACE'].includes(request.method ?? '') ? 'none' : 'zero'
}
