/** The one place that knows who needs whom. Reads top to bottom as the dependency order; disposal undoes it bottom to top. */
import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { openControlClient } from '@batchway/proxy/hub-side'
import { openCommandHelper } from '@batchway/schedulers'
import { mountApi } from '../api/app.ts'
import { metricsPrefix, openFigures, openMetrics } from '../api/metrics.ts'
import { applicationPlaces } from '../core/application-hosts.ts'
import { forwardedAddress } from '../core/client-address.ts'
import { basePathOf } from '../core/config.ts'
import type { LoadedConfig } from '../core/load-config.ts'
import type { Logger } from '../core/logger.ts'
import { mountOAuth } from '../oauth/app.ts'
import { openAudit } from '../people/audit.ts'
import { openKeptSignIns } from '../people/kept-sign-ins.ts'
import type { PeopleService } from '../people/people.ts'
import { openShares } from '../people/shares.ts'
import { openCatalogue } from '../profiles/catalogue.ts'
import { clientIdOf } from '../sessions/application-order.ts'
import { deriveCredentials } from '../sessions/credentials.ts'
import { previewJob } from '../sessions/job-request.ts'
import { openNamedServers } from '../sessions/named-servers.ts'
import { openRouteKeeper } from '../sessions/route-keeper.ts'
import { openSessions, type SessionService } from '../sessions/service.ts'
import { siteIdOf, siteMarkOf } from '../sessions/site-id.ts'
import { openSubmitHolds } from '../sessions/submit-holds.ts'
import { openStores } from '../store/stores.ts'
import { openFrontGate } from '../web/front-gate.ts'
import { mountWeb } from '../web/mount-web.ts'
import { renderOAuthPage } from '../web/oauth-confirm.ts'
import { siteTheme, themeParts } from '../web/theme/site-theme.ts'
import { openSignInTries } from '../web/try-limit.ts'
import { agentPlaces } from './agent-places.ts'
import { openExaminer } from './examine-sign-in.ts'
import { startHousekeeping } from './housekeeping.ts'
import { openHubControl } from './hub-control.ts'
import { identifyByPassword } from './identify-by-password.ts'
import { joinPublic } from './join-public.ts'
import { isAnswered, openListener } from './listen.ts'
import { openNameService } from './name-service.ts'
import { openSiteAdmission, openSitePeople } from './open-admission.ts'
import { openClusters } from './open-clusters.ts'
import { openDesk } from './open-desk.ts'
import { openHubEvents } from './open-events.ts'
import { openLogins } from './open-logins.ts'
import { openReadiness } from './open-readiness.ts'
import { openReports } from './open-reports.ts'
import { openSiteServices, routesOfServices, servicePathOf } from './open-services.ts'
import { openSiteNotices } from './open-site-notices.ts'
import { pageFigures } from './page-figures.ts'
import { readOrMakeSecret } from './private-secret.ts'
import { openRequestScope } from './request-scope.ts'
import { openRevocationKeeper } from './revocation-keeper.ts'
import { roleBookOf } from './role-problems.ts'
import { specChooser } from './spec-chooser.ts'
import { prepareStateDirectory } from './state-directory.ts'
import { hasOthersJobs, hubTarget, statePaths } from './state-paths.ts'
import { timedCluster, timedProxy, timedRoutes } from './timed-work.ts'
import { openToldRequests } from './told-requests.ts'
import { toldAudit, toldChoice, toldRoutes, toldStart } from './told-work.ts'
import { jupyterHubLevel, version } from './version.ts'
import { webSettingsOf } from './web-settings.ts'

/** How long an agent waits for a hub that is away. */
const hubPatienceSeconds = 1_800

export interface Host {
  now(): number
  readonly log: Logger
  readonly environment: Readonly<Record<string, string | undefined>>
  /** End this program in order, as a signal would: somebody asked for it through the API. */
  stop(): void
  /** Called once, when all is loaded and before anything is adopted or can be asked: what stops the program for long hurts nobody now. */
  onLoaded?(): void
}

