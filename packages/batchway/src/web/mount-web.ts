import { Hono } from 'hono'
import { BatchwayError } from '../core/errors.ts'
import { mountAcceptShare } from './accept-share.ts'
import { mountAdminForms } from './admin/admin-forms.ts'
import { mountAdminPage } from './admin/admin-page.ts'
import { mountAuditPage } from './admin/audit-page.ts'
import { mountPersonPage } from './admin/person-page.ts'
import { bannersOf, mountAnnouncements } from './announcements.ts'
import { mountApiPage } from './api-page.ts'
import { mountBackchannel } from './backchannel.ts'
import { showError, wantsJson } from './error-pages.ts'
import { timeWords } from './format.ts'
import { mountHome } from './home.ts'
import { hubPaths } from './hub-paths.ts'
import { mountLaunch } from './launch.ts'
import { createPages } from './pages.ts'
import { mountPreferences } from './preferences.ts'
import { mountReportPage } from './report-page.ts'
import { pageHeaders } from './security-headers.ts'
import { mountServerPages } from './server-pages.ts'
import { mountSessionPages } from './session-pages.ts'
import { mountSignIn } from './sign-in.ts'
import { mountErrorTarget, mountStatic } from './small-routes.ts'
import { showStale } from './stale-form.ts'
import { loadStaticFiles } from './static-files.ts'
import { mountTokenPage } from './token-page.ts'
import { mountApplicationPaths, mountUnrouted } from './unrouted.ts'
import { signedInOnly, visitor } from './visitor.ts'
import type { WebApp, WebDependencies, WebEnv, WebRoom } from './web-room.ts'
import { mountWhoPage } from './who-page.ts'

/**
 * All pages, for the public listener only. Everything that is not the API comes here: it also answers for paths that do not
 * exist and for applications that the proxy has no route for.
 */
export function mountWeb(deps: WebDependencies): WebApp {
  const { settings, log } = deps
  const paths = hubPaths(settings.base, settings.places)
  const times = timeWords(settings.timeZone)
  const files = loadStaticFiles()
  const room: WebRoom = {
    ...deps,
    paths,
    times,
    pages: createPages(settings, paths, files, times, deps.now, bannersOf(deps, times), deps.theme),
  }

  const app: WebApp = new Hono<WebEnv>({ strict: true })
  app.use(async (c, next) => {
    // For errors before the visitor is known; `visitor` replaces it.
    const nobody = {
      user: null,
      signIn: null,
      scopes: new Set<string>(),
      xsrf: '',
      isFragment: false,
      isForeign: false,
    }
    c.set('visit', { ...nobody, requestId: deps.nonce().slice(0, 16) })
    await next()
    // Redirects and problems too; what a handler set itself stays.
    for (const [name, value] of Object.entries(pageHeaders(settings)))
      if (!c.res.headers.has(name)) c.res.headers.set(name, value)
  })
  mountStatic(app, paths, files, deps.theme, log)
  mountApplicationPaths(app, room)

  mountBackchannel(app, room)
  app.use(visitor(deps))
  app.get(settings.base, (c) => c.redirect(paths.hub, 302))
  if (settings.base !== '/') app.get(settings.base.slice(0, -1), (c) => c.redirect(paths.hub, 302))
  app.get(paths.hub.slice(0, -1), (c) => c.redirect(paths.hub, 302))
  app.get(paths.hub, (c) => c.redirect(c.get('visit').user === null ? paths.login : paths.home, 302))
  mountSignIn(app, room)
  mountErrorTarget(app, room)
  mountApiPage(app, room)

  const signedIn = signedInOnly(paths)
  const guarded = [
    'home',
    'announcements',
    'history',
    'preferences',
    'servers/*',
    'token',
    'token/*',
    'accept-share',
    'admin',
    'admin/*',
    'spawn',
    'spawn/*',
    'spawn-pending/*',
    'sessions/*',
    'user-redirect/*',
  ]
  for (const path of guarded) app.use(paths.hub + path, signedIn)
  // Programs get their 424 or 404; only people are sent to the sign-in.
  app.use(`${paths.hub}user/*`, (c, next) => {
    if (c.get('visit').user === null && wantsJson(c)) throw new BatchwayError('forbidden', 'Sign in first.')
    return signedIn(c, next)
  })
  mountHome(app, room)
  mountAnnouncements(app, room)
  mountPreferences(app, room)
  mountTokenPage(app, room)
  mountAcceptShare(app, room)
  mountWhoPage(app, room)
  mountReportPage(app, room)
  mountAdminPage(app, room)
  mountAdminForms(app, room)
  mountAuditPage(app, room)
  mountPersonPage(app, room)
  mountLaunch(app, room)
  mountSessionPages(app, room)
  mountServerPages(app, room)
  mountUnrouted(app, room)

  app.notFound((c) => showError(c, room, new BatchwayError('not_found', 'There is nothing at this address.')))
  app.onError(async (error, c) => {
    const isStale = error instanceof BatchwayError && error.code === 'csrf'
    return (isStale && (await showStale(c, room))) || showError(c, room, error)
  })
  return app
}
