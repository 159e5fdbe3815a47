/** One request and its response on one connection. */
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { type BodyReader, openBodyReader } from './body-reader.ts'
import { BadMessage } from './header-lines.ts'
import { type RawHeaders, valuesOf } from './headers.ts'
import { parseResponseHead, type ResponseHead } from './response-head.ts'
import type { UpstreamRequest, UpstreamResponse } from './upstream.ts'

export interface ByteExchange {
  /** Rejects when the connection fails, or says what is not HTTP, before a whole head has come. */
  readonly response: Promise<UpstreamResponse>
  /** Whether a byte of the answer has come: then nobody may ask again. */
  hasAnswered(): boolean
}

export interface ExchangeParts {
  readonly headBytes: number
  /** The connection may carry another request. @param mostMs for which its peer says that it keeps it. */
  readonly onFree: (socket: Socket, mostMs: number | null) => void
  /** For a request that asks for a WebSocket: there is one now. The socket is paused, and nobody's. @param first came behind the head. */
  readonly onSwitched?: (headers: RawHeaders, socket: Socket, first: Buffer) => void
}

const headEnd = Buffer.from('\r\n\r\n')
const nothing = Buffer.alloc(0)
/** Of answers before the answer: more of them are no use to anybody. */
export const mostInterim = 50
/** What no request line and no header of ours holds: it would begin another one. */
const unsendable = /[^\t\x20-\x7e\x80-\xff]/

/** @throws {Error} for a name, value or path that would be read as something else. */
export function requestHead(
  { method, path, headers, trailers }: Pick<UpstreamRequest, 'method' | 'path' | 'headers' | 'trailers'>,
  { isUpgrade }: { readonly isUpgrade: boolean },
): string {
  if (unsendable.test(path) || path.includes(' ')) throw new Error('a path that cannot be sent')
  let text = `${method} ${path} HTTP/1.1\r\n`
  let options = trailers === undefined ? 'keep-alive' : 'close'
  for (let index = 0; index < headers.length; index += 2) {
    const [name = '', value = ''] = [headers[index], headers[index + 1]]
    if (unsendable.test(value) || unsendable.test(name)) throw new Error('a header that cannot be sent')
    // Ours: a client's own goes no further. RFC 9110 10.1.4 wants it named.
    if (name === 'TE') options += ', TE'
    text += `${name}: ${value}\r\n`
  }
  // Who asks for a WebSocket has said it already.
  return isUpgrade ? `${text}\r\n` : `${text}Connection: ${options}\r\n\r\n`
}

/** What cannot be sent is left out: its request is on its way. */
function trailerLines(trailers: UpstreamRequest['headers']): string {
  let text = ''
  for (let index = 0; index + 1 < trailers.length; index += 2) {
    const [name = '', value = ''] = [trailers[index], trailers[index + 1]]
    if (!unsendable.test(name) && !unsendable.test(value)) text += `${name}: ${value}\r\n`
  }
  return text
}

/** @returns whether the answer says in both of its places that it is one (RFC 6455 4.1). */
const isWebSocket = (headers: RawHeaders): boolean =>
  valuesOf(headers, 'upgrade').join().toLowerCase() === 'websocket' &&
  valuesOf(headers, 'connection').some((value) => /(?:^|,)[ \t]*upgrade[ \t]*(?:,|$)/i.test(value))

const isChunked = (headers: UpstreamRequest['headers']): boolean =>
  headers.some((name, index) => index % 2 === 0 && name.length === 17 && name.toLowerCase() === 'transfer-encoding')

/**
 * @param socket that stands, with no listeners of anybody.
 * @param headText of the request, see `requestHead`.
 */
