/** One connection to a target, and the exchanges on it, one after the other. Its listeners stay: a request adds none but for its body. */
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { type BodyReader, openBodyReader } from './body-reader.ts'
import { BadMessage } from './header-lines.ts'
import { type RawHeaders, valuesOf } from './headers.ts'
import { isChunked, sendBody } from './request-bytes.ts'
import { parseResponseHead, type ResponseHead } from './response-head.ts'
import type { UpstreamRequest, UpstreamResponse } from './upstream.ts'

/** What becomes of one request: one of these is called, once. */
export interface Outcome {
  answered(response: UpstreamResponse): void
  /**
   * The connection failed, or said what is not HTTP, before a whole head had come.
   * @param hasAnswered a byte of the answer has come: then nobody may ask again.
   */
  failed(cause: Error, hasAnswered: boolean): void
  /** Only for who asks for a WebSocket: there is one now. The socket is paused, and nobody's. @param first came behind the head. */
  switched?(headers: RawHeaders, socket: Socket, first: Buffer): void
}

export interface ConnectionOwner {
  readonly headBytes: number
  /** It may carry another request. @param mostMs for which its peer says that it keeps it. */
  freed(connection: UpstreamConnection, mostMs: number | null): void
  /** It had been freed, and has gone, or something came on it: it is closed. */
  gone(connection: UpstreamConnection): void
}

type Wanted = Omit<UpstreamRequest, 'onAnswer' | 'onFailure'>

const headEnd = Buffer.from('\r\n\r\n')
const nothing = Buffer.alloc(0)
/** Of answers before the answer: more of them are no use to anybody. */
export const mostInterim = 50

/** @returns whether the answer says in both of its places that it is one (RFC 6455 4.1). */
const isWebSocket = (headers: RawHeaders): boolean =>
  valuesOf(headers, 'upgrade').join().toLowerCase() === 'websocket' &&
  valuesOf(headers, 'connection').some((value) => /(?:^|,)[ \t]*upgrade[ \t]*(?:,|$)/i.test(value))

export class UpstreamConnection {
  readonly #socket: Socket
  readonly #owner: ConnectionOwner
  /** What it is about now; null: nothing, it is free or has gone. */
  #wanted: Wanted | null = null
  #outcome: Outcome | null = null
  #pending: Buffer = nothing
  #interim = 0
  #hasAnswered = false
  #head: ResponseHead | null = null
  #reader: BodyReader | null = null
  #body: Readable | null = null
  #isSent = true
  /** While it is free: when it is no longer to be used, in ms of `performance.now()`. */
  keptUntil = 0
  /** Takes the listeners from the body that is sent. */
  #stopSending: (() => void) | null = null

