/** The answer to one request of a client, as it goes over the wire. */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { unseen } from './header-lines.ts'
import type { RawHeaders } from './headers.ts'

/** What an answer must know of its request. */
export interface Asked {
  readonly method: string
  readonly isHttp10: boolean
}

/** Below this, head and body are one piece for the system. */
const smallBytes = 65_536

/** In whole seconds, as HTTP has it; made anew once a second. */
const date = { second: 0, text: '' }
function httpDate(): string {
  const now = Date.now()
  const second = Math.floor(now / 1_000)
  if (second !== date.second) {
    date.second = second
    date.text = new Date(now).toUTCString()
  }
  return date.text
}

/** Of what has no body of its own: before an answer, and behind its body. RFC 9110 8.6: there is no length there. */
function linesOf(headers: RawHeaders): string {
  let text = ''
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const [name = '', value = ''] = [headers[index], headers[index + 1]]
    if (name.length === 14 && name.toLowerCase() === 'content-length') continue
    if (!unseen.test(name) && !unseen.test(value)) text += `${name}: ${value}\r\n`
  }
  return text
}

/** A whole head of what comes before an answer, or in place of one. */
export const interimHead = (status: number, reason: string, headers: RawHeaders): string =>
  `HTTP/1.1 ${status} ${reason}\r\n${linesOf(headers)}\r\n`

export class ClientAnswer {
  /** Another request may follow on this connection. To be decided before the head is sent. */
  shouldKeepAlive: boolean
  headersSent = false
  /** 0 before there is one. */
  statusCode = 0
  /** Its sender was not told to go on with the body: that may come or not, so nobody knows where a next request would begin. */
  awaitsContinue = false
  /** The connection takes more, after it did not. */
  onDrain: (() => void) | null = null
  readonly #socket: Socket
  readonly #asked: Asked
  readonly #keptSeconds: number | null
  readonly #ended: () => void
  readonly #listeners: (() => void)[] = []
  #head = ''
  #hasBody = true
  /** Bytes that were promised; null: none were. */
  #length: number | null = null
  #sent = 0
  #isChunked = false
  #isOver = false

  /**
   * @param keptSeconds for which the connection stays afterwards; null: it ends.
   * @param ended all of the answer has been given to the socket.
   */
  constructor(socket: Socket, asked: Asked, keptSeconds: number | null, ended: () => void) {
    this.#socket = socket
    this.#asked = asked
    this.#keptSeconds = keptSeconds
    this.shouldKeepAlive = keptSeconds !== null
    this.#ended = ended
  }

  /** No more can be said: it is over, or the client has gone. */
  get destroyed(): boolean {
    return this.#isOver || this.#socket.destroyed
  }

  /** Called when it is over, or when the client has gone before that. */
  onOver(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** For the connection: it is over in any case. */
  over(): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const listener of this.#listeners) listener()
  }

  /** @throws {Error} for what would be read as something else. */
  writeHead(status: number, headers: RawHeaders, reason: string = STATUS_CODES[status] ?? ''): void {
    // One that has not been sent may be replaced: what was to follow it has failed.
    if (this.headersSent) throw new Error('an answer has one head')
    if (!(status >= 200 && status <= 999) || unseen.test(reason)) throw new Error('a status that cannot be sent')
    let text = ''
    let hasDate = false
    let length: string | null = null
    for (let index = 0; index + 1 < headers.length; index += 2) {
      const name = headers[index] ?? ''
      const value = headers[index + 1] ?? ''
      if (unseen.test(value) || unseen.test(name)) throw new Error('a header that cannot be sent')
      if (name.length === 14 && name.toLowerCase() === 'content-length') {
        if (status === 204) continue
        length = value
      } else if (name.length === 4 && name.toLowerCase() === 'date') hasDate = true
      text += `${name}: ${value}\r\n`
    }
    if (!hasDate) text += `Date: ${httpDate()}\r\n`
    this.statusCode = status
    this.#head = `HTTP/1.1 ${status} ${reason}\r\n${text}`
    this.#hasBody = this.#asked.method !== 'HEAD' && status !== 204 && status !== 304
    this.#length = length === null ? null : Number(length)
  }

