/**
 * A site for fault tests: the real command with the real Slurm and the local cluster, whose only application answers at once and counts
 * its own starts, and whose scheduler commands can be told to fail.
 */
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { findAccount } from '../../../packages/batchway/src/cli/start/served-account.ts'
import type { SessionView } from './api.ts'
import { programText, startAs, type Watched } from './as-person.ts'
import { lockInstance } from './instance-lock.ts'
import { isAlive } from './is-alive.ts'
import { slurmJobsLike } from './machine-check.ts'
import { openSchedulerCommands, type SchedulerCommands } from './scheduler-commands.ts'
import { openSite, type Site } from './site.ts'
import { until } from './until.ts'
import { type Answer, serverResource, type Visitor, visitorOf } from './visitor.ts'

const program = '/var/tmp/batchway-bench/stub-app.py'
const users = ['alice', 'bob'] as const
export type StubUser = (typeof users)[number]

export interface Start {
  readonly pid: number
  readonly job: string
  /** Path of the server: `/user/alice/one/`. */
  readonly prefix: string
}

export interface StubSite extends AsyncDisposable {
  readonly site: Site
  readonly instance: string
  readonly commands: SchedulerCommands
  /** Ids of jobs that an earlier site of this instance left in Slurm's memory. */
  readonly earlierJobs: ReadonlySet<string>
  visitor(user: StubUser): Visitor
  /** Every start of an application, by the application's own word. */
  starts(user: StubUser): Start[]
  startsOf(session: SessionView): Start[]
  /** Start the application of a session once more, as nobody should; it goes on until disposal. */
  startByHand(session: SessionView): Watched
  /** The credentials that a started application was given. */
  tokenOf(user: StubUser, pid: number): string
  /** The file that lets applications of the profile `gated` answer. */
  readonly gate: { open(): void; close(): void }
  /** Ask for a session; a hub that is away is asked again. @returns null if the hub died before it wrote anything down. */
  request(user: StubUser, server: string, profile: string): Promise<Answer | null>
  /** The newest session of a server; null if it never had one. Waits for a hub that is away. */
  session(user: StubUser, server: string): Promise<SessionView | null>
  sessions(user: StubUser): Promise<SessionView[]>
  events(session: SessionView): Promise<{ type: string; at: string; data: Record<string, unknown> }[]>
  untilIs(
    user: StubUser,
    server: string,
    what: string,
    test: (session: SessionView) => boolean,
    limitMs?: number,
  ): Promise<SessionView>
  untilState(user: StubUser, server: string, state: SessionView['state'], limitMs?: number): Promise<SessionView>
  /** Press Stop or Cancel, as often as it takes to get an answer. */
  stop(session: SessionView): Promise<void>
  /** Text of a page below `hub/`, as its owner's browser gets it. */
  page(user: StubUser, path: string): Promise<string>
  /** What the API says of a cluster. */
  clusterHealth(
    user: StubUser,
    cluster: string,
  ): Promise<{ last_answer: string | null; failing_since: string | null; words: string | null }>
  /** What the session's own page answers to its owner, through the proxy. */
  open(session: SessionView): Promise<Answer>
  /** Rows of the store, read beside the hub. */
  rows<T extends Record<string, unknown>>(sql: string, ...values: (string | number)[]): T[]
  /** `kill -9` of the hub; nobody starts it again before the returned function is called, which waits until it listens. */
  killHub(): Promise<() => Promise<void>>
}

