import http from 'node:http'
import { type Address, parseAddress } from './address.ts'
import type { Revoked } from './revocations.ts'
import type { Route, RouteView } from './route.ts'

/** The hub's hand on the proxy. Paths are decoded, as the proxy lists them: `/user/jos é`, never `/user/jos%20%C3%A9`. */
export interface ControlClient {
  /** All routes, keys replaced by fingerprints (`keyFingerprint`). */
  listRoutes(): Promise<ReadonlyMap<string, RouteView>>
  /** Add a route or replace it. It is in use, and in the snapshot, when this resolves. */
  addRoute(path: string, route: Route): Promise<void>
  /** @returns false if there was none; repeating does no harm. */
  removeRoute(path: string): Promise<boolean>
  /** Put these in place of all routes, in one step. */
  replaceRoutes(routes: Readonly<Record<string, Route>> | ReadonlyMap<string, Route>): Promise<void>
  /** Cut what runs over a route; with `below` over every route below its path too. @returns how many streams. */
  cutStreams(path: string, options?: { readonly below?: boolean }): Promise<number>
  /**
   * Let these credentials not pass to applications for so long, and cut what runs with them or over the routes they were made for.
   * @param options.cut false: only let nothing new pass, for what was cut before.
   * @returns the proxy's mark: another one means that it was started anew and knows of none.
   */
  revoke(
    revoked: readonly Revoked[],
    seconds: number,
    options?: { readonly cut?: boolean },
  ): Promise<{ readonly instance: string; readonly cut: number }>
  /** The proxy's mark, see `revoke`. */
  instance(): Promise<string>
  /** False if the proxy does not answer or does not take the token. */
  healthy(): Promise<boolean>
  close(): void
  [Symbol.dispose](): void
}

export interface ControlClientOptions {
  /** `HOST:PORT`, `[IPv6]:PORT` or `unix:/path`. */
  readonly address: string | Address
  readonly token: string
  /** For each call, from the connection to the end of the answer (ms). Default: 10 s. */
  readonly timeoutMs?: number
}

/** No usable answer: not running, too slow, or failing. The same call may be repeated later. */
export class ProxyUnavailable extends Error {
  override readonly name = 'ProxyUnavailable'
}

/** The proxy answered and said no: 403 is a wrong token, 400 a route it does not take. Repeating does not help. */
export class ProxyRefused extends Error {
  override readonly name = 'ProxyRefused'
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export function openControlClient({ address, token, timeoutMs = 10_000 }: ControlClientOptions): ControlClient {
  const place = typeof address === 'string' ? parseAddress(address) : address
  const connect = place.kind === 'unix' ? { socketPath: place.path } : { host: place.host, port: place.port }
  const agent = new http.Agent({ keepAlive: true, maxSockets: 10 })

  const once = (method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? '' : JSON.stringify(body)
      const headers = {
        Authorization: `token ${token}`,
        ...(body !== undefined && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
      }
      const signal = AbortSignal.timeout(timeoutMs)
      const fail = (cause: Error) => {
        // Every call may be repeated, so a kept connection that the proxy has closed meanwhile costs nothing.
        if (request.reusedSocket && !signal.aborted) once(method, path, body).then(resolve, reject)
        else reject(new ProxyUnavailable(`the proxy does not answer (${method} ${path})`, { cause }))
      }
      const request = http.request({ ...connect, agent, method, path, headers, signal }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('error', fail)
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
        )
      })
      request.on('error', fail)
      request.end(text)
    })

  const call = async (method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> => {
    const answer = await once(method, path, body)
    if (answer.status < 300 || (method === 'DELETE' && answer.status === 404)) return answer
    const words = `the proxy answered ${answer.status} to ${method} ${path}${messageOf(answer.text)}`
    if (answer.status >= 500) throw new ProxyUnavailable(words)
    throw new ProxyRefused(answer.status, words)
  }

  return {
    listRoutes: async () => new Map(Object.entries(asTable((await call('GET', '/api/routes')).text))),
    addRoute: async (path, route) => {
      await call('POST', routeUrl(path), route)
    },
    removeRoute: async (path) => (await call('DELETE', routeUrl(path))).status !== 404,
    replaceRoutes: async (routes) => {
      await call('PUT', '/api/routes', routes instanceof Map ? Object.fromEntries(routes) : routes)
    },
    cutStreams: async (path, { below = false } = {}) =>
      numberOf(await call('DELETE', routeUrl(path, 'streams') + (below ? '?below' : '')), 'cut'),
    revoke: async (revoked, seconds, { cut = true } = {}) => {
      const answer = await call('POST', '/api/revocations', { revoked, seconds, cut })
      return { instance: textOf(answer, 'instance'), cut: numberOf(answer, 'cut') }
    },
    instance: async () => textOf(await call('GET', '/api/revocations'), 'instance'),
    healthy: () => call('GET', '/api/routes?inactive_since=1970-01-01T00:00:00Z').then(Boolean, () => false),
    close: () => agent.destroy(),
    [Symbol.dispose]: () => agent.destroy(),
  }
}

const routeUrl = (path: string, what = 'routes'): string =>
  `/api/${what}/${path.replace(/^\//, '').split('/').map(encodeURIComponent).join('/')}`

function asTable(text: string): Record<string, RouteView> {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ProxyUnavailable('the proxy answered something that is not JSON', { cause })
  }
}

/** @throws {ProxyUnavailable} if what answers is not our proxy: another one may sit at its address. */
function fieldOf({ text }: { readonly text: string }, name: string): unknown {
  try {
    return JSON.parse(text)[name]
  } catch (cause) {
    throw new ProxyUnavailable('the proxy answered something that is not JSON', { cause })
  }
}
function numberOf(answer: { readonly text: string }, name: string): number {
  const value = fieldOf(answer, name)
  if (typeof value !== 'number') throw new ProxyUnavailable(`the proxy’s answer lacks ${name}`)
  return value
}
function textOf(answer: { readonly text: string }, name: string): string {
  const value = fieldOf(answer, name)
  if (typeof value !== 'string') throw new ProxyUnavailable(`the proxy’s answer lacks ${name}`)
  return value
}

function messageOf(text: string): string {
  try {
    const message: unknown = JSON.parse(text).message
    return typeof message === 'string' ? `: ${message}` : ''
  } catch {
    return /^[^<\r\n]{1,300}$/.test(text) ? `: ${text}` : ''
  }
}
