/** Route objects become endpoints: credentials, access rule, errors and headers are handled here, once, for every route. */
import type { Context, Hono } from 'hono'
import { BatchwayError, toProblem } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import { actorOf } from '../people/actor.ts'
import type { Audit } from '../people/audit.ts'
import type { Caller, People } from '../people/people.ts'
import { decideAccess, hiddenOrMissing, needsGroups, type Target } from './access.ts'
import type { Authenticate } from './authenticate.ts'
import type { Metrics } from './metrics.ts'
import type { ApiRoute } from './route.ts'

export interface MountOptions {
  /** Path of the API without a slash at its end: `/jupyter/hub/api`. */
  readonly prefix: string
  /** On every answer, unless the answer has its own. */
  readonly headers: Readonly<Record<string, string>>
  readonly authenticate: Authenticate
  readonly people: Pick<People, 'findUser'>
  readonly log: Logger
  readonly audit: Audit
  readonly metrics: Pick<Metrics, 'observeRequest'>
  /** The client's address, as far as this listener can know it. */
  addressOf(c: Context): string
  /** Where the client reaches this listener: what links begin with. */
  originOf(request: Request): string
  now(): number
  newRequestId(): string
}

/** Longest name in a path; whatever is longer names nobody, and is not carried into look-ups and logs. */
const maxNameLength = 255

/** @throws {TypeError} for a route without an access rule: nothing is open by oversight. */
export function mountRoutes(app: Hono, routes: readonly ApiRoute[], options: MountOptions): void {
  const { prefix } = options
  const places = routes.flatMap((route) =>
    [route.path, ...route.aliases].map((path) => ({ route, path: toHonoPath(path) })),
  )
  for (const { route, path } of places) {
    if (route.access === undefined) throw new TypeError(`the route ${route.operationId} states no access rule`)
    app.on(route.method.toUpperCase(), prefix + path, (c) =>
      answer(c, route.path, options, () => run(c, route, options)),
    )
  }
  for (const path of new Set(places.map((place) => place.path))) {
    const allow = places.filter((place) => place.path === path).map((place) => place.route.method.toUpperCase())
    app.all(prefix + path, (c) =>
      answer(c, path, options, async () => {
        throw new BatchwayError('method_not_allowed', `Use one of: ${allow.join(', ')}.`)
      }),
    )
  }
}

/** Asked by browsers before the real request, always without credentials. Mounted before the routes. */
export function mountPreflight(app: Hono, { prefix, headers }: MountOptions): void {
  for (const all of [prefix, `${prefix}/*`])
    app.options(all, () => withHeaders(new Response(null, { status: 204 }), headers))
}

/** Everything below the prefix that no route took. Mounted after the routes. */
export function mountNotFound(app: Hono, options: MountOptions): void {
  for (const all of [options.prefix, `${options.prefix}/*`])
    app.all(all, (c) =>
      answer(c, '*', options, async () => {
        throw hiddenOrMissing()
      }),
    )
}

async function run(c: Context, route: ApiRoute, options: MountOptions): Promise<Response> {
  const { access } = route
  const request = c.req.raw
  const params: Readonly<Record<string, string>> = { ...c.req.param() }
  const target: Target = {
    user: params.user ?? null,
    server: 'server' in params ? (params.server ?? '') : serverOf(route),
    ...(params.group !== undefined && { group: params.group }),
    ...(params.service !== undefined && { service: params.service }),
  }
  const isOpen = access === 'anonymous' || access === 'agent'

  const decide = async (caller: Caller): Promise<BatchwayError | null> => {
    if (!needsGroups(access, caller) || target.user === null) return decideAccess(access, caller, target)
    const groups = (await options.people.findUser(target.user))?.groups ?? []
    return decideAccess(access, caller, { ...target, groups })
  }
  const caller: Caller = isOpen ? { kind: 'anonymous' } : await options.authenticate(request)
  const refusal = await decide(caller)
  const mayComeInBody = typeof access === 'object' && access.byBody === true && caller.kind === 'anonymous'
  if (refusal !== null && !mayComeInBody) throw refusal
  for (const value of Object.values(params))
    if (value.length > maxNameLength || /\p{Cc}/u.test(value)) throw hiddenOrMissing()

  return await route.run({
    request,
    caller,
    params,
    origin: options.originOf(request),
    address: options.addressOf(c),
    record: (entry) =>
      options.audit({
        actor: actorOf(caller),
        address: options.addressOf(c),
        way: caller.kind === 'browser' ? caller.signIn.way : caller.kind === 'anonymous' ? '' : 'token',
        ...entry,
      }),
    async isStillAllowed() {
      const again = await options.authenticate(request)
      return again.kind !== 'anonymous' && again.kind === caller.kind && (await decide(again)) === null
    },
  })
}

/** `/users/alice/server` and `/shares/alice/` are the server with the empty name; `/users/alice` and `/shares/alice` are none. */
const serverOf = (route: ApiRoute): string | null => (/\/server(\/|$)|.\/$/.test(route.path) ? '' : null)

async function answer(
  c: Context,
  pattern: string,
  { headers, log, metrics, now, newRequestId }: MountOptions,
  respond: () => Promise<Response>,
): Promise<Response> {
  const requestId = newRequestId()
  const since = now()
  const response = await respond().catch((error: unknown) => {
    if (!(error instanceof BatchwayError))
      log.error({ err: error, request: requestId, route: pattern }, 'request failed')
    return toErrorResponse(error, requestId)
  })
  const { method } = c.req
  const ms = now() - since
  const fields = { request: requestId, method, route: pattern, status: response.status, ms }
  metrics.observeRequest({ method, handler: `api${pattern}`, status: response.status, ms })
  if (response.status >= 400 || method !== 'GET') log.info(fields, 'request')
  else log.debug(fields, 'request')
  return withHeaders(response, { ...headers, 'X-Request-Id': requestId })
}

function toErrorResponse(error: unknown, requestId: string): Response {
  const problem = toProblem(error, requestId)
  const isBusy = problem.status === 429 || problem.status === 503
  return Response.json(problem, { status: problem.status, headers: isBusy ? { 'Retry-After': '30' } : {} })
}

function withHeaders(response: Response, headers: Readonly<Record<string, string>>): Response {
  for (const [name, value] of Object.entries(headers))
    if (!response.headers.has(name)) response.headers.set(name, value)
  return response
}

const toHonoPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1')
