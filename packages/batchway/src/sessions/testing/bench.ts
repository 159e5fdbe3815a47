/** The session room on real stores in memory, with a scheduler, a proxy and a clock that do what the test says. */
import { createHash } from 'node:crypto'
import type { ClaimReply, ClaimRequest, Report } from '@batchway/agent'
import { applicationPlaces } from '../../core/application-hosts.ts'
import type { Logger } from '../../core/logger.ts'
import type { PeopleService, User } from '../../people/people.ts'
import { openPeople } from '../../people/people-service.ts'
import type { Spec } from '../../profiles/spec.ts'
import { openStores, type Stores } from '../../store/stores.ts'
import { deriveCredentials } from '../credentials.ts'
import type { proveKey } from '../prove-key.ts'
import type { ClusterSite, Room } from '../room.ts'
import { openRouteKeeper } from '../route-keeper.ts'
import { openSessions, type SessionService } from '../service.ts'
import type { Session } from '../session.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'
import { type FakeCluster, fakeCluster } from './fake-cluster.ts'
import { type FakeHolds, fakeHolds } from './fake-holds.ts'
import { type FakeProxy, fakeProxy } from './fake-proxy.ts'
import type { Life } from './mortal.ts'

export type RoomParts = Omit<Room, 'apply' | 'subscribe' | 'active' | 'touch'>
export type Said = { readonly level: string; readonly message: string } & Readonly<Record<string, unknown>>

export interface Bench extends AsyncDisposable {
  readonly clock: FakeClock
  readonly stores: Stores
  readonly people: PeopleService
  readonly cluster: FakeCluster
  readonly proxy: FakeProxy
  readonly holds: FakeHolds
  readonly parts: RoomParts
  readonly alice: User
  readonly bob: User
  /** What was logged at `warn` and above. */
  readonly said: Said[]
  /** Does the agent at an address hold the key? Proven unless the test says otherwise. */
  prove: typeof proveKey
  /**
   * A hub on this bench; `changed` parts replace the bench's own. It has adopted what it found, and is disposed with the bench,
   * unless its life is over by then.
   */
  hub(changed?: Partial<RoomParts>, life?: Life): Promise<SessionService>
}

export const sampleSpec = (change: Partial<Spec> = {}): Spec => ({
  profile: { key: 'small', title: 'Small' },
  cluster: 'main',
  clusterTitle: 'Main cluster',
  application: {
    key: 'lab',
    title: 'JupyterLab',
    access: 'hub-aware',
    argv: ['jupyterhub-singleuser', '--port={port}'],
    environment: {},
    directory: '~',
    healthPath: 'api',
    openPath: 'lab',
    modules: [],
    prologue: '',
  },
  resources: { cores: 2, memoryMiB: 1024, gpus: 0, wallSeconds: 3_600 },
  jobOptions: {},
  requeue: false,
  limits: { queueSeconds: null, bootSeconds: 300, readySeconds: 120, stopSeconds: 30 },
  origin: {},
  ...change,
})

export function sampleSite(cluster: FakeCluster): ClusterSite {
  return {
    cluster,
    title: 'Main cluster',
    hubUrl: 'http://login1:8081/hub/api',
    agent: { directory: '/opt/agent/1', node: '/opt/agent/1/node' },
    listen: { address: '0.0.0.0', ports: null },
    advertise: null,
    accountOf: async ({ name }) => name,
    homeOf: async (account) => `/home/${account}`,
  }
}

/** Bytes that differ at each call and are the same in each run. */
function countedRandom(): (bytes: number) => Buffer {
  let count = 0
  return (bytes) => {
    count += 1
    const blocks = Array.from({ length: Math.ceil(bytes / 32) }, (_, block) =>
      createHash('sha256').update(`${count}/${block}`).digest(),
    )
    return Buffer.concat(blocks).subarray(0, bytes)
  }
}

function listeningLogger(said: Said[]): Logger {
  const keep = (level: string) => (fields: object, message: string) => void said.push({ ...fields, level, message })
  const logger: Logger = { debug() {}, info() {}, warn: keep('warn'), error: keep('error'), child: () => logger }
  return logger
}

export interface BenchParts {
  /** Unix milliseconds at which its clock begins. */
  readonly start?: number
  /** See `fakeClock`. */
  readonly turns?: number
  /** Address of a database that stays; one in memory if absent. */
  readonly database?: string
  /** The same bytes in each run if absent. */
  readonly random?: (bytes: number) => Buffer
}

