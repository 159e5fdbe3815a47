/** One cluster as the doctor asks it: the hub's own driver, transport and environment, and questions a hub does not ask. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import {
  type Command,
  cleanEnvironment,
  type Driver,
  findCommand,
  type JobRequest,
  type LoginNode,
  type Output,
  run,
  SchedulerError,
  selfTransport,
  sshTransport,
  sudoTransport,
} from '@batchway/schedulers'
import { openNameService } from '../../app/name-service.ts'
import { type InstalledAgentPlace, openClusters, ownSettings } from '../../app/open-clusters.ts'
import { agentIn, agentOfRelease, ownRelease } from '../../app/release.ts'
import type { StatePaths } from '../../app/state-paths.ts'
import { basePathOf, type ClusterConfig, type Config, type ProfileConfig } from '../../core/config.ts'
import type { LoadedConfig } from '../../core/load-config.ts'
import { silentLogger } from '../../core/logger.ts'
import type { ClusterSite } from '../../sessions/room.ts'

export interface ClusterSubject {
  readonly key: string
  readonly config: ClusterConfig
  readonly profiles: readonly ProfileConfig[]
  readonly site: ClusterSite
  readonly driver: Driver
  /** As `driver.settings` reads them. */
  readonly settings: unknown
  /** The environment of every command. */
  readonly environment: Readonly<Record<string, string>>
  /** The driver's variables that are set here. */
  readonly neededVariables: readonly string[]
  /** What `agent` leads to; null if nothing is installed there. */
  readonly agent: InstalledAgentPlace | null
  readonly agentFolder: string | null
  /** Absolute path of a command, or null. */
  find(file: string): Promise<string | null>
  /** Run one command as the hub would. @throws {SchedulerError} */
  ask(command: Command, account: string): Promise<Output>
}

const patienceMs = 20_000
const outputLimitBytes = 8 * 2 ** 20

/** Where jobs find the agent. The hub would install what is missing; a doctor changes nothing. */
function findAgent(folder: string | null, paths: StatePaths): InstalledAgentPlace | null {
  try {
    if (folder !== null) return agentIn(folder)
    const release = ownRelease()
    if (release !== null) return agentOfRelease(release.root)
    const versions = readdirSync(paths.agents).filter((name) => !name.includes('.tmp-'))
    const [last] = versions.filter((name) => packageVersionOf(join(paths.agents, name)) !== null).slice(-1)
    if (last === undefined) return null
    const directory = join(paths.agents, last)
    return { directory, node: `${directory}/runtime/${process.platform}-${process.arch}/bin/node` }
  } catch {
    return null
  }
}

/** Version of an installed agent; null if there is none. */
export function packageVersionOf(directory: string): string | null {
  try {
    const manifest: { version?: unknown } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
    return typeof manifest.version === 'string' ? manifest.version : null
  } catch {
    return null
  }
}

/** @throws {SchedulerError} if a driver refuses its settings, which `config check` finds first. */
export function openSubjects(
  { config, drivers }: LoadedConfig,
  paths: StatePaths,
  parts: { readonly signal: AbortSignal; readonly account: string; readonly environment: NodeJS.ProcessEnv },
): readonly ClusterSubject[] {
  const folderOf = (cluster: ClusterConfig): string | null => cluster.agent ?? null
  const nowhere: InstalledAgentPlace = { directory: '/nowhere', node: '/nowhere' }
  const sites = openClusters(config, drivers, paths, {
    log: silentLogger,
    names: openNameService(),
    base: basePathOf(config),
    internalUrl: config.hub.internalUrl ?? `http://${config.hub.internal[0]}`,
    agentOf: (cluster) => findAgent(folderOf(cluster), paths) ?? nowhere,
    environment: parts.environment,
  })
  return [...sites].flatMap(([key, site]) => {
    const cluster = config.clusters[key]
    return cluster === undefined ? [] : [openSubject(key, cluster, site, config, paths, parts)]
  })
}

function openSubject(
  key: string,
  cluster: ClusterConfig,
  site: ClusterSite,
  config: Config,
  paths: StatePaths,
  parts: { readonly signal: AbortSignal; readonly account: string; readonly environment: NodeJS.ProcessEnv },
): ClusterSubject {
  const { driver } = site.cluster
  const environment = cleanEnvironment(cluster.transport === 'ssh' ? {} : parts.environment, driver.environment)
  const { loginNode } = site
  const transport = loginNode
    ? sshTransport
    : cluster.transport === 'sudo'
      ? sudoTransport()
      : selfTransport(parts.account)
  const find = async (file: string): Promise<string | null> => {
    if (loginNode) return findThere(loginNode, file)
    return file.startsWith('/') ? file : await findCommand(file, environment.PATH ?? '')
  }
  return {
    key,
    config: cluster,
    profiles: config.profiles.filter((profile) => profile.cluster === key),
    site,
    driver,
    settings: driver.settings.parse(ownSettings(cluster, paths)),
    environment,
    neededVariables: (driver.environment?.keep ?? []).filter((name) => environment[name] !== undefined),
    agent: findAgent(cluster.agent ?? null, paths),
    agentFolder: cluster.agent ?? null,
    find,
    ask: (command, account) =>
      (loginNode?.run ?? run)(command, {
        transport,
        account,
        environment,
        onLost: 'unavailable',
        timeoutMs: patienceMs,
        outputLimitBytes,
        signal: parts.signal,
        async resolve(file) {
          const found = await find(file)
          if (found === null) throw new SchedulerError('unavailable', `the command ${file} was not found`)
          return found
        },
      }),
  }
}

/** The program of a login node's rules that a name means there, if it is there. */
async function findThere(node: LoginNode, file: string): Promise<string | null> {
  const commands = await node.hello().then(
    (hello) => hello.commands,
    () => [],
  )
  const isSame = (ruled: string): boolean => (file.includes('/') ? ruled === file : basename(ruled) === file)
  return commands.find((command) => command.isThere && isSame(command.file))?.file ?? null
}

/** A command of the scheduler beside those that the driver runs. */
export function schedulerCommand({ settings }: ClusterSubject, name: string, ...args: readonly string[]): Command {
  const directory =
    typeof settings === 'object' && settings !== null && 'commandDirectory' in settings
      ? settings.commandDirectory
      : undefined
  return { file: typeof directory === 'string' ? join(directory, name) : name, args, as: 'hub' }
}

/** A job as a session of the profile would be submitted, but for what runs in it. */
export function requestOf(
  profile: ProfileConfig,
  parts: Pick<JobRequest, 'name' | 'account' | 'script' | 'workdir' | 'outputPath'>,
): JobRequest {
  const { cores, memory, gpus, gpuType, walltime } = profile.resources
  return {
    ...parts,
    resources: {
      cores,
      memoryMiB: memory,
      gpus,
      ...(gpuType !== undefined && { gpuType }),
      wallSeconds: walltime,
    },
    requeue: false,
    options: profile.options,
  }
}

/** The driver's command for a request, its options read as the hub reads them. */
export const submitCommand = ({ driver, settings }: ClusterSubject, request: JobRequest): Command =>
  driver.submit({ ...request, options: driver.jobOptions.parse(request.options) }, settings)
