/** The routes over restarts: a snapshot of all, and beside it a journal of what changed since. */
import { randomUUID } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { journalHead, journalLine, readJournal } from './journal.ts'
import { errorWords, type Log } from './log.ts'
import { readPrivateFile, replaceFile } from './private-file.ts'
import type { Route, TargetRules } from './route.ts'
import { decodeSnapshot, encodeSnapshot } from './snapshot.ts'

const journalOf = (file: string): string => `${file}.journal`

/**
 * They hold keys and decide where browsers' requests go, so the files must belong to us and be closed to others.
 * @returns null if there are none, or none that can be used (said in the log): the start goes on with an empty table.
 */
export async function loadRoutes(file: string, log: Log, rules?: TargetRules): Promise<Map<string, Route> | null> {
  try {
    const text = await readPrivateFile(file)
    if (text === null) return null
    const { id, routes } = decodeSnapshot(text, rules)
    const journal = readJournal((await readPrivateFile(journalOf(file))) ?? '', id, rules)
    for (const [path, route] of journal?.changes ?? [])
      if (route === null) routes.delete(path)
      else routes.set(path, route)
    // Nobody was told that it is kept: the proxy ended while it was written.
    if (journal?.isWhole === false) log.info({ file }, 'the last change of routes was not written whole')
    return routes
  } catch (error) {
    log.warn({ file, cause: errorWords(error) }, 'snapshot refused, starting without routes')
    return null
  }
}

/** What the files follow. */
export interface RoutesToStore {
  readonly size: number
  routes(): Readonly<Record<string, Route>>
  get(path: string): { readonly route: Route } | undefined
}

/** Keeps the files in step with the table. */
export interface RouteWriter {
  /** Tell of a change of one path, or of all. Resolves when the files hold it, or when writing failed (said in the log). */
  changed(path?: string): Promise<void>
  /** Resolves when nothing is left to write. */
  flush(): Promise<void>
}

/** A journal of so many lines is shorter to read than to replace. */
const shortJournal = 1_000

/**
 * At most one write runs, and the changes meanwhile go into the next one. A change costs a line of the journal, however large the table is;
 * the whole table is written at the first change, when all of it was replaced, after a failure, and when the journal has become longer than it.
 */
export function openRouteWriter(
  file: string,
  table: RoutesToStore,
  log: Log,
  newId: () => string = randomUUID,
): RouteWriter {
  let dirty: Set<string> | 'all' = 'all'
  let snapshotId = ''
  let journal: { readonly handle: FileHandle; lines: number; sum: string } | null = null
  /** The write that has not looked at the table yet, and the end of the queue. */
  let next: Promise<void> | null = null
  let last: Promise<void> = Promise.resolve()

  async function writeAll(): Promise<void> {
    const id = newId()
    await replaceFile(file, encodeSnapshot(table.routes(), id))
    snapshotId = id
    await closeJournal()
  }

  async function writeChanges(paths: ReadonlySet<string>): Promise<void> {
    journal ??= await startJournal(file, snapshotId)
    let text = ''
    for (const path of paths) {
      const line = journalLine(journal.sum, path, table.get(path)?.route ?? null)
      text += line.text
      journal.sum = line.sum
    }
    journal.lines += paths.size
    await journal.handle.appendFile(text)
    await journal.handle.datasync()
  }

  async function closeJournal(): Promise<void> {
    const { handle } = journal ?? {}
    journal = null
    await handle?.close()
  }

  async function write(): Promise<void> {
    await nextTurn() // what changes in one turn is one write
    next = null
    const changes = dirty
    dirty = new Set()
    const isLong = (journal?.lines ?? 0) > Math.max(shortJournal, 2 * table.size)
    try {
      await (changes === 'all' || isLong ? writeAll() : writeChanges(changes))
    } catch (error) {
      // How much of it the files hold is not known: the next change writes everything.
      dirty = 'all'
      await closeJournal().catch(() => {})
      log.error({ file, cause: errorWords(error) }, 'routes not stored')
    }
  }

  return {
    changed(path) {
      if (path === undefined) dirty = 'all'
      else if (dirty !== 'all') dirty.add(path)
      next ??= last.then(write)
      last = next
      return next
    },
    async flush() {
      await last
      await closeJournal()
    },
  }
}

async function startJournal(file: string, snapshotId: string) {
  const head = journalHead(snapshotId)
  await replaceFile(journalOf(file), head.text)
  return { handle: await open(journalOf(file), 'a'), lines: 0, sum: head.sum }
}
