/**
 * Finds every module that a TypeScript or JavaScript source names: static and dynamic imports, re-exports, type imports, `require`,
 * `import.meta.resolve` and `new URL('./x.ts', import.meta.url)` (workers). A small lexer, not a regular expression: comments, strings,
 * templates and regular expressions in the source do not fool it.
 */

export interface ImportFound {
  /** The specifier as written; null if it is computed at run time. */
  readonly specifier: string | null
  /** True for `import type` and `export type`, which leave nothing behind at run time. `import { type A }` does leave an import. */
  readonly isTypeOnly: boolean
  readonly line: number
}

interface Token {
  readonly kind: 'word' | 'string' | 'punctuation' | 'template' | 'number'
  readonly text: string
  readonly line: number
}

/** A `/` after one of these words begins a regular expression. */
const wordsBeforeRegex = new Set(
  'return typeof case in of delete void throw new else do await yield instanceof'.split(' '),
)

/** @returns the tokens of a source; strings without their quotes, a template without `${}` as a string. */
function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  /** For each `${` that is open: how many `{` are open inside it. */
  const holes: number[] = []
  let at = 0
  let line = 1
  const push = (kind: Token['kind'], text: string) => tokens.push({ kind, text, line })

  const readTemplate = () => {
    const start = at
    while (at < source.length) {
      if (source[at] === '\\') at += 2
      else if (source[at] === '`') {
        push(start > 0 && source[start - 1] === '`' ? 'string' : 'template', source.slice(start, at))
        at += 1
        return
      } else if (source.startsWith('${', at)) {
        push('template', source.slice(start, at))
        at += 2
        holes.push(0)
        return
      } else at += 1
    }
  }
  const beginsRegex = () => {
    const last = tokens.at(-1)
    if (!last) return true
    if (last.kind === 'word') return wordsBeforeRegex.has(last.text)
    return last.kind === 'punctuation' && last.text !== ')' && last.text !== ']' && last.text !== '}'
  }

  while (at < source.length) {
    const char = source[at] ?? ''
    if (char === '\n') {
      line += 1
      at += 1
    } else if (/\s/.test(char)) at += 1
    else if (source.startsWith('//', at) || (at === 0 && source.startsWith('#!'))) at = endOf(source, '\n', at)
    else if (source.startsWith('/*', at)) {
      const end = endOf(source, '*/', at + 2) + 2
      line += source.slice(at, end).split('\n').length - 1
      at = end
    } else if (char === '"' || char === "'") {
      const start = at + 1
      at = start
      while (at < source.length && source[at] !== char && source[at] !== '\n') at += source[at] === '\\' ? 2 : 1
      push('string', source.slice(start, at))
      at += 1
    } else if (char === '`') {
      at += 1
      const first = at
      readTemplate()
      line += source.slice(first, at).split('\n').length - 1
    } else if (char === '}' && holes.at(-1) === 0) {
      holes.pop()
      at += 1
      const first = at
      readTemplate()
      line += source.slice(first, at).split('\n').length - 1
    } else if (char === '/' && beginsRegex()) {
      let isInClass = false
      at += 1
      while (at < source.length && source[at] !== '\n' && (isInClass || source[at] !== '/')) {
        if (source[at] === '\\') at += 1
        else if (source[at] === '[') isInClass = true
        else if (source[at] === ']') isInClass = false
        at += 1
      }
      at += 1
      push('number', 'regex')
    } else if (/[\p{L}_$]/u.test(char)) {
      const word = /^[\p{L}\p{N}_$]+/u.exec(source.slice(at, at + 200))?.[0] ?? char
      push('word', word)
      at += word.length
    } else if (/\d/.test(char)) {
      const digits = /^[\w.]+/.exec(source.slice(at, at + 200))?.[0] ?? char
      push('number', digits)
      at += digits.length
    } else {
      const open = holes.length - 1
      if (open >= 0 && char === '{') holes[open] = (holes[open] ?? 0) + 1
      if (open >= 0 && char === '}') holes[open] = (holes[open] ?? 0) - 1
      push('punctuation', char)
      at += 1
    }
  }
  return tokens
}

function endOf(source: string, mark: string, from: number): number {
  const end = source.indexOf(mark, from)
  return end === -1 ? source.length : end
}

/** @returns what `source` imports, in order. */
export function scanImports(source: string): ImportFound[] {
  const tokens = tokenize(source)
  const is = (index: number, text: string) => tokens[index]?.text === text && tokens[index]?.kind !== 'string'
  const found: ImportFound[] = []
  const add = (token: Token | undefined, isTypeOnly: boolean, line: number) =>
    found.push({ specifier: token?.kind === 'string' ? token.text : null, isTypeOnly, line })
  /** The string after the next `from`; null if the statement ends before one comes. */
  const findFrom = (start: number): Token | null => {
    for (let i = start; i < tokens.length && i < start + 5000; i += 1) {
      if (is(i, ';') || is(i, '=')) return null
      const next = tokens[i + 1]
      if (is(i, 'from') && next?.kind === 'string') return next
    }
    return null
  }

  for (const [i, token] of tokens.entries()) {
    if (token.kind !== 'word' || (is(i - 1, '.') && !is(i - 2, '.'))) continue
    if (token.text === 'import') {
      const next = tokens[i + 1]
      if (is(i + 1, '(')) {
        // `import('x')`; the same in a type. A computed one has anything but a lone string in the brackets.
        const isAlone = is(i + 3, ')') || is(i + 3, ',')
        add(isAlone ? tokens[i + 2] : undefined, false, token.line)
      } else if (is(i + 1, '.')) {
        // Only a plain string: a computed one looks for a file and imports nothing.
        const target = tokens[i + 6]
        if (is(i + 4, 'resolve') && is(i + 5, '(') && target?.kind === 'string') add(target, false, token.line)
      } else if (next?.kind === 'string') add(next, false, token.line)
      else if (next?.kind === 'word' || is(i + 1, '{') || is(i + 1, '*')) {
        const target = findFrom(i + 1)
        // `import type from 'x'` imports a value that is called type.
        if (target) add(target, is(i + 1, 'type') && !is(i + 2, 'from') && !is(i + 2, ','), token.line)
      }
    } else if (token.text === 'export') {
      const isType = is(i + 1, 'type')
      const brace = isType ? i + 2 : i + 1
      if (is(brace, '*')) {
        const target = findFrom(brace)
        if (target) add(target, isType, token.line)
      } else if (is(brace, '{')) {
        let close = brace
        while (close < tokens.length && !is(close, '}')) close += 1
        const target = tokens[close + 2]
        if (is(close + 1, 'from') && target?.kind === 'string') add(target, isType, token.line)
      }
    } else if (token.text === 'require' && is(i + 1, '(')) {
      add(tokens[i + 2], false, token.line)
    } else if (token.text === 'URL' && is(i - 1, 'new') && is(i + 1, '(') && is(i + 3, ',') && is(i + 4, 'import')) {
      const target = tokens[i + 2]
      if (target?.kind === 'string' && /\.[cm]?[jt]s$/.test(target.text)) add(target, false, token.line)
    }
  }
  return found
}
