/** Makes a folder that is the caller's alone, or checks that it is. */
import { lstatSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeFolders } from '../../core/make-folders.ts'
import { reasons } from '../../core/system-error.ts'
import { networkFileSystem } from '../../store/private-file.ts'

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '')

/** What is clearer said of a folder to write in. */
const ofFolders: Readonly<Record<string, string>> = {
  ENOENT: 'no folder can be made there',
  EACCES: 'this account may not write there',
  EPERM: 'this account may not write there',
}

/**
 * Make the folder with mode 0700; one that is there must belong to us and be closed to others. In a folder for all (/var/tmp) somebody
 * else may have been there first, with a folder or with a link to one.
 * @throws {Error} with words.
 */
export function claimFolder(path: string): void {
  try {
    makeFolders(path, 0o700)
  } catch (error) {
    const code = codeOf(error)
    if (code !== 'EEXIST')
      throw new Error(
        `cannot make ${path}: ${ofFolders[code] ?? reasons[code] ?? code}. Name another folder with --state DIRECTORY`,
        {
          cause: error,
        },
      )
  }
  const uid = process.getuid?.()
  const found = statSync(path)
  if (!found.isDirectory()) throw new Error(`${path} is not a folder. Name another one with --state DIRECTORY`)
  if (lstatSync(path).uid !== uid || found.uid !== uid)
    throw new Error(`${path} belongs to somebody else (uid ${found.uid}). Name another folder with --state DIRECTORY`)
  if ((found.mode & 0o077) !== 0)
    throw new Error(`${path} is open to other accounts. If it is meant for Batchway alone: chmod 700 ${path}`)
}

/** Name of the network file system a path lies on, or would lie on once it is made. */
export function networkOf(path: string): string | null {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      return networkFileSystem(statfsSync(folder).type)
    } catch {
      if (folder === dirname(folder)) return null
    }
  }
}
