/** A list of ProfilesSpawner, out of a configuration file of JupyterHub or out of YAML; as text, without running it. */
import { parseDocument } from 'yaml'
import { isOperator, type PythonValue, readLiteral, readTokens } from './python-literal.ts'
import { PythonProblem, type PythonToken, pythonTokens } from './python-tokens.ts'

export interface FoundList {
  readonly value: PythonValue
  /** Where it begins, from 1. */
  readonly line: number
  /** What else stands in the file and was not looked at, as `line 3: c.JupyterHub.port`. */
  readonly unread: readonly string[]
  /** What should be said about how it was found. */
  readonly notes: readonly string[]
}

/** The list cannot be read: words that name the place. */
export class ListProblem extends Error {
  constructor(words: string) {
    super(words)
    this.name = 'ListProblem'
  }
}

const listName = /(?:^|\.)profiles$/

function toStatements(tokens: readonly PythonToken[]): PythonToken[][] {
  const statements: PythonToken[][] = [[]]
  for (const token of tokens) {
    if (token.kind === 'end') statements.push([])
    else statements.at(-1)?.push(token)
  }
  return statements.filter(({ length }) => length > 0)
}

/** The dotted name that a statement begins with, and what stands after it. */
function targetOf(statement: readonly PythonToken[]): { readonly name: string; readonly rest: number } {
  let name = ''
  let at = 0
  for (; at < statement.length; at += 2) {
    const token = statement[at]
    if (token?.kind !== 'name') break
    name += name === '' ? token.text : `.${token.text}`
    if (!isOperator(statement[at + 1], '.')) return { name, rest: at + 1 }
  }
  return { name, rest: at }
}

/**
 * Find the list in a Python file: what is assigned to a name that ends in `profiles`, or a list that stands alone.
 * @throws {ListProblem} if there is none, or if it is not made of literals.
 */
export function readPythonList(text: string): FoundList {
  try {
    return findList(toStatements(pythonTokens(text)))
  } catch (error) {
    if (error instanceof PythonProblem) throw new ListProblem(error.message)
    throw error
  }
}

function findList(statements: readonly PythonToken[][]): FoundList {
  const found: { statement: readonly PythonToken[]; rest: number }[] = []
  const unread: string[] = []
  const margin = statements[0]?.[0]?.column ?? 1
  for (const statement of statements) {
    const [first] = statement
    if (first === undefined) continue
    const { name, rest } = targetOf(statement)
    const sign = statement[rest]
    if (isOperator(first, '[')) found.push({ statement, rest: 0 })
    else if (listName.test(name) && isOperator(sign, '=')) {
      if (first.column > margin)
        throw new PythonProblem(first, `${name} is set inside a block, and nothing is run here: give the list alone`)
      found.push({ statement, rest: rest + 1 })
    } else if (name.split('.').includes('profiles'))
      throw new PythonProblem(first, `${name} is changed by a statement, and nothing is run here: write one whole list`)
    else unread.push(`line ${first.line}: ${name || 'a statement'}`)
  }
  const last = found.at(-1)
  const [start] = last?.statement ?? []
  if (last === undefined || start === undefined)
    throw new ListProblem('there is no list of profiles: give a file with "c.ProfilesSpawner.profiles = [ … ]"')
  const reader = readTokens(last.statement.slice(last.rest))
  const value = readLiteral(reader)
  const more = reader.peek()
  if (more !== undefined) throw new PythonProblem(more, 'the list should end here: nothing is computed')
  const earlier = found.slice(0, -1).map(({ statement: [first] }) => first?.line)
  const notes =
    earlier.length === 0
      ? []
      : [`there are several lists (lines ${[...earlier, start.line].join(', ')}): the last one counts`]
  return { value, line: start.line, unread, notes }
}

/** @throws {ListProblem} */
export function readYamlList(text: string): FoundList {
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true })
  const [error] = document.errors
  if (error) throw new ListProblem(error.message)
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 100, mapAsMap: true })
  } catch (failure) {
    throw new ListProblem(failure instanceof Error ? failure.message : String(failure))
  }
  const list = listIn(value, '', 0)
  if (list === undefined)
    throw new ListProblem('there is no list of profiles: write a list, or "profiles:" and the list')
  return { value: toValue(list, 0), line: 1, unread: [], notes: [] }
}

/** The list itself, or the one below `profiles`, or below the names that a JupyterHub configuration has above it. */
function listIn(value: unknown, name: string, depth: number): unknown {
  if (Array.isArray(value)) return name === '' || listName.test(name) ? value : undefined
  if (!(value instanceof Map) || depth > 3) return undefined
  for (const [key, below] of value) {
    const found = listIn(below, String(key), depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

function toValue(value: unknown, depth: number): PythonValue {
  if (depth > 40) throw new ListProblem('it is nested more than 40 deep')
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null)
    return value
  if (Array.isArray(value)) return value.map((one) => toValue(one, depth + 1))
  if (value instanceof Map)
    return new Map([...value].map(([key, one]): [string, PythonValue] => [String(key), toValue(one, depth + 1)]))
  throw new ListProblem(`${String(value)} cannot be read here: write it as text`)
}
