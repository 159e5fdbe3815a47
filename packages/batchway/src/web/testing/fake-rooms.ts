/** In-memory stand-ins for the rooms below, for the tests of the pages. They keep promises, not data. */
import { type JobId, toJobId } from '@batchway/schedulers'
import { BatchwayError } from '../../core/errors.ts'
import type { Caller, SignIn, Token, User } from '../../people/people.ts'
import { type Field, type Given, InvalidChoices, type Launcher, type ProfileCard } from '../../profiles/launch-model.ts'
import type { Spec } from '../../profiles/spec.ts'
import type { LastUsage } from '../../sessions/reports.ts'
import type { SessionService } from '../../sessions/service.ts'
import type { Facts, Outcome, Session, SessionEvent } from '../../sessions/session.ts'
import type { SchedulerWord, Sessions } from '../../sessions/sessions.ts'
import type { WebDependencies } from '../web-room.ts'

/** Thu 19 Nov 2026, 13:42:10 in Berlin. */
export const noon = Date.parse('2026-11-19T12:42:10Z')
const minute = 60_000
const refuse = (): never => {
  throw new Error('not part of these tests')
}

export const spec: Spec = {
  profile: { key: 'lab', title: 'JupyterLab, small' },
  cluster: 'larch',
  clusterTitle: 'larch',
  application: {
    key: 'jupyter',
    title: 'JupyterLab',
    access: 'hub-aware',
    argv: ['jupyterhub-singleuser'],
    environment: {},
    directory: '~',
    healthPath: 'api',
    openPath: 'lab',
    modules: [],
    prologue: '',
  },
  resources: { cores: 4, memoryMiB: 16_384, gpus: 0, wallSeconds: 4 * 3600 },
  jobOptions: { partition: 'batch' },
  requeue: false,
  limits: { queueSeconds: null, bootSeconds: 300, readySeconds: 120, stopSeconds: 30 },
  origin: {},
}

export const outcome: Outcome = {
  code: 'out-of-memory',
  words: 'slurmstepd: error: Detected 1 oom_kill event in StepId=884102.batch',
  exitCode: 137,
  signal: null,
  by: null,
  log: ['[I 11:25:41] Saving file at /catchment/stats.ipynb', '[W 11:26:09] Kernel 91ab died: signal 9'],
  logPlace: 'n042:/home/alice/.batchway/884102.log',
  accounting: { kind: 'out-of-memory', words: 'OUT_OF_MEMORY', host: 'n042', maxMemoryMiB: 16_384 },
}

export const jobId: JobId = toJobId('884213')
const claim = { id: 'c', jobId, restart: 0, node: 'n017' }
const waiting = { hold: 'none', reason: 'Priority', wait: 'normal', estimatedStartAt: noon + 23 * minute } as const

/** One of each state, with the times that belong to it. */
export const factsOf = {
  submitting: { state: 'submitting' },
  queued: { state: 'queued', jobId, waiting },
  starting: { state: 'starting', jobId, node: 'n017', claim, paused: false },
  ready: {
    state: 'ready',
    jobId,
    node: 'n017',
    claim,
    target: { host: 'n017', port: 40_001 },
    reachable: true,
    paused: false,
  },
  stopping: { state: 'stopping', jobId, claim, because: { ...outcome, code: 'stopped-by-user' } },
  ended: { state: 'ended', outcome },
} as const satisfies { readonly [S in Facts['state']]: Extract<Facts, { state: S }> }

export function makeSession(id: string, owner: User, facts: Facts, more: Partial<Session> = {}): Session {
  const order = ['submitting', 'queued', 'starting', 'ready', 'stopping', 'ended']
  const reached = order.indexOf(facts.state)
  const asked = noon - 105 * minute
  return {
    id,
    userId: owner.id,
    userName: owner.name,
    serverName: '',
    account: owner.name,
    spec,
    facts,
    attempt: 1,
    version: 1,
    createdAt: asked,
    submittedAt: reached >= 1 ? asked + 500 : null,
    startedAt: reached >= 2 ? asked + 112_500 : null,
    readyAt: reached >= 3 ? asked + 122_400 : null,
    endedAt: facts.state === 'ended' ? noon - 20 * minute : null,
    endsAt: reached >= 3 ? noon + 138 * minute : null,
    lastActivityAt: null,
    ...more,
  }
}

export function makeUser(id: number, name: string, preferences: Partial<User['preferences']> = {}): User {
  return {
    id,
    name,
    isAdmin: false,
    groups: [],
    createdAt: 0,
    lastActivityAt: null,
    preferences: { theme: 'system', contrast: 'normal', lastChoice: null, ...preferences },
  }
}

type WebPeople = WebDependencies['people']

