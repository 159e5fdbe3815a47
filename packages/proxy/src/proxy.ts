import { randomUUID } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { type TlsOptions, Server as TlsServer } from 'node:tls'
import { openAccessLog } from './access-log.ts'
import { type Address, parseAddress } from './address.ts'
import { checkTls } from './certificate-files.ts'
import type { ConnectionLimits } from './client-connection.ts'
import { controlApi, controlRules } from './control-api.ts'
import { guardedCookieNames } from './cookies.ts'
import { type Door, openDoor } from './door.ts'
import type { Forwarding } from './exchange.ts'
import { openFront } from './front.ts'
import type { IdentityHeaders } from './front-identity.ts'
import { foldName } from './headers.ts'
import type { Condition } from './health.ts'
import type { Hosts } from './hosts.ts'
import { listen } from './listen.ts'
import { type Log, silentLog } from './log.ts'
import type { Manner } from './manner.ts'
import { Metrics, metricsPage } from './metrics.ts'
import { rawUpstream } from './raw-upstream.ts'
import { Revocations, Streams } from './revocations.ts'
import { parseRoute, type Route, restored, type Target, type TargetRules } from './route.ts'
import { RouteBook } from './route-book.ts'
import type { SitePages } from './site-pages.ts'
import { loadRoutes, openRouteWriter } from './stored-routes.ts'
import { trustedFronts } from './trusted-fronts.ts'
import { defaultUpstreamLimits, type Upstream, type UpstreamLimits } from './upstream.ts'

/** A place to listen where TLS is spoken. */
export interface TlsListener {
  readonly address: string | Address
  readonly tls: TlsOptions
}
type ListenerOption = string | Address | TlsListener

export interface ProxyOptions {
  /** Where browsers or the front server connect: `HOST:PORT`, `[IPv6]:PORT`, `unix:/path`; port 0 takes a free one. */
  readonly listen: readonly ListenerOption[]
  /** Descriptors of sockets that listen there already, one for each of `listen`; they stay open when the proxy ends. Default: none. */
  readonly inherited?: readonly number[]
  /** Where the hub connects; a unix socket gets mode 0600. */
  readonly control: ListenerOption
  /** Where figures are collected, without a token: `GET /metrics`. Default: nothing is counted. */
  readonly metrics?: string | Address
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
  /** Stand in configurable-http-proxy's place. Default: the gateway's own manner. */
  readonly manner?: Manner
  /** Routes from the start, whatever the snapshot says about their paths. */
  readonly routes?: Readonly<Record<string, Route>>
  /** Targets that prove themselves by certificates. Default: there are none. */
  readonly targetRules?: TargetRules
  /** Error pages of the site. Default: our own. */
  readonly sitePages?: SitePages
  /** A kept connection of a browser is closed when unused for so long (ms). Default 75,000. */
  readonly keepAliveMs?: number
  /** A connection of a browser is closed when nothing moves on it for so long (ms), WebSockets excepted. Default: never. */
  readonly idleMs?: number
  /** A target that says nothing for so long (ms) has failed, unless its route says otherwise. Default: it may take its time. */
  readonly targetIdleMs?: number
  readonly upstreamLimits?: Partial<UpstreamLimits>
  /** Of connections of browsers; what the options before say of them counts more. */
  readonly clientLimits?: Partial<ConnectionLimits>
  readonly openUpstream?: (target: Target) => Upstream
  /** File that gets a line for each request; `-` is standard output. */
  readonly accessLog?: string
  readonly log?: Log
  readonly now?: () => number
  readonly newId?: () => string
}

export interface RunningProxy extends AsyncDisposable {
  /** Where it really listens, in the order of the options. */
  readonly listen: readonly string[]
  readonly control: string
  /** Null: figures are not collected. */
  readonly metrics: string | null
  /**
   * Other certificates and keys for the listeners that speak TLS, in the order of the options: for handshakes from now on. What is open stays.
   * @throws {Error} if any of them cannot be used; then all is as before.
   */
  renewTls(places: Pick<ProxyOptions, 'listen' | 'control'>): void
  /** The file of the access log was moved away: open it anew. */
  reopenAccessLog(): void
  /** Accept nothing new, let requests finish for at most so long (ms), close WebSockets, write the snapshot. */
  stop(drainMs?: number): Promise<void>
}

