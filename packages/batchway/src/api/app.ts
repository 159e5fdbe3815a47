/** The API's two faces: what the proxy reaches (cookies or tokens), and what compute nodes reach (tokens, and agents). */
import { type Context, Hono } from 'hono'
import { forwardedAddress, peerAddress } from '../core/client-address.ts'
import { apiHeaders } from '../core/http.ts'
import { agentRoutes } from './agent-routes.ts'
import { type Authenticate, tokenOnly, tokenOrCookie } from './authenticate.ts'
import { batchspawnerRoutes } from './batchspawner-routes.ts'
import type { ApiDeps } from './deps.ts'
import { groupRoutes } from './group-routes.ts'
import { hubRoutes } from './hub-routes.ts'
import { mountNotFound, mountPreflight, mountRoutes } from './mount-routes.ts'
import { noticeRoutes } from './notice-routes.ts'
import { describeApi } from './openapi.ts'
import { type ApiRoute, route } from './route.ts'
import { serverChangeRoutes } from './server-change-routes.ts'
import { serverRoutes } from './server-routes.ts'
import { serviceRoutes } from './service-routes.ts'
import { sessionRoutes } from './session-routes.ts'
import { shareRoutes } from './share-routes.ts'
import { sharedRoutes } from './shared-routes.ts'
import { signInRoutes } from './sign-in-routes.ts'
import { siteRoutes } from './site-routes.ts'
import { openStreams } from './streams.ts'
import { tokenRoutes } from './token-routes.ts'
import { userAdminRoutes } from './user-admin-routes.ts'
import { userRoutes } from './user-routes.ts'

/** Every route of the API, with its access rule: the one list that mounting, documentation and the access test share. */
export function listApiRoutes(deps: ApiDeps): readonly ApiRoute[] {
  const openStream = openStreams(deps)
  const routes = [
    ...siteRoutes(deps),
    ...noticeRoutes(deps),
    ...hubRoutes(deps),
    ...signInRoutes(deps),
    ...userRoutes(deps),
    ...userAdminRoutes(deps),
    ...tokenRoutes(deps),
    ...groupRoutes(deps),
    ...serviceRoutes(deps),
    ...serverRoutes(deps, openStream),
    ...serverChangeRoutes(deps),
    ...shareRoutes(deps),
    ...sharedRoutes(deps),
    ...sessionRoutes(deps, openStream),
    ...batchspawnerRoutes(deps),
    ...agentRoutes(deps),
  ]
  let description: object | null = null
  const document = route({
    operationId: 'getOpenApi',
    method: 'get',
    path: '/openapi.json',
    access: 'anonymous',
    summary: 'This description',
    responses: { 200: { description: 'OpenAPI 3.1' } },
    handler() {
      description ??= describeApi([...routes, document], `${deps.settings.base}hub/api`, deps.settings.versions)
      return Response.json(description)
    },
  })
  return [...routes, document]
}

/** Operations that JupyterHub answers below `hub/`, too. */
const belowHub: ReadonlySet<string> = new Set(['getHealth', 'getReadiness', 'getMetrics'])

/**
 * Build the API for both listeners. Both apps answer everything below `{base}hub/api`, and what
 * `belowHub` names, and nothing else.
 * @param routes other ones in place of all: tests seed mistakes into them.
 */
export function mountApi(
  deps: ApiDeps,
  routes: readonly ApiRoute[] = listApiRoutes(deps),
): {
  readonly publicApi: Hono
  readonly internalApi: Hono
  /** OpenAPI 3.1, what `/openapi.json` answers. */
  readonly describe: () => object
} {
  const { people, settings, oauth } = deps
  const mount = (
    oauthApp: Hono,
    authenticate: Authenticate,
    addressOf: (c: Context) => string,
    originOf: (request: Request) => string,
    mounted: readonly ApiRoute[],
  ): Hono => {
    const app = new Hono()
    const options = {
      ...deps,
      prefix: `${settings.base}hub/api`,
      headers: apiHeaders(settings.base, settings.versions),
      authenticate,
      addressOf,
      originOf,
    }
    app.route('/', oauthApp)
    mountPreflight(app, options)
    mountRoutes(app, mounted, options)
    mountNotFound(app, options)
    mountRoutes(
      app,
      mounted.filter((each) => belowHub.has(each.operationId)),
      { ...options, prefix: `${settings.base}hub` },
    )
    return app
  }
  return {
    publicApi: mount(
      oauth.publicOAuth,
      tokenOrCookie(people, {
        xsrfKey: settings.xsrfKey,
        origins: settings.origins,
        places: settings.places,
        now: deps.now,
      }),
      (c) => forwardedAddress(c.req.raw.headers),
      // Whatever name a client has written: links lead to addresses of ours.
      ({ url }) =>
        settings.origins.find((origin) => new URL(origin).host === new URL(url).host) ?? settings.origins[0] ?? '',
      routes.filter((each) => each.access !== 'agent'),
    ),
    internalApi: mount(
      oauth.internalOAuth,
      tokenOnly(people),
      (c) => peerAddress(c.env),
      ({ url }) => new URL(url).origin,
      routes,
    ),
    describe: () => describeApi(routes, `${settings.base}hub/api`, settings.versions),
  }
}
