/** Saves a site into one file while its hub goes on. */
import { accessSync, constants, existsSync, linkSync, mkdtempSync, rmSync, unlinkSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { statePaths } from '../../app/state-paths.ts'
import { version } from '../../app/version.ts'
import type { LoadedConfig } from '../../core/load-config.ts'
import { copyDatabase } from '../../store/copy-database.ts'
import { openExisting } from '../../store/open-existing.ts'
import { type Contents, listFiles, type Source, writeArchive } from './archive.ts'
import { dumpPostgres } from './postgres-dump.ts'

export interface BackupOrder {
  readonly site: LoadedConfig
  readonly file: string
  readonly withDatabase: boolean
  /** Unix milliseconds. */
  readonly now: number
}

/** What lies beside the database and is needed to go on: the key that all secrets are made from, the proxy's, its routes, how far events were told. */
const stateFiles = [
  'hub.key',
  'proxy.token',
  'proxy-routes.json',
  // Of another snapshot, should that change between the two, it says nothing.
  'proxy-routes.json.journal',
  'events.position',
] as const

/** Files of secrets, keys and certificates that a configuration names: its settings whose names end with "File". */
export function namedFiles(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  const found = Object.entries(value).flatMap(([name, inner]) =>
    typeof inner === 'string' && name.endsWith('File') && inner.startsWith('/') ? [inner] : namedFiles(inner),
  )
  return [...new Set(found)].sort()
}

/** @returns what is in it, and what could not be read. @throws {Error} in words; then there is no file. */
export async function backUp({ site, file, withDatabase, now }: BackupOrder): Promise<{
  readonly contents: Contents
  readonly left: readonly string[]
}> {
  const target = resolve(file)
  if (existsSync(target)) throw new Error(`${target} is there already: name another file`)
  const { config, files: configFiles } = site
  const { database } = statePaths(config)
  // Beside the target: it has the room, and a rename puts the whole in place.
  const work = mkdtempSync(join(dirname(target), `.${basename(target)}-`))
  try {
    const sources: Source[] = []
    const left: string[] = []
    const kind = !withDatabase ? 'none' : database.startsWith('sqlite:') ? 'sqlite' : 'postgres'
    const tables = withDatabase ? await versionOf(database) : 0
    if (kind === 'sqlite') {
      const copy = join(work, 'batchway.db')
      await copyDatabase(database.slice('sqlite:'.length), copy)
      sources.push({ path: 'database/batchway.db', source: copy })
    } else if (kind === 'postgres') {
      const dump = join(work, 'batchway.dump')
      dumpPostgres(database, dump)
      sources.push({ path: 'database/batchway.dump', source: dump })
    }
    for (const name of stateFiles) {
      const source = join(config.stateDirectory, name)
      if (existsSync(source)) sources.push({ path: `state/${name}`, source })
    }
    for (const source of new Set([...configFiles, ...namedFiles(config)].map((path) => resolve(path)))) {
      if (isReadable(source)) sources.push({ path: `config${source}`, source })
      else left.push(source)
    }
    const contents: Contents = {
      format: 1,
      made: new Date(now).toISOString(),
      batchway: version,
      database: { kind, version: tables },
      stateDirectory: config.stateDirectory,
      configFile: resolve(configFiles[0] ?? ''),
      files: await listFiles(sources),
    }
    const made = join(work, 'archive')
    await writeArchive(made, contents, sources)
    // Not a rename: it would take the place of a file that has come meanwhile.
    linkSync(made, target)
    unlinkSync(made)
    return { contents, left }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** @throws {Error} where there is nothing to save. */
async function versionOf(database: string): Promise<number> {
  await using found = await openExisting(database, { isReadOnly: true })
  if (found === null || found.version === 0)
    throw new Error('there is no database yet: the hub makes it when it starts (--without-database saves the rest)')
  return found.version
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK)
    return true
  } catch {
    return false
  }
}
