/** Makes a folder that is the caller's alone, or checks that it is. */
import { existsSync, lstatSync, mkdirSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { networkFileSystem } from '../../store/private-file.ts'

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '')

/** What a failed write means to the person who reads it. @see errno(3) */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no folder can be made there',
  EACCES: 'this account may not write there',
  EPERM: 'this account may not write there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  ENOTDIR: 'a part of the path is a file',
}

/** Not Node's `recursive`: where a folder can never be made (/proc, an automounter's), that one tries for ever. */
function makeFolders(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || existsSync(dirname(path))) throw error
    makeFolders(dirname(path))
    mkdirSync(path, { mode: 0o700 })
  }
}

/**
 * Make the folder with mode 0700; one that is there must belong to us and be closed to others. In a folder for all (/var/tmp) somebody
 * else may have been there first, with a folder or with a link to one.
 * @throws {Error} with words.
 */
export function claimFolder(path: string): void {
  try {
    makeFolders(path)
  } catch (error) {
    const code = codeOf(error)
    if (code !== 'EEXIST')
      throw new Error(`cannot make ${path}: ${reasons[code] ?? code}. Name another folder with --state DIRECTORY`, {
        cause: error,
      })
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
