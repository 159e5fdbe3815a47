import { Cancellation } from './cancellation.ts'
import type { ClientAnswer } from './client-answer.ts'
import type { ClientRequest } from './client-request.ts'
import { type Direction, direct, type Forwarding, refusalOf, refuse } from './exchange.ts'
import { defaultHeaders, downstreamHeaders, type RequestHeaderInput, upstreamHeaders } from './headers.ts'
import { credentialsLater } from './revocations.ts'
import { headersBack, headersOnward, replacedNames } from './route-wishes.ts'
import {
  downstreamAnnouncement,
  downstreamTrailers,
  takesTrailers,
  upstreamTrailerNames,
  upstreamTrailers,
} from './trailers.ts'
import { UpstreamError, type UpstreamResponse } from './upstream.ts'

/** Relay one request and its response; both bodies stream. Resolves when the response is over or the client has gone. */
export async function forwardHttp(
  request: ClientRequest,
  response: ClientAnswer,
  forwarding: Forwarding,
): Promise<void> {
  const direction = direct(request, forwarding)
  if (typeof direction === 'string') return refuse(request, response, direction, forwarding)
  const cancellation = new Cancellation()
  const { live } = direction
  const isOver = live.toHub
    ? undefined
    : forwarding.streams.add({
        path: live.path,
        credentials: credentialsLater(request.rawHeaders, request.url),
        cut: () => response.destroy(),
      })
  response.onOver(() => {
    isOver?.()
    cancellation.cancel()
  })
  // What is sent is activity, whatever becomes of it; what is asked for only if it is there.
  if (request.framing.kind !== 'none') live.lastActivity = forwarding.now()
  try {
    const answer = await sendUpstream(request, response, direction, cancellation, forwarding)
    await relayResponse(response, answer, direction, forwarding)
  } catch (error) {
    if (!response.destroyed) refuse(request, response, refusalOf(error), forwarding, error)
  }
}

function sendUpstream(
  request: ClientRequest,
  response: ClientAnswer,
  { live, path, raw, origin, isFrontsOwn, attested, sender }: Direction,
  cancellation: Cancellation,
  { policy }: Forwarding,
): Promise<UpstreamResponse> {
  const framing = framingOf(request)
  const { toHub } = live
  const headers = upstreamHeaders({ raw, origin, toHub, isFrontsOwn, attested, framing }, policy)
  // RFC 9110 6.5.1: for those who said so, and only HTTP/1.1 has a place for them.
  if (!request.isHttp10 && takesTrailers(raw)) headers.push('TE', 'trailers')
  const behind =
    framing === 'chunked' && !toHub
      ? upstreamTrailerNames(raw, policy, replacedNames(live, origin.passing?.replaced))
      : []
  if (behind.length > 0) headers.push('Trailer', behind.join(', '))
  return live.upstream.send({
    method: request.method,
    path,
    headers: headersOnward(live, headers),
    ...(behind.length > 0 && { trailers: () => upstreamTrailers(request.trailers, behind) }),
    body: request.body,
    cancellation,
    onInterim: ({ status, statusText, headers: lines }) =>
      response.writeInterim(status, statusText, downstreamHeaders(lines, sender, policy)),
    ...(request.expectsContinue && { onContinue: () => response.writeContinue() }),
  })
}

/** Relay head and body; touches the route's activity as configurable-http-proxy does: with data of responses below 300. */
export function relayResponse(
  response: ClientAnswer,
  answer: UpstreamResponse,
  { live, sender, origin }: Direction,
  { policy, now, manner }: Forwarding,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const told = manner === null ? answer.headers : manner.answered(answer.status, answer.headers, live, origin.host)
  const passed = downstreamHeaders(headersBack(live, told, origin.host), sender, policy)
  const headers = [...passed, ...downstreamAnnouncement(told, sender, policy), ...defaultHeaders(passed, sender)]
  const { body } = answer
  const isWhole = Buffer.isBuffer(body)
  response.onOver(() => {
    if (!isWhole) body.destroy()
    resolve()
  })
  const broken = (cause: unknown) => reject(new UpstreamError('broken', { cause }))
  if (answer.status < 300) live.lastActivity = now()
  try {
    response.writeHead(answer.status, headers, answer.statusText)
  } catch (cause) {
    broken(cause) // a status that is none
    if (!isWhole) body.destroy()
    return promise
  }
  if (isWhole) {
    response.end(body, downstreamTrailers(answer.trailers(), sender, policy))
    return promise
  }
  if (body.errored) broken(body.errored)
  body.once('error', broken)
  body.once('close', () => {
    // A body that ended early must not look complete to the browser.
    if (!body.readableEnded) broken(new Error('the response ended early'))
  })
  // Without a length it may be an event stream: the browser must learn of it before the first event.
  if (!response.hasLength) response.flushHeaders()
  response.onDrain = () => body.resume()
  body.on('data', (part: Buffer) => {
    if (answer.status < 300) live.lastActivity = now()
    if (!response.write(part)) body.pause()
  })
  body.once('end', () => response.end('', downstreamTrailers(answer.trailers(), sender, policy)))
  return promise
}

function framingOf({ framing, method }: ClientRequest): RequestHeaderInput['framing'] {
  if (framing.kind === 'chunked' || framing.kind === 'length') return framing.kind
  return ['GET', 'HEAD', 'OPTIONS', 'DELETE', 'TRACE'].includes(method) ? 'none' : 'zero'
}
