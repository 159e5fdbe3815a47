/** A line for each request, as JSON: what web servers write, without query strings, which may hold tokens, and without any header. */
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { ClientAnswer } from './client-answer.ts'
import type { ClientRequest } from './client-request.ts'
import { errorWords, type Log } from './log.ts'

export interface AccessLog extends AsyncDisposable {
  answered(request: Asked, peer: string | null, answer: { status: number; bytes: number; ms: number }): void
  /** It becomes a connection of its own, whose end is not told. */
  upgraded(request: Asked, peer: string | null): void
  /** The file was moved away. */
  reopen(): void
}

type Asked = Pick<ClientRequest, 'method' | 'url'>

/** Lines that wait while the disk is slow (characters): more are dropped, for requests come before their log. */
const mostWaiting = 4 * 2 ** 20
/** Of a path; the rest is a client's to make up. */
const longestPath = 2_000

/** Tell of a request once its answer is over; 499 is a client that went away before there was one. */
export function tellAccess(
  to: AccessLog,
  request: ClientRequest,
  answer: ClientAnswer,
  peer: string | null,
  clock: () => number,
): void {
  const begun = clock()
  answer.onOver(() => {
    const ms = Math.round(clock() - begun)
    to.answered(request, peer, { status: answer.statusCode || 499, bytes: answer.bodyBytes, ms })
  })
}

/** @param file `-`: standard output. @throws {Error} if the file cannot be opened. */
export async function openAccessLog(file: string, log: Log, now: () => number): Promise<AccessLog> {
  let handle: FileHandle | null = file === '-' ? null : await openLog(file)
  let waiting: string[] = []
  let size = 0
  let dropped = 0
  let mustReopen = false
  let writing: Promise<void> | null = null

  /** Looked at once a second: who rotates logs need not tell us. */
  let lookedAt = now()
  async function isMoved(open: FileHandle): Promise<boolean> {
    if (now() - lookedAt < 1_000) return false
    lookedAt = now()
    const [there, ours] = await Promise.all([stat(file).catch(() => null), open.stat()])
    return there === null || there.ino !== ours.ino || there.dev !== ours.dev
  }

  async function writeAll(): Promise<void> {
    while (size > 0 || mustReopen) {
      try {
        const isAsked = mustReopen
        mustReopen = false
        if (handle !== null && (isAsked || (await isMoved(handle)))) {
          const next = await openLog(file)
          await handle?.close()
          handle = next
        }
        const text = waiting.join('')
        waiting = []
        size = 0
        if (handle === null) await new Promise((resolve) => process.stdout.write(text, resolve))
        else await handle.appendFile(text)
      } catch (error) {
        log.error({ file, cause: errorWords(error) }, 'access log not written')
        waiting = []
        size = 0
      }
    }
    if (dropped > 0) log.warn({ file, count: dropped }, 'lines of the access log were dropped: the disk is too slow')
    dropped = 0
    writing = null
  }
  const write = (): void => {
    writing ??= writeAll()
  }

  function tell({ method, url }: Asked, peer: string | null, more: object): void {
    const [path = ''] = url.split('?', 1)
    const line = `${JSON.stringify({ time: new Date(now()).toISOString(), peer, method, path: path.slice(0, longestPath), ...more })}\n`
    if (size + line.length > mostWaiting) {
      dropped += 1
      return
    }
    waiting.push(line)
    size += line.length
    write()
  }

  return {
    answered: tell,
    upgraded: (request, peer) => tell(request, peer, { status: 101 }),
    reopen() {
      mustReopen = true
      write()
    },
    async [Symbol.asyncDispose]() {
      await writing
      await handle?.close()
    },
  }
}

const openLog = (file: string): Promise<FileHandle> => open(file, 'a', 0o640)
