/** Tables of documents that name tests: “words” that stand in a `file`, the one named before them in the row if none is named with them. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

export interface Reference {
  /** Path from the repository's root. */
  readonly file: string
  /** Null: the file alone is named. */
  readonly words: string | null
}

export const readFrom = (file: string): string | null =>
  statSync(join(root, file), { throwIfNoEntry: false })?.isFile() ? readFileSync(join(root, file), 'utf8') : null

/** Cells of the rows of the table whose header begins with these cells. @throws if there is none. */
export function tableRows(text: string, ...header: readonly string[]): string[][] {
  const lines = text.split('\n')
  const at = lines.findIndex((line) => line.startsWith(`| ${header.join(' | ')} |`))
  if (at < 0) throw new Error(`there is no table ${header.join(', ')}`)
  const after = lines.slice(at + 2)
  const end = after.findIndex((line) => !line.startsWith('|'))
  return after.slice(0, end < 0 ? undefined : end).map((line) =>
    line
      .replace(/^\| | \|$/g, '')
      .split(' | ')
      .map((cell) => cell.trim()),
  )
}

/** What the cells of one row refer to, in order. */
export function references(cells: readonly string[]): Reference[] {
  const found: Reference[] = []
  let file = ''
  for (const [, path, words] of cells.join(' | ').matchAll(/`([\w./-]+\.(?:test\.ts|ts|md))`|“(.+?)”/g)) {
    if (path !== undefined) {
      file = path
      found.push({ file, words: null })
    } else if (words !== undefined) {
      if (found.at(-1)?.words === null) found.pop()
      found.push({ file, words })
    }
  }
  return found
}

/** @returns what is not true of a reference; null if it is. */
export function problemOf({ file, words }: Reference, read = readFrom): string | null {
  const text = read(file)
  if (text === null) return `there is no ${file || 'file named'}`
  return words === null || text.includes(words) ? null : `${file} has no ${words}`
}
