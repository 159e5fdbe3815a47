/** One public listener: connections of clients, and how they end when it closes. */
import { createServer, type Server, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { type AccessLog, tellAccess } from './access-log.ts'
import {
  ClientConnection,
  type ConnectionLimits,
  type ConnectionParts,
  defaultConnectionLimits,
} from './client-connection.ts'
import { type Forwarding, hostOf, refuse } from './exchange.ts'
import { forwardHttp } from './forward-http.ts'
import { forwardUpgrade, isWebSocket } from './forward-upgrade.ts'
import { errorWords } from './log.ts'

export interface Door {
  readonly server: Server
  /** Stop accepting; resolves when the last request has its answer, or after the limit (ms). */
  drain(limitMs: number): Promise<void>
  close(): Promise<void>
}

export interface DoorParts {
  /** Sockets that left HTTP behind: nobody else knows them. */
  readonly upgraded: Set<Socket>
  /** Null: the listener speaks plainly. */
  readonly tls: TlsOptions | null
  readonly limits: Partial<ConnectionLimits>
  /** Null: nobody wants to know of each request. */
  readonly accessLog: AccessLog | null
}

const healthy = '{"status":"OK"}'
/** A handshake that does not come to its end holds a socket (ms). */
export const handshakeMs = 20_000
/** Who connected just before the end, and has said nothing yet, may within so long (ms). */
const firstWordMs = 1_000
/** How often connections are looked at that should have moved (ms). */
const checkMs = 1_000

export function openDoor(forwarding: Forwarding, { upgraded, tls, limits, accessLog }: DoorParts): Door {
  const { metrics, log, peerOf } = forwarding
  const connections = new Set<ClientConnection>()
  /** Those whose handshake is not over have no connection yet. */
  const sockets = new Set<Socket>()
  /** Of the clock: when the last one began. */
  let handshakeAt = Number.NEGATIVE_INFINITY
  let isHandshakeAwaited = false
  let drained: (() => void) | null = null
  const lookWhetherQuiet = (): void => {
    if (drained === null || isHandshakeAwaited) return
    for (const each of connections) if (!each.isQuiet || each.isFresh) return
    drained()
  }
  const parts: ConnectionParts = {
    limits: { ...defaultConnectionLimits, ...limits },
    clock: () => performance.now(),
    isDraining: () => drained !== null,
    isUpgrade: isWebSocket,
    serve(request, answer) {
      if (accessLog !== null) tellAccess(accessLog, request, answer, peerOf(request), parts.clock)
      if (metrics !== null) answer.onOver(() => answer.statusCode > 0 && metrics.answered(answer.statusCode))
      if (request.url === '/_chp_healthz' || request.url.startsWith('/_chp_healthz?')) {
        const type = ['Content-Type', 'application/json', 'Content-Length', String(healthy.length)]
        answer.writeHead(200, [...type, 'Cache-Control', 'no-store'])
        answer.end(healthy)
        return
      }
      // RFC 9110 9.3.7: it asks about the server as a whole, and nobody behind us is that.
      if (request.url === '*' && hostOf(request.rawHeaders) !== null) {
        answer.writeHead(200, ['Content-Length', '0'])
        answer.end()
        return
      }
      metrics?.web()
      try {
        forwardHttp(request, answer, forwarding)
      } catch (error) {
        refuse(request, answer, 'internal', forwarding, error)
      }
    },
    upgrade(request, socket, first) {
      metrics?.webSocket()
      accessLog?.upgraded(request, peerOf(request))
      forwardUpgrade(request, socket, first, upgraded, forwarding).catch((error) => {
        log.error({ cause: String(error) }, 'upgrade failed')
        socket.destroy()
      })
    },
    gone(connection) {
      connections.delete(connection)
      lookWhetherQuiet()
    },
  }
  const open = (socket: Socket): void => {
    connections.add(new ClientConnection(socket, parts))
  }
  const fixed = { allowHalfOpen: true, noDelay: true }
  const server =
    tls === null
      ? createServer(fixed, open)
      : createTlsServer({ handshakeTimeout: handshakeMs, ...tls, ...fixed }, open)
          .on('connection', (socket: Socket) => {
            handshakeAt = parts.clock()
            sockets.add(socket)
            socket.once('close', () => sockets.delete(socket))
          })
          .on('tlsClientError', (error, socket) => {
            log.debug({ cause: errorWords(error) }, 'no TLS')
            socket.destroy() // Node leaves one whose time is over as it is
          })
  const checks = setInterval(
    () => {
      const now = parts.clock()
      for (const each of connections) each.check(now)
      lookWhetherQuiet()
    },
    Math.min(checkMs, ...Object.values(parts.limits).filter((ms) => ms !== null)),
  )
  checks.unref()

  return {
    server,
    drain: async (limitMs) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      drained = resolve
      if (server.listening) server.close()
      isHandshakeAwaited = parts.clock() - handshakeAt < handshakeMs
      const timer = setTimeout(resolve, limitMs)
      // What has come already is read first: closed over it, a connection would be reset under a request that was sent in time.
      for (let turn = 0; turn < 2; turn += 1) await nextTurn()
      const drainAll = (isLast: boolean): void => {
        if (isLast) isHandshakeAwaited = false
        for (const each of connections) each.drain(isLast)
        lookWhetherQuiet()
      }
      drainAll(false)
      const last = setTimeout(drainAll, firstWordMs, true)
      await promise
      clearTimeout(timer)
      clearTimeout(last)
    },
    close: () => {
      clearInterval(checks)
      return new Promise((resolve) => {
        if (server.listening) server.close(() => resolve())
        else resolve()
        for (const each of connections) each.destroy()
        for (const each of sockets) each.destroy()
      })
    },
  }
}
