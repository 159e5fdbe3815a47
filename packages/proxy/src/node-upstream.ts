import http from 'node:http'
import https from 'node:https'
import { isIP, type Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { Psk, Target } from './route.ts'
import {
  type UpgradeAnswer,
  type Upstream,
  UpstreamError,
  type UpstreamRequest,
  type UpstreamResponse,
} from './upstream.ts'

export interface UpstreamLimits {
  /** Until the connection stands, TLS handshake included (ms). */
  readonly connectMs: number
  /** An unused connection is closed after this long (ms). */
  readonly idleMs: number
  /** Bytes of a response head; heads come from users' own programs. */
  readonly headBytes: number
}

export const defaultUpstreamLimits: UpstreamLimits = { connectMs: 10_000, idleMs: 60_000, headBytes: 32_768 }

/** Kept-alive connections to one target, with Node's own HTTP client and its strict parser. */
export function nodeUpstream(target: Target, limits: UpstreamLimits): Upstream {
  const tls = tlsOptions(target)
  const client = tls ? https : http
  const place =
    target.connect.kind === 'unix'
      ? { socketPath: target.connect.path }
      : { host: target.connect.host, port: target.connect.port }
  const fixed = { ...place, maxHeaderSize: limits.headBytes, insecureHTTPParser: false }
  // Options of the agent, not of each request: a `checkServerIdentity` given with a request keeps Node from reusing its connection.
  const kept = { ...tls, maxCachedSessions: 0 }
  let agent: http.Agent | undefined
  let closed = false

  const pool = (): http.Agent => {
    if (agent) return agent
    agent = new client.Agent({ ...kept, keepAlive: true, maxFreeSockets: 64, timeout: limits.idleMs })
    agent.on('free', (socket: Socket) => closed && socket.destroy())
    return agent
  }

  const start = (wanted: Omit<UpstreamRequest, 'body' | 'onContinue'>, through: http.Agent) => {
    const { method, path, headers, signal } = wanted
    const request = client.request({ ...fixed, agent: through, method, path, headers, signal, setHost: false })
    const connection = watchConnection(request, tls ? 'secureConnect' : 'connect', limits.connectMs)
    const failure = (cause: unknown) => new UpstreamError(connection.stands() ? 'broken' : 'unreachable', { cause })
    return { request, failure }
  }

  const attempt = (wanted: UpstreamRequest, mayRetry: boolean): Promise<UpstreamResponse> =>
    new Promise((resolve, reject) => {
      const { request, failure } = start(wanted, pool())
      let answered = false
      request.on('response', (response) => {
        answered = true
        resolve(toResponse(response))
      })
      request.on('continue', () => wanted.onContinue?.())
      request.on('error', (cause) => {
        // A kept connection may have been closed by the peer while our request was on its way: that is no failure of this request.
        if (mayRetry && !answered && request.reusedSocket && !wanted.signal.aborted)
          attempt(wanted, false).then(resolve, reject)
        else reject(failure(cause))
      })
      if (wanted.body === null) request.end()
      else {
        request.flushHeaders()
        // Not `pipeline`: an upstream that answers early and closes must not destroy the request, whose socket carries the answer.
        wanted.body.pipe(request)
      }
    })

  const upgrade = (wanted: Omit<UpstreamRequest, 'body' | 'onContinue'>): Promise<UpgradeAnswer> =>
    new Promise((resolve, reject) => {
      const { request, failure } = start(wanted, new client.Agent({ ...kept, keepAlive: false }))
      request.on('error', (cause) => reject(failure(cause)))
      request.on('response', (response) => resolve({ kind: 'refused', response: toResponse(response) }))
      request.on('upgrade', (response, socket, first) => {
        if (response.headers.upgrade?.toLowerCase() !== 'websocket') {
          socket.destroy()
          reject(failure(new Error('switched to a protocol nobody asked for')))
        } else resolve({ kind: 'switched', headers: response.rawHeaders, socket, first })
      })
      request.end()
    })

  return {
    // Only a request without a body can be sent twice, and only a safe one may be.
    send: (wanted) => attempt(wanted, wanted.body === null && ['GET', 'HEAD', 'OPTIONS'].includes(wanted.method)),
    upgrade,
    close: () => {
      closed = true
      for (const sockets of Object.values(agent?.freeSockets ?? {}))
        for (const socket of sockets ?? []) socket.destroy()
    },
  }
}

/** How to speak with a target; null: plainly. */
export function tlsOptions(target: Target): ConnectionOptions | null {
  if (target.psk !== null) return pskOptions(target.psk)
  if (target.tls === undefined || target.connect.kind === 'unix') return null
  const { host } = target.connect
  // An address is no name to ask for (RFC 6066 3); and Node would ask for the one in the browser's Host header.
  return { ...target.tls, servername: isIP(host) ? '' : host }
}

/**
 * TLS 1.2 with a pre-shared key and no certificate: both sides prove the key in the handshake, before a byte of the request is sent.
 * @see https://www.rfc-editor.org/rfc/rfc7905 for the cipher
 */
function pskOptions(psk: Psk): ConnectionOptions {
  const key = Buffer.from(psk.key, 'hex')
  return {
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
    ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
    pskCallback: () => ({ identity: psk.identity, psk: key }),
    // There is no certificate; with this one cipher the handshake itself is the check.
    checkServerIdentity: () => undefined,
    // Else Node takes the browser's Host header as server name, and keeps one pool per name.
    servername: '',
  }
}

/** Destroys a request whose connection does not come to stand in time. */
function watchConnection(request: http.ClientRequest, event: 'connect' | 'secureConnect', limitMs: number) {
  let stands = false
  request.once('socket', (socket) => {
    if (request.reusedSocket) {
      stands = true
      return
    }
    const timer = setTimeout(() => request.destroy(new Error('connection timed out')), limitMs)
    socket.once(event, () => {
      stands = true
      clearTimeout(timer)
    })
    socket.once('close', () => clearTimeout(timer))
  })
  return { stands: () => stands }
}

const toResponse = (response: http.IncomingMessage): UpstreamResponse => ({
  status: response.statusCode ?? 502,
  statusText: response.statusMessage ?? '',
  headers: response.rawHeaders,
  body: response,
  trailers: () => [],
})
