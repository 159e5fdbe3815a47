/** Keeps the proxy's table equal to what the sessions want: desired state, compared and mended, never a replay of events. */
import { keyFingerprint, type Route, type RouteView } from '@batchway/proxy'
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
}

export interface RouteKeeper {
  /** @throws when the proxy does not answer; the wish stays and is tried again by `mend`. */
  add(route: SessionRoute): Promise<void>
  remove(path: string): Promise<void>
  /** Take over a wish without telling the proxy: for adoption on boot. */
  want(route: SessionRoute): void
  /** Compare and mend. @returns how many routes were wrong. */
  mend(): Promise<number>
}

const urlHost = (host: string): string => (host.includes(':') ? `[${host}]` : host)

const toBody = (route: SessionRoute): Route => ({
  target: `https://${urlHost(route.host)}:${route.port}`,
  user: route.user,
  server_name: route.serverName,
  jupyterhub: true,
  psk: route.psk,
})

/** Routes that carry our mark and a user: the ones this keeper may remove. Others may share the proxy. */
const isOurs = (route: RouteView): boolean => route.jupyterhub === true && typeof route.user === 'string'

export function openRouteKeeper(
  proxy: ProxyControl,
  hubRoute: { path: string; target: string },
  log: Logger,
): RouteKeeper {
  const wanted = new Map<string, SessionRoute>()
  const isSame = (route: SessionRoute, found: RouteView): boolean =>
    found.target === toBody(route).target &&
    found.psk?.identity === route.psk.identity &&
    found.psk.fingerprint === keyFingerprint(route.psk.key)

  return {
    async add(route) {
      wanted.set(route.path, route)
      await proxy.addRoute(route.path, toBody(route))
    },
    async remove(path) {
      wanted.delete(path)
      await proxy.removeRoute(path)
    },
    want(route) {
      wanted.set(route.path, route)
    },
    async mend() {
      const found = await proxy.listRoutes()
      let wrong = 0
      if (found.get(hubRoute.path)?.target !== hubRoute.target) {
        wrong += 1
        await proxy.addRoute(hubRoute.path, { target: hubRoute.target, hub: true, jupyterhub: true })
      }
      for (const [path, route] of wanted) {
        const there = found.get(path)
        if (there && isSame(route, there)) continue
        wrong += 1
        await proxy.addRoute(path, toBody(route))
      }
      for (const [path, route] of found) {
        if (wanted.has(path) || !isOurs(route)) continue
        wrong += 1
        await proxy.removeRoute(path)
      }
      if (wrong > 0) log.info({ wrong, wanted: wanted.size }, 'proxy routes mended')
      return wrong
    },
  }
}
