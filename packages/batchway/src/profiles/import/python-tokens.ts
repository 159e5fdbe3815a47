/** Words of a Python file, enough to find literals in it. Nothing here runs or imports anything. */

export type PythonToken = { readonly line: number; readonly column: number } & (
  | { readonly kind: 'name' | 'operator' | 'number'; readonly text: string }
  | { readonly kind: 'string'; readonly value: string }
  /** A string that is no plain text: `f"…"`, `b"…"`. */
  | { readonly kind: 'odd-string'; readonly text: string }
  /** The end of a statement: a line break outside brackets, or a semicolon. */
  | { readonly kind: 'end' }
)

/** The file is not Python that can be read, or holds something that is not read. Lines and columns count from 1. */
export class PythonProblem extends Error {
  readonly line: number
  readonly column: number
  constructor({ line, column }: { readonly line: number; readonly column: number }, words: string) {
    super(`line ${line}, column ${column}: ${words}`)
    this.name = 'PythonProblem'
    this.line = line
    this.column = column
  }
}

/** Python's own escapes. https://docs.python.org/3/reference/lexical_analysis.html#escape-sequences */
const escapes: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

const escapePattern =
  /\\(?:([\n\\'"abfnrtv])|([0-7]{1,3})|x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([\s\S]))/g

function readEscapes(body: string, at: { readonly line: number; readonly column: number }): string {
  return body.replace(
    escapePattern,
    (whole, plain?: string, octal?: string, x?: string, u?: string, U?: string, other?: string) => {
      if (plain !== undefined) return escapes[plain] ?? ''
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8))
      const code = x ?? u ?? U
      if (code === undefined) {
        if (other !== undefined && 'NxuU'.includes(other))
          throw new PythonProblem(at, `the escape \\${other} cannot be read here: write the character itself`)
        return whole // Python keeps the backslash of an escape that it does not know
      }
      const point = Number.parseInt(code, 16)
      if (point > 0x10ffff) throw new PythonProblem(at, `there is no character \\U${code}`)
      return String.fromCodePoint(point)
    },
  )
}

const patterns = {
  blank: /(?:[ \t\f]|\\\n)+|#[^\n]*/y,
  break: /\n|;/y,
  /** Prefix, then either three quotes or one. */
  quote: /([A-Za-z]{0,2})('''|"""|'|")/y,
  name: /[\p{L}_][\p{L}\p{N}_]*/uy,
  // Longer than a number can be, so that `0o17x` is one wrong word and not two right ones.
  number: /(?:\d|\.\d)(?:[eE][+-]|[\w.])*/y,
  operator: /:=|->|\.\.\.|\*\*=?|\/\/=?|<<=?|>>=?|[-+*/%&|^@=!<>]=|[-+*/%&|^~@=<>()[\]{},:.!]/y,
} as const

const bodies: Readonly<Record<string, RegExp>> = {
  "'": /((?:[^'\\\n]|\\[\s\S])*)'/y,
  '"': /((?:[^"\\\n]|\\[\s\S])*)"/y,
  "'''": /((?:[^\\]|\\[\s\S])*?)'''/y,
  '"""': /((?:[^\\]|\\[\s\S])*?)"""/y,
}

/**
 * @returns every token, with an `end` after each statement.
 * @throws {PythonProblem} on a string that does not end, a bracket without its partner, or a character that Python does not know.
 */
export function pythonTokens(source: string): PythonToken[] {
  const text = source.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n')
  const tokens: PythonToken[] = []
  const open: { readonly bracket: string; readonly line: number; readonly column: number }[] = []
  let place = 0
  let line = 1
  let lineStart = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = place
    const match = pattern.exec(text)
    if (match === null) return null
    for (let i = place; i < place + match[0].length; i++)
      if (text[i] === '\n') {
        line += 1
        lineStart = i + 1
      }
    place += match[0].length
    return match
  }
  const end = (at: { readonly line: number; readonly column: number }): void => {
    if (tokens.length > 0 && tokens.at(-1)?.kind !== 'end') tokens.push({ kind: 'end', ...at })
  }
  while (place < text.length) {
    const at = { line, column: place - lineStart + 1 }
    if (take(patterns.blank)) continue
    if (take(patterns.break)) {
      if (open.length === 0) end(at)
      continue
    }
    const start = place
    const quote = take(patterns.quote)
    if (quote) {
      const [, prefix = '', mark = ''] = quote
      const body = bodies[mark]
      const found = body && take(body)
      if (!found) throw new PythonProblem(at, 'a string begins here and does not end')
      const [, inside = ''] = found
      if (/^(r|u|)$/i.test(prefix))
        tokens.push({ kind: 'string', value: /r/i.test(prefix) ? inside : readEscapes(inside, at), ...at })
      else tokens.push({ kind: 'odd-string', text: text.slice(start, start + prefix.length + mark.length), ...at })
      continue
    }
    const name = take(patterns.name)
    if (name) {
      tokens.push({ kind: 'name', text: name[0], ...at })
      continue
    }
    const number = take(patterns.number)
    if (number) {
      tokens.push({ kind: 'number', text: number[0], ...at })
      continue
    }
    const operator = take(patterns.operator)?.[0]
    if (operator === undefined)
      throw new PythonProblem(
        at,
        `${JSON.stringify(String.fromCodePoint(text.codePointAt(place) ?? 0))} is nothing that Python knows`,
      )
    if ('([{'.includes(operator)) open.push({ bracket: operator, ...at })
    if (')]}'.includes(operator)) {
      const partner = open.pop()
      if (partner === undefined || '([{'.indexOf(partner.bracket) !== ')]}'.indexOf(operator))
        throw new PythonProblem(at, `"${operator}" closes nothing that is open`)
    }
    tokens.push({ kind: 'operator', text: operator, ...at })
  }
  const unclosed = open.at(-1)
  if (unclosed) throw new PythonProblem(unclosed, `"${unclosed.bracket}" is never closed`)
  end({ line, column: place - lineStart + 1 })
  return tokens
}
