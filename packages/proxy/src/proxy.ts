import { randomUUID } from 'node:crypto'
import http from 'node:http'
import type { Duplex } from 'node:stream'
import { type Address, parseAddress } from './address.ts'
import { controlApi } from './control-api.ts'
import { guardedCookieNames } from './cookies.ts'
import type { Forwarding } from './exchange.ts'
import { refuse } from './exchange.ts'
import { forwardHttp, sayContinue } from './forward-http.ts'
import { forwardUpgrade, isWebSocket, type Upgraded } from './forward-upgrade.ts'
import { openFront } from './front.ts'
import type { IdentityHeaders } from './front-identity.ts'
import { foldName } from './headers.ts'
import type { Hosts } from './hosts.ts'
import { listen } from './listen.ts'
import { type Log, silentLog } from './log.ts'
import { defaultUpstreamLimits, nodeUpstream, type UpstreamLimits } from './node-upstream.ts'
import { Revocations, Streams } from './revocations.ts'
import { parseRoute, restored, type Target } from './route.ts'
import { RouteBook } from './route-book.ts'
import { loadSnapshot, snapshotWriter } from './snapshot.ts'
import { trustedFronts } from './trusted-fronts.ts'
import type { Upstream } from './upstream.ts'

export interface ProxyOptions {
  /** Where browsers or the front server connect: `HOST:PORT`, `[IPv6]:PORT`, `unix:/path`; port 0 takes a free one. */
  readonly listen: readonly (string | Address)[]
  /** Where the hub connects; a unix socket gets mode 0600. */
  readonly control: string | Address
  readonly token: string
  /** File that keeps the routes over restarts. */
  readonly snapshot?: string
  /** Target for requests without a route; it is treated as the hub's. */
  readonly defaultTarget?: string
  /** Route by host and path. Default: by path alone, hub and applications on one host. */
  readonly hosts?: Hosts
  /** Path of the home page, for the error pages. Default `/`. */
  readonly basePath?: string
  /** Names of the hub's login cookies. Default `jupyterhub-hub-login`. */
  readonly hubCookies?: readonly string[]
  /** Front servers whose X-Forwarded-* are believed: addresses, networks, or `unix`. Default: none. */
  readonly trustedFronts?: readonly string[]
  /** Front servers that are not on a unix socket show it on every request, else they are nobody special. */
  readonly frontSecret?: string
  /** Headers in which front servers name the user; the hub is told. Default: nobody is signed in so. */
  readonly identity?: IdentityHeaders
  /** Take {@link identity} from front servers that show no secret. */
  readonly trustAddressAlone?: boolean
  /** Further headers of this site that name a user. */
  readonly identityHeaders?: readonly string[]
  readonly upstreamLimits?: Partial<UpstreamLimits>
  readonly openUpstream?: (target: Target) => Upstream
  readonly log?: Log
  readonly now?: () => number
  readonly newId?: () => string
}

export interface RunningProxy extends AsyncDisposable {
  /** Where it really listens, in the order of the options. */
  readonly listen: readonly string[]
  readonly control: string
  /** Accept nothing new, let requests finish for at most so long (ms), close WebSockets, write the snapshot. */
  stop(drainMs?: number): Promise<void>
}

/** Browsers keep connections for long; a front server's must not be closed under its hands (Apache: 60 s by default). */
const serverLimits: http.ServerOptions = {
  keepAliveTimeout: 75_000,
  headersTimeout: 30_000,
  requestTimeout: 0, // uploads take as long as they take
  maxHeaderSize: 32_768, // many servers on one host name mean many cookies
  insecureHTTPParser: false,
  requireHostHeader: true,
}

