/** The configuration's text, read back by the hub's own reader before anybody writes it. */
import { siteProblems } from '../../app/site-problems.ts'
import type { Config } from '../../core/config.ts'
import { readYaml } from '../../core/load-config.ts'
import { parseConfig } from '../../core/parse-config.ts'
import type { Choices } from './choices.ts'
import { commentedYaml } from './commented-yaml.ts'
import { siteSections } from './site-config.ts'

export interface ConfigText {
  readonly text: string
  readonly config: Config
}

/** @throws {ConfigError} if what was chosen cannot be: nothing is written then. */
export function configText(choices: Choices): ConfigText {
  const { head, sections } = siteSections(choices)
  const text = commentedYaml(head, sections)
  const file = choices.places.configFile
  return { text, config: parseConfig(readYaml(text, file), file, (parts) => siteProblems(parts, [])) }
}
