/** Lines appended to a file that a rotation may move away at any time. */
import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { EventLine, LineFormat } from '../event-line.ts'
import type { OpenOutlet } from '../outlet.ts'

/** Read by whoever is in the group of the folder: a log shipper. */
const mode = 0o640

async function isCut(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer[0] !== 0x0a
}

/** Is the file that we hold still the one under this name? */
async function isThere(path: string, inode: bigint): Promise<boolean> {
  try {
    return (await stat(path, { bigint: true })).ino === inode
  } catch {
    return false
  }
}

export function openFile({ path, format }: { readonly path: string; readonly format: LineFormat }): OpenOutlet {
  async function openOne(): Promise<{ handle: FileHandle; inode: bigint }> {
    // Not through a link that somebody put there, and not waiting for the reader of a pipe.
    const { O_APPEND, O_CREAT, O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants
    const handle = await open(path, O_APPEND | O_CREAT | O_RDWR | O_NOFOLLOW | O_NONBLOCK, mode)
    try {
      const found = await handle.stat({ bigint: true })
      if (!found.isFile()) throw new Error(`${path} is not a regular file`)
      // A disk that was full has kept a part of a line: the next one must not be glued to it.
      if (await isCut(handle, Number(found.size))) await handle.appendFile('\n')
      return { handle, inode: found.ino }
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  return async () => {
    let file = await openOne()
    return {
      async send(lines: readonly EventLine[]) {
        if (!(await isThere(path, file.inode))) {
          await file.handle.close()
          file = await openOne()
        }
        await file.handle.appendFile(`${lines.map((line) => line.text(format)).join('\n')}\n`)
      },
      close: () => file.handle.close(),
    }
  }
}
