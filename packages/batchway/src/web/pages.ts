import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Liquid } from 'liquidjs'
import { adminScope } from './admin/rights.ts'
import { type BannersFor, noBanners } from './announcements.ts'
import type { TimeWords } from './format.ts'
import type { HubPaths } from './hub-paths.ts'
import { createLiquid } from './liquid.ts'
import { mayReport } from './report-page.ts'
import { pageHeaders } from './security-headers.ts'
import type { StaticFile } from './static-files.ts'
import type { Visit, WebContext, WebSettings } from './web-room.ts'
import { whoScope } from './who-page.ts'

/** Icons of the browser tab: they tell the state. */
export type PageIcon = 'plain' | 'ok' | 'wait' | 'move' | 'bad' | 'idle'

export interface PageData {
  /** Template, without `.liquid`. */
  readonly template: string
  readonly title: string
  readonly nav?: 'home' | 'launch' | 'history' | 'tokens' | 'admin' | null
  readonly icon?: PageIcon
  /** `data-kind` of the page: when it differs, the script replaces the page and not its parts. */
  readonly kind?: string
  /** A session id, or `all`: state changes of it refresh the page. */
  readonly live?: string | null
  /** The script looks again so often (seconds); for pages about what the visitor's own stream does not tell. */
  readonly every?: number | null
  /** Announced politely when it changes. */
  readonly statusWords?: string
  readonly notice?: string | null
  /** Left part of the foot. */
  readonly foot?: string | null
  /** This page's own address holds a secret. */
  readonly isSecretAddress?: boolean
  readonly status?: number
  /** What only this template uses. */
  readonly data?: Readonly<Record<string, unknown>>
}

export interface Pages {
  /** The page as text. @param here where a form that changes nothing on this page leads back to. */
  html(page: PageData, visit: Visit, here: string): Promise<string>
  /** Render a page, or only its parts for our own script. */
  show(c: WebContext, page: PageData): Promise<Response>
}

export function createPages(
  settings: WebSettings,
  paths: HubPaths,
  files: ReadonlyMap<string, StaticFile>,
  times: TimeWords,
  now: () => number,
  bannersFor: BannersFor = noBanners,
): Pages {
  const engine: Liquid = createLiquid({
    folders: settings.templateFolders,
    isStrict: settings.isDevelopment,
    times,
  })
  const asset = (name: string) => paths.static(name, files.get(name)?.hash ?? '')
  const fixed = {
    site: {
      title: 'Batchway',
      name: settings.siteName,
      help_url: settings.helpUrl,
      help_mail: settings.helpMail,
      announcement: settings.announcement,
    },
    urls: {
      base: paths.base,
      hub: paths.hub,
      home: paths.home,
      login: paths.login,
      logout: paths.logout,
      history: paths.history,
      preferences: paths.preferences,
      tokens: paths.tokens,
      api_docs: paths.apiDocs,
      who: paths.who,
      report: paths.report,
      admin: paths.admin,
      audit_log: paths.auditLog,
      link: paths.link,
      events: paths.events,
      announcements: paths.announcements,
      launch: `${paths.hub}spawn`,
    },
    assets: {
      bootstrap: asset('bootstrap.min.css'),
      tokens: asset('tokens.css'),
      components: asset('components.css'),
      app: asset('app.js'),
      worker: asset('events-worker.js'),
    },
    icons: Object.fromEntries(
      ['plain', 'ok', 'wait', 'move', 'bad', 'idle'].map((tone) => [
        tone,
        asset(tone === 'plain' ? 'icon.svg' : `icon-${tone}.svg`),
      ]),
    ),
  }
  const html = async (page: PageData, visit: Visit, here: string): Promise<string> => {
    const at = now()
    return engine.renderFile(page.template, {
      ...fixed,
      ...page.data,
      here,
      user: userWords(visit),
      banners: await bannersFor(visit),
      xsrf: visit.xsrf,
      frame: visit.isFragment ? 'layouts/fragment' : 'layouts/page',
      now: at,
      zone: times.zone(at),
      title: page.title,
      nav: page.nav ?? null,
      icon: page.icon ?? 'plain',
      kind: page.kind ?? page.template,
      live: page.live ?? null,
      every: page.every ?? null,
      status_words: page.statusWords ?? '',
      notice: page.notice ?? null,
      foot: page.foot ?? null,
    })
  }
  return {
    html,
    show: async (c, page) => {
      const text = await html(page, c.get('visit'), hereOf(c))
      for (const [name, value] of Object.entries(pageHeaders(settings, page.isSecretAddress))) c.header(name, value)
      return c.body(text, (page.status ?? 200) as ContentfulStatusCode, { 'Content-Type': 'text/html; charset=utf-8' })
    },
  }
}

function userWords({ user, scopes }: Visit) {
  if (user === null) return null
  const { theme, contrast } = user.preferences
  return {
    name: user.name,
    may_check: scopes.has(whoScope),
    may_report: mayReport(scopes),
    may_administer: scopes.has(adminScope),
    theme: theme === 'system' ? null : theme,
    contrast: contrast === 'more' ? 'more' : null,
  }
}

/** Where a form that changes nothing here leads back to. A POST has no address of its own to come back to. */
function hereOf(c: WebContext): string {
  const { pathname, search } = new URL(c.req.url)
  return c.req.method === 'GET' ? pathname + search : ''
}
