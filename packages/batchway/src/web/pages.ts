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
import { servedName, styleName, type Theme } from './theme/compile-theme.ts'
import { noTheme, type ThemeSource } from './theme/live-theme.ts'
import { withTheme } from './theme/page-theme.ts'
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
  source: ThemeSource = noTheme,
): Pages {
  const engine: Liquid = createLiquid({ isStrict: settings.isDevelopment, times })
  const asset = (name: string) => paths.static(name, files.get(name)?.hash ?? '')
  const fixed = {
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
    const [theme, banners] = await Promise.all([source.current(), bannersFor(visit)])
    const own = (name: string): string | null => {
      const served = theme.statics.get(name)
      return served === undefined ? null : paths.static(name, served.hash)
    }
    const favicon = pictureOf(theme, 'favicon', own)
    const kind = page.kind ?? page.template
    // What each partial sees too, and what a theme's templates may read.
    const globals = {
      site: siteWords(settings, theme, own),
      urls: fixed.urls,
      user: userWords(visit),
      page: {
        kind: page.template,
        title: page.title,
        nav: page.nav ?? null,
        foot: page.foot ?? null,
        here,
        hides_sign_in: page.data?.hides_sign_in === true,
      },
      now: at,
      zone: times.zone(at),
    }
    const shown = { theme, xsrf: visit.xsrf, failed: source.failed, isOff: source.isOff }
    const data = {
      ...fixed,
      ...page.data,
      ...globals,
      assets: { ...fixed.assets, theme: own(styleName) },
      icons: favicon === null ? fixed.icons : { ...fixed.icons, plain: favicon },
      here,
      banners,
      xsrf: visit.xsrf,
      frame: visit.isFragment ? 'layouts/fragment' : 'layouts/page',
      title: page.title,
      nav: page.nav ?? null,
      icon: page.icon ?? 'plain',
      kind,
      live: page.live ?? null,
      every: page.every ?? null,
      status_words: page.statusWords ?? '',
      notice: page.notice ?? null,
      foot: page.foot ?? null,
    }
    return engine.renderFile(page.template, data, { globals: withTheme(globals, shown) })
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

type OwnAddress = (name: string) => string | null

/** A drawing before a picture of points. */
function pictureOf({ statics }: Theme, name: string, own: OwnAddress): string | null {
  for (const ending of ['svg', 'png', 'webp', 'ico'])
    if (statics.has(servedName(`${name}.${ending}`))) return own(servedName(`${name}.${ending}`))
  return null
}

function siteWords(settings: WebSettings, theme: Theme, own: OwnAddress) {
  const { title, links, logo } = theme.file
  const logoUrl = pictureOf(theme, 'logo', own)
  return {
    title: title ?? 'Batchway',
    name: settings.siteName,
    help_url: links.help ?? settings.helpUrl,
    help_mail: settings.helpMail,
    policy_url: links.policy ?? null,
    announcement: settings.announcement,
    menu_links: links.menu,
    footer_links: links.footer,
    logo: logoUrl,
    logo_dark: logoUrl === null ? null : (pictureOf(theme, 'logo-dark', own) ?? logoUrl),
    logo_says_title: logoUrl !== null && !logo.showsTitle,
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