export interface StubSiteOptions {
  readonly instance: string
  /** See `openSite`. */
  readonly inside?: readonly string[]
  /** See `openSite`. */
  readonly program?: string
  readonly change?: (config: Record<string, unknown>) => void
  /** Additional profiles; cluster `slurm` and application `stub` unless they say otherwise. */
  readonly profiles?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

export async function openStubSite({
  instance,
  inside,
  program: installed,
  change,
  profiles = {},
}: StubSiteOptions): Promise<StubSite> {
  await using onFailure = new AsyncDisposableStack()
  onFailure.use(await lockInstance(instance))
  const earlierJobs = new Set(slurmJobsLike(`b${instance}`).map(({ id }) => id))
  const commands = onFailure.use(openSchedulerCommands(instance))
  const folder = folderName(instance)
  for (const user of users) onFailure.use(folderOf(user, instance))
  const gateFolder = `/var/tmp/batchway-bench/gate-${instance}`
  mkdirSync(gateFolder, { recursive: true, mode: 0o755 })
  onFailure.defer(() => rmSync(gateFolder, { recursive: true, force: true }))
  const gateFile = join(gateFolder, 'open')
  // Other sites may start it at this moment.
  writeFileSync(`${program}.${process.pid}`, programText('stub-app.py'), { mode: 0o644 })
  chmodSync(`${program}.${process.pid}`, 0o644)
  renameSync(`${program}.${process.pid}`, program)

  const command = ['/usr/bin/python3', '-I', '-S', program, '{port}', folder, '{prefix}']
  const site = onFailure.use(
    await openSite({
      instance,
      ...(inside && { inside }),
      ...(installed !== undefined && { program: installed }),
      change(config) {
        const clusters = config.clusters as Record<string, Record<string, unknown>>
        Object.assign(clusters.slurm ?? {}, { settings: { commandDirectory: commands.directory } })
        config.applications = {
          stub: { kind: 'jupyterhub-singleuser', title: 'Stub', command },
          gated: { kind: 'jupyterhub-singleuser', title: 'Gated stub', command: [...command, gateFile] },
        }
        const standard: Record<string, object> = {
          stub: {},
          gated: { application: 'gated', limits: { ready: '1h' } },
          here: { cluster: 'local' },
          'here-gated': { cluster: 'local', application: 'gated', limits: { ready: '1h' } },
        }
        config.profiles = Object.entries({ ...standard, ...profiles }).map(([key, own]) => {
          const cluster = 'cluster' in own ? own.cluster : 'slurm'
          return {
            key,
            title: key,
            cluster,
            application: 'stub',
            resources: { cores: 1, memory: '300M', walltime: '20m' },
            ...(cluster === 'slurm' && { options: { partition: 'debug' } }),
            ...own,
          }
        })
        change?.(config)
      },
    }),
  )
  const visitors = new Map<string, Visitor>()
  for (const user of users) visitors.set(user, await visitorOf(site, user))
  const kept = onFailure.move()

  const visitor = (user: StubUser): Visitor => {
    const found = visitors.get(user)
    if (!found) throw new Error(`nobody signed in as ${user}`)
    return found
  }
  const fileOf = (user: StubUser, name: string): string =>
    readFileSync(join(findAccount(user)?.home ?? '/', folder, name), 'utf8')

  /** One request; a hub that is away is no answer. */
  async function ask(user: StubUser, path: string, method = 'GET', body?: string): Promise<Answer | null> {
    const answer = await visitor(user)
      .api(path, { method, ...(body !== undefined && { body }) })
      .catch(() => null)
    return answer === null || answer.status === 503 || answer.status === 502 ? null : answer
  }

  async function read<T>(user: StubUser, path: string): Promise<T> {
    const answer = await until(`the hub answers ${path}`, () => ask(user, path))
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.body}`)
    return JSON.parse(answer.body)
  }

  const sessions = async (user: StubUser): Promise<SessionView[]> =>
    (await read<{ items: SessionView[] }>(user, `/users/${user}/sessions?limit=200`)).items

  /** What hub and store tell of a session, for who reads about a failure. */
  function story(session: SessionView | null): string {
    const lines = site.log().trimEnd().split('\n')
    if (session === null) return lines.slice(-40).join('\n')
    const rows = ['session_event', 'attempt', 'claim'].flatMap((table) =>
      self
        .rows(`select * from ${table} where session_id = ?`, session.id)
        .map((row) => `${table} ${JSON.stringify(row)}`),
    )
    return [...lines.filter((line) => line.includes(session.id)).slice(-40), ...rows, ...lines.slice(-15)].join('\n')
  }

  const self: StubSite = {
    site,
    instance,
    commands,
    earlierJobs,
    visitor,
    starts: (user) =>
      readStarts(() => fileOf(user, 'starts')).map((line) => {
        const [pid = '', job = '', prefix = ''] = line.split(' ')
        return { pid: Number(pid), job, prefix }
      }),
    startsOf: (session) => self.starts(session.user as StubUser).filter(({ prefix }) => prefix === session.url),
    startByHand: ({ user, url }) =>
      startAs(user, 'stub-app.py', '0', join(findAccount(user)?.home ?? '/', folder), url),
    tokenOf: (user, pid) => fileOf(user, `token-${pid}`),
    gate: { open: () => writeFileSync(gateFile, ''), close: () => rmSync(gateFile, { force: true }) },
    request: (user, server, profile) =>
      ask(user, serverResource(user, server), 'POST', JSON.stringify({ user_options: { profile } })),
    sessions,
    session: async (user, server) => (await sessions(user)).find((one) => one.server === server) ?? null,
    events: ({ id, user }) => read(user as StubUser, `/users/${user}/sessions/${id}/events`),
    async untilIs(user, server, what, test, limitMs = 60_000) {
      let last: SessionView | null = null
      try {
        return await until(
          `${server} is ${what}`,
          async () => {
            last = await self.session(user, server)
            return last !== null && test(last) ? last : null
          },
          limitMs,
        )
      } catch (error) {
        throw new Error(`${server} is not ${what} but ${JSON.stringify(last)}\n${story(last)}`, { cause: error })
      }
    },
    untilState: (user, server, state, limitMs) =>
      self.untilIs(user, server, state, (session) => session.state === state, limitMs),
    async stop({ user, id }) {
      await until(`the hub takes the stop of ${id}`, async () => {
        const answer = await ask(user as StubUser, `/users/${user}/sessions/${id}`, 'DELETE')
        return answer !== null && (answer.status === 200 || answer.status === 202)
      })
    },
    async page(user, path) {
      const { status, body } = await visitor(user).open(`${site.base}hub/${path}`)
      if (status !== 200) throw new Error(`hub/${path}: ${status}`)
      // Words as they are read, without the marks between them.
      return body.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')
    },
    async clusterHealth(user, cluster) {
      const all = await read<({ key: string } & Awaited<ReturnType<StubSite['clusterHealth']>>)[]>(user, '/clusters')
      const found = all.find(({ key }) => key === cluster)
      if (!found) throw new Error(`no cluster ${cluster}`)
      return found
    },
    // The proxy hears of a session a moment after it is ready: until then the hub sends back.
    open: ({ user, url }) => visitor(user as StubUser).open(url),
    rows<T extends Record<string, unknown>>(sql: string, ...values: (string | number)[]) {
      const database = new DatabaseSync(join(site.stateDirectory, 'batchway.db'), { readOnly: true })
      try {
        return database.prepare(sql).all(...values) as T[]
      } finally {
        database.close()
      }
    },
    async killHub() {
      const before = site.pidOf('hub')
      process.kill(site.starter, 'SIGSTOP')
      process.kill(before, 'SIGKILL')
      await until('the hub is dead', () => !isAlive(before))
      return async () => {
        process.kill(site.starter, 'SIGCONT')
        await until('another hub listens', () => site.pidOf('hub') !== before, 60_000)
      }
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
  return self
}

/** A folder of the person's own in the home, without what an earlier run left there; what the site's jobs wrote goes with it. */
function folderOf(user: string, instance: string): Disposable {
  const account = findAccount(user)
  if (!account) throw new Error(`there is no account ${user}`)
  const path = join(account.home, folderName(instance))
  const clear = (): void => rmSync(path, { recursive: true, force: true })
  clear()
  mkdirSync(path, { mode: 0o700 })
  chownSync(path, account.uid, account.gid)
  return {
    [Symbol.dispose]() {
      clear()
      for (const file of readdirSync(account.home))
        if (file.startsWith(`.batchway-b${instance}`)) rmSync(join(account.home, file), { force: true })
    },
  }
}
const folderName = (instance: string): string => `.batchway-bench-${instance}`

function readStarts(read: () => string): string[] {
  try {
    return read().split('\n').filter(Boolean)
  } catch {
    return [] // nobody started yet
  }
}
