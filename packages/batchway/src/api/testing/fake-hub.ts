/** A hub in memory for the tests of this room: three people, their tokens, and a session room that does what it is told. */
import assert from 'node:assert/strict'
import { toJobId } from '@batchway/schedulers'
import { Hono } from 'hono'
import { applicationPlaces } from '../../core/application-hosts.ts'
import { BatchwayError } from '../../core/errors.ts'
import { silentLogger } from '../../core/logger.ts'
import { issueXsrf, xsrfBinding } from '../../core/xsrf.ts'
import { openAnnouncements } from '../../people/announcements.ts'
import type { AuditInput } from '../../people/audit.ts'
import type { Caller, SignIn, Token, User } from '../../people/people.ts'
import type { Removal } from '../../people/removal.ts'
import { openServices, type Service } from '../../people/services.ts'
import { fakeShares } from '../../people/testing/fake-shares.ts'
import type { Spec } from '../../profiles/spec.ts'
import { ClaimRefused } from '../../sessions/claims.ts'
import { openDrains } from '../../sessions/drains.ts'
import { type NamedServerRules, openNamedServers } from '../../sessions/named-servers.ts'
import type { Facts, Session, SessionEvent } from '../../sessions/session.ts'
import type { SchedulerWord } from '../../sessions/sessions.ts'
import { memorySlots } from '../../sessions/testing/memory-slots.ts'
import { memorySettings } from '../../store/testing/memory-settings.ts'
import { mountApi } from '../app.ts'
import type { ApiDeps } from '../deps.ts'
import { fakeAdministration } from './fake-administration.ts'

export const now = 1_700_000_000_000
const xsrfKey = 'x'.repeat(40)

const user = (id: number, name: string, isAdmin = false): User => ({
  id,
  name,
  isAdmin,
  groups: name === 'alice' ? ['physics'] : [],
  createdAt: now - 86_400_000,
  lastActivityAt: now - 60_000,
  preferences: { theme: 'system', contrast: 'normal', lastChoice: null },
})
export const alice = user(1, 'alice')
export const bob = user(2, 'bob')
export const admin = user(3, 'root-admin', true)
export const users: readonly User[] = [alice, bob, admin]

const families = {
  self: [
    'read:users',
    'read:users:name',
    'read:users:groups',
    'read:users:activity',
    'users:activity',
    'servers',
    'start:servers',
    'read:servers',
    'delete:servers',
    'tokens',
    'read:tokens',
    'access:servers',
    'read:shares',
    'users:shares',
    'read:users:shares',
  ],
  admin: [
    'admin:users',
    'list:users',
    'delete:users',
    'admin:servers',
    'admin:server_state',
    'read:roles:users',
    'read:hub',
    'proxy',
    'shutdown',
    'read:metrics',
    'admin:groups',
    'groups',
    'read:groups',
    'read:groups:name',
    'list:groups',
    'delete:groups',
    'read:roles:groups',
    'list:services',
    'read:services',
    'read:services:name',
    'shares',
    'groups:shares',
    'read:groups:shares',
  ],
}
export const scopesOfUser = ({ name, isAdmin }: User): ReadonlySet<string> =>
  new Set(isAdmin ? [...families.self, ...families.admin] : families.self.map((scope) => `${scope}!user=${name}`))
/** What a server's own token is worth. */
export const serverScopes = (name: string, server = ''): ReadonlySet<string> =>
  new Set([
    `users:activity!user=${name}`,
    `read:users:activity!user=${name}`,
    `access:servers!server=${name}/${server}`,
  ])

/** `whoami` has a page, `culler` none. */
export const serviceOf = (name: string): Service => ({
  name,
  url: name === 'whoami' ? 'http://127.0.0.1:10101' : null,
  prefix: name === 'whoami' ? '/services/whoami/' : '',
  isPrefixStripped: false,
  isDisplayed: name === 'whoami',
  info: { contact: 'help@example.edu' },
  roles: name === 'culler' ? ['culls'] : [],
  client: null,
})
/** What the culler's role is worth; whoami has none. */
const serviceScopes = (name: string): readonly string[] =>
  name === 'culler'
    ? [
        'list:users',
        'read:users:name',
        'read:users:activity',
        'read:servers',
        'delete:servers',
        'list:services',
        'read:services:name',
      ]
    : []

