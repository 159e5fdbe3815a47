/**
 * A hold tells whether a command still lives, whoever started it and whether that one still lives: a FIFO whose only writers are the
 * command and what it starts, as their standard error. Node cannot lock files, and a lock on any other descriptor would not reach a
 * command behind `sudo`, which closes all but the first three.
 */
import { execFile } from 'node:child_process'
import { closeSync, constants, fstatSync, openSync, readSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { promisify } from 'node:util'

/** `held`: something that could still act is alive. `free`: nothing is. `absent`: there is no hold, so nobody can tell. */
export type HoldState = 'held' | 'free' | 'absent'

/** Make an empty hold, in place of what was there. @throws if its folder is not there or not writable. */
export async function makeHold(path: string): Promise<void> {
  rmSync(path, { force: true })
  await promisify(execFile)('mkfifo', ['-m', '600', '--', path], { env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } })
}

/** Open a FIFO to read without waiting for a writer. */
function openReader(path: string): number {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  if (fstatSync(fd).isFIFO()) return fd
  closeSync(fd)
  throw new Error(`${path} is no FIFO`)
}

/** What a writer may have said is read and dropped. @throws if the path cannot be read. */
export function holdState(path: string): HoldState {
  let fd: number
  try {
    fd = openReader(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 'absent'
    throw error
  }
  try {
    const buffer = Buffer.allocUnsafe(65_536)
    while (readSync(fd, buffer) > 0);
    return 'free' // the end of a FIFO is read when nobody has it open for writing
  } catch (error) {
    if (codeOf(error) === 'EAGAIN') return 'held'
    throw error
  } finally {
    closeSync(fd)
  }
}

export interface OpenHold {
  /** For the command's standard error; to be closed here as soon as the command has it. */
  readonly writer: number
  /** What the command writes; ends when nobody holds the writer any more. */
  readonly reader: Socket
}

/** @throws if there is no hold at this path. */
export function openHold(path: string): OpenHold {
  const fd = openReader(path)
  // A reader is there, so this does not wait; and it blocks as a pipe does, since the command shares its flags.
  const writer = openSync(path, constants.O_WRONLY)
  return { writer, reader: new Socket({ fd, readable: true, writable: false }) }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)
