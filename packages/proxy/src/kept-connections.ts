/** Connections to one target: how they are opened, and which stay open between requests. */
import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import type { Cancellation } from './cancellation.ts'
import type { Target } from './route.ts'
import type { UpstreamLimits } from './upstream.ts'
import { type ConnectionOwner, UpstreamConnection } from './upstream-connection.ts'

export interface KeptConnections {
  /** The one that was used last, or null. It is as it was left: nothing has come on it since. */
  take(): UpstreamConnection | null
  /** Open another, to be kept when it is free. @throws {Error} when it does not stand in time. */
  open(cancellation: Cancellation): Promise<UpstreamConnection>
  /** The same, for one request alone. */
  openForOne(cancellation: Cancellation): Promise<UpstreamConnection>
  /** Close what is kept; what is freed later is closed then. */
  close(): void
}

const mostKept = 512
/** Freed so much before its peer ends it, a connection is not used again: the request would meet the end on its way. */
const marginMs = 1_000

/** @param tls how the target proves itself, asked for each connection; null: it is plain. */
export function openKeptConnections(
  target: Target,
  tls: (() => ConnectionOptions) | null,
  { connectMs, idleMs, headBytes }: UpstreamLimits,
): KeptConnections {
  /** In the order in which they were freed. */
  const kept: UpstreamConnection[] = []
  let isClosed = false
  const openSocket = socketOpener(target, tls, connectMs)

  // One timer for all, at the time of the first that is due: one for each would be set and unset with every request.
  let timer: NodeJS.Timeout | null = null
  let timerAt = 0
  const wakeAt = (at: number, now: number): void => {
    if (timer !== null && timerAt <= at) return
    if (timer !== null) clearTimeout(timer)
    timerAt = at
    timer = setTimeout(closeLate, Math.ceil(at - now)).unref()
  }
  const closeLate = (): void => {
    timer = null
    const now = performance.now()
    for (const each of [...kept]) if (each.keptUntil <= now) each.destroy()
    const later = kept.filter((each) => each.keptUntil > now)
    kept.splice(0, kept.length, ...later)
    if (later.length > 0) wakeAt(Math.min(...later.map(({ keptUntil }) => keptUntil)), now)
  }

  const owner: ConnectionOwner = {
    headBytes,
    freed(connection, mostMs) {
      const forMs = Math.min(idleMs, mostMs === null ? idleMs : mostMs - marginMs)
      if (isClosed || forMs <= 0 || kept.length >= mostKept) {
        connection.destroy()
        return
      }
      const now = performance.now()
      connection.keptUntil = now + forMs
      kept.push(connection)
      wakeAt(connection.keptUntil, now)
    },
    gone(connection) {
      const at = kept.indexOf(connection)
      if (at >= 0) kept.splice(at, 1)
    },
  }
  const forOne: ConnectionOwner = { headBytes, freed: (connection) => connection.destroy(), gone: () => {} }

  return {
    take() {
      const now = performance.now()
      for (let last = kept.pop(); last !== undefined; last = kept.pop()) {
        if (!last.isGone && last.keptUntil > now) return last
        last.destroy()
      }
      return null
    },
    open: async (cancellation) => new UpstreamConnection(await openSocket(cancellation), owner),
    openForOne: async (cancellation) => new UpstreamConnection(await openSocket(cancellation), forOne),
    close() {
      isClosed = true
      if (timer !== null) clearTimeout(timer)
      for (const each of kept.splice(0)) each.destroy()
    },
  }
}

/** @returns opens one socket to the target; it throws when that does not stand in time, or is no longer wanted. */
function socketOpener(
  { connect: place }: Target,
  tls: (() => ConnectionOptions) | null,
  connectMs: number,
): (cancellation: Cancellation) => Promise<Socket> {
  const connectTo = (): Socket => {
    const where = place.kind === 'unix' ? { path: place.path } : { host: place.host, port: place.port }
    return tls === null ? connect({ ...where, noDelay: true }) : connectTls({ ...where, ...tls() })
  }
  return (cancellation) =>
    new Promise((resolve, reject) => {
      const socket = connectTo()
      const fail = (error: Error): void => {
        settle()
        socket.on('error', () => {}) // it has failed already
        socket.destroy()
        reject(error)
      }
      const late = setTimeout(() => fail(new Error('connection timed out')), connectMs)
      const cancelled = (): void => fail(new Error('no longer wanted'))
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
      cancellation.listener = cancelled
    })
}
