/** What is wrong with a configuration, in words a sysadmin can act on. */

export interface ConfigProblem {
  /** Dotted path, e.g. `profiles[2].resources.memory`; empty for the whole file. */
  readonly path: string
  readonly message: string
}

export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[]
  constructor(source: string, problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ path, message }) => `  ${path === '' ? '(whole file)' : path}: ${message}`)
    super(`${source} has ${problems.length} problem${problems.length === 1 ? '' : 's'}:\n${lines.join('\n')}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

export const toPath = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  )

/** Smallest number of single-character edits between two words (Levenshtein), given up beyond 3. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

export const closest = (word: string, known: readonly string[]): string | undefined =>
  known
    .map((candidate) => ({ candidate, edits: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= (candidate.length < 4 ? 1 : candidate.length < 9 ? 2 : 3))
    .sort((x, y) => x.edits - y.edits)[0]?.candidate

export const unknownKey = (name: string, known: readonly string[]): string => {
  const guess = closest(name, known)
  return guess ? `unknown key; did you mean "${guess}"?` : `unknown key; known here: ${known.join(', ') || 'none'}`
}
