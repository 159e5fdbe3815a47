import { Cancellation } from './cancellation.ts'
import type { ClientAnswer } from './client-answer.ts'
import type { ClientRequest } from './client-request.ts'
import { type Direction, direct, type Forwarding, refusalOf, refuse } from './exchange.ts'
import {
  defaultHeaders,
  downstreamHeaders,
  type RawHeaders,
  type RequestHeaderInput,
  upstreamHeaders,
} from './headers.ts'
import { credentialsLater } from './revocations.ts'
import { headersBack, headersOnward, replacedNames } from './route-wishes.ts'
import {
  downstreamAnnouncement,
  downstreamTrailers,
  takesTrailers,
  upstreamTrailerNames,
  upstreamTrailers,
} from './trailers.ts'
import { UpstreamError, type UpstreamRequest, type UpstreamResponse } from './upstream.ts'

/** Relay one request and its response; both bodies stream. @throws {Error} that is ours, and not the client's or the target's. */
export function forwardHttp(request: ClientRequest, response: ClientAnswer, forwarding: Forwarding): void {
  const direction = direct(request, forwarding)
  if (typeof direction === 'string') {
    refuse(request, response, direction, forwarding)
    return
  }
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
  const onFailure = (error: unknown): void => {
    if (!response.destroyed) refuse(request, response, refusalOf(error), forwarding, error)
  }
  const onAnswer = (answer: UpstreamResponse): void => {
    try {
      relayResponse(response, answer, direction, forwarding, onFailure)
    } catch (error) {
      onFailure(error)
    }
  }
  sendUpstream(request, response, direction, { cancellation, onAnswer, onFailure }, forwarding)
}

function sendUpstream(
  request: ClientRequest,
  response: ClientAnswer,
  { live, path, raw, origin, isFrontsOwn, attested, sender }: Direction,
  told: Pick<UpstreamRequest, 'cancellation' | 'onAnswer' | 'onFailure'>,
  { policy }: Forwarding,
): void {
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
  live.upstream.send({
    ...told,
    method: request.method,
    path,
    headers: headersOnward(live, headers),
    ...(behind.length > 0 && { trailers: () => upstreamTrailers(request.trailers, behind) }),
    body: request.body,
    onInterim: ({ status, statusText, headers: lines }) =>
      response.writeInterim(status, statusText, downstreamHeaders(lines, sender, policy)),
    ...(request.expectsContinue && { onContinue: () => response.writeContinue() }),
  })
}

/**
 * Relay head and body; touches the route's activity as configurable-http-proxy does: with data of responses below 300.
 * @param onBroken is told, once, that the answer cannot be relayed as it is.
 */
export function relayResponse(
  response: ClientAnswer,
  answer: UpstreamResponse,
  { live, sender, origin }: Direction,
  { policy, now, manner }: Forwarding,
  onBroken: (error: UpstreamError) => void,
): void {
  const told = manner === null ? answer.headers : manner.answered(answer.status, answer.headers, live, origin.host)
  const passed = downstreamHeaders(headersBack(live, told, origin.host), sender, policy)
  passed.push(...downstreamAnnouncement(told, sender, policy), ...defaultHeaders(passed, sender))
  const { body } = answer
  if (answer.status < 300) live.lastActivity = now()
  try {
    response.writeHead(answer.status, passed, answer.statusText)
  } catch (cause) {
    if (!Buffer.isBuffer(body)) body.destroy()
    onBroken(new UpstreamError('broken', { cause })) // a status that is none
    return
  }
  const trailers = (): RawHeaders => downstreamTrailers(answer.trailers(), sender, policy)
  if (Buffer.isBuffer(body)) {
    response.end(body, trailers())
    return
  }
  let isOver = false
  const broken = (cause: unknown): void => {
    if (isOver) return
    isOver = true
    onBroken(new UpstreamError('broken', { cause }))
  }
  response.onOver(() => {
    isOver = true
    body.destroy()
  })
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
  body.once('end', () => response.end('', trailers()))
}

function framingOf({ framing, method }: ClientRequest): RequestHeaderInput['framing'] {
  if (framing.kind === 'chunked' || framing.kind === 'length') return framing.kind
  return ['GET', 'HEAD', 'OPTIONS', 'DELETE', 'TRACE'].includes(method) ? 'none' : 'zero'
}
