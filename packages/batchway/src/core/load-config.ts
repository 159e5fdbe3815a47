/** Reads `batchway.yaml` or `batchway.config.ts`. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Driver } from '@batchway/schedulers'
import { parseDocument } from 'yaml'
import { type Config, type ConfigInput, type MoreProblems, parseConfig, type SalvagedConfig } from './config.ts'
import { ConfigError, type ConfigProblem } from './config-error.ts'

/** What `batchway.config.ts` exports: data as in the YAML file, and code that data cannot say. */
export interface ConfigModule {
  readonly config: ConfigInput
  /** Drivers of the site, beside the built-in ones. */
  readonly drivers?: readonly Driver[]
}

/** Identity function that gives `batchway.config.ts` its types. */
export const defineConfig = (module: ConfigModule): ConfigModule => module

/** What other rooms have to say: told with the drivers that the file itself brings. */
export type SiteChecks = (config: SalvagedConfig, drivers: readonly Driver[]) => readonly ConfigProblem[]

export interface LoadedConfig {
  readonly config: Config
  readonly drivers: readonly Driver[]
}

function parseYaml(text: string, source: string): unknown {
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true })
  if (document.errors.length > 0) {
    throw new ConfigError(
      source,
      document.errors.map((error) => ({ path: '', message: error.message })),
    )
  }
  return document.toJS({ maxAliasCount: 100 })
}

/**
 * @param path `*.yaml`, `*.yml` or `*.ts`, `*.mts`, `*.js`, `*.mjs`.
 * @throws {ConfigError} with every problem; the path is in its message.
 */
export async function loadConfig(path: string, checks: SiteChecks = () => []): Promise<LoadedConfig> {
  const more =
    (drivers: readonly Driver[]): MoreProblems =>
    (config) =>
      checks(config, drivers)
  const file = resolve(path)
  if (/\.m?[tj]s$/.test(file)) {
    const module: { default?: unknown } = await import(pathToFileURL(file).href)
    const found = module.default
    if (typeof found !== 'object' || found === null || !('config' in found)) {
      throw new ConfigError(path, [{ path: '', message: 'write "export default defineConfig({ config: { … } })"' }])
    }
    const drivers = 'drivers' in found && Array.isArray(found.drivers) ? (found.drivers as readonly Driver[]) : []
    return { config: parseConfig(found.config, path, more(drivers)), drivers }
  }
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new ConfigError(path, [
      { path: '', message: code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})` },
    ])
  }
  return { config: parseConfig(parseYaml(text, path) ?? {}, path, more([])), drivers: [] }
}
