/** What the units of a site are made from. */
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { schedulerProgram, toServeArgs } from '@batchway/schedulers/local'
import { ownSettings } from '../../app/open-clusters.ts'
import { lastingPath, ownRelease } from '../../app/release.ts'
import { hasOthersJobs, statePaths } from '../../app/state-paths.ts'
import type { ClusterConfig, Config } from '../../core/config.ts'
import type { UnitFacts } from './units.ts'

const release = ownRelease()
/** As a unit should name it: an upgrade must not have to change units. */
const lasting = (path: string): string => lastingPath(path, release)

/** The command's own start script: a release's, or a checkout's (`…/src/cli/setup/x.ts`). */
const program = lasting(
  release === null
    ? resolve(fileURLToPath(import.meta.url), '../../../../bin/batchway')
    : join(release.root, 'bin/batchway'),
)

const isLow = (listener: string): boolean => Number(/:(\d+)$/.exec(listener)?.[1] ?? 1_024) < 1_024

function localArguments(config: Config, cluster: ClusterConfig): readonly string[] {
  const { state } = ownSettings(cluster, statePaths(config))
  const shepherd = cluster.agent === undefined ? undefined : join(cluster.agent, 'batchway-local-shepherd')
  if (cluster.transport === 'sudo' && shepherd === undefined)
    throw new Error(
      'a local cluster that runs jobs as other accounts needs "agent": the folder given to "batchway agent install"',
    )
  const sudo = cluster.transport === 'sudo' && shepherd !== undefined ? { sudo: { shepherd } } : {}
  return [process.execPath, ...sourceFlag, ...toServeArgs({ state: String(state), ...sudo })].map(lasting)
}

/** In a checkout. */
const sourceFlag = schedulerProgram.endsWith('.ts') ? ['--conditions=source'] : []

/** @throws {Error} with words, where units cannot say what the configuration says. */
export function findUnits(
  config: Config,
  given: {
    readonly account: string
    readonly configFile: string
    readonly instance: string | null
    /** Folder of the program, where services shall find it by another path than this process was started by: that of a link to versions. */
    readonly installed?: string | null
    readonly environment: Readonly<Record<string, string>>
  },
): UnitFacts {
  const clusters = Object.values(config.clusters)
  const locals = clusters.filter(({ driver }) => driver === 'local')
  if (locals.length > 1) throw new Error('one local cluster has one unit: this configuration has several')
  const [local] = locals
  return {
    instance: given.instance,
    account: given.account,
    program: [given.installed == null ? program : join(given.installed, 'bin/batchway')],
    configFile: resolve(given.configFile),
    stateDirectory: config.stateDirectory,
    isTraversable: hasOthersJobs(config),
    usesSudo:
      clusters.some(({ transport, driver }) => transport === 'sudo' && driver !== 'local') ||
      local?.transport === 'sudo',
    localScheduler: local === undefined ? null : localArguments(config, local),
    listen: config.listen,
    hasLowPorts: { proxy: config.listen.some(isLow), hub: config.hub.internal.some(isLow) },
    logFolders: {
      hub: [...new Set(config.events.to.flatMap((sink) => (sink.type === 'file' ? [dirname(sink.path)] : [])))],
      proxy: config.proxy.accessLog === undefined ? [] : [dirname(config.proxy.accessLog)],
    },
    report: {
      isMailed: config.report.mail !== undefined,
      timeZone: config.site.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    },
    environment: given.environment,
  }
}
