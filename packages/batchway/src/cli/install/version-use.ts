/** Who still needs an installed version: sessions whose jobs may begin with it, and processes that run from it. */
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { AgentUse } from '../../store/agent-use.ts'
import { versionFolder } from './prefix.ts'

export interface ProcessUse {
  readonly pid: number
  /** Its program and first word: `main.js hub`. */
  readonly words: string
}

export interface VersionUse {
  readonly sessions: readonly AgentUse[]
  readonly processes: readonly ProcessUse[]
}

/**
 * Is this an agent of that version? A path that this host does not have is one of the nodes', and may name the PREFIX in another way:
 * then the version alone has to tell.
 */
export function isOfVersion(
  directory: string,
  { roots, version }: { readonly roots: readonly string[]; readonly version: string },
  exists: (path: string) => boolean = existsSync,
): boolean {
  if (roots.some((root) => directory.startsWith(`${root}/`))) return true
  return !exists(directory) && directory.includes(`/versions/${version}/lib/node_modules/`)
}

/** The names by which a version's folder is known. */
export function rootsOf(prefix: string, version: string): readonly string[] {
  const root = versionFolder(prefix, version)
  try {
    return [...new Set([root, realpathSync(root)])]
  } catch {
    return [root]
  }
}

/** Processes of this host whose program lies there. Without root only one's own can be seen. */
export function processesOf(roots: readonly string[], proc = '/proc'): readonly ProcessUse[] {
  return readdirSync(proc)
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name): ProcessUse[] => {
      try {
        const program = readlinkSync(join(proc, name, 'exe'))
        if (!roots.some((root) => program.startsWith(`${root}/`))) return []
        const [, ...words] = readFileSync(join(proc, name, 'cmdline'), 'utf8')
          .split('\0')
          .filter(Boolean)
        return [{ pid: Number(name), words: describe(words) }]
      } catch {
        return [] // it has just ended, or is somebody else's
      }
    })
}

function describe(words: readonly string[]): string {
  const at = words.findIndex((word) => word.endsWith('.js'))
  const [program = '', first = ''] = words.slice(Math.max(at, 0))
  const name = program.replace(/^.*\//, '')
  return first !== '' && !first.startsWith('-') && name === 'main.js' ? `batchway ${first}` : name
}

const sessionText = ({ session, user, server, state, job }: AgentUse): string =>
  `session ${session} of ${user}${server === '' ? '' : `/${server}`}: ${state}${job === null ? '' : `, job ${job}`}`

export const useLines = ({ sessions, processes }: VersionUse): readonly string[] => [
  ...sessions.map(sessionText),
  ...processes.map(({ pid, words }) => `process ${pid}: ${words}`),
]

/** Sessions that may begin with this version. One whose hub did not write down which agent it named may begin with any. */
export function sessionsOf(
  all: readonly AgentUse[],
  place: { readonly roots: readonly string[]; readonly version: string },
): readonly AgentUse[] {
  const needs = ({ directory, wasSubmitted }: AgentUse) =>
    directory === null ? wasSubmitted : isOfVersion(directory, place)
  const byId = new Map(all.filter(needs).map((use) => [use.session, use]))
  return [...byId.values()]
}