export function exchangeBytes(
  socket: Socket,
  headText: string,
  wanted: UpstreamRequest,
  parts: ExchangeParts,
): ByteExchange {
  const { promise, resolve, reject } = Promise.withResolvers<UpstreamResponse>()
  let pending: Buffer = nothing
  let interim = 0
  let hasAnswered = false
  let head: ResponseHead | null = null
  let reader: BodyReader | null = null
  let body: Readable | null = null
  let isSent = wanted.body === null
  let isFinished = false

  function letGo(): void {
    isFinished = true
    socket.off('data', onData).off('end', onEnd).off('close', onClose).off('drain', onDrain)
    wanted.cancellation.listener = null
    const { body: sent } = wanted
    sent?.off('data', onPart).off('end', onSent).off('close', onSenderGone)
  }

  function fail(error: Error): void {
    if (isFinished) return
    letGo()
    socket.destroy()
    if (body) body.destroy(error)
    else reject(error)
  }

  /** @param isClean nothing came after the body. */
  function finish(isClean: boolean): void {
    letGo()
    if (isClean && isSent && head?.isKept && wanted.trailers === undefined) {
      socket.off('error', fail)
      parts.onFree(socket, head.keptMs)
    } else socket.destroy()
  }

  function onData(bytes: Buffer): void {
    hasAnswered = true
    try {
      if (reader) readBody(reader, bytes)
      else readHead(pending.length === 0 ? bytes : Buffer.concat([pending, bytes]))
    } catch (error) {
      fail(error instanceof Error ? error : new BadMessage(String(error)))
    }
  }

  function readHead(bytes: Buffer): void {
    pending = bytes
    const end = pending.indexOf(headEnd)
    if (end > parts.headBytes || (end < 0 && pending.length > parts.headBytes + headEnd.length))
      throw new BadMessage('a head that is too large')
    if (end < 0) return
    const found = parseResponseHead(pending.toString('latin1', 0, end), wanted.method)
    const rest = pending.subarray(end + headEnd.length)
    pending = nothing
    if (found.status < 200) {
      if (found.status === 101) {
        switched(found, rest)
        return
      }
      if (++interim > mostInterim) throw new BadMessage('too many answers before the answer')
      if (found.status === 100) wanted.onContinue?.()
      else wanted.onInterim?.(found)
      if (rest.length > 0) readHead(rest)
      return
    }
    head = found
    reader = openBodyReader(found.framing)
    readFirst(reader, found, rest)
  }

  function switched(found: ResponseHead, first: Buffer): void {
    if (!parts.onSwitched || !isWebSocket(found.headers))
      throw new BadMessage('switched to a protocol nobody asked for')
    letGo()
    socket.off('error', fail).pause()
    parts.onSwitched(found.headers, socket, first)
  }

  /** Most answers are small and come with their head: they need no stream. */
  function readFirst(from: BodyReader, { status, statusText, headers }: ResponseHead, bytes: Buffer): void {
    const first: Buffer[] = []
    const used = bytes.length === 0 ? 0 : from.read(bytes, (part) => first.push(part))
    const answer = { status, statusText, headers, trailers: () => from.trailers }
    if (from.isOver) {
      finish(used === bytes.length)
      resolve({ ...answer, body: Buffer.concat(first) })
      return
    }
    body = new Readable({
      read() {
        // Afterwards it may be somebody else's.
        if (!isFinished) socket.resume()
      },
      destroy(error, done) {
        if (!isFinished) {
          letGo()
          socket.destroy()
        }
        done(error)
      },
    })
    body.on('error', () => {}) // it may fail before whoever waits for it has looked
    for (const part of first) body.push(part)
    resolve({ ...answer, body })
  }

  function readBody(from: BodyReader, bytes: Buffer): void {
    const used = from.read(bytes, (part) => {
      if (body?.push(part) === false) socket.pause()
    })
    if (!from.isOver) return
    finish(used === bytes.length)
    body?.push(null)
  }

  function onEnd(): void {
    if (!reader?.ended()) {
      fail(new Error('the response ended early'))
      return
    }
    finish(false)
    body?.push(null)
  }
  const onClose = (): void => fail(new Error('the connection was closed'))
  const onAbort = (): void => fail(new Error('no longer wanted'))

  const chunked = wanted.body !== null && isChunked(wanted.headers)
  function onPart(part: Buffer): void {
    if (chunked) {
      socket.cork()
      socket.write(`${part.length.toString(16)}\r\n`, 'latin1')
      socket.write(part)
      if (!socket.write('\r\n', 'latin1')) wanted.body?.pause()
      socket.uncork()
    } else if (!socket.write(part)) wanted.body?.pause()
  }
  const onDrain = (): void => void wanted.body?.resume()
  function onSent(): void {
    isSent = true
    if (chunked) socket.write(`0\r\n${trailerLines(wanted.trailers?.() ?? [])}\r\n`, 'latin1')
  }
  function onSenderGone(): void {
    if (!isSent) fail(new Error('the request ended early'))
  }

  socket.on('error', fail).on('data', onData).on('end', onEnd).on('close', onClose)
  wanted.cancellation.listener = onAbort
  if (!wanted.cancellation.isCancelled) {
    socket.write(headText, 'latin1')
    if (wanted.body) {
      socket.on('drain', onDrain)
      wanted.body.on('data', onPart).on('end', onSent).on('close', onSenderGone)
    }
  }
  return { response: promise, hasAnswered: () => hasAnswered }
}
