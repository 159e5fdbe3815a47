import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SchedulerError } from './driver.ts'

/**
 * Find an executable on `path` (absolute folders only: a relative one would depend on where the hub was started).
 * @returns its absolute path, or null.
 */
export async function findCommand(name: string, path: string): Promise<string | null> {
  for (const folder of path.split(':').filter((entry) => entry.startsWith('/'))) {
    const file = join(folder, name)
    if (await isExecutable(file)) return file
  }
  return null
}

/** The same with memory, for one PATH: sudo rules and log lines name absolute paths, and a path does not move while a hub runs. */
export function commandFinder(path: string): (file: string) => Promise<string> {
  const found = new Map<string, string>()
  return async (file) => {
    if (file.startsWith('/')) return file
    const known = found.get(file)
    if (known !== undefined) return known
    const absolute = file.includes('/') ? null : await findCommand(file, path)
    if (absolute === null)
      throw new SchedulerError('unavailable', `the command ${file} was not found on PATH (${path})`)
    found.set(file, absolute)
    return absolute
  }
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK)
    return (await stat(file)).isFile()
  } catch {
    return false
  }
}
