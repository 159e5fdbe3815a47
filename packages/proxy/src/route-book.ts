import { withAnswerLimit } from './answer-limit.ts'
import { withIdleLimit } from './idle-limit.ts'
import { type RequestPath, routeSegments, toRoutePath } from './request-path.ts'
import { parseTarget, type Route, RouteError, sameUpstream, type Target, type TargetRules } from './route.ts'
import { type RouteWishes, wishesOf } from './route-options.ts'
import { RouteTable } from './route-table.ts'
import { noTally, type Tallies, type Tally } from './tallies.ts'
import type { Upstream } from './upstream.ts'

/** A route in use: what was posted, the connections to its target, and when somebody last used it (Unix ms). */
export interface LiveRoute {
  readonly path: string
  readonly route: Route
  readonly target: Target
  /** Within the time that the route gives it. */
  readonly upstream: Upstream
  /** The same without limits: its connections outlive another route to the same target. */
  readonly connections: Upstream
  /** Null: nothing is asked for. */
  readonly wishes: RouteWishes | null
  /** Leads to what the site itself runs, to the hub above all: what is kept from applications passes. */
  readonly toHub: boolean
  /** Segments of its path, without a host. */
  readonly depth: number
  /** Its path as the target does not see it, where it is stripped; else ''. No slash at its end. */
  readonly stripped: string
  /** Requests that were sent there are counted here. */
  readonly tally: Tally
  lastActivity: number
}

export interface RouteBookDependencies {
  readonly openUpstream: (target: Target) => Upstream
  readonly now: () => number
  readonly rules?: TargetRules
  /** For routes that say nothing else: how long a target may be silent (ms). Default: as long as it likes. */
  readonly idleMs?: number
  /** The first segment of a route's path is a host. */
  readonly hasHosts?: boolean
  /** Default: what was posted with `hub`. */
  readonly isHubs?: (route: Route) => boolean
  /** Default: nothing is counted. */
  readonly tallies?: Tallies
}

/** The routes in use. Changes are synchronous: a request sees the table before or after, never between. */
export class RouteBook {
  #table = new RouteTable<LiveRoute>()
  #fallback: LiveRoute | undefined
  readonly #dependencies: RouteBookDependencies

  constructor(dependencies: RouteBookDependencies) {
    this.#dependencies = dependencies
  }

  /** Used when no route fits; it is not listed and not part of the snapshot. */
  setFallback(route: Route): void {
    this.#fallback = this.#live('/', route, undefined)
  }

  /** Close idle connections; the book is not used afterwards. */
  close(): void {
    for (const { connections } of this.list()) connections.close()
    this.#fallback?.connections.close()
  }

  get size(): number {
    return this.#table.size
  }

  get(path: string): LiveRoute | undefined {
    return this.#table.get(path)
  }

  list(): LiveRoute[] {
    return [...this.#table.entries()].map(([, live]) => live)
  }

  /** What a snapshot holds: path → route, keys included. */
  routes(): Record<string, Route> {
    return Object.fromEntries(this.list().map(({ path, route }) => [path, route]))
  }

  add(path: string, route: Route): void {
    const old = this.#table.get(path)
    this.#table.set(path, this.#live(path, route, old))
    if (old && !sameUpstream(old.route, route)) old.connections.close()
  }

  remove(path: string): boolean {
    const old = this.#table.get(path)
    old?.connections.close()
    this.#dependencies.tallies?.drop(path)
    return this.#table.delete(path)
  }

  /** Put these routes in place of all others, in one step. Connections of unchanged targets stay. */
  replaceAll(routes: ReadonlyMap<string, Route>): void {
    const next = new RouteTable<LiveRoute>()
    for (const [path, route] of routes) next.set(path, this.#live(path, route, this.#table.get(path)))
    const before = this.#table
    this.#table = next
    for (const [path, old] of before.entries()) {
      const kept = next.get(path)
      if (kept?.connections !== old.connections) old.connections.close()
      if (kept === undefined) this.#dependencies.tallies?.drop(path)
    }
  }

  /**
   * @param host null where routes are told apart by path alone; else the routes below it count, and no other; with `any` that of the root, too.
   * @returns `ambiguous` if the two readings of the path lead to different routes.
   */
  match(
    path: RequestPath,
    host: { readonly kind: 'hub' | 'application' | 'any'; readonly name: string } | null = null,
  ): LiveRoute | undefined | 'ambiguous' {
    const look = (segments: readonly string[]): LiveRoute | undefined => {
      if (host === null) return this.#table.match(segments)
      const found = this.#table.match([host.name, ...segments])
      if (host.kind === 'any') return found
      // A route of the root, or of the wrong kind for this host, was made for a proxy that looks at paths alone.
      return found !== undefined && found.path !== '/' && (found.route.hub === true) === (host.kind === 'hub')
        ? found
        : undefined
    }
    const found = look(path.strict)
    const isClear = path.lenient === path.strict || look(path.lenient) === found
    return isClear ? (found ?? (host?.kind === 'application' ? undefined : this.#fallback)) : 'ambiguous'
  }

  #live(path: string, route: Route, old: LiveRoute | undefined): LiveRoute {
    const kept = old && sameUpstream(old.route, route) ? old : undefined
    const { rules, isHubs, tallies, openUpstream, now, idleMs = null, hasHosts = false } = this.#dependencies
    const target = kept?.target ?? parseTarget(route, rules)
    const segments = routeSegments(path).slice(hasHosts ? 1 : 0)
    const wishes = wishesOf(route.batchway)
    const connections = kept?.connections ?? openUpstream(target)
    return {
      path,
      route,
      target,
      upstream: limited(connections, { answerMs: wishes?.answerMs ?? null, idleMs: wishes?.idleMs ?? idleMs }),
      connections,
      wishes,
      depth: segments.length,
      stripped: wishes?.isPrefixStripped ? prefixOf(segments) : '',
      toHub: isHubs === undefined ? route.hub === true : isHubs(route),
      tally: tallies === undefined ? noTally : tallies.of(path),
      lastActivity: kept?.lastActivity ?? now(),
    }
  }
}

const prefixOf = (segments: readonly string[]): string =>
  segments.map((each) => `/${encodeURIComponent(each)}`).join('')

function limited(
  upstream: Upstream,
  { answerMs, idleMs }: { readonly answerMs: number | null; readonly idleMs: number | null },
): Upstream {
  const moving = idleMs === null ? upstream : withIdleLimit(upstream, idleMs)
  return answerMs === null ? moving : withAnswerLimit(moving, answerMs)
}

/** Check a whole table before any of it is used. @throws {RouteError} naming the first path that does not fit. */
export function parseRoutes<R>(input: unknown, parse: (route: unknown) => R): Map<string, R> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) throw new RouteError('expected path → route')
  const routes = new Map<string, R>()
  for (const [text, route] of Object.entries(input)) {
    const path = toRoutePath(text, 'decoded')
    if (path === null || !text.startsWith('/')) throw new RouteError(`not a route path: ${JSON.stringify(text)}`)
    routes.set(path, parse(route))
  }
  return routes
}
