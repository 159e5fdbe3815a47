import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Condition, healthAnswer } from './health.ts'
import { errorWords, type Log } from './log.ts'
import type { Manner } from './manner.ts'
import type { Counted, Metrics } from './metrics.ts'
import { toRoutePath } from './request-path.ts'
import { parseRevoked, type Revocations, type Streams } from './revocations.ts'
import { parseRoute, RouteError, type TargetRules, viewRoute } from './route.ts'
import { type LiveRoute, parseRoutes, type RouteBook } from './route-book.ts'

export interface ControlDependencies {
  readonly book: RouteBook
  readonly revocations: Revocations
  readonly streams: Streams
  /** Another one after each start: who keeps us up to date learns that we have forgotten. */
  readonly instance: string
  readonly now: () => number
  readonly token: string
  /** Called after each change; the answer waits for it. */
  readonly saved: (path?: string) => Promise<void>
  readonly log: Log
  readonly routes: ControlRules
  readonly condition: () => Condition
  /** Null: nobody collects figures. */
  readonly metrics: Metrics | null
}

/** What differs with the place in which the proxy stands. */
export interface ControlRules {
  readonly targets: TargetRules | undefined
  /** Routes from the snapshot that wait to be confirmed are shown; who does not know of them would never confirm one that it sees. */
  readonly showsPending: boolean
  /** The first segment of a path is a host, and is told as such. */
  readonly tellsHost: boolean
}

export const controlRules = (manner: Manner | null, targets: TargetRules | undefined): ControlRules => ({
  targets,
  showsPending: manner === null,
  tellsHost: manner !== null && manner.hostOf('a') !== null,
})

interface Answer {
  readonly status: number
  readonly body?: unknown
  /** In words, in place of the above: what is wrong. */
  readonly words?: string
  readonly counted?: Counted
}

const notSupported: Answer = { status: 405, words: 'Method not supported' }
const notAPath = 'Not a path that a route can have'

/** 50,000 routes with their keys are about 15 MB. */
const bodyLimit = 64 * 1024 * 1024

/**
 * configurable-http-proxy's REST API, and beside it `PUT /api/routes`, which replaces all routes in one step, `DELETE /api/streams/PATH`,
 * which cuts what runs over a route (`?below` over all below its path, too), and `/api/revocations`: credentials that must not pass.
 * The token is asked for first, whatever the path, but for `/health`, `/ready` and `/_chp_healthz`; a wrong one gets an empty 403.
 */
export function controlApi(dependencies: ControlDependencies) {
  const isAllowed = tokenCheck(dependencies.token)
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let answer: Answer
    try {
      const health = healthAnswer(request.url, dependencies.condition)
      if (health !== null) answer = health
      else if (request.url?.split('?')[0] === '/_chp_healthz') answer = { status: 200, body: { status: 'OK' } }
      else if (!isAllowed(request.headers.authorization)) answer = { status: 403 }
      else answer = await dispatch(request, dependencies)
    } catch (error) {
      if (!(error instanceof RouteError)) dependencies.log.error({ cause: errorWords(error) }, 'control request failed')
      answer = error instanceof RouteError ? { status: 400, words: error.message } : { status: 500 }
    }
    dependencies.metrics?.api(answer.status, answer.counted ?? null)
    send(response, answer)
  }
}

/** Compares digests, so that neither length nor content of the token shows in the time. */
export function tokenCheck(token: string): (authorization: string | undefined) => boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const expected = digest(token)
  return (authorization) => {
    const given = /^token +(\S+)$/i.exec(authorization ?? '')?.[1]
    return given !== undefined && timingSafeEqual(digest(given), expected)
  }
}

