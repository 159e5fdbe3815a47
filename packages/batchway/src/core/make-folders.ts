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
    const isParentMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!isParentMissing || existsSync(dirname(path))) throw error
    makeFolders(dirname(path), mode)
    mkdirSync(path, { mode })
  }
}
