/** A PREFIX: versions side by side, and the link that says which one is used. Layout: decision 0070. */
import { lstatSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { programsOfRelease, type Release, readRelease } from '../../app/release.ts'
import { writeJobPrograms } from '../job-programs.ts'

export const standardPrefix = '/opt/batchway'

export const versionFolder = (prefix: string, version: string): string => join(prefix, 'versions', version)

/** What a name of a version may be: it becomes part of a path. */
export const isVersionName = (text: string): boolean => /^[0-9A-Za-z][0-9A-Za-z.-]{0,63}$/.test(text)

const numbers = (version: string): number[] => (version.split('-')[0] ?? '').split('.').map(Number)

/** By number; what is released before a version (0.2.0-rc1) comes before it. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbers(a), numbers(b)]
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0)
    if (difference !== 0) return difference
  }
  const isEarly = (version: string) => version.includes('-')
  if (isEarly(a) !== isEarly(b)) return isEarly(a) ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

/** Oldest first. Folders that are being put in place do not count. */
export function listReleases(prefix: string): readonly Release[] {
  let names: string[]
  try {
    names = readdirSync(join(prefix, 'versions'))
  } catch {
    return []
  }
  return names
    .filter(isVersionName)
    .sort(compareVersions)
    .flatMap((name) => readRelease(versionFolder(prefix, name)) ?? [])
}

/** The version that `current` names; null if it names none. */
export function currentVersion(prefix: string): string | null {
  try {
    const [, version] = /^versions\/([^/]+)$/.exec(readlinkSync(join(prefix, 'current'))) ?? []
    return version ?? null
  } catch {
    return null
  }
}

/** Whoever reads the link meanwhile finds the one or the other, never none. @throws {Error} if something else has this name. */
function replaceLink(path: string, target: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === false)
    throw new Error(`${path} is in the way: it is not a link of an installation`)
  const made = `${path}.new-${process.pid}`
  rmSync(made, { force: true })
  symlinkSync(target, made)
  renameSync(made, path)
}

/** Make a version the one that is started from now on. What runs keeps its own. */
export function useVersion(prefix: string, version: string): void {
  const root = versionFolder(prefix, version)
  mkdirSync(join(prefix, 'bin'), { recursive: true, mode: 0o755 })
  writeJobPrograms(prefix, programsOfRelease(root))
  replaceLink(join(prefix, 'bin/batchway'), '../current/bin/batchway')
  replaceLink(join(prefix, 'current'), join('versions', version))
}
