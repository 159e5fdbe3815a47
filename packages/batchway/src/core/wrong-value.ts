/** What to write instead of a value that the schema refuses, where the schema itself has no words for it. Pure. */
import type { z } from 'zod'
import { closest } from './config-error.ts'

const instead: Readonly<Record<string, string>> = {
  string: 'write text',
  number: 'write a number',
  int: 'write a whole number',
  boolean: 'write true or false',
  array: 'write a list, such as [a, b]',
  tuple: 'write a list, such as [a, b]',
  object: 'write keys with values, such as { key: value }',
  record: 'write keys with values, such as { key: value }',
}

function ofType(expected: string, input: unknown): string | undefined {
  const words = instead[expected]
  if (words === undefined) return undefined
  if (input === null) return `is empty: ${words}`
  // YAML has taken it for something else.
  if (expected === 'string' && (typeof input === 'number' || typeof input === 'boolean'))
    return `${words}: put it into quotes, "${input}"`
  if ((expected === 'number' || expected === 'int') && typeof input === 'string' && /^\d+$/.test(input))
    return `${words}: ${input} without quotes`
  return words
}

function oneOf(values: readonly unknown[], input: unknown): string {
  const known = values.map(String)
  const guess = typeof input === 'string' ? closest(input, known) : undefined
  return guess === undefined ? `write ${known.map((value) => `"${value}"`).join(' or ')}` : `did you mean "${guess}"?`
}

const counted: Readonly<Record<string, string>> = { string: ' characters', array: ' of them' }

/** For `safeParse(…, { error: wrongValue })`: words of a schema's own win over these. */
export const wrongValue: z.core.$ZodErrorMap = (issue) => {
  const { input } = issue
  switch (issue.code) {
    case 'invalid_type':
      return ofType(issue.expected, input)
    case 'invalid_value':
      return oneOf(issue.values, input)
    case 'invalid_union': {
      const known: unknown = 'options' in issue ? issue.options : undefined
      if (issue.discriminator === undefined || !Array.isArray(known)) return undefined
      const given: unknown =
        typeof input === 'object' && input !== null ? Reflect.get(input, issue.discriminator) : undefined
      return oneOf(known, given)
    }
    case 'too_small':
      return `write ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${counted[issue.origin] ?? ''}`
    case 'too_big':
      return `write ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${counted[issue.origin] ?? ''}`
    default:
      return undefined
  }
}
