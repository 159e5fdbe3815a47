import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

/**
 * A directory in which the scheduler and shepherds of other uids leave notes for each other without any privilege: everybody may
 * enter and create, nobody but its owner may list (mode 1733), and each name holds 128 random bits. Notes that are not owned by
 * whom they should come from do not count.
 *
 * `<key>.alive`  made once, by whoever comes first: the shepherd (its identity) or the scheduler (`{"revoked":true}`)
 * `<key>.cancel` by the scheduler: end the job
 * `<key>.result` by the shepherd: how the job ended
 */
export type NoteKind = 'alive' | 'cancel' | 'result'

const maxNoteBytes = 65_536

export const newKey = (): string => randomBytes(16).toString('hex')

export const notePath = (directory: string, key: string, kind: NoteKind): string => join(directory, `${key}.${kind}`)

/** Make the exchange. @param isShared whether other uids use it. @throws {Error} if it is there but belongs to somebody else. */
export function openExchange(directory: string, isShared: boolean): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const stat = lstatSync(directory)
  if (!stat.isDirectory() || stat.uid !== process.getuid?.()) throw new Error(`${directory} is not a directory of ours`)
  chmodSync(directory, isShared ? 0o1733 : 0o700)
}

/** Make a note unless it is there. Complete or absent, whatever dies. @returns false if somebody was first. */
export function writeNoteOnce(path: string, value: unknown): boolean {
  const draft = writeDraft(path, value)
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Make or replace a note of our own. Complete or absent, whatever dies. */
export const replaceNote = (path: string, value: unknown): void => renameSync(writeDraft(path, value), path)

function writeDraft(path: string, value: unknown): string {
  const draft = `${path}.${randomBytes(8).toString('hex')}`
  const file = openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o644)
  try {
    writeSync(file, JSON.stringify(value))
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  chmodSync(draft, 0o644) // whatever the umask: the other side has another uid
  return draft
}

/** @returns its text, or null if there is none by one of these owners. Symlinks, pipes and giants do not count as notes. */
export function readNote(path: string, owners: readonly number[]): string | null {
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    return null
  }
  try {
    const stat = fstatSync(file)
    if (!stat.isFile() || !owners.includes(stat.uid) || stat.size > maxNoteBytes) return null
    const buffer = Buffer.alloc(stat.size)
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, stat.size, 0))
  } finally {
    closeSync(file)
  }
}

export const removeNotes = (directory: string, key: string): void => {
  for (const kind of ['alive', 'cancel', 'result'] as const) rmSync(notePath(directory, key, kind), { force: true })
}

/** Remove notes nobody asks for any more. @param keep keys in use. @param before Unix ms; younger notes stay: revocations must outlive late shepherds. */
export function pruneExchange(directory: string, keep: ReadonlySet<string>, before: number): void {
  for (const name of readdirSync(directory)) {
    if (keep.has(name.split('.', 1)[0] ?? '')) continue
    const path = join(directory, name)
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (stat && stat.mtimeMs < before) rmSync(path, { force: true, recursive: true })
  }
}

export const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code
