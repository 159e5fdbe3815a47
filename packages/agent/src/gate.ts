import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { Activity } from './activity.ts'
import type { AppConnector } from './app-connection.ts'
import type { Clock } from './clock.ts'
import { openForwarder } from './gate-forward.ts'
import { exchangeCode } from './gate-oauth.ts'
import { gatePage } from './gate-page.ts'
import { applicationHeaders, isBelow, isForged, isNavigation, nextPath, parseCookies } from './gate-rules.ts'
import type { HubClient } from './hub-client.ts'
import { createServer } from './node-http.ts'
import { openPendingLogins } from './pending-logins.ts'
import type { ApplicationOrder } from './protocol.ts'
import { openVisitors } from './visitors.ts'

export interface GateOptions {
  readonly order: ApplicationOrder
  readonly gate: NonNullable<ApplicationOrder['gate']>
  readonly hub: HubClient
  readonly connector: AppConnector
  readonly clock: Clock
  readonly activity: Activity
}

export interface Gate {
  /** Take over a connection that has proved the session's key. */
  accept(socket: TLSSocket): void
  close(): void
}

/**
 * The visitor check for applications that know nothing of the hub: no byte reaches the application before the hub has said who
 * asks and that he may. Sign-in is the hub's OAuth (authorization code with PKCE).
 */
export function openGate({ order, gate, hub, connector, clock, activity }: GateOptions): Gate {
  const { prefix } = order
  // One name per session, so that several sessions in one browser do not overwrite each other's cookies.
  const bound = gate.hostCookies === true
  const cookieName = `${bound ? '__Host-' : ''}batchway-gate-${createHash('sha256').update(gate.clientId).digest('hex').slice(0, 12)}`
  const stateName = `${cookieName}-state`
  const isOwnCookie = (name: string) => name === cookieName || name === stateName
  const callbackPath = URL.parse(gate.redirectPath, 'http://gate.invalid')?.pathname ?? gate.redirectPath
  const visitors = openVisitors(hub, gate.accessScopes, clock)
  const pending = openPendingLogins(clock)
  const forwarder = openForwarder(connector, activity.touch)
  const recheck = setInterval(() => void visitors.recheck().catch(() => undefined), 60_000)

  const setCookie = (request: IncomingMessage, name: string, value: string, maxAge: number | null): string => {
    const isHttps = bound || String(request.headers['x-forwarded-proto'] ?? '').startsWith('https')
    const age = maxAge === null ? '' : `; Max-Age=${maxAge}`
    return `${name}=${value}; Path=${bound ? '/' : prefix}; HttpOnly; SameSite=Lax${age}${isHttps ? '; Secure' : ''}`
  }

  const redirect = (response: ServerResponse, location: string, cookies: readonly string[]): void => {
    response.writeHead(302, { location, 'set-cookie': [...cookies], 'cache-control': 'no-store' }).end()
  }

  const toSignIn = (request: IncomingMessage, response: ServerResponse): void => {
    const browser = parseCookies(request.headers.cookie).get(stateName) ?? randomBytes(16).toString('base64url')
    const { state, challenge } = pending.start(browser, nextPath(request.url ?? '', prefix))
    const query = new URLSearchParams({
      client_id: gate.clientId,
      redirect_uri: gate.redirectPath,
      response_type: 'code',
      state,
      code_challenge: challenge,
      code_challenge_method: 'S256',
    })
    redirect(response, `${gate.hubPath}api/oauth2/authorize?${query}`, [setCookie(request, stateName, browser, 600)])
  }

  const finishSignIn = async (
    request: IncomingMessage,
    response: ServerResponse,
    query: URLSearchParams,
  ): Promise<void> => {
    const browser = parseCookies(request.headers.cookie).get(stateName)
    const login = pending.take(query.get('state') ?? '', browser)
    if (!login)
      return gatePage(response, 403, 'Sign-in expired', 'This sign-in is too old or was already used.', prefix)
    const code = query.get('code')
    if (!code) return gatePage(response, 403, 'Not signed in', 'The hub did not let you in.', prefix)
    const token = await exchangeCode(hub, gate, code, login.verifier)
    const { verdict, cookie } = token
      ? await visitors.admit(token)
      : { verdict: 'unknown-token' as const, cookie: null }
    if (cookie) return redirect(response, login.next, [setCookie(request, cookieName, cookie, null)])
    if (verdict === 'unreachable')
      return gatePage(response, 503, 'Hub not reachable', 'Please try again in a moment.', prefix)
    if (verdict === 'denied') return gatePage(response, 403, 'No access', 'You may not use this session.', gate.hubPath)
    return gatePage(response, 403, 'Not signed in', 'The hub did not confirm this sign-in.', prefix)
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const method = request.method ?? 'GET'
    const url = URL.parse(request.url ?? '', 'http://gate.invalid')
    if (!request.url?.startsWith('/') || !url || !isBelow(url.pathname, prefix))
      return gatePage(response, 404, 'Not here', 'This address does not belong to the session.', prefix)
    if (url.pathname === callbackPath && method === 'GET') return finishSignIn(request, response, url.searchParams)
    const visitor = await visitors.find(parseCookies(request.headers.cookie).get(cookieName))
    if (url.pathname === `${prefix}logout` && method === 'GET') {
      if (visitor) visitors.forget(visitor)
      return redirect(response, `${gate.hubPath}logout`, [setCookie(request, cookieName, '', 0)])
    }
    if (!visitor) {
      if (isNavigation(method, request.headers)) return toSignIn(request, response)
      return gatePage(response, 403, 'Not signed in', 'Sign in first.', prefix)
    }
    if (isForged(method, request.headers, prefix, false))
      return gatePage(response, 403, 'Refused', 'Another site tried to do this in your name.', prefix)
    forwarder.request(request, response, applicationHeaders(request.rawHeaders, isOwnCookie, gate.appToken))
  }

  const handleUpgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const path = URL.parse(request.url ?? '', 'http://gate.invalid')?.pathname ?? ''
    const visitor = await visitors.find(parseCookies(request.headers.cookie).get(cookieName))
    const isRefused = !visitor || !request.url?.startsWith('/') || !isBelow(path, prefix) || request.method !== 'GET'
    if (isRefused || isForged('GET', request.headers, prefix, true)) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      return
    }
    visitor.sockets.add(socket)
    socket.on('close', () => visitor.sockets.delete(socket))
    forwarder.upgrade(request, socket, head, applicationHeaders(request.rawHeaders, isOwnCookie, gate.appToken))
  }

  // The proxy's side decides how long a connection lives; an upload may take hours.
  const server = createServer({
    requestTimeout: 0,
    headersTimeout: 60_000,
    keepAliveTimeout: 120_000,
    maxHeaderSize: 65_536,
    noDelay: true,
  })
  server.on('request', (request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => undefined)
    handleUpgrade(request, socket, head).catch(() => socket.destroy())
  })
  return {
    accept: (socket) => server.emit('connection', socket),
    close: () => {
      clearInterval(recheck)
      server.closeAllConnections()
      forwarder.close()
    },
  }
}
