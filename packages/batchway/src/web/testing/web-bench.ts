/** The pages with stand-ins behind them, and a small browser without JavaScript: it keeps cookies and sends what a browser sends. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { applicationPlaces } from '../../core/application-hosts.ts'
import { silentLogger } from '../../core/logger.ts'
import { openAdmission, openRules } from '../../people/admission.ts'
import { type Announcements, openAnnouncements } from '../../people/announcements.ts'
import type { AuditInput } from '../../people/audit.ts'
import type { FrontLogin, Kept, Login } from '../../people/login.ts'
import type { User } from '../../people/people.ts'
import { fakeShares } from '../../people/testing/fake-shares.ts'
import type { ProfileCard } from '../../profiles/launch-model.ts'
import { reportOfStarts } from '../../report/read-events.ts'
import { type Drains, openDrains } from '../../sessions/drains.ts'
import { type NamedServerRules, type NamedServers, openNamedServers } from '../../sessions/named-servers.ts'
import { memorySlots } from '../../sessions/testing/memory-slots.ts'
import { memorySettings } from '../../store/testing/memory-settings.ts'
import { devLogin } from '../dev-login.ts'
import { openFrontGate } from '../front-gate.ts'
import { mountWeb } from '../mount-web.ts'
import type { Reports } from '../report-page.ts'
import { noTheme, type ThemeSource } from '../theme/live-theme.ts'
import { openSignInTries } from '../try-limit.ts'
import type { WebApp, WebDependencies, WebSettings } from '../web-room.ts'
import { type FakeDesk, fakeDesk } from './fake-desk.ts'
import {
  type FakePeople,
  type FakeSessions,
  fakeLauncher,
  fakePeople,
  fakeSessions,
  makeUser,
  noon,
} from './fake-rooms.ts'

/** The document of this version, as it is kept. */
const apiDocument: unknown = JSON.parse(
  readFileSync(new URL('../../../../../docs/reference/openapi.json', import.meta.url), 'utf8'),
)

export interface Bench {
  readonly app: WebApp
  readonly people: FakePeople
  readonly sessions: FakeSessions
  readonly servers: NamedServers
  readonly announcements: Announcements
  readonly drains: Drains
  readonly desk: FakeDesk
  readonly users: Map<string, User>
  readonly settings: WebSettings
  /** Times that the pages wanted to wait. */
  readonly sleeps: number[]
  /** Sessions whose route was asked for. */
  readonly routed: string[]
  /** What was recorded. */
  readonly audited: AuditInput[]
  browser(): Browser
  /** A browser that is signed in. */
  signedIn(name: string): Promise<Browser>
}

export interface BenchOptions {
  readonly namedServers?: NamedServerRules
  readonly base?: string
  readonly profiles?: readonly ProfileCard[]
  readonly now?: () => number
  readonly settings?: Partial<WebSettings>
  /** The plain look if absent. */
  readonly theme?: ThemeSource
  /** Links are the only way to sign in. */
  readonly onlyLinks?: boolean
  readonly hasLinks?: boolean
  /** The development form if absent. */
  readonly logins?: readonly Login[]
  /** A front server signs people in: send what the proxy attests as headers. */
  readonly front?: FrontLogin
  /** Nobody ever asked for a start if absent. */
  readonly reports?: Reports
}

