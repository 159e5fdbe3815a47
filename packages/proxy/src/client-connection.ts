/** One connection of a client: requests are read one after the other, and each is answered before the next one is looked at. */
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { type BodyReader, openBodyReader } from './body-reader.ts'
import { ClientAnswer } from './client-answer.ts'
import { ClientRequest } from './client-request.ts'
import { BadMessage } from './header-lines.ts'
import { parseRequestHead } from './request-head.ts'

export interface ConnectionLimits {
  /** Bytes of a request head: many servers on one host name mean many cookies. */
  readonly headBytes: number
  /** From the first byte of a head to its last (ms). */
  readonly headMs: number
  /** A connection without a request is closed after this long (ms). A front server's must not be closed under its hands. */
  readonly idleMs: number
  /** While bytes should move and none do (ms): a body that does not come, an answer that is not taken. */
  readonly stallMs: number
  /** The same for a client that has closed its side: mostly, it has gone. */
  readonly halfOpenMs: number
  /** The same whoever is to blame, an application that thinks included; null: it may take its time. */
  readonly quietMs: number | null
  /** A client may take so long to close after a last answer (ms). */
  readonly lingerMs: number
}

export const defaultConnectionLimits: ConnectionLimits = {
  headBytes: 32_768,
  headMs: 30_000,
  idleMs: 75_000,
  stallMs: 300_000,
  halfOpenMs: 10_000,
  quietMs: null,
  lingerMs: 2_000,
}

export interface ConnectionParts {
  readonly limits: ConnectionLimits
  /** Ms of a clock that only goes forward. */
  readonly clock: () => number
  readonly isDraining: () => boolean
  readonly serve: (request: ClientRequest, answer: ClientAnswer) => void
  /** @returns whether such a request leaves HTTP, see `upgrade`. */
  readonly isUpgrade: (request: ClientRequest) => boolean
  /** The socket is no longer this connection's. @param first bytes that came after the head. */
  readonly upgrade: (request: ClientRequest, socket: Socket, first: Buffer) => void
  /** It has gone, or was handed on. */
  readonly gone: (connection: ClientConnection) => void
}

const headEnd = Buffer.from('\r\n\r\n')
const lineEnd = Buffer.from('\r\n')
const nothing = Buffer.alloc(0)
const [lf, cr] = [0x0a, 0x0d]
/** Bytes of requests that come ahead of their turn; then their sender has to wait. */
export const mostAhead = 65_536
const words = {
  400: 'Bad Request',
  408: 'Request Timeout',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
}

export class ClientConnection {
  readonly #socket: Socket
  readonly #parts: ConnectionParts
  readonly #idleMs: number
  /** `idle`: before a request; `head`: within one's head; `exchange`: until it is read and answered; `linger`: the last answer is out. */
  #place: 'idle' | 'head' | 'exchange' | 'linger' | 'gone' = 'idle'
  /** What has come and was not looked at. */
  #pending: Buffer = nothing
  #answer: ClientAnswer | null = null
  #reader: BodyReader | null = null
  #body: Readable | null = null
  #isReading = false
  #hasEnded = false
  #isFresh = true
  /** Of the clock: when this place has lasted too long. It does not come nearer while the client has to take something yet. */
  #deadline: number
  /** Of the clock: when nothing has moved for too long that should. */
  #stall: number
  #moved = 0
  #checkedAt: number