export interface FakePeople extends WebPeople {
  readonly links: Map<string, string>
  readonly signIns: Map<string, SignIn>
  /** By id. */
  readonly tokens: Map<number, Token>
  /** Scopes that nobody has. */
  readonly withheld: Set<string>
  /** Scopes that everybody has, too. */
  readonly granted: Set<string>
}

export const makeToken = (id: number, owner: User, more: Partial<Token> = {}): Token => ({
  id,
  kind: 'api',
  userId: owner.id,
  scopes: ['inherit'],
  note: '',
  clientId: null,
  signInId: null,
  sessionId: null,
  createdAt: noon - 60 * minute,
  lastActivityAt: null,
  expiresAt: null,
  ...more,
})

/** As a server says of itself. */
const applicationOf = (clientId: string): string => `Server of ${clientId}`

export function fakePeople(users: Map<string, User>, now: () => number): FakePeople {
  const links = new Map<string, string>()
  const signIns = new Map<string, SignIn>()
  const tokens = new Map<number, Token>()
  const withheld = new Set<string>()
  const granted = new Set<string>()
  const groupNames = () => [...new Set([...users.values()].flatMap(({ groups }) => groups))].sort()
  const byId = (id: number) => [...users.values()].find((user) => user.id === id) ?? null
  return {
    links,
    signIns,
    tokens,
    withheld,
    granted,
    findUser: async (name) => users.get(name) ?? null,
    findUserById: async (id) => byId(id),
    ensureUser: async (name) => {
      if (!/^[a-z][a-z0-9]*$/.test(name)) throw new BatchwayError('invalid_choice', `“${name}” cannot be a user name.`)
      const user = users.get(name) ?? makeUser(users.size + 1, name)
      users.set(name, user)
      return user
    },
    savePreferences: async (id, change) => {
      const user = byId(id)
      if (user !== null) users.set(user.name, { ...user, preferences: { ...user.preferences, ...change } })
    },
    createLink: async (name) => {
      const secret = `link-${links.size}-${name}`
      links.set(secret, name)
      return secret
    },
    peekLink: async (secret) => {
      const userName = links.get(secret)
      return userName === undefined ? null : { userName }
    },
    redeemLink: async (secret) => {
      const name = links.get(secret)
      links.delete(secret)
      return name === undefined ? null : (users.get(name) ?? null)
    },
    signIn: async (user, { way }) => {
      const id = `sid${signIns.size}x${user.id}`
      const signIn = { id, userId: user.id, way, createdAt: now(), expiresAt: now() + 14 * 86_400_000 }
      signIns.set(`secret-${id}`, signIn)
      return { signIn, secret: `secret-${id}` }
    },
    signOut: async (id) => void signIns.delete(`secret-${id}`),
    callerOfCookie: async (secret): Promise<Caller> => {
      const signIn = signIns.get(secret)
      const user = signIn === undefined ? null : byId(signIn.userId)
      if (signIn === undefined || user === null) return { kind: 'anonymous' }
      const scopes = new Set(
        user.isAdmin
          ? [
              'access:servers',
              'read:servers',
              'tokens',
              'read:tokens',
              'admin-ui',
              'admin:users',
              'list:users',
              'read:users:name',
              'admin:servers',
              'delete:servers',
              'start:servers',
            ]
          : ['access:servers', 'read:servers', 'tokens', 'read:tokens'].map((name) => `${name}!user=${user.name}`),
      )
      return {
        kind: 'browser',
        user,
        signIn,
        scopes: new Set([...scopes, ...granted].filter((scope) => !withheld.has(scope))),
      }
    },
    callerOfToken: async () => ({ kind: 'anonymous' }),
    searchUsers: async ({ offset, limit, sort, isDescending, state, nameHas, among }) => {
      const sign = isDescending ? -1 : 1
      const meant = [...users.values()]
        .filter(({ name }) => nameHas === null || name.includes(nameHas))
        .filter(
          ({ name, groups }) =>
            among === null || among.users.includes(name) || groups.some((group) => among.groups.includes(group)),
        )
        .sort(
          (a, b) =>
            sign *
            (sort === 'last_activity' ? (a.lastActivityAt ?? 0) - (b.lastActivityAt ?? 0) : a.name < b.name ? -1 : 1),
        )
      if (state !== null && state !== 'inactive') throw new Error('not part of these tests')
      return { users: meant.slice(offset, offset + limit), total: meant.length }
    },
    findGroup: async (name) => {
      const at = groupNames().indexOf(name)
      return at < 0 ? null : { id: at, name, properties: {} }
    },
    membersOf: async (ids) =>
      new Map(
        ids.map((id) => {
          const name = groupNames()[id] ?? ''
          return [id, [...users.values()].filter(({ groups }) => groups.includes(name)).map((user) => user.name)]
        }),
      ),
    insertToken: refuse,
    revokeTokensOfSession: refuse,
    revokeClient: refuse,
    upsertClient: refuse,
    findClient: refuse,
    createCode: refuse,
    redeemCode: refuse,
    createToken: async (owner, { scopes, note, expiresAt }, grantedBy) => {
      const wrong = scopes?.find((scope) => !grantedBy.has(scope))
      if (wrong !== undefined)
        throw new BatchwayError('bad_request', `There is no scope ${JSON.stringify(wrong)}.`, { field: 'scopes' })
      const id = tokens.size + 1
      const token = makeToken(id, owner, { scopes: scopes ?? ['inherit'], note, expiresAt, createdAt: now() })
      tokens.set(id, token)
      return { token, text: `5ec4e7${String(id).padStart(58, '0')}` }
    },
    describeTokens: async ({ id }) =>
      [...tokens.values()]
        .filter(({ userId, expiresAt }) => userId === id && (expiresAt ?? Number.POSITIVE_INFINITY) > now())
        .map((token) => ({
          token,
          scopes: token.scopes,
          application: token.clientId && applicationOf(token.clientId),
        })),
    revokeToken: async (userId, id) => {
      const token = tokens.get(id)
      if (token?.userId !== userId) return false
      for (const each of [...tokens.values()])
        if (each.userId === userId && (each === token || (each.clientId ?? '-') === token.clientId))
          tokens.delete(each.id)
      return true
    },
  }
}

