/** Brings back what `backup` has saved: all of it is checked before anything is touched, and what was there is kept aside. */
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { isAnswered } from '../../app/listen.ts'
import { prepareStateDirectory } from '../../app/state-directory.ts'
import { hasOthersJobs, statePaths } from '../../app/state-paths.ts'
import type { Config } from '../../core/config.ts'
import { migrations } from '../../store/migrations/migrations.ts'
import { openExisting } from '../../store/open-existing.ts'
import { type Contents, readArchive } from './archive.ts'
import { restorePostgres } from './postgres-dump.ts'

export interface RestoreOrder {
  readonly config: Config
  readonly file: string
  /** May what is there be put aside? */
  readonly isReplacing: boolean
  /** Unix milliseconds. */
  readonly now: number
}

export interface Restored {
  readonly contents: Contents
  /** Where what was there is now. */
  readonly aside: readonly string[]
  /** Files of the configuration that are missing here or differ from the saved ones. */
  readonly different: readonly string[]
}

const socketOf = (address: string): string | null => (address.startsWith('unix:') ? address.slice(5) : null)

/** @throws {Error} if the hub runs, or a proxy does that would not know the restored hub. */
async function checkQuiet(config: Config, unpacked: string): Promise<'running' | 'stopped'> {
  const paths = statePaths(config)
  const hub = socketOf(paths.hubSocket)
  if (hub !== null && (await isAnswered(hub)))
    throw new Error(
      `a hub runs on ${config.stateDirectory}: stop it first (systemctl stop batchway-hub); sessions go on without it`,
    )
  const proxy = socketOf(paths.proxyControl)
  if (proxy === null || !(await isAnswered(proxy))) return 'stopped'
  const saved = join(unpacked, 'state/proxy.token')
  if (existsSync(saved) && existsSync(paths.proxyToken) && readFileSync(saved).equals(readFileSync(paths.proxyToken)))
    return 'running'
  throw new Error(
    `the proxy that runs on ${config.stateDirectory} has another token than the saved one: stop it first (systemctl stop batchway-proxy)`,
  )
}

/** @throws {Error} for a database that this program, or this configuration, could not use. */
function checkFits({ database }: Contents, config: Config): void {
  if (database.version > migrations.length)
    throw new Error(
      `the saved database is of version ${database.version}, this program knows up to ${migrations.length}: a newer Batchway made the backup, restore it with that`,
    )
  const kind = statePaths(config).database.startsWith('sqlite:') ? 'sqlite' : 'postgres'
  if (database.kind !== 'none' && database.kind !== kind)
    throw new Error(`the backup holds a database of ${database.kind}, and the configuration names one of ${kind}`)
}

const sqliteParts = (path: string): readonly string[] => [path, `${path}-wal`, `${path}-shm`, `${path}-journal`]

/** @returns files that the restored ones take the place of, those of the database first. */
function inTheWay(contents: Contents, config: Config): readonly string[] {
  const { database } = statePaths(config)
  const state = contents.files
    .filter(({ path }) => path.startsWith('state/'))
    .map(({ path }) => join(config.stateDirectory, basename(path)))
  const tables = contents.database.kind === 'sqlite' ? sqliteParts(database.slice('sqlite:'.length)) : []
  return [...tables, ...state].filter((path) => existsSync(path))
}

/** Onto the same file system first, then at once. */
function place(source: string, target: string): void {
  const made = `${target}.new-${process.pid}`
  copyFileSync(source, made)
  chmodSync(made, 0o600)
  renameSync(made, target)
}

const differs = (saved: string, here: string): boolean => {
  try {
    return !readFileSync(saved).equals(readFileSync(here))
  } catch {
    return true
  }
}

/** @throws {Error} in words; then nothing has changed, but where a disk fails midway: what was there is still aside. */
export async function restore({ config, file, isReplacing, now }: RestoreOrder): Promise<Restored> {
  prepareStateDirectory(config.stateDirectory, hasOthersJobs(config))
  const unpacked = mkdtempSync(join(config.stateDirectory, '.restore-'))
  try {
    const contents = await readArchive(resolve(file), unpacked)
    checkFits(contents, config)
    const proxy = await checkQuiet(config, unpacked)
    const { database } = statePaths(config)
    const old = inTheWay(contents, config)
    const hasTables = contents.database.kind === 'postgres' && (await hasDatabase(database))
    if (!isReplacing && (old.length > 0 || hasTables))
      throw new Error(
        `there is a site here already: ${hasTables ? 'its database has tables' : old.join(', ')}. With --replace it is put aside and the backup takes its place`,
      )
    const mark = `.before-${new Date(now).toISOString().replaceAll(/[:.]/g, '-')}`
    // A proxy that runs knows its routes better than the backup does.
    const isKept = (path: string): boolean =>
      proxy === 'running' && ['proxy.token', 'proxy-routes.json', 'proxy-routes.json.journal'].includes(basename(path))
    const aside = old.filter((path) => !isKept(path))
    for (const path of aside) renameSync(path, `${path}${mark}`)
    for (const { path } of contents.files)
      if (path.startsWith('state/') && !isKept(path))
        place(join(unpacked, path), join(config.stateDirectory, basename(path)))
    // Last: without it there is no site, and a restore that stopped halfway is seen as such.
    if (contents.database.kind === 'sqlite')
      place(join(unpacked, 'database/batchway.db'), database.slice('sqlite:'.length))
    if (contents.database.kind === 'postgres')
      restorePostgres(database, join(unpacked, 'database/batchway.dump'), hasTables)
    const different = contents.files
      .filter(({ path }) => path.startsWith('config/') && differs(join(unpacked, path), path.slice('config'.length)))
      .map(({ path }) => path.slice('config'.length))
    return { contents, aside: aside.map((path) => `${path}${mark}`), different }
  } finally {
    rmSync(unpacked, { recursive: true, force: true })
  }
}

async function hasDatabase(url: string): Promise<boolean> {
  await using found = await openExisting(url, { isReadOnly: true })
  return found !== null && found.version > 0
}
