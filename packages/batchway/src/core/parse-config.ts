import { Config } from './config.ts'
import { ConfigError, type ConfigProblem } from './config-error.ts'
import { referenceProblems } from './config-references.ts'
import { type SalvagedConfig, salvage } from './salvaged-config.ts'
import { inOurWords, schemaProblems } from './schema-problems.ts'
import { refusedServiceKeys } from './services-config.ts'

/** What the site's drivers have to say about a configuration: rooms above know them, this one does not. */
export type MoreProblems = (config: SalvagedConfig) => readonly ConfigProblem[]

/**
 * Check a whole configuration.
 * @param source file name, for the message.
 * @throws {ConfigError} with every problem there is: of form, of reference, and what `more` finds.
 */
export function parseConfig(raw: unknown, source: string, more: MoreProblems = () => []): Config {
  const result = Config.safeParse(raw, inOurWords)
  const parts = salvage(raw)
  const problems = [
    ...(result.success ? [] : schemaProblems(Config, result.error.issues, [], refusal)),
    ...referenceProblems(parts),
    ...more(parts),
  ]
  if (!result.success || problems.length > 0) throw new ConfigError(source, problems)
  return result.data
}

/** Keys that sites bring along from JupyterHub. */
const refusal = (path: readonly PropertyKey[], name: string): string | undefined =>
  path[0] === 'site' && path.length === 1 && name === 'templates'
    ? 'a site’s templates lie in the folder that "theme" names: "batchway theme init" makes one'
    : path[0] === 'services' && path.length === 2 && Object.hasOwn(refusedServiceKeys, name)
      ? refusedServiceKeys[name]
      : undefined
