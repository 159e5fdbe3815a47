import { z } from 'zod'
import { Config } from './config.ts'
import { ConfigError, type ConfigProblem, toPath, unknownKey } from './config-error.ts'
import { referenceProblems } from './config-references.ts'
import { type SalvagedConfig, salvage } from './salvaged-config.ts'
import { refusedServiceKeys } from './services-config.ts'

/** What the site's drivers have to say about a configuration: rooms above know them, this one does not. */
export type MoreProblems = (config: SalvagedConfig) => readonly ConfigProblem[]

/**
 * Check a whole configuration.
 * @param source file name, for the message.
 * @throws {ConfigError} with every problem there is: of form, of reference, and what `more` finds.
 */
export function parseConfig(raw: unknown, source: string, more: MoreProblems = () => []): Config {
  const result = Config.safeParse(raw, { reportInput: true })
  const parts = salvage(raw)
  const problems = [
    ...(result.success ? [] : schemaProblems(result.error.issues)),
    ...referenceProblems(parts),
    ...more(parts),
  ]
  if (!result.success || problems.length > 0) throw new ConfigError(source, problems)
  return result.data
}

const schemaProblems = (issues: readonly z.core.$ZodIssue[]): ConfigProblem[] =>
  issues.flatMap((issue): ConfigProblem[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((name) => ({
        path: toPath([...issue.path, name]),
        message: refusal(issue.path, name) ?? unknownKey(name, keysAt(issue.path)),
      }))
    }
    if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => ({ path: toPath(issue.path), message }))
    const isMissing = issue.input === undefined && issue.code === 'invalid_type'
    return [{ path: toPath(issue.path), message: isMissing ? `is missing (${issue.message})` : issue.message }]
  })

/** Keys that sites bring along from JupyterHub. */
const refusal = (path: readonly PropertyKey[], name: string): string | undefined =>
  path[0] === 'site' && path.length === 1 && name === 'templates'
    ? 'a site’s templates lie in the folder that "theme" names: "batchway theme init" makes one'
    : path[0] === 'services' && path.length === 2 && Object.hasOwn(refusedServiceKeys, name)
      ? refusedServiceKeys[name]
      : undefined

/** Keys that the schema knows at a path, for "did you mean". */
function keysAt(path: readonly PropertyKey[]): readonly string[] {
  let schema: unknown = Config
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