export interface FakeSessions extends Sessions, Pick<SessionService, 'usageOf'> {
  readonly rows: Map<string, Session>
  /** History by session id. */
  readonly events: Map<string, readonly SessionEvent[]>
  /** Last known use by session id. */
  readonly usage: Map<string, LastUsage>
  /** Change a row and tell everyone who listens. */
  put(session: Session): void
  health: ReturnType<Sessions['clusterHealth']>
  /** The scheduler's last word by session id. */
  readonly words: Map<string, SchedulerWord>
}

export function fakeSessions(now: () => number): FakeSessions {
  const rows = new Map<string, Session>()
  const listeners = new Set<(session: Session) => void>()
  const all = () => [...rows.values()]
  const isActive = ({ facts }: Session) => facts.state !== 'ended'
  const of = (userId: number, server: string) => (s: Session) => s.userId === userId && s.serverName === server
  const endedOf = (userId: number) => all().filter((s) => s.userId === userId && !isActive(s))
  const put = (session: Session) => {
    rows.set(session.id, session)
    for (const listener of listeners) listener(session)
  }
  const events = new Map<string, readonly SessionEvent[]>()
  const fake: FakeSessions = {
    rows,
    events,
    usage: new Map(),
    put,
    words: new Map(),
    health: { lastAnswerAt: noon, failingSince: null, words: null },
    start: async (owner, serverName, chosen) => {
      if (all().some((s) => of(owner.id, serverName)(s) && isActive(s)))
        throw new BatchwayError('session_busy', 'The server is already starting.')
      const started = makeSession(`s${rows.size + 1}`, owner, factsOf.submitting, {
        serverName,
        spec: chosen,
        createdAt: now(),
      })
      put(started)
      return started
    },
    stop: async (id) => {
      const session = rows.get(id)
      if (session === undefined) throw new BatchwayError('session_not_found', 'No such session.')
      if (isActive(session)) put({ ...session, facts: factsOf.stopping, version: session.version + 1 })
      return rows.get(id) ?? session
    },
    find: async (id) => rows.get(id) ?? null,
    findActive: async (userId, server) => all().find((s) => of(userId, server)(s) && isActive(s)) ?? null,
    findLatest: async (userId, server) => all().filter(of(userId, server)).at(-1) ?? null,
    listActiveOf: async (userId) => all().filter((s) => s.userId === userId && isActive(s)),
    listActiveOfUsers: async (ids) => all().filter((s) => ids.has(s.userId) && isActive(s)),
    listActive: async () => all().filter(isActive),
    listEndedOf: async (userId, limit, before = Number.POSITIVE_INFINITY) =>
      endedOf(userId)
        .filter((s) => (s.endedAt ?? 0) < before)
        .sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0))
        .slice(0, limit),
    countEndedOf: async (userId) => endedOf(userId).length,
    listEvents: async (id) => events.get(id) ?? [],
    touch: async () => {},
    subscribe: (userId, listener) => {
      const mine = (session: Session) => {
        if (userId === 'all' || userId === session.userId) listener(session)
      }
      listeners.add(mine)
      return () => void listeners.delete(mine)
    },
    clusterHealth: () => fake.health,
    lastWord: (id) => fake.words.get(id) ?? null,
    usageOf: (id) => fake.usage.get(id),
    claim: refuse,
    report: refuse,
    announcePort: refuse,
  }
  return fake
}

