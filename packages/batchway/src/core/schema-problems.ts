/** What is wrong with a value by its schema: each problem at its place, with what to write instead. Pure. */
import { z } from 'zod'
import { type ConfigProblem, toPath, unknownKey } from './config-error.ts'
import { wrongValue } from './wrong-value.ts'

/** How values are to be parsed whose problems are told. */
export const inOurWords = { reportInput: true, error: wrongValue } as const

/**
 * @param at where the value stands in the file.
 * @param refusal words for a key that sites bring along from elsewhere; undefined for any other.
 */
export const schemaProblems = (
  schema: z.ZodType,
  issues: readonly z.core.$ZodIssue[],
  at: readonly PropertyKey[] = [],
  refusal: (path: readonly PropertyKey[], name: string) => string | undefined = () => undefined,
): ConfigProblem[] =>
  issues.flatMap((issue): ConfigProblem[] => {
    const path = toPath([...at, ...issue.path])
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((name) => ({
        path: toPath([...at, ...issue.path, name]),
        message: refusal(issue.path, name) ?? unknownKey(name, keysAt(schema, issue.path)),
      }))
    }
    if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => ({ path, message }))
    const isMissing = issue.input === undefined && issue.code === 'invalid_type'
    return [{ path, message: isMissing ? `is missing: ${issue.message}` : issue.message }]
  })

/** The keys that may stand at a place in what a schema describes; none where it names none. */
export function keysAt(whole: z.ZodType, path: readonly PropertyKey[] = []): readonly string[] {
  let schema: unknown = whole
  const unwrap = (): void => {
    for (;;) {
      if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
        schema = schema.unwrap()
      else if (schema instanceof z.ZodPipe) schema = schema.in
      else return
    }
  }
  for (const part of path) {
    unwrap()
    if (schema instanceof z.ZodObject) schema = schema.shape[String(part)]
    else if (schema instanceof z.ZodArray) schema = schema.element
    else if (schema instanceof z.ZodRecord) schema = schema.valueType
    else return []
  }
  unwrap()
  if (schema instanceof z.ZodDiscriminatedUnion)
    return schema.options.flatMap((option) => (option instanceof z.ZodObject ? Object.keys(option.shape) : []))
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
}
