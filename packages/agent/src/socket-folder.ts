import { once } from 'node:events'
import { chmodSync, lstatSync, mkdtempSync, readFileSync, realpathSync, rmSync, type Stats, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { ListenError } from './listen-error.ts'

/** Where the application of one session listens, out of reach for all other accounts. Disposed of, the folder is gone. */
export interface SocketFolder extends Disposable {
  /** Path for the application's socket. */
  readonly socket: string
}

/** What fits `sun_path` with its last NUL. @see unix(7) */
const longestPath = 107
const socketName = 'app.sock'
/** Its agent listens there as long as it lives: so the next one knows which folders were left behind. */
const keeperName = 'agent.sock'
/** Between its folder and its keeper an agent has no more to do than one call. */
const youngMs = 60_000

export interface SocketFolderOptions {
  /** Folders for temporary files, the first that is fit is taken. */
  readonly bases: readonly string[]
  readonly uid: number
  /** Tells one running kernel from another: where the folder is shared between nodes, each judges its own alone. */
  readonly boot: string
}

/** The job's own folder for temporary files first: its site's epilogue removes what even SIGKILL leaves. */
export const basesOf = (temporary: string | undefined): string[] => [
  ...new Set([...(temporary ? [temporary] : []), '/tmp', '/var/tmp', '/dev/shm']),
]

/** @returns eight hex digits; `00000000` where the kernel does not tell. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)
  } catch {
    return '00000000'
  }
}

/**
 * Make a folder of mode 0700 for one session. @throws {ListenError} when no base is fit: with what is wrong at each.
 */
export async function openSocketFolder({ bases, uid, boot }: SocketFolderOptions): Promise<SocketFolder> {
  const complaints: string[] = []
  for (const base of bases) {
    const problem = baseProblem(base, uid)
    if (problem !== null) {
      complaints.push(`${base} ${problem}`)
      continue
    }
    let folder: string | null = null
    try {
      folder = mkdtempSync(join(base, `${prefixOf(boot)}`))
      chmodSync(folder, 0o700) // whatever the umask
      const keeper = await keep(join(folder, keeperName))
      const path = folder
      return {
        socket: join(path, socketName),
        [Symbol.dispose]: () => {
          keeper.close()
          remove(path)
        },
      }
    } catch (error) {
      if (folder !== null) remove(folder)
      complaints.push(`${base}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  throw new ListenError(`no folder for the application's private socket: ${complaints.join('; ')}`)
}

const prefixOf = (boot: string) => `batchway-app-${boot}-`

/** Why no private socket can be below this folder, or null. Others must not be able to put something else in the place of ours. */
export function baseProblem(base: string, uid: number, look: (path: string) => Stats = statSync): string | null {
  // It becomes part of options such as `unix:PATH,mode=600`.
  if (!/^\/[\w./@+-]*$/.test(base)) return 'has characters that options of programs may not hold'
  if (Buffer.byteLength(join(base, `${prefixOf('00000000')}XXXXXX`, keeperName)) > longestPath)
    return 'is too long for the address of a socket'
  try {
    for (let path = realpathSync(base); ; path = dirname(path)) {
      const { uid: owner, mode } = look(path)
      if (owner !== 0 && owner !== uid) return `lies below ${path}, which is another account's`
      if ((mode & 0o022) !== 0 && (mode & 0o1000) === 0) return `lies below ${path}, which others can change`
      if (path === '/') return null
    }
  } catch (error) {
    return error instanceof Error && 'code' in error ? `cannot be used: ${error.code}` : 'cannot be used'
  }
}

async function keep(path: string): Promise<Server> {
  const server = createServer((stranger) => stranger.destroy()).unref()
  await once(server.listen({ path }), 'listening')
  server.on('error', () => undefined)
  return server
}

function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch {
    // of a file system that has gone
  }
}

/** Remove what agents of this user left behind on this node when they were killed. @returns how many folders. */
export async function sweepSocketFolders({ bases, uid, boot }: SocketFolderOptions, now: number): Promise<number> {
  let removed = 0
  for (const base of bases) {
    const names = await readdir(base).catch(() => [])
    for (const name of names.filter((each) => each.startsWith(prefixOf(boot)))) {
      const folder = join(base, name)
      if (!(await isLeftBehind(folder, uid, now))) continue
      remove(folder)
      removed += 1
    }
  }
  return removed
}

async function isLeftBehind(folder: string, uid: number, now: number): Promise<boolean> {
  const found = lstatSync(folder, { throwIfNoEntry: false })
  if (!found?.isDirectory() || found.uid !== uid) return false
  const answer = await knock(join(folder, keeperName))
  return answer === 'ECONNREFUSED' || (answer === 'ENOENT' && now - found.mtimeMs > youngMs)
}

/** @returns the error's code; null when somebody answers. */
function knock(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(null)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'))
  })
}
