/** Lines `SUBJECT NAME`, as in a grid-mapfile: the subject in double quotes if it holds blanks. Pure. */

export interface NameTable {
  readonly names: ReadonlyMap<string, string>
  /** Lines that could not be read, with what is wrong. */
  readonly problems: readonly string[]
}

const line = /^(?:"((?:[^"\\]|\\["\\])+)"|([^\s"#]\S*))[ \t]+(\S+)$/

/** Subjects are compared in lower case. Of two lines for one subject the first counts, as in a grid-mapfile. */
export function parseNameTable(text: string): NameTable {
  const names = new Map<string, string>()
  const problems: string[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const trimmed = raw.trim()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const [, quoted, plain, list = ''] = line.exec(trimmed) ?? []
    const subject = quoted?.replace(/\\(["\\])/g, '$1') ?? plain
    // A grid-mapfile may list several accounts; the first is the usual one.
    const name = list.split(',')[0] ?? ''
    if (subject === undefined || name === '') {
      problems.push(`line ${index + 1}: write SUBJECT NAME, the subject in double quotes if it holds blanks`)
      continue
    }
    const key = subject.toLowerCase()
    if (names.has(key)) problems.push(`line ${index + 1}: a line above is for the same subject`)
    else names.set(key, name)
  }
  return { names, problems }
}
