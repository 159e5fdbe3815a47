import { createHash } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorWords, type Log } from './log.ts'
import { parseRoute, type Route, RouteError } from './route.ts'
import { parseRoutes } from './route-book.ts'

const format = 'batchway-routes-1'

/** The whole table as one JSON object with a checksum: a file that is cut or altered anywhere is refused as a whole. */
export function encodeSnapshot(routes: Readonly<Record<string, Route>>): string {
  const text = JSON.stringify(routes)
  return `{"format":"${format}","sha256":"${sha256(text)}","routes":${text}}\n`
}

/** @throws {RouteError} if the text is not a complete snapshot. */
export function decodeSnapshot(text: string): Map<string, Route> {
  const [, sum, routes] =
    /^\{"format":"batchway-routes-1","sha256":"([0-9a-f]{64})","routes":(.*)\}\n$/s.exec(text) ?? []
  if (sum === undefined || routes === undefined) throw new RouteError('the snapshot is cut or not one of ours')
  if (sha256(routes) !== sum) throw new RouteError('the snapshot was altered')
  return parseRoutes(JSON.parse(routes), parseRoute)
}

/**
 * Read a snapshot. It holds keys and decides where browsers' requests go, so it must belong to us and be closed to others.
 * @returns null if there is none, or none that can be used (said in the log): the start goes on with an empty table.
 */
export async function loadSnapshot(file: string, log: Log): Promise<Map<string, Route> | null> {
  try {
    await using handle = await open(file, 'r')
    const { mode, uid } = await handle.stat()
    if ((mode & 0o077) !== 0 || uid !== process.geteuid?.())
      throw new RouteError('the snapshot must be ours alone (mode 0600)')
    return decodeSnapshot(await handle.readFile('utf8'))
  } catch (error) {
    if (!isMissing(error)) log.warn({ file, cause: errorWords(error) }, 'snapshot refused, starting without routes')
    return null
  }
}

/** Keeps the file in step with the table. */
export interface SnapshotWriter {
  /** Tell of a change. Resolves when the file holds it, or when writing failed (said in the log). */
  changed(): Promise<void>
  /** Resolves when nothing is left to write; from then on nothing waits. */
  flush(): Promise<void>
}

/**
 * Writes are collected: at most one runs, the changes meanwhile go into the next one, and the pause between two grows with
 * what a write costs, so that a large table or a slow disk does not keep the process busy.
 */
export function snapshotWriter(file: string, read: () => Readonly<Record<string, Route>>, log: Log): SnapshotWriter {
  /** The write that has not looked at the table yet, and the end of the queue. */
  let next: Promise<void> | null = null
  let last: Promise<void> = Promise.resolve()
  let pauseMs = 5
  const hurry = new AbortController()

  const write = async (): Promise<void> => {
    await sleep(pauseMs, undefined, { signal: hurry.signal }).catch(() => {})
    next = null
    const start = performance.now()
    try {
      await replaceFile(file, encodeSnapshot(read()))
    } catch (error) {
      log.error({ file, cause: errorWords(error) }, 'snapshot not written')
    }
    pauseMs = Math.min(1_000, Math.max(5, 4 * (performance.now() - start)))
  }

  return {
    changed: () => {
      next ??= last.then(write)
      last = next
      return next
    },
    flush: () => {
      hurry.abort()
      return last
    },
  }
}

/** Replace a file so that a crash at any moment leaves the old or the new content, readable by us alone. */
async function replaceFile(file: string, text: string): Promise<void> {
  const draft = `${file}.${process.pid}.tmp`
  await rm(draft, { force: true })
  {
    await using handle = await open(draft, 'wx', 0o600)
    await handle.writeFile(text)
    await handle.sync()
  }
  await rename(draft, file)
  await using directory = await open(dirname(file), 'r')
  await directory.sync()
}

/** Read a secret from a file that only we can read. @throws {Error} if others can read or replace it, or if it is empty. */
export async function readSecretFile(file: string): Promise<string> {
  await using handle = await open(file, 'r')
  const { mode, uid } = await handle.stat()
  if ((mode & 0o077) !== 0) throw new Error(`${file} must not be open to others (chmod 600)`)
  if (uid !== 0 && uid !== process.geteuid?.())
    throw new Error(`${file} belongs to uid ${uid}: it must be ours or root's`)
  const secret = (await readFile(handle, 'utf8')).trim()
  if (secret === '') throw new Error(`${file} is empty`)
  return secret
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'
