/** Reads `batchway.yaml` or `batchway.config.ts`. */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Driver } from '@batchway/schedulers'
import { parseDocument } from 'yaml'
import type { Config } from './config.ts'
import { ConfigError, type ConfigProblem } from './config-error.ts'
import { type MoreProblems, parseConfig } from './parse-config.ts'
import type { SalvagedConfig } from './salvaged-config.ts'
import { reasons } from './system-error.ts'

/** A way to sign in that the site wrote, before the room that knows ways has looked at it. */
export interface SiteLogin {
  readonly id: string
}

/** What other rooms have to say: told with the code that the file itself brings. */
export type SiteChecks = (
  config: SalvagedConfig,
  drivers: readonly Driver[],
  logins?: readonly SiteLogin[],
) => readonly ConfigProblem[]

/** Parts of a configuration that another room knows how to read: what the schema shall see instead. */
export type ExpandConfig = (raw: unknown, folder: string) => Promise<ExpandedConfig>
export interface ExpandedConfig {
  readonly raw: unknown
  readonly problems: readonly ConfigProblem[]
  /** Where each of `raw.profiles` was written; undefined for one that stands in the file itself. */
  readonly places: readonly (string | undefined)[]
  /** Absolute paths of what was read beside the file. */
  readonly files: readonly string[]
}
const asItIs: ExpandConfig = async (raw) => ({ raw, problems: [], places: [], files: [] })

export interface LoadedConfig {
  readonly config: Config
  /** The file, and what it names. */
  readonly files: readonly string[]
  readonly drivers: readonly Driver[]
  readonly logins: readonly SiteLogin[]
}

const isSiteLogin = (value: unknown): value is SiteLogin =>
  typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string'

export function readYaml(text: string, source: string): unknown {
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true })
  if (document.errors.length > 0) {
    throw new ConfigError(
      source,
      document.errors.map((error) => ({ path: '', message: error.message })),
    )
  }
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    // An alias of nothing, or one that multiplies itself.
    throw new ConfigError(source, [{ path: '', message: error instanceof Error ? error.message : String(error) }])
  }
}

/** @throws {ConfigError} with the places where things were written. */
async function parseExpanded(
  given: unknown,
  path: string,
  expand: ExpandConfig,
  more: MoreProblems,
): Promise<Pick<LoadedConfig, 'config' | 'files'>> {
  const file = resolve(path)
  const { raw, problems, places, files } = await expand(given, dirname(file))
  const placed = ({ path: at, message }: ConfigProblem): ConfigProblem => {
    const [, index = '', rest = ''] = /^profiles\[(\d+)\](.*)$/s.exec(at) ?? []
    const place = index === '' ? undefined : places[Number(index)]
    return place === undefined ? { path: at, message } : { path: `${place}${rest}`, message }
  }
  try {
    const config = parseConfig(raw, path, more)
    if (problems.length === 0) return { config, files: [file, ...files] }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError(path, [...problems, ...error.problems.map(placed)])
  }
  throw new ConfigError(path, problems)
}

/**
 * @param path `*.yaml`, `*.yml` or `*.ts`, `*.mts`, `*.js`, `*.mjs`.
 * @throws {ConfigError} with every problem; the path is in its message.
 */
export async function loadConfig(
  path: string,
  checks: SiteChecks = () => [],
  expand: ExpandConfig = asItIs,
): Promise<LoadedConfig> {
  const more =
    (drivers: readonly Driver[], logins: readonly SiteLogin[]): MoreProblems =>
    (config) =>
      checks(config, drivers, logins)
  const file = resolve(path)
  if (/\.m?[tj]s$/.test(file)) {
    const module: { default?: unknown } = await import(pathToFileURL(file).href)
    const found = module.default
    if (typeof found !== 'object' || found === null || !('config' in found)) {
      throw new ConfigError(path, [{ path: '', message: 'write "export default defineConfig({ config: { … } })"' }])
    }
    const drivers = 'drivers' in found && Array.isArray(found.drivers) ? (found.drivers as readonly Driver[]) : []
    const given: unknown = 'logins' in found ? found.logins : []
    const logins = Array.isArray(given) ? given.filter(isSiteLogin) : []
    if (!Array.isArray(given) || logins.length < given.length)
      throw new ConfigError(path, [{ path: 'logins', message: 'write a list of what defineLogin() returns' }])
    return { ...(await parseExpanded(found.config, path, expand, more(drivers, logins))), drivers, logins }
  }
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new ConfigError(path, [
      {
        path: '',
        message:
          code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${reasons[code] ?? 'it fails'} [${code}]`,
      },
    ])
  }
  return { ...(await parseExpanded(readYaml(text, path) ?? {}, path, expand, more([], []))), drivers: [], logins: [] }
}
