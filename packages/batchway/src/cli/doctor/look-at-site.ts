/** Gathers what `judge-site.ts` and `judge-network.ts` judge. Changes nothing. */
import { readFileSync, statfsSync } from 'node:fs'
import { request } from 'node:http'
import { request as requestTls } from 'node:https'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { openControlClient, ProxyRefused } from '@batchway/proxy/hub-side'
import { isAnswered } from '../../app/listen.ts'
import { hubTarget, type StatePaths } from '../../app/state-paths.ts'
import { type ApplicationPlaces, applicationPlaces } from '../../core/application-hosts.ts'
import { basePathOf, type Config } from '../../core/config.ts'
import { siteIdOf } from '../../sessions/site-id.ts'
import { openExisting } from '../../store/open-existing.ts'
import { networkFileSystem } from '../../store/private-file.ts'
import type { ListenerFacts, ProxyFacts, RouteFacts } from './judge-network.ts'
import type { DatabaseFacts, SecretPlace, StateFacts } from './judge-site.ts'
import { lookAt } from './look-at-paths.ts'

const patienceMs = 5_000

/** Only its form is looked at; the text goes nowhere else. */
function readSecret(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return null
  }
}

/** What our hub calls itself, or will; null where there is no key yet. */
export function siteOfKey(paths: StatePaths): string | null {
  const key = readSecret(paths.hubKey)
  return key !== null && /^[0-9a-f]{64,}$/.test(key) ? siteIdOf(Buffer.from(key, 'hex')) : null
}

export function lookAtSecrets(paths: StatePaths): SecretPlace[] {
  return [paths.hubKey, paths.proxyToken].map((path) => ({
    ...lookAt(path),
    isWellFormed: /^[0-9a-f]{64,}$/.test(readSecret(path) ?? ''),
  }))
}

export function lookAtState(config: Config, paths: StatePaths, hub: string): StateFacts {
  const state = lookAt(config.stateDirectory)
  const system = statfsOf(config.stateDirectory) ?? statfsOf(dirname(config.stateDirectory))
  return {
    state,
    needsPassage: Object.values(config.clusters).some((one) => one.driver === 'local' && one.transport === 'sudo'),
    sharedBy: system === null ? null : networkFileSystem(system.type),
    usesSqlite: paths.database.startsWith('sqlite:'),
    freeMiB: system === null ? 0 : Math.floor((system.bavail * system.bsize) / 2 ** 20),
    hub,
  }
}

function statfsOf(path: string) {
  try {
    return statfsSync(path)
  } catch {
    return null
  }
}

export async function lookAtDatabase(url: string, isHubRunning: boolean): Promise<DatabaseFacts> {
  const kind = url.startsWith('sqlite:') ? 'SQLite' : 'PostgreSQL'
  try {
    await using database = await openExisting(url)
    const state = database === null ? null : { version: database.version, known: database.known }
    return { kind, isHubRunning, state }
  } catch (error) {
    // The server's words; they name role and database, never the password.
    return { kind, isHubRunning, state: { words: error instanceof Error ? error.message : String(error) } }
  }
}

/** Who answers: version and site of a Batchway, both empty for anything else. */
export interface Answerer {
  readonly version: string
  readonly site: string
}

/** @returns null if nobody answers. */
function answererAt(place: { socketPath: string } | { host: string; port: number }, path: string, isTls = false) {
  const stranger = { version: '', site: '' }
  return new Promise<Answerer | null>((resolve) => {
    // Who answers is asked, by an address that no certificate names.
    const how = { ...place, path, agent: false as const, timeout: patienceMs, rejectUnauthorized: false }
    const asked = (isTls ? requestTls : request)(how, (response) => {
      response.resume()
      const [version, site] = ['x-batchway-version', 'x-batchway-site'].map((name) =>
        String(response.headers[name] ?? ''),
      )
      resolve({ version: version ?? '', site: site ?? '' })
    })
    asked.on('timeout', () => asked.destroy())
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code?.startsWith('HPE_') ? stranger : null))
    asked.end()
  })
}

export async function runningHub(config: Config, paths: StatePaths): Promise<Answerer | null> {
  const socketPath = paths.hubSocket.slice('unix:'.length)
  return (await isAnswered(socketPath)) ? await answererAt({ socketPath }, `${basePathOf(config)}hub/api`) : null
}

