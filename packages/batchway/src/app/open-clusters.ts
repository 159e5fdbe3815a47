/** Joins the clusters of the configuration with their drivers. */
import { userInfo } from 'node:os'
import { join } from 'node:path'
import {
  drivers as builtIn,
  type CommandHelper,
  type Driver,
  openCluster,
  selfTransport,
  sudoTransport,
} from '@batchway/schedulers'
import type { ClusterConfig, Config } from '../core/config.ts'
import type { Logger } from '../core/logger.ts'
import type { ClusterSite } from '../sessions/room.ts'
import { accountCheck, readUidMin } from './account-check.ts'
import { accountRule } from './account-rule.ts'
import { homeDirectories } from './home-directory.ts'
import { loginNames, withLoginNames } from './login-names.ts'
import type { NameService } from './name-service.ts'
import type { StatePaths } from './state-paths.ts'

export const findDriver = (id: string, own: readonly Driver[]): Driver | undefined =>
  [...own, ...builtIn].find((driver) => driver.id === id)

/** Settings that follow from where the hub keeps its state, unless the site says otherwise. */
export function ownSettings(
  cluster: ClusterConfig,
  paths: Pick<StatePaths, 'localScheduler'>,
): Record<string, unknown> {
  return cluster.driver === 'local' ? { state: paths.localScheduler, ...cluster.settings } : cluster.settings
}

export interface InstalledAgentPlace {
  readonly directory: string
  readonly node: string
}

/**
 * @param agentOf where a cluster's nodes find the agent.
 * @throws {SchedulerError} if a driver refuses its settings; `driverProblems` says so earlier and in full.
 */
export function openClusters(
  config: Config,
  own: readonly Driver[],
  paths: StatePaths,
  parts: {
    log: Logger
    /** Starts the commands, this process itself if absent: each start copies the page tables of who starts, for which a hub has no time. */
    commands?: Pick<CommandHelper, 'run' | 'makeHold'>
    names: NameService
    base: string
    internalUrl: string
    agentOf: (cluster: ClusterConfig) => InstalledAgentPlace
    environment: Readonly<Record<string, string | undefined>>
  },
): ReadonlyMap<string, ClusterSite> {
  const nameOf = loginNames(parts.names)
  const { accounts: rules } = config
  const uidMin = rules.uidMin ?? readUidMin()
  const check = accountCheck({ rules, hub: userInfo().username, uidMin, names: parts.names })
  const checked =
    (rule: ClusterSite['accountOf'], cluster: string): ClusterSite['accountOf'] =>
    async (user) => {
      const account = await rule(user)
      await check(account, cluster)
      return account
    }
  return new Map(
    Object.entries(config.clusters).map(([key, cluster]): [string, ClusterSite] => {
      const driver = findDriver(cluster.driver, own)
      if (!driver) throw new Error(`cluster ${key}: there is no driver ${cluster.driver}`)
      const isLocal = cluster.driver === 'local'
      const hubUrl = new URL(cluster.hubUrl ?? parts.internalUrl)
      hubUrl.pathname = join(parts.base, 'hub/api')
      return [
        key,
        {
          cluster: withLoginNames(
            openCluster({
              key,
              driver,
              transport: cluster.transport === 'sudo' ? sudoTransport() : selfTransport(userInfo().username),
              settings: ownSettings(cluster, paths),
              log: parts.log,
              ...(cluster.agent !== undefined && { logReader: join(cluster.agent, 'batchway-read-log') }),
              ...(parts.commands && { run: parts.commands.run, makeHold: parts.commands.makeHold }),
              environment: parts.environment,
            }),
            nameOf,
          ),
          title: cluster.title ?? driver.title,
          hubUrl: hubUrl.href,
          agent: parts.agentOf(cluster),
          listen: {
            address: isLocal && cluster.listen.address === '0.0.0.0' ? '127.0.0.1' : cluster.listen.address,
            ports: cluster.listen.ports ?? null,
          },
          // Every job of this machine is reached over loopback, whatever the machine calls itself.
          advertise: cluster.listen.advertise ?? (isLocal ? '127.0.0.1' : null),
          accountOf:
            cluster.transport === 'self'
              ? accountRule(cluster, key)
              : checked(accountRule(cluster, key), cluster.title ?? key),
          homeOf: homeDirectories(cluster.home, parts.names),
        },
      ]
    }),
  )
}
