/** Puts a release into a PREFIX: whole, readable by all, in place at once or not at all. */
import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { isVersionName, versionFolder } from './prefix.ts'
import { parseSums, sumsName, verifyRelease } from './verify-release.ts'

/** At most so many are shown of what is wrong. */
const shown = 10

export function problemText(root: string, problems: readonly string[]): string {
  const rest = problems.length > shown ? [`… and ${problems.length - shown} more`] : []
  return [`${root} is not what was built:`, ...problems.slice(0, shown), ...rest].join('\n  ')
}

const sumsOf = (root: string): string => readFileSync(join(root, sumsName), 'utf8')

/** Whatever the umask. */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  makeFolder(dirname(path))
  mkdirSync(path)
  chmodSync(path, 0o755)
}

/** @returns the version's folder, and whether it was there before. @throws {Error} in words. */
export async function placeRelease(
  source: { readonly root: string; readonly version: string },
  prefix: string,
): Promise<{ readonly root: string; readonly isNew: boolean }> {
  if (!isVersionName(source.version)) throw new Error(`not a version: ${source.version}`)
  const root = versionFolder(prefix, source.version)
  const problems = await verifyRelease(source.root)
  if (problems.length > 0) throw new Error(problemText(source.root, problems))
  if (existsSync(root)) {
    if (sumsOf(root) === sumsOf(source.root)) return { root, isNew: false }
    throw new Error(
      `${root} is there already and holds another build of ${source.version}: remove it first, or build with another version`,
    )
  }
  makeFolder(dirname(root))
  const made = mkdtempSync(join(dirname(root), `.${source.version}.new-`))
  try {
    chmodSync(made, 0o755)
    for (const path of [...parseSums(sumsOf(source.root)).map((line) => line.path), sumsName]) {
      const target = join(made, path)
      makeFolder(dirname(target))
      copyFileSync(join(source.root, path), target, constants.COPYFILE_FICLONE)
      chmodSync(target, isProgram(path) ? 0o755 : 0o644)
    }
    const copied = await verifyRelease(made)
    if (copied.length > 0) throw new Error(problemText(made, copied))
    renameSync(made, root)
    return { root, isNew: true }
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
}

/** Copies keep no mode that an unpacking umask has spoiled. */
const isProgram = (path: string): boolean => /(?:^|\/)bin\/[^/]+$/.test(path) && !path.endsWith('.js')
