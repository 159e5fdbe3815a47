import { statSync } from 'node:fs'
import { statePaths } from '../app/state-paths.ts'
import type { Config } from '../core/config.ts'
import { nameOfUid } from './doctor/look-at-paths.ts'

export interface Invocation {
  readonly uid: number
  /** The command's own words, as they were typed after the program's name. */
  readonly words: readonly string[]
}

/** A word as a shell takes it. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`

/**
 * @param owner of the state directory; null if there is none.
 * @returns why this account must not open the database there, with what to type instead; null: nothing against it.
 */
export function ownerProblem(
  directory: string,
  owner: { readonly uid: number; readonly name: string } | null,
  { uid, words }: Invocation,
): string | null {
  if (owner === null || owner.uid === uid) return null
  const command = ['batchway', ...words].map(quoted).join(' ')
  return `${directory} belongs to ${owner.name}, and what another account wrote there the hub could not open. Run it as that account:\n  runuser -u ${owner.name} -- ${command}`
}

/** To be called before a command opens the hub's database. SQLite would make files of the wrong owner. @throws {Error} with words. */
export function checkStateOwner(config: Config, { uid, words }: Invocation = ownInvocation()): void {
  if (!statePaths(config).database.startsWith('sqlite:')) return
  const problem = ownerProblem(config.stateDirectory, ownerOf(config.stateDirectory), { uid, words })
  if (problem !== null) throw new Error(problem)
}

const ownInvocation = (): Invocation => ({ uid: process.geteuid?.() ?? 0, words: process.argv.slice(2) })

function ownerOf(directory: string) {
  try {
    const { uid } = statSync(directory)
    return { uid, name: nameOfUid(uid) }
  } catch {
    return null
  }
}