const placeOf = (address: string): { path: string } | { host: string; port: number } => {
  const [, path] = /^unix:(.+)$/.exec(address) ?? []
  if (path !== undefined) return { path }
  const [, host = '', port = ''] = /^(.+):(\d+)$/.exec(address) ?? []
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

/** A name for "all addresses" is no address to connect to. */
const reachable = (host: string): string => (host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host)

/**
 * @param isRunning the process that is to listen there runs.
 * @param site what our hub calls itself; null if it does not answer.
 */
export async function lookAtListener(
  address: string,
  setBy: ListenerFacts['setBy'],
  {
    isRunning,
    apiPath,
    site,
    isTls = false,
  }: {
    readonly isRunning: boolean
    readonly apiPath: string
    readonly site: string | null
    /** TLS is spoken there, unless it is a unix socket. */
    readonly isTls?: boolean
  },
): Promise<ListenerFacts> {
  const place = placeOf(address)
  if (isRunning) {
    const answers =
      'path' in place
        ? await answererAt({ socketPath: place.path }, apiPath)
        : await answererAt({ host: reachable(place.host), port: place.port }, apiPath, isTls)
    if (answers === null) return { address, setBy, state: 'silent', code: null }
    // The proxy answers by itself while the hub is away, and then names no version.
    const isHub = answers.version !== '' && (site === null || answers.site === site)
    const isSilentHub = answers.version === '' && setBy === 'listen'
    return { address, setBy, state: isHub || isSilentHub ? 'ours' : 'taken', code: null }
  }
  if ('path' in place && (await isAnswered(place.path))) return { address, setBy, state: 'taken', code: null }
  const code = 'path' in place ? null : await tryToListen(place)
  return { address, setBy, state: code === null ? 'free' : code === 'EADDRINUSE' ? 'taken' : 'unavailable', code }
}

/** @returns null if it can be had. */
function tryToListen(place: { host: string; port: number }): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ ...place, exclusive: true }, () => server.close(() => resolve(null)))
  })
}

export async function lookAtProxy(config: Config, paths: StatePaths, isHubRunning: boolean) {
  const facts = {
    control: paths.proxyControl,
    tokenFile: paths.proxyToken,
    isHubRunning,
    startsIt: config.proxy.start,
  }
  const token = readSecret(paths.proxyToken)
  if (token === null) return { facts: { ...facts, answer: 'silent' } satisfies ProxyFacts, routes: null }
  using client = openControlClient({ address: paths.proxyControl, token, timeoutMs: patienceMs })
  try {
    const routes = await client.listRoutes()
    return { facts: { ...facts, answer: 'ok' } satisfies ProxyFacts, routes }
  } catch (error) {
    const answer = error instanceof ProxyRefused ? 'refused' : 'silent'
    return { facts: { ...facts, answer } satisfies ProxyFacts, routes: null }
  }
}

async function readyPaths(url: string, places: Pick<ApplicationPlaces, 'routePath'>): Promise<string[] | null> {
  await using database = await openExisting(url)
  const sessions = await database?.sessions?.listActive()
  return (
    sessions?.flatMap(({ facts, userName, serverName }) =>
      facts.state === 'ready' && facts.reachable ? [places.routePath(userName, serverName)] : [],
    ) ?? null
  )
}

/** @returns null where the tables cannot be read. */
export async function lookAtRoutes(config: Config, paths: StatePaths): Promise<RouteFacts | null> {
  const base = basePathOf(config)
  const places = applicationPlaces(config)
  try {
    // Looked at around the proxy's answer: what changed meanwhile is neither missing nor left over.
    const before = await readyPaths(paths.database, places)
    const { routes } = await lookAtProxy(config, paths, true)
    const after = await readyPaths(paths.database, places)
    if (before === null || after === null || routes === null) return null
    const either = [...new Set([...before, ...after])]
    const both = before.filter((path) => after.includes(path))
    return {
      routes: [...routes.keys()].filter((path) => both.includes(path) || !either.includes(path)),
      rest: routes.get(places.hubRoute)?.target ?? null,
      hub: hubTarget(paths),
      ready: both,
      base,
      hasHosts: places.domain !== null,
    }
  } catch {
    return null
  }
}
