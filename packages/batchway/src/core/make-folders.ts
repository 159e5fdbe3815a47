import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Make a folder and those above it that are missing. Not Node's `recursive`: where a folder can never be made (/proc, an automounter's),
 * that one tries for ever.
 * @throws {Error} of the file system; also if the folder is there.
 */
export function makeFolders(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    if (!existsSync(dirname(path))) makeAbove(dirname(path), mode)
    mkdirSync(path, { mode })
  }
}

/** Hub and proxy may start in one moment: whoever makes it, it is there. */
function makeAbove(path: string, mode: number): void {
  try {
    makeFolders(path, mode)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)