export function webBench(options: BenchOptions = {}): Bench {
  const { base = '/', profiles, now = () => noon, settings: more = {}, onlyLinks = false, front } = options
  const users = new Map(['alice', 'bob'].map((name, index) => [name, makeUser(index + 1, name)]))
  const people = fakePeople(users, now)
  const sessions = fakeSessions(now)
  const rules = options.namedServers ?? { isOn: true, limit: 0 }
  const servers = openNamedServers({ store: memorySlots(), sessions, rules, now })
  const sleeps: number[] = []
  const routed: string[] = []
  const audited: AuditInput[] = []
  const settings: WebSettings = {
    base,
    publicUrl: `http://hub.test${base}`,
    places: applicationPlaces({ url: `http://hub.test${base}` }),
    origins: ['http://hub.test'],
    xsrfKey: 'a key for tests',
    versions: { jupyterhub: '5.4.5', batchway: '0.1.0' },
    siteName: 'Northfield Computing Centre',
    helpUrl: null,
    helpMail: 'help@northfield.example',
    announcement: null,
    timeZone: 'Europe/Berlin',
    isDevelopment: true,
    longestTokenSeconds: null,
    ...more,
  }
  const keptRows = new Map<string, { way: string; kept: Kept }>()
  const kept: WebDependencies['kept'] = {
    remember: async (id, way, given) => void keptRows.set(id, { way, kept: given }),
    find: async (id) => {
      const row = keptRows.get(id)
      return row === undefined ? null : { way: row.way, text: row.kept.text }
    },
    endedThere: async (way, handles) => {
      const ended = [...keptRows].filter(
        ([, row]) => row.way === way && row.kept.handles.some((h) => handles.includes(h)),
      )
      for (const [id] of ended) await people.signOut(id)
      return ended.length
    },
  }
  const store = memorySettings()
  const clusters = new Map([
    ['larch', 'larch'],
    ['spruce', 'spruce'],
  ])
  let announced = 0
  const announcements = openAnnouncements({
    store,
    before: [],
    clusters: new Set(clusters.keys()),
    isKnown: async (name) => users.has(name),
    now,
    newId: () => `a${++announced}`,
  })
  const desk = fakeDesk(clusters, now)
  const drains = openDrains({ store, before: [], clusters, now })
  let nonces = 0
  const parts = {
    people,
    settings,
    kept,
    seal: { key: Buffer.alloc(32, 5), iv: () => randomBytes(12) },
    now,
    admission: openAdmission(openRules, { people, before: [], after: [] }),
    theme: options.theme ?? noTheme,
    log: silentLogger,
    audit: async (entry: AuditInput) => void audited.push(entry),
    nonce: () => `nonce${String(++nonces).padStart(16, '0')}`,
    addressOf: (headers: Headers) => headers.get('x-forwarded-for') ?? '127.0.0.1',
  }
  const app = mountWeb({
    ...parts,
    sessions,
    servers,
    shares: fakeShares(),
    announcements,
    drains,
    desk,
    launcher: fakeLauncher(profiles),
    previewJob: async (_user, { resources }) => ({
      command: ['/usr/bin/sbatch', `--mem=${resources.memoryMiB}M`, "--it's=1"],
      script: '#!/bin/sh\n{\n<b>echo</b> "SESSIONID"\n}\n',
    }),
    logins: [...(front ? [front] : []), ...(onlyLinks ? [] : (options.logins ?? [devLogin]))],
    hasLinks: options.hasLinks ?? true,
    tries: openSignInTries(parts.now),
    examineSignIn: async (subject, claims) => ({
      examined: await parts.admission.examine({ subject, claims, endsAt: null }),
      accounts: [],
    }),
    reports: options.reports ?? { clusters: ['larch'], make: async (query) => reportOfStarts([], query, now()) },
    describeApi: () => apiDocument,
    ensureRoute: async (id) => void routed.push(id),
    sleep: async (ms) => void sleeps.push(ms),
  })
  const gate = front && openFrontGate({ ...parts, login: front })
  const door: Browser['app'] = {
    request: (url, init) =>
      gate ? gate(new Request(url, init), (request) => app.fetch(request)) : app.request(url, init),
  }
  const browser = () => new Browser(door, settings)
  return {
    app,
    people,
    sessions,
    servers,
    announcements,
    drains,
    desk,
    users,
    settings,
    sleeps,
    routed,
    audited,
    browser,
    signedIn: async (name) => {
      const visitor = browser()
      await visitor.get(`${base}hub/login`)
      await visitor.post(`${base}hub/login`, { login: 'dev', username: name })
      return visitor
    },
  }
}

const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin', accept: 'text/html,*/*' }

export class Browser {
  readonly cookies = new Map<string, { value: string; path: string }>()
  readonly app: { request(url: string, init: RequestInit): Response | Promise<Response> }
  readonly settings: WebSettings

  constructor(app: Browser['app'], settings: WebSettings) {
    this.app = app
    this.settings = settings
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.send(path, { headers: { ...navigation, ...headers } })
  }

  /** Post a form with the token of this browser's cookie, as a form on a page would; `_xsrf` in `fields` overrules it. */
  post(path: string, fields: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<Response> {
    const token = this.cookies.get('_xsrf')?.value ?? ''
    const body = new URLSearchParams({ _xsrf: token, ...fields })
    return this.send(path, { method: 'POST', body, headers: { ...navigation, origin: 'http://hub.test', ...headers } })
  }

  async send(path: string, init: RequestInit): Promise<Response> {
    const sent = new Headers(init.headers)
    const { pathname } = new URL(path, 'http://hub.test')
    const mine = [...this.cookies].filter(([, cookie]) => pathname.startsWith(cookie.path))
    if (mine.length > 0) sent.set('cookie', mine.map(([name, { value }]) => `${name}=${value}`).join('; '))
    const answer = await this.app.request(`http://hub.test${path}`, { ...init, headers: sent })
    for (const line of answer.headers.getSetCookie()) this.keep(line)
    return answer
  }

  keep(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    const path = /; Path=([^;]*)/.exec(line)?.[1] ?? '/'
    if (/; Max-Age=0(;|$)/.test(line)) this.cookies.delete(name)
    else this.cookies.set(name, { value, path })
  }
}
