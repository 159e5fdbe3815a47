import { lstatSync, readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'

/** `.batchway-<tag>.log`, where a tag is `b`, the site's instance, a session and an attempt: fifteen characters in all. */
const logName = /^\.batchway-b[0-9a-z]{14}\.log$/
/** What a job script that was killed leaves of its look at the home. */
const probeName = /^\.batchway-probe-[0-9A-Za-z]{8}$/

const day = 86_400_000
const keptLogs = 20
const logDays = 60
const probeDays = 1

/**
 * Remove what earlier jobs have left in a home: logs sixty days after their last line, but for the newest twenty, and remains of job
 * scripts that were killed. Only regular files, only under names that nobody else makes. What cannot be removed stays; never throws.
 * @param now Unix milliseconds
 * @returns how many were removed
 */
export function tidyHome(home: string, now: number): number {
  const found = list(home).flatMap((name) => {
    const isLog = logName.test(name)
    if (!isLog && !probeName.test(name)) return []
    const path = join(home, name)
    const stats = lstatSync(path, { throwIfNoEntry: false })
    return stats?.isFile() ? [{ path, isLog, changedAt: stats.mtimeMs }] : []
  })
  const logs = found.filter(({ isLog }) => isLog).sort((a, b) => b.changedAt - a.changedAt)
  const old = [
    ...logs.slice(keptLogs).filter(({ changedAt }) => now - changedAt > logDays * day),
    ...found.filter(({ isLog, changedAt }) => !isLog && now - changedAt > probeDays * day),
  ]
  return old.filter(({ path }) => remove(path)).length
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
