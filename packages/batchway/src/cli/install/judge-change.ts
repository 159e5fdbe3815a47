/** May a version be used, or removed? Pure. */
import type { Release } from '../../app/release.ts'
import type { SitesFound } from './sites.ts'
import { useLines, type VersionUse } from './version-use.ts'

const list = (head: string, lines: readonly string[]): string => [head, ...lines].join('\n  ')

/** @returns why not, in words; null: nothing against it. */
export function whyNotUse(
  release: Pick<Release, 'version' | 'platform' | 'database'>,
  { sites, unknown }: SitesFound,
  platform: string,
): string | null {
  if (release.platform !== platform)
    return `${release.version} is for ${release.platform}, and this machine is ${platform}`
  const newer = sites.filter(({ database }) => database !== null && database > release.database)
  if (newer.length > 0)
    return list(
      `${release.version} cannot read databases that a newer version has used (it knows them up to ${release.database}): stay with that version, or restore a backup made before the upgrade`,
      newer.map(({ configFile, database }) => `${configFile}: its database is of version ${database}`),
    )
  if (unknown.length > 0) return list(`it cannot be known whether ${release.version} fits:`, unknown)
  return null
}

/** @param current what `current` names. @returns why not, in words; null: nothing against it. */
export function whyNotRemove(
  version: string,
  current: string | null,
  use: VersionUse,
  { sites, unknown }: SitesFound,
): string | null {
  if (version === current) return `${version} is the one that is used: "batchway versions use" another one first`
  const lines = useLines(use)
  if (lines.length > 0) return list(`${version} is in use and stays until these have ended:`, lines)
  if (unknown.length > 0) return list(`it cannot be known who uses ${version}:`, unknown)
  if (sites.length === 0)
    return `it cannot be known who uses ${version}: no configuration was found; name that of each site with --config FILE`
  return null
}
