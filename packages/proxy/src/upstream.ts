import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { Cancellation } from './cancellation.ts'
import type { RawHeaders } from './headers.ts'

export interface UpstreamLimits {
  /** Until the connection stands, TLS handshake included (ms). */
  readonly connectMs: number
  /** An unused connection is closed after this long (ms). */
  readonly idleMs: number
  /** Bytes of a response head; heads come from users' own programs. */
  readonly headBytes: number
}

export const defaultUpstreamLimits: UpstreamLimits = { connectMs: 10_000, idleMs: 60_000, headBytes: 32_768 }

/** The proxy's whole view of the client side: `raw-upstream.ts`. */
export interface Upstream {
  /**
   * Send one request; the bodies stream with backpressure. What becomes of it is told to the request, for which promises would be a
   * twentieth of its time. Cancelling closes the connection at any time.
   */
  send(request: UpstreamRequest): void
  /** Ask for a WebSocket on a connection of its own. @throws {UpstreamError} if there is no head of an answer. */
  upgrade(request: UpgradeRequest): Promise<UpgradeAnswer>
  /** Close what is idle; what runs may finish. The object is not used afterwards. */
  close(): void
}

export interface UpstreamRequest {
  /** The head of the answer is there. Either this is called or the other, once, and maybe at once; neither may throw. */
  readonly onAnswer: (answer: UpstreamResponse) => void
  /** There is none, and none will come. */
  readonly onFailure: (error: UpstreamError) => void
  readonly method: string
  /** Raw bytes of the request target. */
  readonly path: string
  readonly headers: RawHeaders
  readonly body: Readable | null
  readonly cancellation: Cancellation
  /**
   * Names and values that go behind a body in chunks; asked when that is over. With them the request is the last one on its connection:
   * whatever a peer takes them for that does not know them, nobody else's request follows.
   */
  readonly trailers?: () => RawHeaders
  /** The upstream said `100 Continue`. */
  readonly onContinue?: () => void
  /** The upstream said something before its answer (RFC 9110 15.2), other than that. */
  readonly onInterim?: (head: Pick<UpstreamResponse, 'status' | 'statusText' | 'headers'>) => void
}

export type UpgradeRequest = Pick<UpstreamRequest, 'path' | 'headers' | 'cancellation' | 'onInterim'>

export interface UpstreamResponse {
  readonly status: number
  readonly statusText: string
  readonly headers: RawHeaders
  /** The whole of it, where it came with the head. */
  readonly body: Readable | Buffer
  /** Names and values that came behind the body; to be asked when that is over. */
  readonly trailers: () => RawHeaders
}

/** A socket that was switched is paused, without listeners; `first` came on it behind the head. */
export type UpgradeAnswer =
  | { readonly kind: 'switched'; readonly headers: RawHeaders; readonly socket: Socket; readonly first: Buffer }
  | { readonly kind: 'refused'; readonly response: UpstreamResponse }

/**
 * `unreachable`: no connection, or the peer did not prove its key; nothing of the request left us. `broken`: it failed later.
 * `late`: it did not answer in the time that its route gives it.
 */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  readonly kind: 'unreachable' | 'broken' | 'late'
  constructor(kind: UpstreamError['kind'], options?: ErrorOptions) {
    super(`upstream ${kind}`, options)
    this.kind = kind
  }
}