export const spec: Spec = {
  profile: { key: 'small', title: 'Small' },
  cluster: 'here',
  clusterTitle: 'here',
  application: {
    key: 'lab',
    title: 'JupyterLab',
    access: 'hub-aware',
    argv: ['jupyterhub-singleuser'],
    environment: { SECRET: 'canary-environment' },
    directory: '~',
    healthPath: 'api',
    openPath: 'lab',
    modules: [],
    prologue: '',
  },
  resources: { cores: 2, memoryMiB: 4096, gpus: 0, wallSeconds: 7200 },
  jobOptions: { partition: 'batch' },
  requeue: false,
  limits: { queueSeconds: null, bootSeconds: 60, readySeconds: 60, stopSeconds: 10 },
  origin: {},
}

const job = toJobId('77')
const claim = { id: 'c'.repeat(32), jobId: job, restart: 0, node: 'n1' }
/** Facts of every state, to build sessions from. */
export const factsOf = {
  submitting: { state: 'submitting' },
  queued: {
    state: 'queued',
    jobId: job,
    waiting: { hold: 'none', reason: 'Priority', wait: 'normal', estimatedStartAt: null },
  },
  starting: { state: 'starting', jobId: job, node: 'n1', claim, paused: false },
  ready: {
    state: 'ready',
    jobId: job,
    node: 'n1',
    claim,
    target: { host: '10.9.8.7', port: 4321 },
    reachable: true,
    paused: false,
  },
  ended: {
    state: 'ended',
    outcome: {
      code: 'rejected',
      words: 'sbatch: error: <b>no</b>',
      exitCode: null,
      signal: null,
      by: null,
      log: [],
      logPlace: null,
      accounting: null,
    },
  },
} as const satisfies Record<string, Facts>

export const sessionOf = (owner: User, facts: Facts, more: Partial<Session> = {}): Session => ({
  id: `s${owner.id}0000000`,
  userId: owner.id,
  userName: owner.name,
  serverName: '',
  account: owner.name,
  spec,
  facts,
  attempt: 1,
  version: 1,
  createdAt: now - 5000,
  submittedAt: facts.state === 'submitting' ? null : now - 4000,
  startedAt: facts.state === 'starting' || facts.state === 'ready' ? now - 3000 : null,
  readyAt: facts.state === 'ready' ? now - 2000 : null,
  endedAt: facts.state === 'ended' ? now - 1000 : null,
  endsAt: null,
  lastActivityAt: null,
  ...more,
})