/** Open the proxy: routes from the snapshot first, then the control API, then the public listeners. */
export async function startProxy(options: ProxyOptions): Promise<RunningProxy> {
  const { log = silentLog, now = Date.now, newId = randomUUID, snapshot } = options
  if (options.token === '') throw new Error('the proxy needs a control token')
  const { inherited = [] } = options
  if (inherited.length > 0 && inherited.length !== options.listen.length)
    throw new Error(
      `the socket unit hands over ${inherited.length} sockets, and ${options.listen.length} are to listen: make it anew`,
    )
  for (const { tls } of [...options.listen, options.control].map(asPlace)) if (tls !== null) checkTls(tls)
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
  const { targetIdleMs, manner = null, targetRules } = options
  const openUpstream = options.openUpstream ?? ((target: Target) => rawUpstream(target, limits))
  const metrics = options.metrics === undefined ? null : new Metrics()
  await using undo = new AsyncDisposableStack()
  const accessLog = options.accessLog === undefined ? null : undo.use(await openAccessLog(options.accessLog, log, now))

  const book = new RouteBook({
    openUpstream,
    now,
    hasHosts: options.hosts !== undefined || manner?.hostOf('a') === 'a',
    ...(targetIdleMs !== undefined && { idleMs: targetIdleMs }),
    ...(targetRules && { rules: targetRules }),
    ...(manner && { isHubs: manner.isHubs }),
    ...(metrics && { tallies: metrics.tallies }),
  })
  const routes = snapshot === undefined ? null : await loadRoutes(snapshot, log, targetRules)
  if (routes !== null) {
    book.replaceAll(new Map([...routes].map(([path, route]) => [path, restored(route)])))
    log.info({ count: book.size }, 'routes restored')
  }
  for (const [path, route] of Object.entries(options.routes ?? {})) book.add(path, parseRoute(route, targetRules))
  const revocations = new Revocations(now)
  const streams = new Streams()
  const writer = snapshot === undefined ? null : openRouteWriter(snapshot, book, log)
  const fallback =
    options.defaultTarget === undefined ? undefined : parseRoute({ target: options.defaultTarget, hub: true })
  if (fallback) book.setFallback(fallback)

  const forwarding: Omit<Forwarding, 'peerOf' | 'isTls'> = {
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
    manner,
    metrics,
    sitePages: options.sitePages ?? null,
    log,
    now,
    newId,
  }
  let life: Condition['life'] = 'starting'
  const condition = (): Condition => ({ life, routes: book.size, hasDefault: fallback !== undefined })
  const controlPlace = asPlace(options.control)
  const control = openServer(
    controlPlace.tls,
    {},
    controlApi({
      book,
      revocations,
      streams,
      instance: randomUUID(),
      now,
      token: options.token,
      saved: async (path) => writer?.changed(path),
      routes: controlRules(manner, targetRules),
      metrics,
      log,
      condition,
    }),
  )
  control.on('checkContinue', (request, response) => {
    response.writeContinue()
    control.emit('request', request, response)
  })
  undo.defer(() => closeServer(control))
  const controlAt = await listen(control, controlPlace.address, 0o600)

  const upgraded = new Set<Socket>()
  const doors: Door[] = []
  const listening: string[] = []
  let metricsAt: string | null = null
  for (const [index, address] of options.listen.entries()) {
    const { address: at, tls } = asPlace(address)
    // Told by the listener: a socket whose client has gone has no address either, and would pass for a unix one.
    const peerOf: Forwarding['peerOf'] =
      at.kind === 'unix' ? () => 'unix' : (request) => request.socket.remoteAddress ?? null
    const { keepAliveMs, idleMs: quietMs } = options
    const limits = {
      ...options.clientLimits,
      ...(keepAliveMs !== undefined && { idleMs: keepAliveMs }),
      ...(quietMs !== undefined && { quietMs }),
    }
    const door = openDoor({ ...forwarding, peerOf, isTls: tls !== null }, { upgraded, tls, limits, accessLog })
    doors.push(door)
    undo.defer(() => door.close())
    listening.push(await listen(door.server, at, 0o660, inherited[index] ?? null))
  }
  if (metrics !== null && options.metrics !== undefined) {
    const figures = http.createServer(
      metricsPage(() => metrics.render({ routes: book.size, webSockets: upgraded.size }), condition),
    )
    undo.defer(() => closeServer(figures))
    metricsAt = await listen(figures, asAddress(options.metrics), 0o660)
  }
  const keep = undo.move()
  life = 'open'

  const shutDown = async (drainMs: number): Promise<void> => {
    life = 'draining'
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
  const servers = [...doors.map(({ server }) => server), control]
  return {
    listen: listening,
    control: controlAt,
    metrics: metricsAt,
    renewTls({ listen: places, control: last }) {
      const contexts = [...places, last].map((place) => asPlace(place).tls)
      for (const tls of contexts) if (tls !== null) checkTls(tls)
      for (const [index, server] of servers.entries()) {
        const tls = contexts[index]
        if (server instanceof TlsServer && tls) server.setSecureContext(tls)
      }
    },
    reopenAccessLog: () => accessLog?.reopen(),
    stop,
    [Symbol.asyncDispose]: () => stop(0),
  }
}

const asAddress = (address: string | Address): Address =>
  typeof address === 'string' ? parseAddress(address) : address

function asPlace(place: ListenerOption): { readonly address: Address; readonly tls: TlsOptions | null } {
  return typeof place === 'object' && 'address' in place
    ? { address: asAddress(place.address), tls: place.tls }
    : { address: asAddress(place), tls: null }
}

/** A handshake that does not come to its end holds a socket. */
const handshakeMs = 20_000

const openServer = (tls: TlsOptions | null, limits: http.ServerOptions, serve: http.RequestListener): http.Server =>
  tls === null
    ? http.createServer(limits, serve)
    : https.createServer({ handshakeTimeout: handshakeMs, ...tls, ...limits }, serve)

function closeServer(server: http.Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
