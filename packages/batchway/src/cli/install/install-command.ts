/** `batchway install` and `batchway versions`: releases side by side in one PREFIX. */
import { renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { ownRelease, prefixOf, type Release, readRelease } from '../../app/release.ts'
import { whyNotRemove, whyNotUse } from './judge-change.ts'
import { placeRelease, problemText } from './place-release.ts'
import { currentVersion, listReleases, standardPrefix, useVersion, versionFolder } from './prefix.ts'
import { readSites, type SitesFound, standardConfigs } from './sites.ts'
import { verifyRelease } from './verify-release.ts'
import { processesOf, rootsOf, sessionsOf, useLines, type VersionUse } from './version-use.ts'

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const platform = `${process.platform}-${process.arch}`

const append = (text: string, before: readonly string[] = []): string[] => [...before, text]

interface PrefixOptions {
  readonly prefix?: string
  readonly config?: readonly string[]
}

/** Where this program is installed, unless told otherwise. */
function prefixFor({ prefix }: PrefixOptions): string {
  const own = ownRelease()
  return prefix === undefined ? ((own && prefixOf(own)) ?? standardPrefix) : resolve(prefix)
}

const sitesFor = ({ config }: PrefixOptions): Promise<SitesFound> =>
  readSites([...new Set([...standardConfigs(), ...(config ?? []).map((file) => resolve(file))])])

/** @throws {Error} with what there is. */
function findVersion(prefix: string, version: string): Release {
  const all = listReleases(prefix)
  const found = all.find((one) => one.version === version)
  if (found !== undefined) return found
  const there = all.length === 0 ? 'there is none' : `there are: ${all.map((one) => one.version).join(', ')}`
  throw new Error(`${prefix} has no version ${version}; ${there}`)
}

function useOf(prefix: string, version: string, { sites }: SitesFound): VersionUse {
  const roots = rootsOf(prefix, version)
  const agents = sites.flatMap((site) => site.agents)
  return { sessions: sessionsOf(agents, { roots, version }), processes: processesOf(roots) }
}

async function install(options: PrefixOptions & { readonly use?: boolean }): Promise<void> {
  const release = ownRelease()
  if (release === null)
    throw new Error('this is a checkout: make a release of it with "npm run release", and unpack that')
  if (release.platform !== platform)
    throw new Error(`this release is for ${release.platform}, and this machine is ${platform}`)
  const prefix = resolve(options.prefix ?? standardPrefix)
  const { root, isNew } = await placeRelease(release, prefix)
  say(`${release.version} ${isNew ? 'is now' : 'was already'} in ${root}`)
  const current = currentVersion(prefix)
  if (current === null || options.use) await turn(prefix, release.version, options)
  else if (current !== release.version)
    say(
      `${current} is still the one that is used; to change that: ${prefix}/bin/batchway versions use ${release.version}`,
    )
}

/** @throws {Error} if a site's database forbids it. */
async function turn(prefix: string, version: string, options: PrefixOptions): Promise<void> {
  const why = whyNotUse(findVersion(prefix, version), await sitesFor(options), platform)
  if (why !== null) throw new Error(why)
  const before = currentVersion(prefix)
  useVersion(prefix, version)
  say(`${prefix}/current is ${version}${before === null || before === version ? '' : ` (was ${before})`}`)
  const running = listReleases(prefix)
    .filter((one) => one.version !== version)
    .flatMap((one) => processesOf(rootsOf(prefix, one.version)))
  if (running.some(({ words }) => /^batchway (?:hub|proxy)$/.test(words)))
    say(
      'What runs keeps its version until it is started anew; sessions go on: systemctl restart batchway-proxy batchway-hub',
    )
}

async function list(options: PrefixOptions & { readonly json?: boolean }): Promise<void> {
  const prefix = prefixFor(options)
  const found = await sitesFor(options)
  const current = currentVersion(prefix)
  const versions = listReleases(prefix).map((release) => ({
    release,
    isCurrent: release.version === current,
    use: useOf(prefix, release.version, found),
  }))
  for (const words of found.unknown) process.stderr.write(`batchway: who uses what is not known of ${words}\n`)
  if (options.json) {
    const rows = versions.map(({ release, isCurrent, use }) => ({ ...release, current: isCurrent, ...use }))
    return say(JSON.stringify({ prefix, versions: rows, unknown: found.unknown }))
  }
  if (versions.length === 0) return say(`no version in ${prefix}`)
  for (const { release, isCurrent, use } of versions) {
    const lines = useLines(use)
    say(
      `${isCurrent ? '*' : ' '} ${release.version.padEnd(14)} ${release.platform}  ${lines.length === 0 ? 'not in use' : 'in use:'}`,
    )
    for (const line of lines) say(`      ${line}`)
  }
}

async function verify(version: string | undefined, options: PrefixOptions): Promise<void> {
  const own = ownRelease()
  const release =
    version === undefined
      ? own
      : version.includes('/')
        ? readRelease(resolve(version))
        : findVersion(prefixFor(options), version)
  if (release === null)
    throw new Error(version === undefined ? 'this is a checkout, not a release' : `${version} is not a release`)
  const problems = await verifyRelease(release.root)
  if (problems.length > 0) throw new Error(problemText(release.root, problems))
  say(`${release.root} is ${release.version} as it was built`)
}

async function remove(version: string, options: PrefixOptions & { readonly force?: boolean }): Promise<void> {
  const prefix = prefixFor(options)
  const { root } = findVersion(prefix, version)
  const found = await sitesFor(options)
  const why = whyNotRemove(version, currentVersion(prefix), useOf(prefix, version, found), found)
  if (why !== null && (!options.force || version === currentVersion(prefix))) throw new Error(why)
  if (why !== null) process.stderr.write(`batchway: removed all the same: ${why}\n`)
  // Gone at once for whoever looks, then file by file.
  const away = join(dirname(root), `.${version}.removed-${process.pid}`)
  renameSync(versionFolder(prefix, version), away)
  rmSync(away, { recursive: true, force: true })
  say(`${version} is no longer in ${prefix}`)
}

const prefixOption = [
  '--prefix <folder>',
  `where versions are (else that of this program, or ${standardPrefix})`,
] as const
const configsOption = [
  '-c, --config <file>',
  'a site that uses this installation, beside /etc/batchway{,-*}/batchway.yaml (again for more)',
  append,
] as const

export function addInstallCommands(program: Command): void {
  program
    .command('install')
    .description('put this release beside the other versions; sessions and what runs are not touched')
    .option('--prefix <folder>', `where versions are kept (${standardPrefix} if absent)`)
    .option('--use', 'also make it the version that is started from now on; the first one is it by itself')
    .option(...configsOption)
    .action(install)
  const versions = program.command('versions').description('installed versions, and what uses them')
  versions
    .command('list', { isDefault: true })
    .description('all versions, and which sessions and processes of this host use them')
    .option(...prefixOption)
    .option(...configsOption)
    .option('--json', 'as one JSON object')
    .action(list)
  versions
    .command('use')
    .description('the version that is started from now on; refused where it is older than a site’s database')
    .argument('<version>')
    .option(...prefixOption)
    .option(...configsOption)
    .action(async (version: string, options: PrefixOptions) => await turn(prefixFor(options), version, options))
  versions
    .command('verify')
    .description('compare a version with its list of checksums')
    .argument('[version]', 'or the folder of an unpacked release; the one that runs this if absent')
    .option(...prefixOption)
    .action(verify)
  versions
    .command('remove')
    .description('refused while a session may still begin with it, or a process of this host runs from it')
    .argument('<version>')
    .option(...prefixOption)
    .option(...configsOption)
    .option('--force', 'remove it all the same, unless it is the one in use now')
    .action(remove)
}
