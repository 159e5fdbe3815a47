/** Python literals from tokens: text, numbers, True, False, None, lists, tuples, dicts, and `dict(name=value)`. Nothing else. */
import { PythonProblem, type PythonToken } from './python-tokens.ts'

/** A name that stands where a value could, such as a class that the file imported: `batchspawner.TorqueSpawner`. */
export interface DottedName {
  readonly dotted: string
}

/** Lists and tuples are arrays; dicts are maps, so that no key means anything to JavaScript. */
export type PythonValue =
  | string
  | number
  | boolean
  | null
  | DottedName
  | readonly PythonValue[]
  | ReadonlyMap<string, PythonValue>

/** Deeper than any list of profiles, and far from the end of the stack. */
const deepest = 40

export interface TokenReader {
  peek(ahead?: number): PythonToken | undefined
  next(): PythonToken
}

export function readTokens(tokens: readonly PythonToken[]): TokenReader {
  let at = 0
  return {
    peek: (ahead = 0) => tokens[at + ahead],
    next() {
      const token = tokens[at]
      if (token === undefined) throw new PythonProblem(tokens.at(-1) ?? { line: 1, column: 1 }, 'the file ends here')
      at += 1
      return token
    },
  }
}

export const isOperator = (token: PythonToken | undefined, text: string): boolean =>
  token?.kind === 'operator' && token.text === text

const shown = (token: PythonToken): string => {
  if (token.kind === 'end') return 'the end of the line'
  return token.kind === 'string' ? JSON.stringify(token.value) : `"${token.text}"`
}

/** @throws {PythonProblem} with what to write instead, at anything that is no literal. */
export function readLiteral(reader: TokenReader, depth = 0): PythonValue {
  const value = readOne(reader, depth)
  const after = reader.peek()
  if (after?.kind === 'operator' && !',:)]}='.includes(after.text))
    throw new PythonProblem(after, `${shown(after)}: nothing is computed here; write the value itself`)
  if (after?.kind === 'name')
    throw new PythonProblem(after, `${shown(after)}: nothing is computed here; write the value itself`)
  return value
}

function readOne(reader: TokenReader, depth: number): PythonValue {
  const token = reader.next()
  if (depth > deepest) throw new PythonProblem(token, `brackets are nested more than ${deepest} deep`)
  if (token.kind === 'string') {
    let text = token.value
    for (let more = reader.peek(); more?.kind === 'string'; more = reader.peek()) {
      text += more.value
      reader.next()
    }
    return text
  }
  if (token.kind === 'odd-string')
    throw new PythonProblem(token, `${token.text}…: only plain text can be read; write the text itself`)
  if (token.kind === 'number') return readNumber(token.text, token)
  if (token.kind === 'name') return readName(reader, token, depth)
  if (isOperator(token, '-') || isOperator(token, '+')) {
    const number = reader.next()
    if (number.kind !== 'number') throw new PythonProblem(token, `${shown(token)}: a number must follow`)
    const value = readNumber(number.text, number)
    return isOperator(token, '-') ? -value : value
  }
  if (isOperator(token, '[')) return readItems(reader, ']', depth).items
  if (isOperator(token, '(')) {
    const { items, hasComma } = readItems(reader, ')', depth)
    const [only] = items
    // Brackets around one value are only brackets.
    return items.length === 1 && !hasComma && only !== undefined ? only : items
  }
  if (isOperator(token, '{')) return readDict(reader, depth)
  throw new PythonProblem(token, `a value should stand here, not ${shown(token)}`)
}

function readNumber(text: string, at: PythonToken): number {
  // An underscore parts digits; `e` is one only in hexadecimal numbers.
  const plain = /^0[xX]/.test(text)
    ? text.replace(/(?<=[0-9A-Fa-f])_(?=[0-9A-Fa-f])/g, '')
    : text.replace(/(?<=\d)_(?=\d)/g, '')
  const isNumber =
    /^(0+|[1-9]\d*|0[xX][0-9A-Fa-f]+|0[oO][0-7]+|0[bB][01]+)$/.test(plain) ||
    /^(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][+-]?\d+)?$/.test(plain)
  const value = Number(plain)
  if (!isNumber || !Number.isFinite(value)) throw new PythonProblem(at, `"${text}" is not a number that can be read`)
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    throw new PythonProblem(at, `"${text}" is too large to be kept exactly`)
  return value
}

const constants: Readonly<Record<string, PythonValue>> = { True: true, False: false, None: null }

function readName(reader: TokenReader, first: PythonToken & { kind: 'name' | 'operator' | 'number' }, depth: number) {
  if (Object.hasOwn(constants, first.text)) return constants[first.text] ?? null
  let dotted = first.text
  while (isOperator(reader.peek(), '.')) {
    reader.next()
    const part = reader.next()
    if (part.kind !== 'name') throw new PythonProblem(part, `a name should follow the dot, not ${shown(part)}`)
    dotted += `.${part.text}`
  }
  if (!isOperator(reader.peek(), '(')) return { dotted }
  if (dotted !== 'dict')
    throw new PythonProblem(
      first,
      `${dotted}(…): nothing is called here except dict(name=value); write the value itself`,
    )
  reader.next()
  return readKeywords(reader, depth)
}

function readItems(reader: TokenReader, close: string, depth: number): { items: PythonValue[]; hasComma: boolean } {
  const items: PythonValue[] = []
  let hasComma = false
  while (!isOperator(reader.peek(), close)) {
    items.push(readLiteral(reader, depth + 1))
    if (isOperator(reader.peek(), ',')) {
      reader.next()
      hasComma = true
    } else if (!isOperator(reader.peek(), close)) throw unexpected(reader, `a comma or "${close}"`)
  }
  reader.next()
  return { items, hasComma }
}

function readDict(reader: TokenReader, depth: number): ReadonlyMap<string, PythonValue> {
  const dict = new Map<string, PythonValue>()
  while (!isOperator(reader.peek(), '}')) {
    const at = reader.peek()
    const key = readLiteral(reader, depth + 1)
    if (typeof key !== 'string') throw new PythonProblem(at ?? reader.next(), 'a key of a dict must be text here')
    if (!isOperator(reader.peek(), ':')) throw unexpected(reader, '":" and the value (a set is not read)')
    reader.next()
    put(dict, key, readLiteral(reader, depth + 1), at)
    separate(reader, '}')
  }
  reader.next()
  return dict
}

function readKeywords(reader: TokenReader, depth: number): ReadonlyMap<string, PythonValue> {
  const dict = new Map<string, PythonValue>()
  while (!isOperator(reader.peek(), ')')) {
    const name = reader.peek()
    if (name?.kind !== 'name' || !isOperator(reader.peek(1), '='))
      throw unexpected(reader, 'name=value, as in dict(a=1)')
    reader.next()
    reader.next()
    put(dict, name.text, readLiteral(reader, depth + 1), name)
    separate(reader, ')')
  }
  reader.next()
  return dict
}

function put(dict: Map<string, PythonValue>, key: string, value: PythonValue, at: PythonToken | undefined): void {
  if (dict.has(key)) throw new PythonProblem(at ?? { line: 1, column: 1 }, `${JSON.stringify(key)} is there twice`)
  dict.set(key, value)
}

function separate(reader: TokenReader, close: string): void {
  if (isOperator(reader.peek(), ',')) reader.next()
  else if (!isOperator(reader.peek(), close)) throw unexpected(reader, `a comma or "${close}"`)
}

function unexpected(reader: TokenReader, wanted: string): PythonProblem {
  const token = reader.next()
  return new PythonProblem(token, `${wanted} should stand here, not ${shown(token)}`)
}