/** Open the proxy: routes from the snapshot first, then the control API, then the public listeners. */
export async function startProxy(options: ProxyOptions): Promise<RunningProxy> {
  const { log = silentLog, now = Date.now, newId = randomUUID, snapshot } = options
  if (options.token === '') throw new Error('the proxy needs a control token')
  const fronts = options.trustedFronts ?? []
  const trusted = trustedFronts(fronts)
  const front = openFront({
    trusted,
    hasAddresses: fronts.some((each) => each !== 'unix'),
    secret: options.frontSecret ?? null,
    identity: options.identity ?? null,
    isAddressEnough: options.trustAddressAlone ?? false,
    log,
    now,
  })
  const { user, data } = options.identity ?? {}
  const named = [...(options.identityHeaders ?? []), user, data].filter((name) => typeof name === 'string')
  const limits = { ...defaultUpstreamLimits, ...options.upstreamLimits }
  const openUpstream = options.openUpstream ?? ((target: Target) => nodeUpstream(target, limits))
  await using undo = new AsyncDisposableStack()

  const book = new RouteBook({ openUpstream, now })
  const routes = snapshot === undefined ? null : await loadSnapshot(snapshot, log)
  if (routes !== null) {
    book.replaceAll(new Map([...routes].map(([path, route]) => [path, restored(route)])))
    log.info({ count: book.size }, 'routes restored')
  }
  const revocations = new Revocations(now)
  const streams = new Streams()
  const writer = snapshot === undefined ? null : snapshotWriter(snapshot, () => book.routes(), log)
  const fallback =
    options.defaultTarget === undefined ? undefined : parseRoute({ target: options.defaultTarget, hub: true })
  if (fallback) book.setFallback(fallback)

  const forwarding: Omit<Forwarding, 'peerOf'> = {
    book,
    revocations,
    streams,
    policy: {
      guardedCookies: guardedCookieNames(options.hubCookies ?? ['jupyterhub-hub-login']),
      identityHeaders: new Set(named.map(foldName)),
    },
    trustedFronts: trusted,
    front,
    home: options.basePath ?? '/',
    hosts: options.hosts ?? null,
    log,
    now,
    newId,
  }
  const control = http.createServer(
    controlApi({
      book,
      revocations,
      streams,
      instance: randomUUID(),
      now,
      token: options.token,
      saved: async () => writer?.changed(),
      log,
    }),
  )
  control.on('checkContinue', (request, response) => {
    sayContinue(response)
    control.emit('request', request, response)
  })
  undo.defer(() => closeServer(control))
  const controlAt = await listen(control, asAddress(options.control), 0o600)

  const upgraded: Upgraded = new Set()
  const doors: Door[] = []
  const listening: string[] = []
  for (const address of options.listen) {
    const at = asAddress(address)
    // Told by the listener: a socket whose client has gone has no address either, and would pass for a unix one.
    const peerOf: Forwarding['peerOf'] =
      at.kind === 'unix' ? () => 'unix' : (request) => request.socket.remoteAddress ?? null
    const door = openDoor({ ...forwarding, peerOf }, upgraded)
    doors.push(door)
    undo.defer(() => closeServer(door.server))
    listening.push(await listen(door.server, at, 0o660))
  }
  const keep = undo.move()

  const shutDown = async (drainMs: number): Promise<void> => {
    await Promise.all(doors.map((door) => door.drain(drainMs)))
    for (const socket of upgraded) socket.destroy()
    await keep.disposeAsync()
    await writer?.flush()
    book.close()
  }
  let stopping: Promise<void> | null = null
  const stop = (drainMs = 10_000): Promise<void> => {
    stopping ??= shutDown(drainMs)
    return stopping
  }
  return { listen: listening, control: controlAt, stop, [Symbol.asyncDispose]: () => stop(0) }
}

const asAddress = (address: string | Address): Address =>
  typeof address === 'string' ? parseAddress(address) : address

interface Door {
  readonly server: http.Server
  /** Stop accepting; resolves when the last request has its answer, or after the limit (ms). */
  drain(limitMs: number): Promise<void>
}

/** One public listener. */
function openDoor(forwarding: Forwarding, upgraded: Upgraded): Door {
  let running = 0
  let drained: (() => void) | null = null
  const serve = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    running += 1
    if (drained) response.shouldKeepAlive = false
    response.once('close', () => {
      running -= 1
      if (running === 0) drained?.()
    })
    if (request.url === '/_chp_healthz' || request.url?.startsWith('/_chp_healthz?')) {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
      response.end('{"status":"OK"}\n')
      return
    }
    forwardHttp(request, response, forwarding).catch((error) =>
      refuse(request, response, 'internal', forwarding, error),
    )
  }
  const server = http.createServer({ ...serverLimits, shouldUpgradeCallback: isWebSocket }, serve)
  // Node would silently drop what follows the 2000th header: a second host, or the name that the front server wrote last.
  server.maxHeadersCount = 0
  // Without this Node would promise `100 Continue` before the application was asked.
  server.on('checkContinue', serve)
  server.on('upgrade', (request, socket, first) => {
    forwardUpgrade(request, socket, first, upgraded, forwarding).catch((error) => {
      forwarding.log.error({ cause: String(error) }, 'upgrade failed')
      socket.destroy()
    })
  })
  server.on('clientError', answerBrokenRequest)
  return {
    server,
    drain: async (limitMs) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      drained = resolve
      server.close()
      if (running === 0) return
      const timer = setTimeout(resolve, limitMs)
      await promise
      clearTimeout(timer)
    },
  }
}

/** What Node's parser did not take as a request: say so and close, since nobody knows where a next request would begin. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Duplex): void {
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request'
  if (!socket.writable || error.code === 'ECONNRESET') socket.destroy()
  else socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy())
}

function closeServer(server: http.Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
