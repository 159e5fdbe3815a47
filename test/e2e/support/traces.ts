/** What exists of a session outside its history: routes, tokens, claims, jobs, processes. Looked up from outside, as root. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openControlClient } from '@batchway/proxy'
import { replay } from '../../../packages/batchway/src/sessions/model/replay.ts'
import { toClaim, toEvent, toSession } from '../../../packages/batchway/src/store/session-rows.ts'
import type { Site } from './site.ts'
import { until } from './until.ts'

export interface SessionRef {
  readonly id: string
  /** Path of its server: `/user/alice/lab/`. */
  readonly url: string
  readonly cluster: string
}

export interface Traces {
  readonly routes: number
  readonly tokens: number
  readonly liveClaims: number
  /** Jobs of Slurm that have not ended. */
  readonly jobs: number
  readonly processes: number
}
export const nothing: Traces = { routes: 0, tokens: 0, liveClaims: 0, jobs: 0, processes: 0 }

function query<T extends Record<string, unknown>>(
  site: Pick<Site, 'stateDirectory'>,
  sql: string,
  ...values: string[]
): T[] {
  const database = new DatabaseSync(join(site.stateDirectory, 'batchway.db'), { readOnly: true })
  try {
    return database.prepare(sql).all(...values) as T[]
  } finally {
    database.close()
  }
}

/** How often a session's application was allowed to start: claims that won, ever. */
export const claimsOf = (site: Site, sessionId: string): number =>
  query(site, 'select id from claim where session_id = ?', sessionId).length

export const attemptsOf = (site: Site, sessionId: string): { number: number; tag: string; job_id: string | null }[] =>
  query(site, 'select number, tag, job_id from attempt where session_id = ? order by number', sessionId)

/** Every job that Slurm ever took for these names, whatever became of it. */
export function slurmJobs(tags: readonly string[]): string[] {
  const rows = execFileSync('squeue', ['--noheader', '--states=all', '--format=%i %j'], { encoding: 'utf8' }).split(
    '\n',
  )
  return rows.flatMap((row) => {
    const [id = '', name = ''] = row.trim().split(' ')
    return tags.includes(name) ? [id] : []
  })
}

function liveSlurmJobs(tags: readonly string[]): number {
  const rows = execFileSync('squeue', ['--noheader', '--format=%j'], { encoding: 'utf8' }).split('\n')
  return rows.filter((name) => tags.includes(name.trim())).length
}

export interface Process {
  readonly pid: number
  readonly argv: readonly string[]
}

interface Entry extends Process {
  readonly parent: number
  readonly environment: readonly string[]
}

function listProcesses(): Entry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const read = (file: string): string => readFileSync(`/proc/${name}/${file}`, 'latin1')
      try {
        const [, parent = '0'] = /^PPid:\s+(\d+)$/m.exec(read('status')) ?? []
        const [environment, argv] = [read('environ').split('\0'), read('cmdline').split('\0').slice(0, -1)]
        return [{ pid: Number(name), parent: Number(parent), environment, argv }]
      } catch {
        return [] // it ended meanwhile
      }
    })
}

/**
 * Agent, application, kernels and terminals of a job: what carries the job's id in its environment, and what descends from these
 * (the agent keeps its own variables from the application).
 */
export function processesOfJob(cluster: string, job: string): Process[] {
  const mark = `${cluster === 'local' ? 'BATCHWAY_LOCAL_JOB_ID' : 'SLURM_JOB_ID'}=${job}`
  const table = listProcesses()
  const found = new Map<number, Entry>()
  let news = table.filter(({ environment }) => environment.includes(mark))
  while (news.length > 0) {
    for (const entry of news) found.set(entry.pid, entry)
    news = table.filter(({ pid, parent }) => found.has(parent) && !found.has(pid))
  }
  return [...found.values()].map(({ pid, argv }) => ({ pid, argv }))
}

