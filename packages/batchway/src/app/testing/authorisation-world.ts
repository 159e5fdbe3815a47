/** The gateway as it is, for the tables of who may do what: real stores, people, sessions, API and pages, on a scheduler in memory. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Hono } from 'hono'
import { listApiRoutes, mountApi } from '../../api/app.ts'
import type { ApiDeps } from '../../api/deps.ts'
import type { ApiRoute } from '../../api/route.ts'
import { forwardedAddress } from '../../core/client-address.ts'
import { silentLogger } from '../../core/logger.ts'
import { issueXsrf, xsrfBinding } from '../../core/xsrf.ts'
import { mountOAuth } from '../../oauth/app.ts'
import { openAdmission, openRules } from '../../people/admission.ts'
import type { AuditInput } from '../../people/audit.ts'
import type { PeopleService, Token, User } from '../../people/people.ts'
import { openPeople } from '../../people/people-service.ts'
import { openRoleBook, type Role } from '../../people/roles.ts'
import { scopeTable } from '../../people/scope-table.ts'
import { hashOf } from '../../people/secrets.ts'
import { openServices } from '../../people/services.ts'
import { openShares } from '../../people/shares.ts'
import { gatherReport } from '../../report/gather-report.ts'
import { clientIdOf } from '../../sessions/application-order.ts'
import { openNamedServers } from '../../sessions/named-servers.ts'
import { insertSession, openBench, sampleSpec } from '../../sessions/testing/bench.ts'
import { mountWeb } from '../../web/mount-web.ts'
import { renderOAuthPage } from '../../web/oauth-confirm.ts'
import { fakeDesk } from '../../web/testing/fake-desk.ts'
import { fakeLauncher } from '../../web/testing/fake-rooms.ts'
import { noTheme } from '../../web/theme/live-theme.ts'
import { openSignInTries } from '../../web/try-limit.ts'
import type { WebSettings } from '../../web/web-room.ts'
import { joinPublic } from '../join-public.ts'
import { openSiteNotices } from '../open-site-notices.ts'
import type { CallerName } from './authorisation-table.ts'

export const base = '/jupyter/'
export const origin = 'https://hpc.example.edu'
const xsrfKey = 'k'.repeat(40)

/** Every scope that no other includes: whoever holds these holds everything. */
export const everything = Object.keys(scopeTable).filter(
  (name) => !Object.values(scopeTable).some((below) => below.includes(name)),
)
const withFilter = (filter: string): readonly string[] => everything.map((name) => `${name}!${filter}`)

const role = (scopes: readonly string[], of: Partial<Role>): Role => ({
  description: '',
  scopes,
  users: [],
  groups: [],
  services: [],
  ...of,
})
const customScopes = new Map([
  ['custom:shelf:write', ['custom:shelf:read']],
  ['custom:shelf:read', []],
])
const book = openRoleBook(
  [
    ['visitors', role(['access:services!service=whoami', 'custom:shelf:write'], { users: ['alice'] })],
    ['of-physics', role(withFilter('group=physics'), { groups: ['heads-of-physics'] })],
    ['of-art', role(withFilter('group=art'), { groups: ['heads-of-art'] })],
    ['of-alice', role(withFilter('user=alice'), { users: ['hana'] })],
    ['of-lab', role(withFilter('server=alice/lab'), { users: ['sam'] })],
    ['of-whoami', role(withFilter('service=whoami'), { users: ['wes'] })],
    ['culls', role(['list:users', 'read:users:activity', 'read:servers', 'delete:servers'], { services: ['culler'] })],
    ['asks', role(['read:services!service', 'read:users:groups!group=physics'], { services: ['whoami'] })],
  ],
  customScopes,
)

