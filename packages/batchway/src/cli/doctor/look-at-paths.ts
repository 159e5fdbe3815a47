/** Owners and modes on the way to a file. Thin: what they mean is decided elsewhere. */
import { execFileSync } from 'node:child_process'
import { lstatSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Place } from './judge-site.ts'

function nameOf(database: 'passwd' | 'group', id: number): string {
  try {
    const line = execFileSync('getent', [database, '--', String(id)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 10_000,
    })
    return line.split(':')[0] || String(id)
  } catch {
    return String(id)
  }
}

/** @returns the login name of a uid; the number where nobody here has it. */
export const nameOfUid = (uid: number): string => nameOf('passwd', uid)
/** The same of a group. */
export const nameOfGid = (gid: number): string => nameOf('group', gid)

export function lookAt(path: string): Place {
  try {
    const { uid, mode } = statSync(path)
    return { path, found: { uid, owner: nameOfUid(uid), mode: mode & 0o7777 } }
  } catch {
    return { path, found: null }
  }
}

/** A path, what its links lead to, and all folders above both. */
function wayTo(path: string): string[] {
  const ends = [path]
  try {
    ends.push(realpathSync(path))
  } catch {
    // not there: the folders above are still worth a look
  }
  const all = ends.flatMap((end) => {
    const folders = [end]
    for (let at = end; at !== '/'; at = dirname(at)) folders.push(dirname(at))
    return folders
  })
  return [...new Set(all)]
}

const octal = (mode: number): string => (mode & 0o7777).toString(8)

/** Parts of the way that others than root (and the given uids) own or can write; a sticky folder lets nobody replace what is not theirs. */
export function weakPlacesOf(path: string, trusted: readonly number[] = [0]): string[] {
  return wayTo(path).flatMap((part) => {
    try {
      const { uid, mode } = statSync(part)
      if (!trusted.includes(uid)) return [`${part} belongs to ${nameOfUid(uid)}`]
      const isSticky = (mode & 0o1000) !== 0 && lstatSync(part).isDirectory()
      return (mode & 0o022) !== 0 && !isSticky ? [`${part} has mode ${octal(mode)}`] : []
    } catch {
      return []
    }
  })
}

/** Parts of the way that other accounts cannot pass (folders) or read (the file). */
export function closedPlacesOf(path: string): string[] {
  return wayTo(path).flatMap((part) => {
    try {
      const stat = statSync(part)
      const needed = stat.isDirectory() ? 0o001 : 0o004
      return (stat.mode & needed) === 0 ? [`${part} has mode ${octal(stat.mode)}`] : []
    } catch {
      return []
    }
  })
}
