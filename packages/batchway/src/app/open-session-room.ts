import type { ClusterSummary } from '../api/deps.ts'
import type { LoadedConfig } from '../core/load-config.ts'
import type { Announcements } from '../people/announcements.ts'
import { openCatalogue } from '../profiles/catalogue.ts'
import type { Drains } from '../sessions/drains.ts'
import { previewJob } from '../sessions/job-request.ts'
import { type NamedServers, openNamedServers } from '../sessions/named-servers.ts'
import type { RouteKeeper } from '../sessions/route-keeper.ts'
import { openRouteKeeper } from '../sessions/route-keeper.ts'
import { openSessions, type SessionService } from '../sessions/service.ts'
import { siteMarkOf } from '../sessions/site-id.ts'
import { openSubmitHolds } from '../sessions/submit-holds.ts'
import type { WebDependencies } from '../web/web-room.ts'
import { agentPlaces } from './agent-places.ts'
import { openClusters } from './open-clusters.ts'
import type { Ground } from './open-ground.ts'
import type { PeopleRoom } from './open-people-room.ts'
import { routesOfServices } from './open-services.ts'
import { openSiteNotices } from './open-site-notices.ts'
import { hubTarget } from './state-paths.ts'
import { timedCluster, timedProxy, timedRoutes } from './timed-work.ts'
import { toldChoice, toldRoutes, toldStart } from './told-work.ts'

/** How long an agent waits for a hub that is away. */
const hubPatienceSeconds = 1_800

/** What may be started, where it runs, and what runs. */
export interface SessionRoom {
  readonly sessions: SessionService
  readonly servers: NamedServers
  readonly routes: RouteKeeper
  readonly clusters: readonly ClusterSummary[]
  readonly catalogue: ReturnType<typeof openCatalogue>
  readonly previewJob: WebDependencies['previewJob']
  readonly announcements: Announcements
  readonly drains: Drains
}

/** Nothing is adopted yet. @throws {SchedulerError} if a driver refuses its settings; `driverProblems` says so earlier and in full. */
export async function openSessionRoom(
  ground: Ground,
  { people, services }: Pick<PeopleRoom, 'people' | 'services'>,
  drivers: LoadedConfig['drivers'],
): Promise<SessionRoom> {
  const { config, settings, paths, keys, stores, audit, events, log, now, clock, random, nonce, closing } = ground
  const { base, places } = settings
  const { timings } = ground.figures
  const { emit } = events
  const { instance, orphans } = config

  const proxied = openRouteKeeper(
    timedProxy(ground.proxy, timings, clock),
    { path: places.hubRoute, target: hubTarget(paths) },
    log,
    routesOfServices(services, places.hubRoute),
  )
  const routes = toldRoutes(timedRoutes(proxied, timings, clock), emit, now)

  const placeOf = agentPlaces(paths)
  const sites = openClusters(config, drivers, paths, {
    log,
    commands: ground.commands,
    names: ground.names,
    base,
    internalUrl: config.hub.internalUrl ?? `http://${config.hub.internal[0]}`,
    agentOf: (cluster) => placeOf(cluster.agent),
    environment: ground.environment,
    closing,
  })
  const catalogue = openCatalogue(config, sites)
  const notices = await openSiteNotices({ stores, clusters: sites, people, now, nonce })
  const opened = closing.use(
    openSessions({
      store: stores.sessions,
      people,
      clusters: new Map([...sites].map(([key, site]) => [key, timedCluster(site, timings, clock)])),
      routes,
      holds: openSubmitHolds(paths.submits),
      drains: notices.drains,
      credentials: keys.credentials,
      settings: {
        ...{ base, places, instance, orphans, hubPatienceSeconds },
        origin: new URL(config.url).origin,
        mark: siteMarkOf(keys.siteId),
        heartbeatSeconds: 10,
      },
      log,
      now,
      random,
      onEnd({ id, userName, serverName, facts }) {
        const outcome = facts.state === 'ended' ? facts.outcome.code : facts.state
        const detail = `session ${id}, ${outcome}`
        void audit({ actor: 'system', action: 'session-end', object: `${userName}/${serverName}`, detail })
      },
    }),
  )
  const sessions: SessionService = { ...opened, start: toldStart(opened.start, emit) }
  return {
    ...{ sessions, routes, ...notices },
    servers: openNamedServers({
      store: stores.servers,
      sessions,
      rules: { isOn: config.namedServers.enabled, limit: config.namedServers.perUser },
      now,
    }),
    clusters: [...sites].map(([key, { title, cluster }]) => ({ key, title, driver: cluster.driver.id })),
    catalogue: { ...catalogue, choose: toldChoice(catalogue.choose, emit) },
    previewJob: (user, spec) => previewJob(user, spec, sites, { instance, hubPatienceSeconds }),
  }
}