async function dispatch(request: IncomingMessage, dependencies: ControlDependencies): Promise<Answer> {
  const { book, saved, log, routes: rules } = dependencies
  const [pathname = '', query = ''] = (request.url ?? '').split('?', 2)
  if (pathname === '/api/revocations') return await revoke(request, dependencies)
  const [, streams] = /^\/api\/streams(\/.*)?$/.exec(pathname) ?? [undefined, null]
  if (streams !== null) return cutStreams(request, streams ?? '/', query, dependencies)
  const [, rest] = /^\/api\/routes(\/.*)?$/.exec(pathname) ?? [undefined, null]
  if (rest === null) return { status: 404, words: 'Not Found' }
  const path = toRoutePath(rest ?? '/', 'encoded')
  if (path === null) return { status: 400, words: notAPath }
  switch (request.method) {
    case 'GET':
      return rest === undefined || rest === '/' ? list(book, new URLSearchParams(query), rules) : show(book.get(path))
    case 'POST': {
      const posted = parseRoute(await readJson(request), rules.targets)
      const route = rules.tellsHost && path !== '/' ? { ...posted, host: path.split('/')[1] } : posted
      book.add(path, route)
      log.info({ path, hub: route.hub === true }, 'route added')
      await saved(path)
      return { status: 201, counted: 'add' }
    }
    case 'DELETE': {
      if (!book.remove(path)) return { status: 404, counted: 'delete' }
      log.info({ path }, 'route removed')
      await saved(path)
      return { status: 204, counted: 'delete' }
    }
    case 'PUT': {
      if (path !== '/') return notSupported
      const routes = parseRoutes(await readJson(request), (route) => parseRoute(route, rules.targets))
      book.replaceAll(routes)
      log.info({ count: routes.size }, 'routes replaced')
      await saved()
      return { status: 204 }
    }
    default:
      return notSupported
  }
}

function cutStreams(
  { method }: IncomingMessage,
  text: string,
  query: string,
  { streams, log }: ControlDependencies,
): Answer {
  const path = toRoutePath(text, 'encoded')
  if (path === null) return { status: 400, words: notAPath }
  if (method !== 'DELETE') return notSupported
  const cut = streams.cutRoute(path, new URLSearchParams(query).has('below'))
  if (cut > 0) log.info({ path, cut }, 'streams cut')
  return { status: 200, body: { cut } }
}

async function revoke(
  request: IncomingMessage,
  { revocations, streams, instance, now, log }: ControlDependencies,
): Promise<Answer> {
  if (request.method === 'GET') return { status: 200, body: { instance, count: revocations.size } }
  if (request.method !== 'POST') return notSupported
  const { revoked, seconds, cut: isCut } = parseRevoked(await readJson(request))
  revocations.add(revoked, now() + seconds * 1_000)
  const cut = isCut ? streams.cutRevoked(revoked) : 0
  log.info({ revoked: revoked.length, cut }, 'credentials revoked')
  return { status: 200, body: { instance, cut } }
}

const view = (live: LiveRoute) => viewRoute(live.route, live.lastActivity)

const show = (live: LiveRoute | undefined): Answer => (live ? { status: 200, body: view(live) } : { status: 404 })

function list(book: RouteBook, query: URLSearchParams, { showsPending }: ControlRules): Answer {
  const since = query.get('inactiveSince') || query.get('inactive_since') || null
  const before = since === null ? Number.POSITIVE_INFINITY : Date.parse(since)
  if (Number.isNaN(before)) return { status: 400, words: `Invalid datestamp '${since}' must be ISO8601.` }
  const idle = book.list().filter((live) => live.lastActivity < before && (showsPending || live.route.pending !== true))
  return { status: 200, counted: 'get', body: Object.fromEntries(idle.map((live) => [live.path, view(live)])) }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request) {
      size += chunk.length
      if (size > bodyLimit) break
      chunks.push(chunk)
    }
  } catch {
    throw new RouteError('the body did not arrive whole')
  }
  if (size > bodyLimit) throw new RouteError('the body is too large')
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw new RouteError('Body not valid JSON')
  }
}

function send(response: ServerResponse, { status, body, words }: Answer): void {
  const text = words ?? (body === undefined ? '' : JSON.stringify(body))
  response.writeHead(status, {
    ...(text !== '' && { 'Content-Type': words === undefined ? 'application/json' : 'text/plain; charset=utf-8' }),
    ...(status !== 204 && { 'Content-Length': Buffer.byteLength(text) }),
    ...(status === 405 && { Allow: 'GET, POST, PUT, DELETE' }),
    'Cache-Control': 'no-store',
  })
  response.end(text)
}
