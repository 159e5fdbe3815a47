import { lstatSync, readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'

/** `.batchway-<tag>.log`, where a tag is `b`, the site's instance, a session and an attempt: fifteen characters in all. */
const logName = /^\.batchway-b[0-9a-z]{14}\.log$/
/** The script of a job of HTCondor that never ran, or that was to run again. */
const scriptName = /^\.batchway-b[0-9a-z]{14}\.sh$/
/** What a job script that was killed leaves of its look at the home. */
const probeName = /^\.batchway-probe-[0-9A-Za-z]{8}$/

const day = 86_400_000
const keptLogs = 20
const logDays = 60
const probeDays = 1

/**
 * Remove what earlier jobs have left in a home: logs and scripts sixty days after their last change, but for the newest twenty logs, and
 * remains of job scripts that were killed. Only regular files, only under names that nobody else makes. What cannot be removed stays; never throws.
 * @param now Unix milliseconds
 * @returns how many were removed
 */
export function tidyHome(home: string, now: number): number {
  const found = list(home).flatMap((name) => {
    const kind = kindOf(name)
    if (kind === null) return []
    const path = join(home, name)
    const stats = lstatSync(path, { throwIfNoEntry: false })
    return stats?.isFile() ? [{ path, kind, changedAt: stats.mtimeMs }] : []
  })
  const of = (wanted: Kind) => found.filter(({ kind }) => kind === wanted)
  const isOlder =
    (days: number) =>
    ({ changedAt }: { readonly changedAt: number }): boolean =>
      now - changedAt > days * day
  const old = [
    ...of('log')
      .sort((a, b) => b.changedAt - a.changedAt)
      .slice(keptLogs)
      .filter(isOlder(logDays)),
    ...of('script').filter(isOlder(logDays)),
    ...of('probe').filter(isOlder(probeDays)),
  ]
  return old.filter(({ path }) => remove(path)).length
}

type Kind = 'log' | 'script' | 'probe'

function kindOf(name: string): Kind | null {
  if (logName.test(name)) return 'log'
  if (scriptName.test(name)) return 'script'
  return probeName.test(name) ? 'probe' : null
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function remove(path: string): boolean {
  try {
    unlinkSync(path)
    return true
  } catch {
    return false // gone meanwhile, or not ours to remove
  }
}
