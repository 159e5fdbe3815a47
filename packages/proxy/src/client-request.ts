/** A request of a client, as its connection has read it. */

import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { BodyReader } from './body-reader.ts'
import type { BodyFraming } from './header-lines.ts'
import type { RawHeaders } from './headers.ts'
import type { RequestHead } from './request-head.ts'

const none: RawHeaders = []

export class ClientRequest {
  readonly method: string
  /** Raw bytes of the request target in origin-form, or `*`. */
  readonly url: string
  /** That its target named; null if it named none. */
  readonly scheme: RequestHead['scheme']
  readonly rawHeaders: RawHeaders
  readonly framing: BodyFraming
  readonly expectsContinue: boolean
  readonly isHttp10: boolean
  /** Of `Upgrade`, where it counts. */
  readonly upgrade: string | null
  readonly socket: Socket
  /** Null: it has none, or an empty one. */
  readonly body: Readable | null
  readonly #reader: Pick<BodyReader, 'trailers'> | null
  #headers: Readonly<Record<string, string | undefined>> | null = null

  /** @param reader that finds the end of the body. */
  constructor(
    head: RequestHead,
    socket: Socket,
    body: Readable | null,
    reader: Pick<BodyReader, 'trailers'> | null = null,
  ) {
    this.method = head.method
    this.url = head.target
    this.scheme = head.scheme
    this.rawHeaders = head.headers
    this.framing = head.framing
    this.expectsContinue = head.expectsContinue
    this.isHttp10 = head.isHttp10
    this.upgrade = head.upgrade
    this.socket = socket
    this.body = body
    this.#reader = reader
  }

  /** Names and values that came behind the body; to be asked when that is over. */
  get trailers(): RawHeaders {
    return this.#reader?.trailers ?? none
  }

  /** By lower-case name; the first of several. For what is asked rarely. */
  get headers(): Readonly<Record<string, string | undefined>> {
    if (this.#headers !== null) return this.#headers
    const found: Record<string, string | undefined> = Object.create(null)
    for (let i = 0; i + 1 < this.rawHeaders.length; i += 2)
      found[(this.rawHeaders[i] ?? '').toLowerCase()] ??= this.rawHeaders[i + 1]
    this.#headers = found
    return found
  }
}