const serviceToken = (name: string): string => `token-of-the-service-${name}-`.padEnd(40, 'x')
const services = openServices(
  ['culler', 'bare', 'whoami'].map((name) => ({
    service: {
      name,
      url: name === 'whoami' ? 'http://127.0.0.1:10101' : null,
      prefix: name === 'whoami' ? `${base}services/whoami/` : '',
      isPrefixStripped: false,
      isDisplayed: name === 'whoami',
      info: {},
      roles: [],
      client:
        name === 'whoami'
          ? {
              id: 'service-whoami',
              redirectUri: `${base}services/whoami/oauth_callback`,
              allowedScopes: ['read:servers!user'],
              isTrusted: false,
            }
          : null,
    },
    tokenHash: hashOf(serviceToken(name)),
  })),
)

export interface World extends AsyncDisposable {
  readonly people: PeopleService
  /** What the proxy reaches: API, pages, OAuth. */
  readonly publicApp: Pick<Hono, 'fetch'>
  /** What compute nodes reach. */
  readonly internalApp: Pick<Hono, 'fetch'>
  readonly routes: readonly ApiRoute[]
  /** A token's text of a caller, or null for browsers and nobody. */
  readonly tokenOf: (caller: CallerName) => string | null
  /** Headers of a signed-in browser, form token included. */
  readonly browserOf: (name: string) => Promise<{ readonly headers: Record<string, string>; readonly xsrf: string }>
  /** A token of the administrator with these scopes alone. */
  readonly tokenWith: (scopes: readonly string[]) => Promise<string>
  /** Values for `{token}` and `{session}` in paths. */
  readonly names: { readonly token: string; readonly session: string }
  /** What it has done so far, as the audit log and the process know it. */
  readonly deeds: readonly unknown[]
}

export interface WorldOptions {
  /** alice runs her main server and `lab`, or nothing. */
  readonly isBusy?: boolean
  /** Seed a mistake into the routes. */
  readonly bend?: (route: ApiRoute) => ApiRoute
}

