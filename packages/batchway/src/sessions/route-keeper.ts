/** Keeps the proxy's table equal to what the sessions want: desired state, compared and mended, never a replay of events. */
import { isDeepStrictEqual } from 'node:util'
import { keyFingerprint, type Route, type RouteView } from '@batchway/proxy/hub-side'
import type { Logger } from '../core/logger.ts'

/** The route of one session. */
export interface SessionRoute {
  /** Decoded URL path with base, as the proxy names it: no trailing slash. */
  readonly path: string
  readonly user: string
  readonly serverName: string
  readonly host: string
  readonly port: number
  readonly psk: { readonly identity: string; readonly key: string }
}

/** What the keeper needs of the proxy's control client. */
export interface ProxyControl {
  listRoutes(): Promise<ReadonlyMap<string, RouteView>>
  addRoute(path: string, route: Route): Promise<void>
  removeRoute(path: string): Promise<unknown>
  cutStreams(path: string): Promise<unknown>
}

/** The route of a service that listens by itself: nobody proves who answers there, as with JupyterHub. */
export interface ServiceRoute {
  /** As the proxy names it: no trailing slash, e.g. `/jupyter/services/whoami`. */
  readonly path: string
  readonly name: string
  readonly target: string
  /** Requests arrive there without the route's path. */
  readonly isPrefixStripped: boolean
}

export interface RouteKeeper {
  /** @throws when the proxy does not answer; the wish stays and is tried again by `mend`. */
  add(route: SessionRoute): Promise<void>
  remove(path: string): Promise<void>
  /** End what still runs over a route: WebSockets, event streams, downloads. */
  cut(path: string): Promise<void>
  /** Take over a wish without telling the proxy: for adoption on boot. */
  want(route: SessionRoute): void
  /** Compare and mend. @returns how many routes were wrong. */
  mend(): Promise<number>
}

const callsAtOnce = 50

const urlHost = (host: string): string => (host.includes(':') ? `[${host}]` : host)

const toBody = (route: SessionRoute): Route => ({
  target: `https://${urlHost(route.host)}:${route.port}`,
  user: route.user,
  server_name: route.serverName,
  jupyterhub: true,
  psk: route.psk,
})

const toServiceBody = ({ target, name, isPrefixStripped }: ServiceRoute): Route => ({
  target,
  service: name,
  jupyterhub: true,
  ...(isPrefixStripped && { batchway: { strip_prefix: true } }),
})

/** Routes that carry our mark and a user or a service: the ones this keeper may remove. Others may share the proxy. */
const isOurs = (route: RouteView): boolean =>
  route.jupyterhub === true && (typeof route.user === 'string' || typeof route.service === 'string')

/** @param services those of the configuration: they are wanted as long as the hub runs. */
export function openRouteKeeper(
  proxy: ProxyControl,
  hubRoute: { path: string; target: string },
  log: Logger,
  services: readonly ServiceRoute[] = [],
): RouteKeeper {
  const wanted = new Map(services.map((route): [string, Route] => [route.path, toServiceBody(route)]))
  /** The last call under way for each path. */
  const turns = new Map<string, Promise<void>>()
  /** What the proxy was last told of each path, and took. */
  const told = new Map<string, Route>()

  /**
   * Make the proxy's route of one path what is wanted when its turn comes: of two calls that cross, the later wish must win,
   * whichever reaches the proxy first.
   */
  function settle(path: string): Promise<void> {
    const act = async (): Promise<void> => {
      const route = wanted.get(path)
      told.delete(path)
      if (route) await proxy.addRoute(path, route)
      else await proxy.removeRoute(path)
      if (route) told.set(path, route)
    }
    const turn = (turns.get(path) ?? Promise.resolve()).then(act, act)
    turns.set(path, turn)
    const done = (): void => {
      if (turns.get(path) === turn) turns.delete(path)
    }
    turn.then(done, done)
    return turn
  }

  /** A proxy that was restarted holds routes without a key as `pending` until they are said again. */
  const isSame = (route: Route, found: RouteView): boolean =>
    found.target === route.target &&
    found.pending !== true &&
    isDeepStrictEqual(found.batchway, route.batchway) &&
    found.psk?.identity === route.psk?.identity &&
    found.psk?.fingerprint === (route.psk && keyFingerprint(route.psk.key))

  return {
    async add(route) {
      const { path } = route
      const body = toBody(route)
      wanted.set(path, body)
      // Said before a session is called ready, and once more after.
      if (!turns.has(path) && isDeepStrictEqual(told.get(path), body)) return
      await settle(path)
    },
    remove(path) {
      wanted.delete(path)
      return settle(path)
    },
    async cut(path) {
      await proxy.cutStreams(path)
    },
    want(route) {
      wanted.set(route.path, toBody(route))
    },
    async mend() {
      const found = await proxy.listRoutes()
      const work: (() => Promise<void>)[] = []
      if (found.get(hubRoute.path)?.target !== hubRoute.target) {
        work.push(() => proxy.addRoute(hubRoute.path, { target: hubRoute.target, hub: true, jupyterhub: true }))
      }
      for (const [path, route] of wanted) {
        const there = found.get(path)
        if (!there || !isSame(route, there)) work.push(() => settle(path))
      }
      for (const [path, route] of found) {
        // A hub's route of another way of routing would let the hub answer where it must not.
        const isStray = route.target === hubRoute.target && route.jupyterhub === true && path !== hubRoute.path
        if (!wanted.has(path) && (isOurs(route) || isStray)) work.push(() => settle(path))
      }
      if (work.length > 0) log.info({ wrong: work.length, wanted: wanted.size }, 'proxy routes are mended')
      const results: PromiseSettledResult<void>[] = []
      for (let from = 0; from < work.length; from += callsAtOnce) {
        results.push(...(await Promise.allSettled(work.slice(from, from + callsAtOnce).map((call) => call()))))
      }
      // One route that the proxy does not take must not have kept the others from being mended.
      const failed = results.find(({ status }) => status === 'rejected')
      if (failed?.status === 'rejected') throw failed.reason
      return work.length
    },
  }
}
