/** Reads a theme's folder, and nothing outside it: no links are followed, and what is not in the list of places is not opened. */
import { type BigIntStats, constants } from 'node:fs'
import { lstat, open, readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'

export interface FolderFile {
  /** Below the folder, with slashes. */
  readonly path: string
  readonly bytes: Buffer
}

export interface FolderProblem {
  readonly path: string
  readonly words: string
}

/** What lies there, without what is in it; two equal marks mean that nothing has changed. */
export interface Listing {
  readonly root: string
  readonly mark: string
  readonly paths: readonly string[]
  readonly problems: readonly FolderProblem[]
}

export const limits = { files: 100, templateBytes: 65_536, pictureBytes: 1_048_576 } as const

const folders = ['blocks', 'parts', 'static'] as const
const markOf = ({ dev, ino, size, mtimeNs, ctimeNs, mode }: BigIntStats): string =>
  [dev, ino, size, mtimeNs, ctimeNs, mode].join('.')
const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)

/** Why a file may not be used; null for one that may. */
function refusal(found: BigIntStats): string | null {
  if (found.isSymbolicLink()) return 'is a symbolic link: put the file itself here'
  if (!found.isFile()) return 'is no file'
  if ((found.mode & 0o002n) !== 0n) return 'can be written by everybody: chmod o-w'
  return null
}

/** One look at the names and times, in the order of the names. @throws nothing: what cannot be read is a problem in the list. */
export async function listFolder(folder: string): Promise<Listing> {
  const problems: FolderProblem[] = []
  const marks: string[] = []
  const paths: string[] = []
  let root = folder
  try {
    // The folder itself may be a link: sites switch between versions that way.
    root = await realpath(folder)
    const top = await lstat(root, { bigint: true })
    if (!top.isDirectory()) throw new Error('is no folder')
    marks.push(root)
    const seen = (await readdir(root)).filter((name) => !name.startsWith('.')).sort()
    for (const name of seen) {
      const found = await lstat(join(root, name), { bigint: true })
      marks.push(`${name}:${markOf(found)}`)
      if (found.isDirectory() && folders.some((each) => each === name)) await listBelow(name)
      else if (name === 'theme.yaml') take(name, found)
      else if (!/^(README|LICEN[CS]E)(\.\w+)?$/i.test(name))
        problems.push({
          path: name,
          words: found.isSymbolicLink()
            ? 'is a symbolic link: put the files themselves here'
            : `is nothing of a theme: there are theme.yaml, ${folders.join(', ')}`,
        })
    }
  } catch (error) {
    const words = error instanceof Error && !('code' in error) ? error.message : `cannot be read (${codeOf(error)})`
    problems.push({ path: '', words })
    marks.push(words)
  }
  return { root, mark: marks.join('\n'), paths, problems }

  async function listBelow(name: string): Promise<void> {
    for (const each of (await readdir(join(root, name))).filter((file) => !file.startsWith('.')).sort()) {
      const path = `${name}/${each}`
      const found = await lstat(join(root, path), { bigint: true })
      marks.push(`${path}:${markOf(found)}`)
      take(path, found)
    }
  }
  function take(path: string, found: BigIntStats): void {
    const words = refusal(found)
    if (words !== null) problems.push({ path, words })
    else if (paths.length >= limits.files) problems.push({ path, words: `is one of more than ${limits.files} files` })
    else paths.push(path)
  }
}

/** Reads what a listing names. What was exchanged for a link meanwhile is not opened. */
export async function readListed({ root, paths }: Pick<Listing, 'root' | 'paths'>): Promise<{
  readonly files: readonly FolderFile[]
  readonly problems: readonly FolderProblem[]
}> {
  const files: FolderFile[] = []
  const problems: FolderProblem[] = []
  for (const path of paths) {
    const limit = path.startsWith('static/') ? limits.pictureBytes : limits.templateBytes
    try {
      // O_NONBLOCK: opening a pipe that took the file's place must not wait for its other end.
      await using handle = await open(
        join(root, path),
        constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
      )
      const found = await handle.stat({ bigint: true })
      const words = refusal(found) ?? (found.size > BigInt(limit) ? `is larger than ${limit / 1024} KiB` : null)
      if (words !== null) problems.push({ path, words })
      else files.push({ path, bytes: await handle.readFile() })
    } catch (error) {
      problems.push({ path, words: `cannot be read (${codeOf(error)})` })
    }
  }
  return { files, problems }
}
