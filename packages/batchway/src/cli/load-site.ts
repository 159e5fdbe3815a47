import { existsSync } from 'node:fs'
import { siteProblems } from '../app/site-problems.ts'
import { type LoadedConfig, loadConfig } from '../core/load-config.ts'
import { expandProfiles } from '../profiles/import/expand-profiles.ts'
import { checkConfigFile } from './config-file-problem.ts'

const places = [
  'batchway.config.ts',
  'batchway.yaml',
  '/etc/batchway/batchway.config.ts',
  '/etc/batchway/batchway.yaml',
]

/** Where the configuration is: as given, from the environment, or in one of the usual places. @throws {Error} with the places. */
export function findConfigFile(given: string | undefined): string {
  const asked = given ?? process.env.BATCHWAY_CONFIG
  if (asked !== undefined) return asked
  const found = places.find(existsSync)
  if (found === undefined) {
    throw new Error(
      `there is no configuration: write ${places[1]}, or give --config FILE (looked at ${places.join(', ')})`,
    )
  }
  return found
}

/** @throws {ConfigError} with every problem. @throws {Error} if the file lies open. */
export async function loadSite(given: string | undefined): Promise<LoadedConfig> {
  const file = findConfigFile(given)
  const loaded = await loadConfig(file, siteProblems, expandProfiles)
  for (const one of loaded.files) checkConfigFile(one, loaded.config)
  return loaded
}

export const configOption = [
  '-c, --config <file>',
  'configuration file (else $BATCHWAY_CONFIG, batchway.yaml, /etc/batchway)',
] as const
