/** A release: the folder that an installation runs from. In a checkout there is none. */
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import type { InstalledAgentPlace } from '../sessions/room.ts'

/** `release.json`: what a release says of itself. */
const ReleaseFacts = z.object({
  version: z.string().regex(/^[0-9A-Za-z.-]{1,64}$/),
  /** `linux-x64`. */
  platform: z.string(),
  /** Version of its Node. */
  runtime: z.string(),
  /** Steps of the database that it knows. */
  database: z.int(),
  /** Versions of what hub and agent say to each other. */
  agentProtocol: z.object({ oldest: z.int(), newest: z.int() }),
})
export type ReleaseFacts = z.output<typeof ReleaseFacts>

export interface Release extends ReleaseFacts {
  /** Absolute, without links. */
  readonly root: string
}

/** @returns null where no release lies. @throws {Error} in words, if what it says of itself cannot be read. */
export function readRelease(root: string): Release | null {
  const file = join(root, 'release.json')
  if (!existsSync(file)) return null
  const { success, data } = ReleaseFacts.safeParse(JSON.parse(readFileSync(file, 'utf8')))
  if (!success) throw new Error(`${file} is not what a release says of itself: unpack it anew`)
  return { ...data, root: realpathSync(root) }
}

/** The release that this program belongs to: it lies in `ROOT/lib/node_modules/batchway/dist/app/`. */
export const ownRelease = (): Release | null =>
  basename(import.meta.dirname) === 'app' && import.meta.filename.endsWith('.js')
    ? readRelease(resolve(import.meta.dirname, '../../../../..'))
    : null

/** The PREFIX that a release was installed into; null if it lies somewhere by itself. */
export function prefixOf({ root }: Pick<Release, 'root'>): string | null {
  const versions = dirname(root)
  return basename(versions) === 'versions' && dirname(versions) !== '/' ? dirname(versions) : null
}

/** The same file as units and cron lines should name it: by way of `current`, which outlives this version. */
export function lastingPath(path: string, release: Pick<Release, 'root'> | null): string {
  if (release === null || !path.startsWith(`${release.root}/`)) return path
  const prefix = prefixOf(release)
  return prefix === null ? path : join(prefix, 'current', path.slice(release.root.length + 1))
}

const kind = `${process.platform}-${process.arch}`
const library = 'lib/node_modules'

/** What jobs run, inside a release. */
export const agentOfRelease = (root: string): InstalledAgentPlace => ({
  directory: join(root, library, '@batchway/agent'),
  node: join(root, library, `node-${kind}`, 'bin/node'),
})

/** What sudo rules and keys of login nodes lead to, inside a release. */
export const programsOfRelease = (root: string) => ({
  node: join(root, library, `node-${kind}`, 'bin/node'),
  shepherd: join(root, library, '@batchway/schedulers/dist/local/shepherd.js'),
  commands: join(root, library, '@batchway/schedulers/dist/login-node/program.js'),
})

function currentIn(folder: string): string {
  try {
    return realpathSync(join(folder, 'current'))
  } catch (error) {
    throw new Error(
      `there is no agent in ${folder}, where jobs find it: as the owner of that folder, "batchway agent install ${folder}"`,
      { cause: error },
    )
  }
}

/**
 * What jobs run, in a folder that `agent install` has filled, or in a PREFIX of releases. The version is fixed here: a job that runs keeps
 * the agent that its script names. @throws {Error} in words, if there is no `current`.
 */
export function agentIn(folder: string): InstalledAgentPlace {
  const version = currentIn(folder)
  if (existsSync(join(version, 'release.json'))) return agentOfRelease(version)
  return { directory: version, node: join(version, 'runtime', kind, 'bin/node') }
}