  /** Of the body, as they were given to the system. */
  get bodyBytes(): number {
    return this.#sent
  }

  /** The head says how long the body is. */
  get hasLength(): boolean {
    return this.#length !== null
  }

  /** For a request whose sender waits for it. */
  writeContinue(): void {
    if (this.destroyed || this.headersSent) return
    this.awaitsContinue = false
    this.#socket.write('HTTP/1.1 100 Continue\r\n\r\n', 'latin1')
  }

  /** Something before the answer. HTTP/1.0 knows of no such thing, and what cannot be sent is left out. */
  writeInterim(status: number, reason: string, headers: RawHeaders): void {
    if (this.destroyed || this.headersSent || this.#asked.isHttp10 || unseen.test(reason)) return
    this.#socket.write(interimHead(status, reason, headers), 'latin1')
  }

  /** Send the head before the body is there. */
  flushHeaders(): void {
    if (this.headersSent || this.destroyed) return
    this.#socket.write(this.#takeHead(), 'latin1')
  }

  /** @returns whether the client takes more at once; else wait for {@link onDrain}. */
  write(part: Buffer): boolean {
    if (this.destroyed || part.length === 0 || !this.#hasBody) return true
    const head = this.headersSent ? '' : this.#takeHead()
    this.#sent += part.length
    if (!this.#isChunked && head === '') return this.#socket.write(part)
    this.#socket.cork()
    if (head !== '') this.#socket.write(head, 'latin1')
    if (this.#isChunked) this.#socket.write(`${part.length.toString(16)}\r\n`, 'latin1')
    const takesMore = this.#socket.write(part)
    const takesEnd = !this.#isChunked || this.#socket.write('\r\n', 'latin1')
    this.#socket.uncork()
    return takesMore && takesEnd
  }

  /** @param trailers go behind a body in chunks; others have no place for them. */
  end(body: Buffer | string = '', trailers: RawHeaders = []): void {
    if (this.destroyed) return
    const part = typeof body === 'string' ? Buffer.from(body) : body
    if (this.headersSent || part.length > smallBytes) this.write(part)
    else if (part.length > 0 && this.#hasBody) this.#sendWhole(part)
    else this.flushHeaders()
    // What was promised and did not come must not look whole.
    if (this.#hasBody && this.#length !== null && this.#length !== this.#sent) {
      this.destroy()
      return
    }
    if (this.#isChunked) this.#socket.write(`0\r\n${linesOf(trailers)}\r\n`, 'latin1')
    this.over()
    this.#ended()
  }

  /** Head and body in one piece: most answers are small. */
  #sendWhole(part: Buffer): void {
    const head = this.#takeHead()
    this.#sent = part.length
    const before = this.#isChunked ? `${head}${part.length.toString(16)}\r\n` : head
    const bytes = Buffer.allocUnsafe(before.length + part.length + (this.#isChunked ? 2 : 0))
    bytes.write(before, 0, 'latin1')
    part.copy(bytes, before.length)
    if (this.#isChunked) bytes.write('\r\n', before.length + part.length, 'latin1')
    this.#socket.write(bytes)
  }

  /** Cut the connection: the only way to tell the client that an answer which has begun is not whole. */
  destroy(): void {
    this.#socket.destroy()
    this.over()
  }

  #takeHead(): string {
    this.headersSent = true
    if (this.awaitsContinue) this.shouldKeepAlive = false
    let text = this.#head
    this.#head = ''
    if (this.#hasBody && this.#length === null) {
      this.#isChunked = !this.#asked.isHttp10
      // Its end is the connection's.
      if (!this.#isChunked) this.shouldKeepAlive = false
      else text += 'Transfer-Encoding: chunked\r\n'
    }
    return (
      text +
      (this.shouldKeepAlive
        ? `Connection: keep-alive\r\nKeep-Alive: timeout=${this.#keptSeconds}\r\n\r\n`
        : 'Connection: close\r\n\r\n')
    )
  }
}
