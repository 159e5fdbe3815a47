/** A file of names that the site may change while the hub runs. */
import { readFile, stat } from 'node:fs/promises'
import { parseNameTable } from '../people/name-table.ts'

/**
 * Reads the file when it has changed since the last question.
 * @param tell hears of lines that cannot be read, once per version of the file.
 * @returns the name for a subject, null without one. It rejects if the file cannot be read.
 */
export function watchedTable(
  path: string,
  tell: (problems: readonly string[]) => void = () => {},
): (subject: string) => Promise<string | null> {
  let version = ''
  let names: ReadonlyMap<string, string> = new Map()
  return async (subject) => {
    const { mtimeMs, size, ino } = await stat(path)
    const now = `${mtimeMs} ${size} ${ino}`
    if (now !== version) {
      const table = parseNameTable(await readFile(path, 'utf8'))
      names = table.names
      version = now
      if (table.problems.length > 0) tell(table.problems)
    }
    return names.get(subject.toLowerCase()) ?? null
  }
}