export async function openBench(given: BenchParts = {}): Promise<Bench> {
  await using undo = new AsyncDisposableStack()
  const clock = fakeClock(given.start, given.turns)
  const random = given.random ?? countedRandom()
  const stores = undo.use(await openStores(given.database ?? 'sqlite::memory:', clock.now))
  const people = undo.use(openPeople({ stores, now: clock.now, random }))
  const cluster = fakeCluster()
  const proxy = fakeProxy()
  const holds = fakeHolds()
  const said: Said[] = []
  const log = listeningLogger(said)
  const parts: RoomParts = {
    store: stores.sessions,
    people,
    clusters: new Map([['main', sampleSite(cluster)]]),
    routes: openRouteKeeper(proxy, { path: '/', target: 'http+unix://hub' }, log),
    holds,
    credentials: deriveCredentials(Buffer.alloc(32, 7)),
    settings: {
      base: '/jupyter/',
      origin: 'https://hpc.example.edu',
      places: applicationPlaces({ url: 'https://hpc.example.edu/jupyter/' }),
      instance: '00',
      mark: 'abc',
      heartbeatSeconds: 10,
      hubPatienceSeconds: 1_800,
    },
    log,
    now: clock.now,
    random,
  }
  const [alice, bob] = [await people.ensureUser('alice'), await people.ensureUser('bob')]
  const keep = undo.move()
  const bench: Bench = {
    clock,
    stores,
    people,
    cluster,
    proxy,
    holds,
    parts,
    alice,
    bob,
    said,
    prove: async () => ({ isProven: true }),
    async hub(changed = {}, life) {
      const service = openSessions(
        { ...parts, ...changed },
        {
          sleep: (...args) => (life?.isOver ? new Promise(() => {}) : clock.sleep(...args)),
          prove: (...target) => bench.prove(...target),
        },
      )
      keep.defer(() => (life?.isOver ? undefined : service[Symbol.asyncDispose]()))
      const adopted = service.adopt()
      await (life ? Promise.race([adopted, life.over]) : adopted)
      return service
    },
    [Symbol.asyncDispose]: () => keep.disposeAsync(),
  }
  return bench
}

/** A row with its first attempt, in the state the test wants, as a hub would have left it. */
export async function insertSession(
  { stores, clock, alice, parts }: Bench,
  change: Partial<Omit<Session, 'version'>> & {
    readonly jobId?: string | null
    readonly tag?: string
    /** The scheduler has shown the job under the tag; else its id is only what the submit printed. */
    readonly isShown?: boolean
  } = {},
): Promise<Session> {
  const { jobId, tag, isShown = true, ...columns } = change
  const id = columns.id ?? 'abcdefghj'
  const row: Omit<Session, 'version'> = {
    id,
    userId: alice.id,
    userName: alice.name,
    serverName: '',
    account: alice.name,
    spec: sampleSpec(),
    facts: { state: 'submitting' },
    attempt: 1,
    createdAt: clock.now(),
    submittedAt: null,
    startedAt: null,
    readyAt: null,
    endedAt: null,
    endsAt: null,
    lastActivityAt: null,
    ...columns,
  }
  const at = clock.now()
  await stores.sessions.insert(row, {
    sessionId: id,
    number: 1,
    tag: tag ?? `b00${id}01`,
    secretHash: createHash('sha256').update(parts.credentials.attemptSecret(id, 1)).digest('hex'),
    jobId: null,
    submit: 'prepared',
    submitPid: null,
    submitPidStart: null,
    createdAt: at,
    acceptedAt: null,
    firstSeenAt: null,
    lastSeenAt: null,
    outputPath: `/home/alice/.batchway-${id}.log`,
    agentDirectory: null,
  })
  if (jobId) await stores.sessions.acceptAttempt(id, 1, jobId, at, isShown ? at : undefined)
  return { ...row, version: 1 }
}

/** What an agent sends: one process of one job. */
export interface FakeAgent {
  readonly request: ClaimRequest
  claim(change?: Partial<ClaimRequest>): Promise<ClaimReply>
  /** With the token of the last claim that was won. */
  report(report: Report): Promise<unknown>
}

export const usage = { cpuSeconds: 1, memoryBytes: 2, memoryPeakBytes: 3 }
export const place = { host: 'n1', port: 4_000 }
export const readyReport: Extract<Report, { type: 'ready' }> = { type: 'ready', ...place, pid: 1, startedMs: 5 }
export const beatReport = (change: Partial<Extract<Report, { type: 'heartbeat' }>> = {}): Report => ({
  type: 'heartbeat',
  state: 'ready',
  ...place,
  usage,
  lastActivityAt: null,
  connections: 0,
  ...change,
})
export const exitReport = (change: Partial<Extract<Report, { type: 'exit' }>> = {}): Report => ({
  type: 'exit',
  why: 'application',
  exitCode: 0,
  signal: null,
  log: ['bye'],
  message: '',
  usage,
  ...change,
})

let agents = 0
export function fakeAgent(
  { parts }: Bench,
  hub: Pick<SessionService, 'claim' | 'report'>,
  about: { readonly session: string; readonly jobId: string } & Partial<ClaimRequest>,
): FakeAgent {
  agents += 1
  let token = ''
  const request: ClaimRequest = {
    protocol: 2,
    attempt: 1,
    nonce: agents.toString(16).padStart(32, '0'),
    restart: 0,
    node: 'n1',
    uid: 1_000,
    agentVersion: '0.1.0',
    ...about,
  }
  return {
    request,
    async claim(change = {}) {
      const asked = { ...request, ...change }
      const reply = await hub.claim(parts.credentials.attemptSecret(asked.session, asked.attempt), asked)
      token = reply.claimToken
      return reply
    },
    report: (report) => hub.report(token, report),
  }
}