export async function openWorld({ isBusy = true, bend = (route) => route }: WorldOptions = {}): Promise<World> {
  await using undo = new AsyncDisposableStack()
  const bench = undo.use(await openBench())
  const { now } = bench.clock
  const deeds: unknown[] = []
  const audit = async (entry: AuditInput): Promise<void> => void deeds.push(entry)
  const rules = { book, admins: new Set<string>(), adminGroups: new Set<string>() }
  const people = undo.use(openPeople({ stores: bench.stores, now, random: randomBytes }, { rules, services }))
  const { settings: sessionSettings } = bench.parts
  const { places } = sessionSettings

  const alice = await people.ensureUser('alice', { groups: ['physics'] })
  const bob = await people.ensureUser('bob', { groups: [] })
  const root = await people.ensureUser('root-admin', { isAdmin: true })
  const shares = openShares({ stores: bench.stores, now, random: randomBytes, book })
  const physics = await people.findGroup('physics')
  for (const to of [
    { kind: 'user', id: alice.id },
    { kind: 'group', id: physics?.id ?? 0 },
  ] as const)
    await bench.stores.shares.grant({ ownerId: bob.id, serverName: '' }, to, ['access:servers'], now())
  const dana = await people.ensureUser('dana', { groups: ['heads-of-physics'] })
  const erik = await people.ensureUser('erik', { groups: ['heads-of-art'] })
  const [hana, sam, wes] = [
    await people.ensureUser('hana'),
    await people.ensureUser('sam'),
    await people.ensureUser('wes'),
  ]

  const aliceLab = 'alicelab1'
  const run = async (id: string, owner: User, serverName: string) => {
    const tag = `b00${id}01`
    const jobId = bench.cluster.add(tag, owner.name)
    const waiting = { hold: 'none', reason: 'Priority', wait: 'normal', estimatedStartAt: null } as const
    const facts = { state: 'queued', jobId, waiting } as const
    await insertSession(bench, { id, userId: owner.id, userName: owner.name, serverName, facts, jobId, tag })
  }
  if (isBusy) {
    await run('alicemain', alice, '')
    await run(aliceLab, alice, 'lab')
    await run('bobsmain1', bob, '')
  }
  const sessions = await bench.hub({ people })
  const servers = openNamedServers({ store: bench.stores.servers, sessions, rules: { isOn: true, limit: 0 }, now })
  await servers.ensure(alice, 'lab')

  const texts = new Map<string, string>()
  const give = async (caller: CallerName, owner: User, change: Partial<Token>): Promise<void> => {
    const text = randomBytes(16).toString('hex')
    texts.set(caller, text)
    await people.insertToken(text, tokenOf(owner, change))
  }
  await give('expired', alice, { scopes: ['inherit'], expiresAt: now() - 1 })
  texts.set('revoked', randomBytes(16).toString('hex'))
  const taken = await people.insertToken(texts.get('revoked') ?? '', tokenOf(root, { scopes: ['inherit'] }))
  assert.ok(await people.revokeToken(root.id, taken.id))
  await give('orphaned', root, { kind: 'oauth', scopes: ['inherit'], clientId: 'service-gone' })
  await give('alice', alice, { scopes: ['inherit'] })
  await give('aliceNone', alice, { scopes: ['(no_scope)'] })
  // As the session room registers them: the token of a server is known by its session.
  const server = { kind: 'server', scopes: ['users:activity!user', 'access:servers!server'] } as const
  await give('aliceServer', alice, { ...server, sessionId: isBusy ? aliceLab : null })
  await give('bobServer', bob, { ...server, sessionId: isBusy ? 'bobsmain1' : null })
  const issued = { kind: 'oauth', clientId: 'service-whoami' } as const
  await give('aliceOAuth', alice, { ...issued, scopes: [] })
  await give('aliceOAuthMore', alice, { ...issued, scopes: ['read:servers!user', 'admin:users', 'shutdown'] })
  await give('aliceFormer', alice, { scopes: Object.keys(scopeTable) })
  await give('bob', bob, { scopes: ['inherit'] })
  for (const [caller, owner] of Object.entries({
    ofPhysics: dana,
    ofArt: erik,
    ofAlice: hana,
    ofLab: sam,
    ofWhoami: wes,
  }))
    await give(caller as CallerName, owner, { scopes: ['inherit'] })
  await give('admin', root, { scopes: ['inherit'] })
  await give('adminNarrow', root, { scopes: ['list:users', 'read:servers!user=alice'] })
  for (const { name } of services.all) texts.set(name, serviceToken(name))
  const spare = await people.insertToken(randomBytes(16).toString('hex'), tokenOf(alice, { note: 'spare' }))
  await people.upsertClient({
    id: clientIdOf('alice', 'lab'),
    secretHash: hashOf(texts.get('aliceServer') ?? ''),
    redirectUri: `${base}user/alice/lab/oauth_callback`,
    allowedScopes: [],
    description: 'alice’s lab',
    userId: alice.id,
    serverName: 'lab',
  })

  const versions = { jupyterhub: '5.4.5', batchway: '0.1.0' }
  const shared = { base, publicUrl: `${origin}${base}`, origins: [origin], versions, places, xsrfKey }
  const webSettings: WebSettings = {
    ...shared,
    siteName: 'Northfield Computing Centre',
    helpUrl: null,
    helpMail: null,
    announcement: null,
    timeZone: 'Europe/Berlin',
    isDevelopment: true,
    longestTokenSeconds: null,
  }
  const admission = openAdmission(openRules, { people, before: [], after: [] })
  const examineSignIn: ApiDeps['examineSignIn'] = async (subject, claims) => ({
    examined: await admission.examine({ subject, claims, endsAt: null }),
    accounts: [],
  })
  const { announcements, drains } = await openSiteNotices({
    stores: bench.stores,
    clusters: new Map([['main', { title: 'Main cluster' }]]),
    people,
    now,
    nonce: () => 'monday',
  })
  await announcements.publish({ text: 'Maintenance on Monday.', to: { kind: 'everyone' }, until: null }, 'root-admin')
  for (const cluster of [null, 'main']) await drains.begin(cluster, 'Maintenance.', 'root-admin')
  const newId = (): string => randomBytes(16).toString('hex')
  const web = mountWeb({
    theme: noTheme,
    previewJob: async () => ({ command: ['submit'], script: '' }),
    people,
    sessions,
    servers,
    shares,
    announcements,
    drains: { ...drains, check() {} },
    desk: fakeDesk(new Map([['main', 'Main cluster']]), now),
    launcher: fakeLauncher(),
    logins: [],
    hasLinks: true,
    admission,
    describeApi: () => api.describe(),
    reports: { clusters: [], make: (query) => gatherReport(bench.stores.reports, query, Date.now()) },
    examineSignIn,
    tries: openSignInTries(now),
    kept: { remember: async () => {}, find: async () => null, endedThere: async () => 0 },
    settings: webSettings,
    seal: { key: Buffer.alloc(32, 5), iv: () => randomBytes(12) },
    log: silentLogger,
    now,
    nonce: newId,
    audit,
    addressOf: forwardedAddress,
    ensureRoute: async () => {},
    sleep: async () => {},
  })
  const oauth = mountOAuth({
    people,
    services,
    book,
    settings: { ...shared, tokenSeconds: 14 * 86_400 },
    log: silentLogger,
    audit,
    renderPage: renderOAuthPage(webSettings, now, new Map()),
    now,
    newToken: newId,
    newRequestId: newId,
  })
  const deps: ApiDeps = {
    announcements,
    // What a drain refuses is not about who asks.
    drains: { ...drains, check() {} },
    people,
    services,
    shares,
    sessions,
    servers,
    settings: { ...shared, siteId: 'k3fzzzzzz', guardsMetrics: true, maxStreamsPerUser: 3 },
    log: silentLogger,
    audit,
    hub: {
      about: { runtime: 'Node.js', executable: '/opt/node', drivers: ['slurm'], logins: ['link'] },
      listRoutes: async () => new Map(),
      mendRoutes: async () => void deeds.push('mendRoutes'),
      shutDown: async (request) => void deeds.push(request),
    },
    examineSignIn,
    identify: async () => null,
    readiness: async () => ({
      database: true,
      proxy: true,
      schedulers: { answering: 1, silent: 0, oldestAnswerSeconds: null },
    }),
    onRemoval: () => () => {},
    metrics: { contentType: 'text/plain', text: async () => '', observeRequest() {} },
    clusters: [{ key: 'main', title: 'Main cluster', driver: 'slurm' }],
    listProfiles: () => [],
    chooseSpec: async () => sampleSpec(),
    rememberChoice: async () => {},
    now,
    newRequestId: newId,
    // Whoever waits for time to pass has waited enough; nothing is repeated.
    every: (_ms, run) => {
      const once = setImmediate(run)
      return () => clearImmediate(once)
    },
    oauth,
  }
  const routes = listApiRoutes(deps)
  const api = mountApi(deps, routes.map(bend))
  const publicApp = joinPublic({ base, api: api.publicApi, web, follow: undefined, onPage() {}, now })

  const keep = undo.move()
  return {
    people,
    publicApp,
    internalApp: api.internalApi,
    routes,
    names: { token: `a${spare.id}`, session: aliceLab },
    deeds,
    tokenOf: (caller) => texts.get(caller) ?? null,
    async browserOf(name) {
      const user = await people.findUser(name)
      assert.ok(user, name)
      const { signIn, secret } = await people.signIn(user, { way: 'link', address: '', agent: '', endsAt: null })
      const xsrf = issueXsrf(xsrfKey, xsrfBinding(signIn.id), 'n'.repeat(22), now())
      return { headers: { Cookie: `jupyterhub-hub-login=${secret}; _xsrf=${xsrf}` }, xsrf }
    },
    async tokenWith(scopes) {
      const text = newId()
      await people.insertToken(text, tokenOf(root, { scopes }))
      return text
    },
    [Symbol.asyncDispose]: () => keep.disposeAsync(),
  }
}

const tokenOf = (owner: User, change: Partial<Token>) => ({
  kind: 'api' as const,
  userId: owner.id,
  scopes: [],
  note: '',
  clientId: null,
  signInId: null,
  sessionId: null,
  expiresAt: null,
  ...change,
})
