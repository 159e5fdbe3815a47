import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type JobIn, type JobRecord, parseJobRecord } from './job.ts'

const historyLimitBytes = 16 * 1_024 * 1_024

/**
 * The scheduler's memory: one JSON file per job, and its script beside it until it starts. A write is on disk, whole, when the call
 * returns; the calls are synchronous so that each effect comes after its record.
 */
export interface JobStore extends Disposable {
  /** All jobs not yet pruned, by number. */
  readonly jobs: ReadonlyMap<string, JobRecord>
  /** Job files that cannot be read. As long as there are any, a list is not complete. */
  readonly unreadable: number
  nextNumber(): number
  insert(job: JobIn<'queued'>, script: string): void
  save(job: JobRecord): void
  /** @throws {Error} after `dropScript`. */
  readScript(id: string): string
  dropScript(id: string): void
  /** Move an ended job to the history. */
  archive(job: JobIn<'ended'>): void
  /** Ended jobs that were archived and match; the newest record of each. */
  searchHistory(matches: (job: JobRecord) => boolean): JobIn<'ended'>[]
}

/** @throws {Error} `another scheduler…` if a process holds this directory. The lock ends with its process, however that ends. */
export function openJobStore(directory: string): JobStore {
  const folder = join(directory, 'jobs')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const lock = lockFolder(directory)
  const jobs = new Map<string, JobRecord>()
  let unreadable = 0
  const names = readdirSync(folder)
  for (const name of names.filter((one) => one.endsWith('.json'))) {
    try {
      const job = parseJobRecord(readFileSync(join(folder, name), 'utf8'))
      jobs.set(job.id, job)
    } catch {
      unreadable++
    }
  }
  const byNumber = [...jobs.values()].sort((a, b) => a.number - b.number)
  jobs.clear()
  for (const job of byNumber) jobs.set(job.id, job)
  // Drafts of a scheduler that died while writing, and scripts whose record was never written.
  for (const name of names)
    if (
      name.endsWith('.draft') ||
      (name.endsWith('.script') && !existsSync(join(folder, name.replace(/script$/, 'json'))))
    )
      rmSync(join(folder, name), { force: true })

  const counter = join(directory, 'last-number')
  const current = join(directory, 'history.jsonl')
  const older = join(directory, 'history.old.jsonl')
  let last = Math.max(
    0,
    byNumber.at(-1)?.number ?? 0,
    existsSync(counter) ? Number(readFileSync(counter, 'latin1')) : 0,
  )
  const path = (id: string, kind: 'json' | 'script'): string => join(folder, `${id}.${kind}`)

  return {
    jobs,
    get unreadable() {
      return unreadable
    },
    nextNumber() {
      last++
      writeWhole(counter, String(last))
      return last
    },
    insert(job, script) {
      writeWhole(path(job.id, 'script'), script)
      this.save(job)
    },
    save(job) {
      writeWhole(path(job.id, 'json'), JSON.stringify(job))
      jobs.set(job.id, job)
    },
    readScript: (id) => readFileSync(path(id, 'script'), 'utf8'),
    dropScript: (id) => rmSync(path(id, 'script'), { force: true }),
    archive(job) {
      if ((statSync(current, { throwIfNoEntry: false })?.size ?? 0) > historyLimitBytes) renameSync(current, older)
      appendFileSync(current, `${JSON.stringify(job)}\n`, { mode: 0o600, flush: true })
      rmSync(path(job.id, 'json'), { force: true })
      jobs.delete(job.id)
    },
    searchHistory(matches) {
      const found = new Map<string, JobIn<'ended'>>()
      for (const file of [older, current]) {
        if (!existsSync(file)) continue
        for (const line of readFileSync(file, 'utf8').split('\n')) {
          const job = parseHistoryLine(line)
          if (job && matches(job)) found.set(job.id, job)
        }
      }
      return [...found.values()]
    },
    [Symbol.dispose]: () => lock.close(),
  }
}

/** A line cut by a crash is no record; the job file it came from is then still there. */
function parseHistoryLine(line: string): JobIn<'ended'> | null {
  if (line === '') return null
  try {
    const job = parseJobRecord(line)
    return job.state === 'ended' ? job : null
  } catch {
    return null
  }
}

/** SQLite's lock is the kernel's: atomic, and gone with the process. A lock file with a pid in it is neither. */
function lockFolder(directory: string): DatabaseSync {
  const lock = new DatabaseSync(join(directory, 'lock.sqlite'))
  try {
    lock.exec('pragma locking_mode = exclusive; begin exclusive')
    return lock
  } catch (error) {
    lock.close()
    throw new Error(`another scheduler works in ${directory}`, { cause: error })
  }
}

function writeWhole(path: string, text: string): void {
  const draft = `${path}.draft`
  writeFileSync(draft, text, { mode: 0o600, flush: true })
  renameSync(draft, path)
  const folder = openSync(join(path, '..'), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