/** @param base path of the deployment with both slashes. */
export function fakeHub(
  base = '/',
  changed: Partial<ApiDeps['settings']> = {},
  namedServers: NamedServerRules = { isOn: true, limit: 0 },
) {
  const rows = new Map<string, Session>()
  const events = new Map<string, SessionEvent[]>()
  const listeners = new Set<{ userId: number | 'all'; tell: (session: Session) => void }>()
  const audited: AuditInput[] = []
  const removals = new Set<(removal: Removal) => void>()
  const observed: { handler: string; status: number }[] = []
  const calls: { what: string; with: unknown }[] = []
  const timers = new Set<() => void>()
  const tokens = new Map<string, Caller>()
  const cookies = new Map<string, Caller>()
  const note = (what: string, data: unknown): void => {
    calls.push({ what, with: data })
  }
  const active = (userId: number): Session[] =>
    [...rows.values()].filter((row) => row.userId === userId && row.facts.state !== 'ended')

  const put = (session: Session): Session => {
    rows.set(session.id, session)
    for (const { userId, tell } of listeners) if (userId === 'all' || userId === session.userId) tell(session)
    return session
  }

  const signIn = (owner: User): { cookie: string; xsrf: string } => {
    const id = `signin-${owner.id}`
    const given: SignIn = { id, userId: owner.id, way: 'link', createdAt: now - 1000, expiresAt: now + 86_400_000 }
    cookies.set(`login-${owner.name}`, { kind: 'browser', user: owner, signIn: given, scopes: scopesOfUser(owner) })
    const xsrf = issueXsrf(xsrfKey, xsrfBinding(id), 'n'.repeat(22), now)
    return { cookie: `jupyterhub-hub-login=login-${owner.name}; _xsrf=${xsrf}`, xsrf }
  }
  const addToken = (text: string, owner: User, scopes: ReadonlySet<string>, more: Partial<Token> = {}): void => {
    const token: Token = {
      id: tokens.size + 1,
      kind: 'api',
      userId: owner.id,
      scopes: [...scopes],
      note: '',
      clientId: null,
      signInId: null,
      sessionId: null,
      createdAt: now,
      lastActivityAt: null,
      expiresAt: null,
      ...more,
    }
    tokens.set(text, { kind: 'token', user: owner, token, scopes })
  }
  const services = openServices(['whoami', 'culler'].map((name) => ({ service: serviceOf(name), tokenHash: name })))
  for (const service of services.all)
    tokens.set(`token-${service.name}`, { kind: 'service', service, scopes: new Set(serviceScopes(service.name)) })
  for (const each of users) {
    addToken(`token-${each.name}`, each, scopesOfUser(each))
    addToken(`server-${each.name}`, each, serverScopes(each.name), { kind: 'server', sessionId: `run-of-${each.name}` })
  }

  const words = new Map<string, SchedulerWord>()
  const health: Mutable<ReturnType<ApiDeps['sessions']['clusterHealth']>> = {
    lastAnswerAt: now,
    failingSince: null,
    words: null,
  }
  const servers = openNamedServers({
    store: memorySlots(),
    sessions: { listActiveOf: (userId) => deps.sessions.listActiveOf(userId) },
    rules: namedServers,
    now: Date.now,
  })
  const store = memorySettings()
  let announced = 0
  const deps: ApiDeps = {
    announcements: openAnnouncements({
      store,
      before: [],
      clusters: new Set(['here']),
      isKnown: async (name) => users.some((each) => each.name === name),
      now: () => now,
      newId: () => `a${++announced}`,
    }),
    drains: openDrains({ store, before: [], clusters: new Map([['here', 'Here']]), now: () => now }),
    servers,
    shares: fakeShares(note),
    examineSignIn: async (subject) => ({
      examined:
        subject === 'eve'
          ? { decision: { kind: 'refused', words: 'Not open to you.' }, trail: ['not allowed'] }
          : {
              decision: { kind: 'admitted', name: subject, isAdmin: null, groups: ['hpc'], claims: {} },
              trail: [`the user is ${subject}`],
            },
      accounts: [],
    }),
    people: {
      ...fakeAdministration(users, note),
      callerOfToken: async (text) => tokens.get(text) ?? { kind: 'anonymous' },
      touchUser: (id, at) => note('touchUser', { id, at }),
      callerOfCookie: async (text) => cookies.get(text) ?? { kind: 'anonymous' },
    },
    services,
    sessions: {
      async start(owner, serverName, chosen) {
        note('start', { owner: owner.name, serverName })
        return put(sessionOf(owner, factsOf.submitting, { id: `new${rows.size}`, serverName, spec: chosen }))
      },
      async stop(id, by) {
        note('stop', { id, by })
        const row = rows.get(id)
        if (!row) throw new BatchwayError('session_not_found', 'No such session.')
        const because = { ...factsOf.ended.outcome, code: 'stopped-by-user', words: null, by } as const
        return put({ ...row, facts: { state: 'stopping', jobId: job, claim: null, because } })
      },
      find: async (id) => rows.get(id) ?? null,
      findActive: async (userId, name) => active(userId).find((row) => row.serverName === name) ?? null,
      findLatest: async (userId, name) =>
        [...rows.values()].findLast((row) => row.userId === userId && row.serverName === name) ?? null,
      listActiveOf: async (userId) => active(userId),
      listActiveOfUsers: async (ids) => [...ids].flatMap(active),
      listEndedOf: async (userId, limit, before = Number.POSITIVE_INFINITY) =>
        [...rows.values()]
          .filter((row) => row.userId === userId && row.endedAt !== null && row.endedAt < before)
          .sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0))
          .slice(0, limit),
      countEndedOf: async (userId) =>
        [...rows.values()].filter((row) => row.userId === userId && row.endedAt !== null).length,
      listEvents: async (id, after = 0) => (events.get(id) ?? []).filter((event) => event.seq > after),
      touch: async (id, at) => note('touch', { id, at }),
      subscribe(userId, tell) {
        const entry = { userId, tell }
        listeners.add(entry)
        return () => listeners.delete(entry)
      },
      clusterHealth: () => health,
      lastWord: (id) => words.get(id) ?? null,
      async claim(secret, request) {
        note('claim', request)
        for (const code of ['superseded', 'ended', 'forbidden', 'protocol', 'later'] as const)
          if (secret === code) throw new ClaimRefused(code, `It is ${code}.`)
        if (secret === 'down') throw new BatchwayError('scheduler_unavailable', 'No answer.')
        if (secret === 'crash') throw new Error('canary-inside')
        assert.equal(secret, 'secret')
        return {
          claimToken: 'ct',
          psk: { identity: 'i', key: '00' },
          heartbeatSeconds: 10,
          listen: { address: '0.0.0.0', ports: null, advertise: null },
          application: { ...spec.application, prefix: '/user/alice/', gate: null },
          readySeconds: 60,
          stopSeconds: 10,
          endsAt: null,
        }
      },
      async report(token, report) {
        note('report', report)
        if (token !== 'ct') throw new BatchwayError('gone', 'The claim was revoked.')
        return { order: 'continue', endsAt: null }
      },
      announcePort: async (id, port) => {
        note('announcePort', { id, port })
        if (port === 999) throw new BatchwayError('session_busy', 'It is not starting.')
      },
    },
    settings: {
      base,
      publicUrl: `https://hub.example${base}`,
      places: applicationPlaces({ url: `https://hub.example${base}` }),
      origins: ['https://hub.example'],
      versions: { jupyterhub: '5.4.5', batchway: '0.1.0' },
      siteId: 'k3fzzzzzz',
      guardsMetrics: true,
      xsrfKey,
      maxStreamsPerUser: 3,
      ...changed,
    },
    hub: {
      about: { runtime: 'Node.js v24', executable: '/opt/node', drivers: ['local'], logins: ['pam', 'link'] },
      listRoutes: async () =>
        new Map<string, { target: string }>([
          [
            `${base}user/alice`,
            Object.assign(
              { target: 'https://n1:4321', user: 'alice', server_name: '' },
              { psk: { identity: 'canary-psk' }, last_activity: 'x' },
            ),
          ],
          [base, { target: 'http+unix://hub' }],
        ]),
      mendRoutes: async () => note('mendRoutes', {}),
      shutDown: async (request) => note('shutDown', request),
    },
    identify: async ({ username, password }) => {
      const found = users.find(({ name }) => name === username && password === 'right')
      return found === undefined ? null : { user: found, way: 'pam' }
    },
    log: silentLogger,
    audit: async (entry) => void audited.push(entry),
    onRemoval(listener) {
      removals.add(listener)
      return () => removals.delete(listener)
    },
    readiness: async () => ({
      database: true,
      proxy: true,
      schedulers: { answering: 1, silent: 0, oldestAnswerSeconds: 2 },
    }),
    metrics: {
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      text: async () => '# nothing is counted here\n',
      observeRequest: (request) => void observed.push(request),
    },
    clusters: [{ key: 'here', title: 'Here', driver: 'local' }],
    listProfiles: () => [{ key: 'small', title: 'Small', description: '', cluster: 'here', application: 'JupyterLab' }],
    async chooseSpec(owner, options) {
      note('chooseSpec', { owner: owner.name, options })
      if (options?.profile === 'wrong') throw new BatchwayError('invalid_choice', 'No such profile.')
      return spec
    },
    async rememberChoice(owner, { profile }) {
      note('rememberChoice', { owner: owner.name, profile: profile.key })
    },
    now: () => now,
    newRequestId: () => 'request-1',
    every(_ms, run) {
      timers.add(run)
      return () => timers.delete(run)
    },
    oauth: { publicOAuth: new Hono(), internalOAuth: new Hono() },
  }
  const apps = mountApi(deps)
  return {
    deps,
    servers,
    ...apps,
    put,
    rows,
    events,
    calls,
    audited,
    removals,
    observed,
    tokens,
    cookies,
    addToken,
    signIn,
    listeners,
    timers,
    health,
    words,
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
export type FakeHub = ReturnType<typeof fakeHub>

export const bearer = (text: string): RequestInit => ({ headers: { Authorization: `token ${text}` } })

export async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  const body: unknown = await response.json()
  assert.ok(typeof body === 'object' && body !== null)
  return { ...body }
}