export interface Hub extends AsyncDisposable {
  /** Where it listens: the public listener first, then the internal ones. */
  readonly addresses: readonly string[]
  readonly sessions: SessionService
  readonly people: PeopleService
  /** Files that take events were moved away: open them anew. */
  reopen(): void
}

/** Another purpose, another key. */
const deriveKey = (key: Buffer, purpose: string): string => createHmac('sha256', key).update(purpose).digest('hex')

/** @throws {ConfigError} and plain errors with words for the admin; whatever was opened is closed again. */
export async function assemble(loaded: LoadedConfig, host: Host): Promise<Hub> {
  const { config, drivers, logins: siteLogins } = loaded
  const { log, now } = host
  const begunAt = performance.now()
  await using undo = new AsyncDisposableStack()
  const paths = statePaths(config)
  prepareStateDirectory(config.stateDirectory, hasOthersJobs(config))
  // Before anything is adopted: two hubs must not order about the same jobs, not even for a moment.
  if (await isAnswered(paths.hubSocket.slice('unix:'.length))) {
    throw new Error(`another hub answers at ${paths.hubSocket}`)
  }
  const hubKey = Buffer.from(readOrMakeSecret(paths.hubKey), 'hex')
  const siteId = siteIdOf(hubKey)
  const base = basePathOf(config)
  const { origin } = new URL(config.url)
  const places = applicationPlaces(config)
  const random = (bytes: number): Buffer => randomBytes(bytes)
  const nonce = (): string => random(16).toString('hex')
  // No secret; Node keeps random bytes for these in store, which others are drawn from the system for.
  const requests = openRequestScope(() => randomUUID().replaceAll('-', '').slice(0, 16))
  const newRequestId = (): string => requests.current() ?? 'none'
  const versions = { jupyterhub: jupyterHubLevel, batchway: version }

  const figures = openFigures(metricsPrefix(host.environment))
  const { timings } = figures
  const stores = undo.use(await openStores(paths.database, now, { onStatement: timings.statement }))
  const every = (ms: number, run: () => void): (() => void) => {
    const timer = setInterval(run, ms)
    return () => clearInterval(timer)
  }
  const events = undo.use(
    openHubEvents({
      config,
      positionFile: paths.eventPosition,
      store: stores.sessions,
      request: requests.current,
      log,
      now,
      every,
    }),
  )
  const { emit } = events
  const audit = toldAudit(openAudit({ store: stores.audit, now, log }), emit, now)
  await audit({ actor: 'system', action: 'config-loaded', way: 'config', detail: `version ${version}` })
  const services = openSiteServices(config, host.environment)
  const people = undo.use(openSitePeople(config, { stores, now, random, audit }, services))
  await people.forgetServicesBut(services.all.flatMap(({ client }) => client?.id ?? []))
  for (const admin of config.admins) await people.ensureUser(admin, { isAdmin: true })

  const shares = openShares({ stores, now, random, book: roleBookOf(config) })

  const proxy = undo.use(openControlClient({ address: paths.proxyControl, token: readOrMakeSecret(paths.proxyToken) }))
  const revocations = openRevocationKeeper({
    store: stores.revoked,
    proxy,
    changes: stores.changes,
    async pathOf(clientId) {
      const service = services.ofClient(clientId)?.service
      if (service !== undefined) return service.url === null ? null : servicePathOf(service, places.hubRoute)
      const running = await sessions.listActive()
      const found = running.find(({ userName, serverName }) => clientIdOf(userName, serverName) === clientId)
      return found ? places.routePath(found.userName, found.serverName) : null
    },
    log,
    now,
  })
  const clock = (): number => performance.now()
  const routes = toldRoutes(
    timedRoutes(
      openRouteKeeper(
        timedProxy(proxy, timings, clock),
        { path: places.hubRoute, target: hubTarget(paths) },
        log,
        routesOfServices(services, places.hubRoute),
      ),
      timings,
      clock,
    ),
    emit,
    now,
  )

  const placeOf = agentPlaces(paths)
  const commands = undo.use(openCommandHelper())
  const names = openNameService(commands.run)
  const internalUrl = config.hub.internalUrl ?? `http://${config.hub.internal[0]}`
  const clusters = openClusters(config, drivers, paths, {
    log,
    commands,
    names,
    base,
    internalUrl,
    agentOf: (cluster) => placeOf(cluster.agent),
    environment: host.environment,
    closing: undo,
  })
  const offered = openCatalogue(config, clusters)
  const catalogue = { ...offered, choose: toldChoice(offered.choose, emit) }
  const { announcements, drains } = await openSiteNotices({ stores, clusters, people, now, nonce })
  const chooseSpec = specChooser(catalogue)
  const room = undo.use(
    openSessions({
      store: stores.sessions,
      people,
      clusters: new Map([...clusters].map(([key, site]) => [key, timedCluster(site, timings, clock)])),
      routes,
      holds: openSubmitHolds(paths.submits),
      drains,
      credentials: deriveCredentials(hubKey),
      settings: {
        base,
        origin,
        places,
        instance: config.instance,
        mark: siteMarkOf(siteId),
        orphans: config.orphans,
        heartbeatSeconds: 10,
        hubPatienceSeconds,
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

  const sessions: SessionService = { ...room, start: toldStart(room.start, emit) }

  const servers = openNamedServers({
    store: stores.servers,
    sessions,
    rules: { isOn: config.namedServers.enabled, limit: config.namedServers.perUser },
    now,
  })
  const clusterSummaries = [...clusters].map(([key, { title, cluster }]) => ({ key, title, driver: cluster.driver.id }))
  const opened = undo.use(
    openMetrics(figures, {
      sessions,
      people,
      clusters: clusterSummaries,
      version,
      eventSinks: events.stats,
      now,
      elapsed: clock,
      every,
    }),
  )
  const requestsTold = undo.use(openToldRequests(emit, every))
  const metrics: typeof opened = {
    ...opened,
    observeRequest(request) {
      opened.observeRequest(request)
      requestsTold.observe(request)
    },
  }

  const xsrfKey = deriveKey(hubKey, 'xsrf')
  const webSettings = webSettingsOf(config, { xsrfKey, versions, places })
  const theme = siteTheme(config.theme ?? null, () => themeParts(base, webSettings.timeZone), log)
  const logins = await openLogins(config, { ...host, names, siteLogins })
  const admission = openSiteAdmission(config, people, log)
  const examineSignIn = openExaminer(config, { admission, names })
  const reports = undo.use(openReports({ database: paths.database, clusters: [...clusters.keys()], now }))
  const tries = openSignInTries(now)
  const kept = openKeptSignIns({
    store: stores.keptSignIns,
    people,
    admission,
    logins,
    audit,
    log,
    key: Buffer.from(deriveKey(hubKey, 'kept sign-ins'), 'hex'),
    random,
    now,
  })
  const web = mountWeb({
    people,
    announcements,
    drains,
    desk: openDesk({ stores, sessions, clusters: clusterSummaries, proxy, database: paths.database, now }),
    shares,
    sessions,
    servers,
    launcher: catalogue,
    previewJob: (user, spec) => previewJob(user, spec, clusters, { instance: config.instance, hubPatienceSeconds }),
    logins,
    hasLinks: config.signIn.some(({ type }) => type === 'link'),
    admission,
    // Asked when somebody looks: the API is mounted by then.
    describeApi: () => api.describe(),
    examineSignIn,
    reports,
    tries,
    kept,
    settings: webSettings,
    theme,
    seal: { key: Buffer.from(deriveKey(hubKey, 'sign-in start'), 'hex'), iv: () => random(12) },
    log,
    now,
    nonce,
    audit,
    addressOf: forwardedAddress,
    ensureRoute: async () => {
      await sessions.mendRoutes()
    },
    sleep: (milliseconds) => delay(milliseconds),
  })
  const oauth = mountOAuth({
    people,
    services,
    book: roleBookOf(config),
    settings: {
      base,
      publicUrl: config.url,
      origins: [origin, ...config.origins],
      versions,
      places,
      xsrfKey,
      tokenSeconds: 14 * 86_400,
    },
    log,
    audit,
    renderPage: renderOAuthPage(
      webSettings,
      now,
      new Map(Object.entries(config.customScopes).map(([name, { description }]) => [name, description])),
      theme,
    ),
    now,
    newToken: nonce,
    newRequestId,
  })
  const api = mountApi({
    people,
    services,
    shares,
    sessions,
    servers,
    settings: {
      base,
      publicUrl: config.url,
      origins: [origin, ...config.origins],
      versions,
      places,
      siteId,
      xsrfKey,
      guardsMetrics: !config.metrics.anonymous,
      maxStreamsPerUser: 32,
    },
    log,
    audit,
    hub: openHubControl({ proxy, sessions, drivers: clusterSummaries, logins, host }),
    announcements,
    drains,
    examineSignIn,
    identify: identifyByPassword({ logins, admission, people, tries, audit }),
    onRemoval: revocations.subscribe,
    metrics,
    readiness: openReadiness({
      askDatabase: stores.ask,
      askProxy: () => proxy.instance(),
      clusters: Object.keys(config.clusters),
      sessions,
      now,
    }),
    clusters: clusterSummaries,
    listProfiles: (user) =>
      catalogue.offered(user).map((profile) => ({
        key: profile.key,
        title: profile.title,
        description: profile.description ?? '',
        cluster: profile.cluster,
        application: profile.application,
      })),
    chooseSpec: (owner, _serverName, options) => chooseSpec(owner, options),
    async rememberChoice(owner, spec) {
      const lastChoice = await catalogue.recall(owner, spec)
      if (lastChoice !== null) await people.savePreferences(owner.id, { lastChoice })
    },
    now,
    newRequestId,
    every,
    oauth,
  })

  host.onLoaded?.()
  // What runs is adopted before anybody can ask about it.
  await events.follow(sessions, Object.keys(config.clusters))
  const adoptedFrom = clock()
  const adopted = await sessions.adopt()
  timings.adopted(clock() - adoptedFrom)
  const front = logins.find((login) => login.kind === 'front')
  const follow =
    front &&
    openFrontGate({
      login: front,
      people,
      admission,
      audit,
      settings: webSettings,
      log,
      now,
      nonce,
      addressOf: forwardedAddress,
    })
  const publicApp = joinPublic({
    base,
    api: api.publicApi,
    web,
    follow,
    onPage: pageFigures(`${base}hub/`, metrics),
    now,
  })
  const listeners = [undo.use(await openListener(paths.hubSocket, requests.around(publicApp)))]
  for (const address of config.hub.internal)
    listeners.push(undo.use(await openListener(address, requests.around(api.internalApi))))
  await routes.mend().catch((error: unknown) => log.warn({ error: String(error) }, 'proxy does not answer yet'))

  undo.use(
    startHousekeeping({
      people,
      kept,
      revocations,
      audit: stores.audit,
      auditKeepSeconds: config.audit.keep,
      log,
      now,
    }),
  )
  log.info({ addresses: listeners.map(({ address }) => address), adopted: adopted.sessions, version }, 'hub is ready')
  metrics.started(performance.now() - begunAt)
  emit('hub.started', { version, count: adopted.sessions })
  undo.defer(() => emit('hub.stopping', { version }))
  const keep = undo.move()
  return {
    addresses: listeners.map(({ address }) => address),
    sessions,
    people,
    reopen: events.reopen,
    [Symbol.asyncDispose]: () => keep.disposeAsync(),
  }
}
