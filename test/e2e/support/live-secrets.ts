/** The real secrets of a running session, as the hub itself derives them; and the processes that hold them. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { deriveCredentials } from '../../../packages/batchway/src/sessions/credentials.ts'
import type { Site } from './site.ts'

export interface LiveSession {
  readonly id: string
  readonly jobId: string
  readonly outputPath: string
  readonly attemptSecret: string
  readonly claimToken: string
  readonly apiToken: string
  readonly appToken: string
  readonly psk: { readonly identity: string; readonly key: string }
}

const text = (value: unknown): string => (value === null || value === undefined ? '' : String(value))

/** The latest session of a user's server with a live claim. @throws if there is none. */
export function liveSession(site: Site, user: string, server = ''): LiveSession {
  const key = Buffer.from(readFileSync(join(site.stateDirectory, 'hub.key'), 'utf8').trim(), 'hex')
  using database = new DatabaseSync(join(site.stateDirectory, 'batchway.db'), { readOnly: true })
  const row = database
    .prepare(
      `SELECT session.id AS session, claim.id AS claim, claim.attempt AS attempt, claim.job_id AS job, attempt.output_path AS output
       FROM session JOIN claim ON claim.session_id = session.id
       JOIN attempt ON attempt.session_id = session.id AND attempt.number = claim.attempt
       WHERE session.user_name = ? AND session.server_name = ? AND claim.revoked_at IS NULL ORDER BY claim.created_at DESC LIMIT 1`,
    )
    .get(user, server)
  if (!row) throw new Error(`${user} has no session ${server} with a live claim`)
  const [id, claim] = [text(row.session), text(row.claim)]
  const credentials = deriveCredentials(key)
  return {
    id,
    jobId: text(row.job),
    outputPath: text(row.output),
    attemptSecret: credentials.attemptSecret(id, Number(row.attempt)),
    claimToken: credentials.claimToken(claim),
    apiToken: credentials.apiToken(claim),
    appToken: credentials.appToken(claim),
    psk: credentials.psk(id, claim),
  }
}

export interface Holder {
  readonly pid: number
  readonly environment: Readonly<Record<string, string>>
}

/** Processes whose environment holds a text. Root's view. */
export function holdersOf(secret: string): Holder[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const environ = readFileSync(`/proc/${name}/environ`, 'latin1')
        if (!environ.includes(secret)) return []
        const pairs = environ.split('\0').map((pair) => pair.split(/=(.*)/s))
        return [
          { pid: Number(name), environment: Object.fromEntries(pairs.map(([key = '', value = '']) => [key, value])) },
        ]
      } catch {
        return [] // it has ended meanwhile
      }
    })
}

/** The socket that a session's application was told to listen on (`APP_SOCKET`), and its process. @throws if there is none. */
export function privateSocketOf(session: LiveSession): { readonly path: string; readonly pid: number } {
  for (const { pid, environment } of holdersOf(session.appToken))
    if (environment.APP_SOCKET) return { path: environment.APP_SOCKET, pid }
  throw new Error('no process of the session was told of a socket')
}

interface Listening {
  readonly port: number
  readonly pid: number
}

/** Port of 127.0.0.1 on which a session's application listens, and the process that does. */
export function applicationOf(session: LiveSession): Listening {
  // The kernel's tables are not read in one piece: what others open and close meanwhile can hide a line.
  for (let looks = 0; looks < 50; looks++) {
    const found = lookForApplication(session)
    if (found) return found
  }
  throw new Error('no process of the session listens on 127.0.0.1')
}

function lookForApplication(session: LiveSession): Listening | null {
  const holders = [...holdersOf(session.apiToken), ...holdersOf(session.appToken)].map(({ pid }) => pid)
  const inodes: ReadonlyMap<string, number> = new Map(
    readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .flatMap((line) => {
        const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
        return state === '0A' && local?.startsWith('0100007F:') && inode
          ? [[`socket:[${inode}]`, Number.parseInt(local.slice(9), 16)] as const]
          : []
      }),
  )
  for (const pid of holders) {
    const found = openFilesOf(pid).map((file) => inodes.get(file))
    // Kernels listen too, on ports of their own: the server is the one nearest to the agent, so the first that listens.
    const port = found.find((each) => each !== undefined)
    if (port !== undefined) return { port, pid }
  }
  return null
}

function openFilesOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${name}`)]
      } catch {
        return [] // closed between the two calls
      }
    })
  } catch {
    return []
  }
}