  constructor(socket: Socket, parts: ConnectionParts) {
    this.#socket = socket
    this.#parts = parts
    // Nothing was said yet: whoever connects and is silent waits as long as one who is slow.
    this.#checkedAt = parts.clock()
    this.#deadline = this.#checkedAt + parts.limits.headMs
    this.#stall = this.#checkedAt + parts.limits.stallMs
    this.#idleMs = Math.min(parts.limits.idleMs, parts.limits.quietMs ?? parts.limits.idleMs)
    socket
      .on('data', this.#onData)
      .on('end', this.#onEnd)
      .on('close', this.#onClose)
      .on('error', this.#onError)
      .on('drain', this.#onDrain)
  }

  /** Nothing is under way, and nothing waits to be sent. */
  get isQuiet(): boolean {
    if (this.#place === 'idle') return this.#socket.writableLength === 0
    return this.#place === 'gone' || (this.#place === 'linger' && this.#socket.writableFinished)
  }

  /** Nothing has come on it yet: who has just connected is about to ask. */
  get isFresh(): boolean {
    return this.#isFresh
  }

  /** There will be no other request than the one under way, whose answer says so. @param isLast who has asked nothing yet no longer may. */
  drain(isLast: boolean): void {
    if (this.#answer !== null && !this.#answer.headersSent) this.#answer.shouldKeepAlive = false
    if (this.#place === 'idle' && (isLast || !this.#isFresh)) this.destroy()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** To be called now and then. */
  check(now: number): void {
    const { stallMs, halfOpenMs, quietMs } = this.#parts.limits
    const unsent = this.#socket.writableLength
    // The answer before may be on its way to a slow client, whatever its connection does meanwhile.
    if (unsent > 0) this.#deadline += now - this.#checkedAt
    this.#checkedAt = now
    if (this.#place === 'exchange' || unsent > 0) {
      const moved = this.#socket.bytesRead + this.#socket.bytesWritten - unsent
      const isWaiting =
        quietMs !== null || this.#hasEnded || unsent > 0 || (this.#reader !== null && !this.#socket.isPaused())
      if (moved !== this.#moved || !isWaiting) {
        this.#moved = moved
        this.#stall = now + (this.#hasEnded ? halfOpenMs : (quietMs ?? stallMs))
      } else if (now > this.#stall) this.destroy()
    } else if (now > this.#deadline) {
      if (this.#place === 'head') this.#refuse(408)
      else this.destroy()
    }
  }

  readonly #onData = (bytes: Buffer): void => {
    this.#isFresh = false
    if (this.#place === 'linger') return
    if (this.#reader !== null) this.#readBody(this.#reader, bytes)
    else if (this.#answer !== null) {
      this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes])
      this.#flow()
    } else this.#readHeads(this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]))
  }

  /** As many requests as can be answered at once; not by calling itself, however many came together. */
  #readHeads(bytes: Buffer): void {
    this.#pending = bytes
    if (this.#isReading) return
    this.#isReading = true
    while (this.#answer === null && this.#pending.length > 0 && this.#mayRead()) if (!this.#readHead()) break
    this.#isReading = false
    this.#flow()
  }

  /** Not while the client has to take answers yet: nobody could count those that it never takes. */
  #mayRead(): boolean {
    return this.#place !== 'gone' && this.#place !== 'linger' && !this.#socket.writableNeedDrain
  }

  /** What comes ahead of its turn waits with its sender, but for a little. A body's reader sees to this itself. */
  #flow(): void {
    if (this.#reader !== null || this.#place === 'gone' || this.#place === 'linger') return
    if (this.#answer === null ? this.#socket.writableNeedDrain : this.#pending.length > mostAhead) this.#socket.pause()
    else if (this.#socket.isPaused()) this.#socket.resume()
  }

  /** @returns false: more has to come. */
  #readHead(): boolean {
    const { limits, clock } = this.#parts
    // RFC 9112 2.2: an empty line before a request is no request.
    let from = 0
    while (this.#pending[from] === cr && this.#pending[from + 1] === lf) from += 2
    if (from > 0) this.#pending = this.#pending.subarray(from)
    const end = this.#pending.indexOf(headEnd)
    if (end > limits.headBytes || (end < 0 && this.#pending.length > limits.headBytes + headEnd.length)) {
      const line = this.#pending.indexOf(lineEnd)
      this.#refuse(line < 0 || line > limits.headBytes ? 414 : 431)
      return false
    }
    if (end < 0) {
      if (this.#hasEnded) this.#linger()
      if (this.#pending.length > 0 && this.#place === 'idle') {
        this.#place = 'head'
        this.#deadline = clock() + limits.headMs
      }
      if (isHopeless(this.#pending)) this.#refuse(400)
      return false
    }
    const text = this.#pending.toString('latin1', 0, end)
    this.#pending = this.#pending.length === end + 4 ? nothing : this.#pending.subarray(end + 4)
    try {
      this.#begin(text)
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error
      this.#refuse(error.status)
    }
    return true
  }

  #begin(text: string): void {
    const head = parseRequestHead(text)
    const { framing } = head
    const hasBody = framing.kind === 'chunked' || (framing.kind === 'length' && framing.bytes > 0)
    if (hasBody) {
      this.#reader = openBodyReader(framing)
      this.#body = this.#openBody()
    }
    const request = new ClientRequest(head, this.#socket, this.#body, this.#reader)
    if (this.#parts.isUpgrade(request)) {
      this.#handOn(request)
      return
    }
    const kept = head.isKept && !this.#parts.isDraining() ? Math.max(1, Math.floor(this.#idleMs / 1_000)) : null
    const answer = new ClientAnswer(this.#socket, request, kept, this.#answered)
    this.#answer = answer
    this.#place = 'exchange'
    // What has come of the body: most bodies are whole then.
    const rest = this.#pending
    if (this.#reader !== null && rest.length > 0) {
      this.#pending = nothing
      this.#readBody(this.#reader, rest)
      if (this.#answer !== answer) return // not HTTP, and answered
    }
    answer.awaitsContinue = request.expectsContinue && this.#reader !== null
    this.#parts.serve(request, answer)
  }

  #openBody(): Readable {
    const body = new Readable({
      read: () => {
        if (this.#body === body) this.#socket.resume()
      },
    })
    body.on('error', () => {}) // it may fail before whoever reads it looks
    return body
  }

  #readBody(reader: BodyReader, bytes: Buffer): void {
    let used = 0
    try {
      used = reader.read(bytes, (part) => {
        if (this.#body?.push(part) === false) this.#socket.pause()
      })
    } catch {
      this.#reader = null
      this.#body?.destroy(new Error('the body is not HTTP'))
      this.#body = null
      if (this.#answer === null || this.#answer.headersSent) this.destroy()
      else this.#refuse(400)
      return
    }
    if (!reader.isOver) return
    this.#reader = null
    const body = this.#body
    this.#body = null
    if (this.#answer !== null) this.#answer.awaitsContinue = false
    this.#pending = used === bytes.length ? nothing : bytes.subarray(used)
    body?.push(null)
    if (this.#place === 'exchange' && this.#answer === null) this.#next()
    else this.#flow()
  }

  /** The answer is out. What is left of the request has to be read before the next one can begin. */
  readonly #answered = (): void => {
    const answer = this.#answer
    this.#answer = null
    if (answer === null || this.#place !== 'exchange') return
    if (!answer.shouldKeepAlive || this.#parts.isDraining()) {
      this.#linger()
      return
    }
    if (this.#reader !== null) {
      this.#body = null
      this.#socket.resume()
    } else this.#next()
  }

  #next(): void {
    if (this.#hasEnded && this.#pending.length === 0) {
      this.#linger()
      return
    }
    this.#place = 'idle'
    this.#deadline = this.#parts.clock() + this.#idleMs
    this.#readHeads(this.#pending)
  }

  /** Nothing more is read; closing at once could take the answer from the client again, as bytes that nobody has read reset a connection. */
  #linger(): void {
    const body = this.#body
    this.#place = 'linger'
    this.#reader = null
    this.#body = null
    body?.destroy(new Error('nobody waits for the rest'))
    this.#pending = nothing
    this.#deadline = this.#parts.clock() + this.#parts.limits.lingerMs
    this.#socket.end()
    this.#socket.resume()
  }

  /** What is no request: say so and close, since nobody knows where a next one would begin. */
  #refuse(status: keyof typeof words): void {
    const answer = this.#answer
    this.#answer = null
    this.#socket.write(
      `HTTP/1.1 ${status} ${words[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      'latin1',
    )
    this.#linger()
    answer?.over()
  }

  #handOn(request: ClientRequest): void {
    const socket = this.#socket
    const first = this.#pending
    this.#pending = nothing
    socket
      .off('data', this.#onData)
      .off('end', this.#onEnd)
      .off('close', this.#onClose)
      .off('error', this.#onError)
      .off('drain', this.#onDrain)
    socket.pause()
    this.#leave()
    this.#parts.upgrade(request, socket, first)
  }

  #leave(): void {
    if (this.#place === 'gone') return
    this.#place = 'gone'
    this.#parts.gone(this)
  }

  readonly #onEnd = (): void => {
    this.#hasEnded = true
    if (this.#place === 'exchange' && this.#reader === null)
      this.#stall = this.#parts.clock() + this.#parts.limits.halfOpenMs
    else if (this.#place === 'head' || (this.#answer !== null && !this.#answer.headersSent)) this.#refuse(400)
    else this.destroy()
  }
  readonly #onClose = (): void => {
    const [answer, body] = [this.#answer, this.#body]
    this.#answer = null
    this.#body = null
    this.#leave()
    body?.destroy(new Error('the client has gone'))
    answer?.over()
  }
  readonly #onError = (): void => {
    this.#socket.destroy()
  }
  readonly #onDrain = (): void => {
    if (this.#answer !== null) this.#answer.onDrain?.()
    else if (this.#reader === null) this.#readHeads(this.#pending)
  }
}

/** Bytes that no head begins with: noise, TLS, lines that end in another way. */
function isHopeless(bytes: Buffer): boolean {
  const first = bytes[0] ?? cr
  if ((first < 0x41 || first > 0x5a) && first !== cr) return true
  for (let at = bytes.indexOf(lf); at >= 0; at = bytes.indexOf(lf, at + 1)) if (bytes[at - 1] !== cr) return true
  return false
}
