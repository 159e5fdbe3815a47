/** The sites that an installation serves, as far as versions are concerned: what their databases say, read as their owner. */
import { globSync, statSync } from 'node:fs'
import { statePaths } from '../../app/state-paths.ts'
import type { AgentUse } from '../../store/agent-use.ts'
import { openExisting } from '../../store/open-existing.ts'
import { loadSite } from '../load-site.ts'

export interface SiteUse {
  readonly configFile: string
  /** Version of its tables; null where there is no database yet. */
  readonly database: number | null
  readonly agents: readonly AgentUse[]
}

/** Of the one instance and of those beside it. */
export const standardConfigs = (): readonly string[] =>
  globSync(['/etc/batchway/batchway.{yaml,config.ts}', '/etc/batchway-*/batchway.{yaml,config.ts}']).sort()

/**
 * Run something as the owner of a folder, if we are root: what a database's driver makes beside the database is then its owner's.
 * The whole process changes its mind, so nothing else may run meanwhile.
 */
async function asOwnerOf<T>(folder: string, run: () => Promise<T>): Promise<T> {
  const stat = statSync(folder, { throwIfNoEntry: false })
  if (process.geteuid?.() !== 0 || stat === undefined || stat.uid === 0) return await run()
  process.setegid?.(stat.gid)
  process.seteuid?.(stat.uid)
  try {
    return await run()
  } finally {
    process.seteuid?.(0)
    process.setegid?.(0)
  }
}

/** @throws {Error} in words, if it cannot be known what the site uses. */
async function readSite(configFile: string): Promise<SiteUse> {
  const { config } = await loadSite(configFile)
  return await asOwnerOf(config.stateDirectory, async () => {
    await using found = await openExisting(statePaths(config).database, { isReadOnly: true })
    if (found === null || found.version === 0) return { configFile, database: null, agents: [] }
    return { configFile, database: found.version, agents: (await found.agents?.list()) ?? [] }
  })
}

export interface SitesFound {
  readonly sites: readonly SiteUse[]
  /** One sentence for each site that could not be asked. */
  readonly unknown: readonly string[]
}

export async function readSites(configFiles: readonly string[]): Promise<SitesFound> {
  const sites: SiteUse[] = []
  const unknown: string[] = []
  for (const file of configFiles) {
    try {
      sites.push(await readSite(file))
    } catch (error) {
      unknown.push(`${file}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return { sites, unknown }
}