/** Is this very program still there? Also once nothing says any more which job it came from. */
export const isRunning = ({ pid, argv }: Process): boolean =>
  listProcesses().some((entry) => entry.pid === pid && entry.argv.join('\0') === argv.join('\0'))

/** Ends what a site's local cluster still runs: its jobs outlive hub and scheduler on purpose, and must not outlive the test. */
export async function endLocalJobs(site: Pick<Site, 'stateDirectory'>): Promise<void> {
  // Ids of local jobs have a dot, those of Slurm have none.
  const jobs = query<{ job_id: string }>(site, "select job_id from attempt where job_id like '%.%'")
  const live = () => jobs.flatMap(({ job_id: job }) => processesOfJob('local', job))
  const killAt = performance.now() + 10_000
  for (const { pid } of live()) signal(pid, 'SIGTERM')
  await until('local jobs have ended', () => {
    const left = live()
    if (performance.now() > killAt) for (const { pid } of left) signal(pid, 'SIGKILL')
    return left.length === 0
  })
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // it ended meanwhile
  }
}

/** Paths of the proxy's table. @throws {ProxyUnavailable} */
export const routesOf = async (site: Site): Promise<string[]> => [...(await routesAndTargets(site)).keys()]

/** The same with what each leads to, as text. */
export async function routesAndTargets(site: Site): Promise<ReadonlyMap<string, string>> {
  using proxy = openControlClient({
    address: `unix:${join(site.stateDirectory, 'proxy.sock')}`,
    token: readFileSync(join(site.stateDirectory, 'proxy.token'), 'utf8').trim(),
    timeoutMs: 3_000,
  })
  return new Map([...(await proxy.listRoutes())].map(([path, route]) => [path, JSON.stringify(route)]))
}

type Row<Translate extends (row: never) => unknown> = Parameters<Translate>[0] & Record<string, unknown>

/**
 * Every session that the site has ever had, told again to the table of the session machine: each line of its history must be a
 * step of it, each start of its job has at most one claim, and an end has words. Good at any moment, best when a test ends.
 * @returns how many sessions there were. @throws {AssertionError} naming each session that did what no session may do.
 */
export function replayTraces(site: Pick<Site, 'stateDirectory'>): number {
  using database = new DatabaseSync(join(site.stateDirectory, 'batchway.db'), { readOnly: true })
  // One look at all of it: the hub goes on meanwhile.
  database.exec('begin')
  const rowsOf = <T>(sql: string, ...values: string[]): T[] => database.prepare(sql).all(...values) as T[]
  const sessions = rowsOf<Row<typeof toSession>>('select * from session order by created_at').map(toSession)
  const problems = sessions.flatMap((session) => {
    const of = 'where session_id = ? order by'
    const events = rowsOf<Row<typeof toEvent>>(`select * from session_event ${of} seq`, session.id).map(toEvent)
    const claims = rowsOf<Row<typeof toClaim>>(`select * from claim ${of} created_at`, session.id).map(toClaim)
    return replay({ session, events, claims }).map((words) => `session ${session.id} of ${session.userName}: ${words}`)
  })
  assert.equal(problems.length, 0, problems.join('\n'))
  return sessions.length
}

export const routePath = ({ url }: Pick<SessionRef, 'url'>): string => url.replace(/\/$/, '')

export async function tracesOf(site: Site, session: SessionRef): Promise<Traces> {
  const attempts = attemptsOf(site, session.id)
  const tags = attempts.map(({ tag }) => tag)
  return {
    routes: (await routesOf(site)).filter((path) => path === routePath(session)).length,
    tokens: query(site, 'select id from token where session_id = ?', session.id).length,
    liveClaims: query(site, 'select id from claim where session_id = ? and revoked_at is null', session.id).length,
    jobs: session.cluster === 'slurm' ? liveSlurmJobs(tags) : 0,
    processes: attempts.flatMap(({ job_id: job }) => (job === null ? [] : processesOfJob(session.cluster, job))).length,
  }
}
