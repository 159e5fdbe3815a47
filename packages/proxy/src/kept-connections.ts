/** Connections to one target that stay open between requests. */
import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, createSecureContext, type SecureContext } from 'node:tls'
import type { Cancellation } from './cancellation.ts'
import type { Target } from './route.ts'

export interface KeptConnections {
  /** The one that was used last, or null. It is as it was left: nothing has come on it since. */
  take(): Socket | null
  /** Open another. @throws {Error} when it does not stand in time. */
  open(cancellation: Cancellation): Promise<Socket>
  /** Give one back that may carry another request. @param mostMs for which its peer says that it keeps it. */
  keep(socket: Socket, mostMs: number | null): void
  /** Close what is kept; what is given back later is closed then. */
  close(): void
}

export interface ConnectionLimits {
  readonly connectMs: number
  readonly idleMs: number
}

const mostKept = 512
/** Given back so much before its peer ends it, a connection is not used again: the request would meet the end on its way. */
const marginMs = 1_000

/** @param tls how the target proves itself; null: it is plain. */
export function openKeptConnections(
  { connect: place }: Target,
  tls: ConnectionOptions | null,
  { connectMs, idleMs }: ConnectionLimits,
): KeptConnections {
  const kept: Socket[] = []
  let isClosed = false
  /** Node would make one for each connection. */
  let secureContext: SecureContext | null = null
  const connectTo = (): Socket => {
    const where = place.kind === 'unix' ? { path: place.path } : { host: place.host, port: place.port }
    if (tls === null) return connect({ ...where, noDelay: true })
    secureContext ??= createSecureContext(tls)
    return connectTls({ ...where, ...tls, secureContext })
  }

  /** Bytes that nobody asked for are no answer to anybody; an end is an end. */
  const forget = (socket: Socket): void => {
    const at = kept.indexOf(socket)
    if (at >= 0) kept.splice(at, 1)
    socket.destroy()
  }
  const onOddEvent = function (this: Socket): void {
    forget(this)
  }
  const oddEvents = ['data', 'end', 'timeout', 'error', 'close'] as const

  return {
    take() {
      const socket = kept.pop()
      if (socket === undefined) return null
      for (const event of oddEvents) socket.off(event, onOddEvent)
      socket.setTimeout(0)
      return socket
    },
    open: (cancellation) =>
      new Promise((resolve, reject) => {
        const socket = connectTo()
        const fail = (error: Error): void => {
          settle()
          socket.on('error', () => {}) // it has failed already
          socket.destroy()
          reject(error)
        }
        const late = setTimeout(() => fail(new Error('connection timed out')), connectMs)
        const aborted = (): void => fail(new Error('no longer wanted'))
        const closed = (): void => fail(new Error('the connection was closed'))
        const stands = (): void => {
          settle()
          if (tls !== null) socket.setNoDelay(true)
          resolve(socket)
        }
        const settle = (): void => {
          clearTimeout(late)
          cancellation.listener = null
          socket.off('error', fail).off('close', closed).off('connect', stands).off('secureConnect', stands)
        }
        socket
          .on('error', fail)
          .on('close', closed)
          .once(tls === null ? 'connect' : 'secureConnect', stands)
        cancellation.listener = aborted
      }),
    keep(socket, mostMs) {
      const forMs = Math.min(idleMs, mostMs === null ? idleMs : mostMs - marginMs)
      if (isClosed || socket.destroyed || forMs <= 0 || kept.length >= mostKept) {
        socket.on('error', () => {}) // nobody waits for it any more
        socket.destroy()
        return
      }
      for (const event of oddEvents) socket.on(event, onOddEvent)
      socket.setTimeout(forMs)
      kept.push(socket)
      socket.resume()
    },
    close() {
      isClosed = true
      for (const socket of [...kept]) forget(socket)
    },
  }
}