export const profiles: readonly ProfileCard[] = [
  {
    key: 'lab',
    title: 'JupyterLab, small',
    description: null,
    application: 'JupyterLab',
    cluster: 'larch',
    place: 'batch',
    resources: spec.resources,
  },
  {
    key: 'gpu',
    title: 'JupyterLab with a GPU',
    description: 'For training; ask for no more time than you need.',
    application: 'JupyterLab',
    cluster: 'larch',
    place: 'gpu',
    resources: { cores: 16, memoryMiB: 122_880, gpus: 1, gpuType: 'a100', wallSeconds: 8 * 3600 },
  },
  {
    key: 'local',
    title: 'On this machine',
    description: 'Starts at once, for small things.',
    application: 'JupyterLab',
    cluster: 'local',
    place: null,
    resources: { cores: 1, memoryMiB: 2048, gpus: 0, wallSeconds: 3600 },
  },
]

const hours = (text: string): number => {
  const [whole = 0, minutes = 0] = text.split(':').map(Number)
  return whole + minutes / 60
}

/** What a profile asks for with these values. */
function sized({ key, resources }: ProfileCard, { memory, walltime }: Readonly<Record<string, string>>) {
  if (key === 'local') return resources
  const memoryMiB = memory === undefined ? resources.memoryMiB : Number(memory) * 1024
  return {
    ...resources,
    memoryMiB,
    wallSeconds: walltime === undefined ? resources.wallSeconds : hours(walltime) * 3600,
  }
}

/** Three profiles; `memory` over 180 is wrong, the profile `local` has no fields. */
export function fakeLauncher(cards: readonly ProfileCard[] = profiles): Launcher {
  const fieldsOf = (card: ProfileCard, given: Readonly<Record<string, string>>): readonly Field[] => {
    if (card.key === 'local') return []
    const none = { min: null, max: null, unit: null, choices: [], hint: null, error: null }
    const memory = given.memory ?? String(card.resources.memoryMiB / 1024)
    return [
      {
        ...none,
        name: 'cores',
        label: 'Cores',
        kind: 'integer',
        value: given.cores ?? String(card.resources.cores),
        min: '1',
        max: '36',
        hint: '1 to 36: a session runs on one node, and a node of batch has 36 cores.',
      },
      {
        ...none,
        name: 'memory',
        label: 'Memory',
        kind: 'memory',
        value: memory,
        max: '180',
        unit: 'GB',
        hint: '1 to 180 GB.',
        error: Number(memory) > 180 ? `${memory} GB is more than a node of batch has. Ask for 180 GB or less.` : null,
      },
      {
        ...none,
        name: 'walltime',
        label: 'Time',
        kind: 'duration',
        value: given.walltime ?? '4:00',
        max: '24:00',
        unit: 'hours:minutes',
        hint: '0:10 to 24:00, the limit of batch.',
        error: hours(given.walltime ?? '4:00') > 24 ? 'More than 24:00.' : null,
      },
      {
        ...none,
        name: 'partition',
        label: 'Partition',
        kind: 'choice',
        value: given.partition ?? 'batch',
        choices: [
          { value: 'debug', label: 'debug: up to 30 min' },
          { value: 'batch', label: 'batch: up to 24 h' },
        ],
      },
    ]
  }
  const find = (key: string) => cards.find((card) => card.key === key)
  return {
    list: async () => cards,
    form: async (_user, key, given = {}) => {
      const profile = find(key)
      return profile === undefined
        ? null
        : { profile, resources: sized(profile, given), fields: fieldsOf(profile, given) }
    },
    choose: async (_user, given) => {
      const profile = find(given.profile)
      if (profile === undefined) throw new InvalidChoices({ profile: 'That profile is not offered to you.' })
      const wrong = fieldsOf(profile, given.fields).flatMap(({ name, error }) =>
        error ? [[name, error] as const] : [],
      )
      if (wrong.length > 0) throw new InvalidChoices(Object.fromEntries(wrong))
      return { ...spec, profile: { key: profile.key, title: profile.title }, resources: sized(profile, given.fields) }
    },
    recall: async (_user, { profile, resources: { memoryMiB, wallSeconds } }): Promise<Given | null> => {
      const fields = { cores: '4', memory: String(memoryMiB / 1024), walltime: `${wallSeconds / 3600}:00` }
      return find(profile.key) === undefined
        ? null
        : { profile: profile.key, fields: profile.key === 'local' ? {} : fields }
    },
  }
}
