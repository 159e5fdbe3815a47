import { statSync } from 'node:fs'
import type { Config } from '../core/config.ts'

/** Does the address of a database hold a password? `?password=` is another way to write one. */
function holdsPassword(database: string | undefined): boolean {
  if (database === undefined || !URL.canParse(database)) return false
  const { password, searchParams } = new URL(database)
  return password !== '' || searchParams.has('password')
}

/**
 * @param mode of the configuration file.
 * @returns why it must not be used as it lies there, with what to do; null: nothing against it.
 */
export function configFileProblem(file: string, mode: number, config: Pick<Config, 'database'>): string | null {
  const octal = (mode & 0o777).toString(8)
  if ((mode & 0o002) !== 0) return `${file} can be written by everybody (mode ${octal}): chmod o-w ${file}`
  if ((mode & 0o004) !== 0 && holdsPassword(config.database))
    return `${file} holds the password of the database and can be read by everybody (mode ${octal}): chmod o-r ${file}`
  return null
}

/** @throws {Error} with words. */
export function checkConfigFile(file: string, config: Pick<Config, 'database'>): void {
  const problem = configFileProblem(file, statSync(file).mode, config)
  if (problem !== null) throw new Error(problem)
}
