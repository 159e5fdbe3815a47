/** Two sockets that have left HTTP behind: what comes on one goes out on the other. */
import type { Socket } from 'node:net'

export interface RelaySide {
  readonly socket: Socket
  /** Bytes that arrived together with the head. */
  readonly first: Buffer
}

/** A pair of which one side has ended is closed when nothing moves for so long (ms). */
const halfOpenMs = 120_000
/** Finds peers that vanished without a word, such as a node that lost power (ms). */
const keepAliveMs = 60_000

interface Pair {
  readonly a: Socket
  readonly b: Socket
  /** Bytes have come on either side. */
  readonly touch: () => void
}

/**
 * Of every socket that is relayed. One set of listeners serves all of them and looks its pair up: a WebSocket says nothing for most of its
 * life, and listeners of its own would take more memory than its two sockets.
 */
const pairs = new Map<Socket, Pair>()

/**
 * Connect two sockets, which have no other listeners for bytes. Each direction ends by itself (half-close) with backpressure; when one side
 * fails, both are destroyed, so that no socket outlives its partner.
 */
export function relay(a: RelaySide, b: RelaySide, touch: () => void): void {
  const pair: Pair = { a: a.socket, b: b.socket, touch }
  for (const { socket } of [a, b]) {
    pairs.set(socket, pair)
    socket.allowHalfOpen = true
    socket.setTimeout(0).setNoDelay(true).setKeepAlive(true, keepAliveMs)
    socket.on('data', onData).on('drain', onDrain).on('end', onEnd).on('close', onClose).on('error', onError)
  }
  if (a.first.length > 0) b.socket.write(a.first)
  if (b.first.length > 0) a.socket.write(b.first)
  // It may have ended while the other was being asked: an end is told of even to who has paused.
  for (const { socket } of [a, b]) if (socket.readableEnded) onEnd.call(socket)
  // Both were paused. Who has more to take than it can gets nothing on top.
  if (!b.socket.writableNeedDrain) a.socket.resume()
  if (!a.socket.writableNeedDrain) b.socket.resume()
}

const otherOf = (socket: Socket, { a, b }: Pair): Socket => (socket === a ? b : a)

function onData(this: Socket, bytes: Buffer): void {
  const pair = pairs.get(this)
  if (pair === undefined) return
  pair.touch()
  if (!otherOf(this, pair).write(bytes)) this.pause()
}

function onDrain(this: Socket): void {
  const pair = pairs.get(this)
  if (pair !== undefined) otherOf(this, pair).resume()
}

function onEnd(this: Socket): void {
  const pair = pairs.get(this)
  if (pair === undefined) return
  const other = otherOf(this, pair)
  other.end()
  other.setTimeout(halfOpenMs, onTimeout)
}

function onTimeout(this: Socket): void {
  this.destroy()
}

function onError(this: Socket): void {
  const pair = pairs.get(this)
  if (pair !== undefined) otherOf(this, pair).destroy()
}

function onClose(this: Socket): void {
  const pair = pairs.get(this)
  if (pair === undefined) return
  pairs.delete(this)
  const other = otherOf(this, pair)
  // Both ended: what is left in the buffers may still be delivered.
  if (!this.readableEnded || !other.readableEnded) other.destroy()
}
