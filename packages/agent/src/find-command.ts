import { accessSync, constants, statSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'

/** Absolute path of a program as a shell would find it, or null. `path` is the application's PATH, not ours. */
export function findCommand(name: string, path: string, directory: string): string | null {
  const candidates = name.includes('/')
    ? [resolve(directory, name)]
    : path.split(':').map((entry) => join(isAbsolute(entry) ? entry : resolve(directory, entry), name))
  return candidates.find(isProgram) ?? null
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