  /** @param socket that stands, with no listeners of anybody. */
  constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket
    this.#owner = owner
    socket
      .on('data', this.#onData)
      .on('end', this.#onEnd)
      .on('close', this.#onClose)
      .on('error', this.#fail)
      .on('drain', this.#onDrain)
  }

  get isGone(): boolean {
    return this.#socket.destroyed
  }

  /** For one that is free. */
  destroy(): void {
    this.#socket.destroy()
  }

  /** Send one request; the connection is free. @param headText see `requestHead`. */
  ask(headText: string, wanted: Wanted, outcome: Outcome): void {
    const { body, cancellation } = wanted
    this.#wanted = wanted
    this.#outcome = outcome
    this.#pending = nothing
    this.#interim = 0
    this.#hasAnswered = false
    this.#head = null
    this.#reader = null
    this.#body = null
    this.#isSent = body === null
    cancellation.listener = this.#onCancel
    if (cancellation.isCancelled) return
    this.#socket.write(headText, 'latin1')
    if (body === null) return
    this.#stopSending = sendBody(
      this.#socket,
      body,
      isChunked(wanted.headers) ? (wanted.trailers ?? noTrailers) : null,
      {
        sent: () => {
          this.#isSent = true
        },
        broken: () => this.#fail(new Error('the request ended early')),
      },
    )
  }

  #letGo(): void {
    const wanted = this.#wanted
    this.#wanted = null
    this.#outcome = null
    if (wanted !== null) wanted.cancellation.listener = null
    this.#stopSending?.()
    this.#stopSending = null
  }

  readonly #fail = (error: Error): void => {
    const outcome = this.#outcome
    const body = this.#body
    this.#body = null
    this.#letGo()
    this.#socket.destroy()
    if (outcome === null) this.#owner.gone(this)
    else if (body !== null) body.destroy(error)
    else outcome.failed(error, this.#hasAnswered)
  }

  /** @param isClean nothing came after the body. */
  #finish(isClean: boolean): void {
    const head = this.#head
    const isLast = this.#wanted?.trailers !== undefined
    this.#letGo()
    if (isClean && this.#isSent && head?.isKept && !isLast && !this.#socket.destroyed) {
      if (this.#socket.isPaused()) this.#socket.resume()
      this.#owner.freed(this, head.keptMs)
    } else this.#socket.destroy()
  }

  readonly #onData = (bytes: Buffer): void => {
    // Bytes that nobody asked for are no answer to anybody.
    if (this.#wanted === null) {
      this.#fail(new Error('bytes that nobody asked for'))
      return
    }
    this.#hasAnswered = true
    try {
      if (this.#reader !== null) this.#readBody(this.#reader, bytes)
      else this.#readHead(this.#wanted, this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]))
    } catch (error) {
      this.#fail(error instanceof Error ? error : new BadMessage(String(error)))
    }
  }

  #readHead(wanted: Wanted, bytes: Buffer): void {
    const { headBytes } = this.#owner
    this.#pending = bytes
    const end = bytes.indexOf(headEnd)
    if (end > headBytes || (end < 0 && bytes.length > headBytes + headEnd.length))
      throw new BadMessage('a head that is too large')
    if (end < 0) return
    const head = parseResponseHead(bytes.toString('latin1', 0, end), wanted.method)
    const rest = bytes.subarray(end + headEnd.length)
    this.#pending = nothing
    if (head.status === 101) this.#switch(head, rest)
    else if (head.status < 200) {
      if (++this.#interim > mostInterim) throw new BadMessage('too many answers before the answer')
      if (head.status === 100) wanted.onContinue?.()
      else wanted.onInterim?.(head)
      if (rest.length > 0 && this.#wanted === wanted) this.#readHead(wanted, rest)
    } else {
      this.#head = head
      this.#readFirst(openBodyReader(head.framing), head, rest)
    }
  }

  #switch({ headers }: ResponseHead, first: Buffer): void {
    const outcome = this.#outcome
    if (!outcome?.switched || !isWebSocket(headers)) throw new BadMessage('switched to a protocol nobody asked for')
    this.#letGo()
    this.#socket
      .off('data', this.#onData)
      .off('end', this.#onEnd)
      .off('close', this.#onClose)
      .off('error', this.#fail)
      .off('drain', this.#onDrain)
      .pause()
    outcome.switched(headers, this.#socket, first)
  }

  /** Most answers are small and come with their head: they need no stream. */
  #readFirst(reader: BodyReader, { status, statusText, headers }: ResponseHead, bytes: Buffer): void {
    const outcome = this.#outcome
    this.#reader = reader
    const parts: Buffer[] = []
    const used = bytes.length === 0 ? 0 : reader.read(bytes, (part) => parts.push(part))
    const trailers = (): RawHeaders => reader.trailers
    if (reader.isOver) {
      this.#finish(used === bytes.length)
      const [first = nothing, ...more] = parts
      outcome?.answered({ status, statusText, headers, trailers, body: more.length > 0 ? Buffer.concat(parts) : first })
      return
    }
    const body = this.#openBody()
    this.#body = body
    for (const part of parts) body.push(part)
    outcome?.answered({ status, statusText, headers, trailers, body })
  }

  #openBody(): Readable {
    const body: Readable = new Readable({
      read: () => {
        // Afterwards it may be somebody else's.
        if (this.#body === body) this.#socket.resume()
      },
      destroy: (error, done) => {
        if (this.#body === body) {
          this.#body = null
          this.#letGo()
          this.#socket.destroy()
        }
        done(error)
      },
    })
    body.on('error', () => {}) // it may fail before whoever waits for it has looked
    return body
  }

  #readBody(reader: BodyReader, bytes: Buffer): void {
    const used = reader.read(bytes, (part) => {
      if (this.#body?.push(part) === false) this.#socket.pause()
    })
    if (reader.isOver) this.#endBody(used === bytes.length)
  }

  #endBody(isClean: boolean): void {
    const body = this.#body
    this.#body = null
    this.#finish(isClean)
    body?.push(null)
  }

  readonly #onEnd = (): void => {
    if (this.#wanted !== null && this.#reader?.ended()) this.#endBody(false)
    else this.#fail(new Error('the response ended early'))
  }
  readonly #onClose = (): void => this.#fail(new Error('the connection was closed'))
  readonly #onCancel = (): void => this.#fail(new Error('no longer wanted'))
  readonly #onDrain = (): void => void this.#wanted?.body?.resume()
}

const noTrailers = (): RawHeaders => []
