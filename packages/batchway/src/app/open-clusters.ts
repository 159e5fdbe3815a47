/** Joins the clusters of the configuration with their drivers. */
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { drivers as builtIn, type Driver, openCluster, selfTransport, sudoTransport } from '@batchway/schedulers'
import { type ClusterConfig, type Config, ConfigError, type ConfigProblem, closest } from '../core/config.ts'
import type { Logger } from '../core/logger.ts'
import type { ClusterSite } from '../sessions/room.ts'
import { homeDirectories } from './home-directory.ts'
import type { StatePaths } from './state-paths.ts'

export const findDriver = (id: string, own: readonly Driver[]): Driver | undefined =>
  [...own, ...builtIn].find((driver) => driver.id === id)

/** Settings that follow from where the hub keeps its state, unless the site says otherwise. */
function ownSettings(cluster: ClusterConfig, paths: StatePaths): Record<string, unknown> {
  return cluster.driver === 'local' ? { state: paths.localScheduler, ...cluster.settings } : cluster.settings
}

/** What is wrong with drivers and their settings: path and words. */
export function clusterProblems(config: Config, own: readonly Driver[], paths: StatePaths): ConfigProblem[] {
  return Object.entries(config.clusters).flatMap(([key, cluster]) => {
    const driver = findDriver(cluster.driver, own)
    if (!driver) {
      const ids = [...own, ...builtIn].map(({ id }) => id)
      const guess = closest(cluster.driver, ids)
      return [
        {
          path: `clusters.${key}.driver`,
          message: `there is no driver "${cluster.driver}"; ${guess ? `did you mean "${guess}"?` : `known: ${ids.join(', ')}`}`,
        },
      ]
    }
    const result = driver.settings.safeParse(ownSettings(cluster, paths))
    if (result.success) return []
    return result.error.issues.map((issue) => ({
      path: ['clusters', key, 'settings', ...issue.path].join('.'),
      message: issue.message,
    }))
  })
}

export interface InstalledAgentPlace {
  readonly directory: string
  readonly node: string
}

/**
 * @param agentOf where a cluster's nodes find the agent.
 * @throws {ConfigError} with every problem of drivers and settings.
 */
export function openClusters(
  config: Config,
  own: readonly Driver[],
  paths: StatePaths,
  parts: {
    log: Logger
    base: string
    internalUrl: string
    agentOf: (cluster: ClusterConfig) => InstalledAgentPlace
    environment: Readonly<Record<string, string | undefined>>
  },
): ReadonlyMap<string, ClusterSite> {
  const problems = clusterProblems(config, own, paths)
  if (problems.length > 0) throw new ConfigError('the configuration', problems)
  return new Map(
    Object.entries(config.clusters).map(([key, cluster]): [string, ClusterSite] => {
      const driver = findDriver(cluster.driver, own)
      if (!driver) throw new Error('checked above')
      const isLocal = cluster.driver === 'local'
      const hubUrl = new URL(cluster.hubUrl ?? parts.internalUrl)
      hubUrl.pathname = join(parts.base, 'hub/api')
      return [
        key,
        {
          cluster: openCluster({
            key,
            driver,
            transport: cluster.transport === 'sudo' ? sudoTransport() : selfTransport(userInfo().username),
            settings: ownSettings(cluster, paths),
            log: parts.log,
            environment: parts.environment,
          }),
          title: cluster.title ?? driver.title,
          hubUrl: hubUrl.href,
          agent: parts.agentOf(cluster),
          listen: {
            address: isLocal && cluster.listen.address === '0.0.0.0' ? '127.0.0.1' : cluster.listen.address,
            ports: cluster.listen.ports ?? null,
          },
          // Every job of this machine is reached over loopback, whatever the machine calls itself.
          advertise: cluster.listen.advertise ?? (isLocal ? '127.0.0.1' : null),
          accountOf: (userName) => cluster.account.replaceAll('{user}', userName),
          homeOf: homeDirectories(cluster.home),
        },
      ]
    }),
  )
}
