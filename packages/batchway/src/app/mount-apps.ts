import { setTimeout as delay } from 'node:timers/promises'
import type { Hono } from 'hono'
import { mountApi } from '../api/app.ts'
import type { ApiDeps } from '../api/deps.ts'
import type { Metrics } from '../api/metrics.ts'
import { forwardedAddress } from '../core/client-address.ts'
import { mountOAuth } from '../oauth/app.ts'
import { openFrontGate } from '../web/front-gate.ts'
import { mountWeb } from '../web/mount-web.ts'
import { renderOAuthPage } from '../web/oauth-confirm.ts'
import { siteTheme, themeParts } from '../web/theme/site-theme.ts'
import { apiProfiles } from './api-profiles.ts'
import { openHubControl } from './hub-control.ts'
import { identifyByPassword } from './identify-by-password.ts'
import { joinPublic } from './join-public.ts'
import { openDesk } from './open-desk.ts'
import type { Ground, Host } from './open-ground.ts'
import type { PeopleRoom } from './open-people-room.ts'
import { openReadiness } from './open-readiness.ts'
import { openReports } from './open-reports.ts'
import type { SessionRoom } from './open-session-room.ts'
import { pageFigures } from './page-figures.ts'

interface Parts {
  readonly ground: Ground
  readonly peopleRoom: PeopleRoom
  readonly sessionRoom: SessionRoom
  readonly metrics: Metrics
  readonly onRemoval: ApiDeps['onRemoval']
  readonly host: Pick<Host, 'stop'>
}

/** The rooms that speak HTTP, as the two listeners serve them. */
export function mountApps({ ground, peopleRoom, sessionRoom, metrics, onRemoval, host }: Parts): {
  readonly publicApp: Pick<Hono, 'fetch'>
  readonly internalApp: Pick<Hono, 'fetch'>
} {
  const { config, settings, keys, stores, paths, proxy, audit, log, now, nonce, random, every, closing } = ground
  const { people, services, book, shares, logins, admission, examineSignIn, tries, kept } = peopleRoom
  const { sessions, servers, clusters, catalogue, previewJob, announcements, drains } = sessionRoom
  const { base, publicUrl, origins, versions, places, xsrfKey } = settings
  const address = { base, publicUrl, origins, versions, places, xsrfKey }
  const newRequestId = (): string => ground.requests.current() ?? 'none'
  const theme = siteTheme(config.theme ?? null, () => themeParts(base, settings.timeZone), log)
  const scopeWords = new Map(Object.entries(config.customScopes).map(([name, { description }]) => [name, description]))

  const oauth = mountOAuth({
    ...{ people, services, book, log, audit, now, newRequestId },
    settings: { ...address, tokenSeconds: 14 * 86_400 },
    renderPage: renderOAuthPage(settings, now, scopeWords, theme),
    newToken: nonce,
  })
  const api = mountApi({
    ...{ people, services, shares, sessions, servers, clusters, announcements, drains, examineSignIn, metrics, oauth },
    ...{ log, audit, now, every, newRequestId, onRemoval },
    ...apiProfiles(catalogue, people),
    settings: { ...address, siteId: keys.siteId, guardsMetrics: !config.metrics.anonymous, maxStreamsPerUser: 32 },
    hub: openHubControl({ proxy, sessions, drivers: clusters, logins, host }),
    identify: identifyByPassword({ logins, admission, people, tries, audit }),
    readiness: openReadiness({
      askDatabase: stores.ask,
      askProxy: () => proxy.instance(),
      clusters: Object.keys(config.clusters),
      sessions,
      now,
    }),
  })
  const web = mountWeb({
    ...{ people, shares, sessions, servers, previewJob, announcements, drains, examineSignIn, logins, admission },
    ...{ tries, kept, settings, theme, log, audit, now, nonce },
    desk: openDesk({ stores, sessions, clusters, proxy, database: paths.database, now }),
    launcher: catalogue,
    hasLinks: config.signIn.some(({ type }) => type === 'link'),
    describeApi: api.describe,
    reports: closing.use(openReports({ database: paths.database, clusters: Object.keys(config.clusters), now })),
    seal: { key: keys.signInStart, iv: () => random(12) },
    addressOf: forwardedAddress,
    ensureRoute: async () => {
      await sessions.mendRoutes()
    },
    sleep: (milliseconds) => delay(milliseconds),
  })

  const front = logins.find((login) => login.kind === 'front')
  const addressOf = forwardedAddress
  const follow =
    front && openFrontGate({ login: front, ...{ people, admission, audit, settings, log, now, nonce, addressOf } })
  const onPage = pageFigures(`${base}hub/`, metrics)
  return {
    publicApp: joinPublic({ base, api: api.publicApi, web, follow, onPage, now }),
    internalApp: api.internalApi,
  }
}
