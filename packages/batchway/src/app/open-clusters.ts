/** Joins the clusters of the configuration with their drivers. */
import { userInfo } from 'node:os'
import { join } from 'node:path'
import {
  drivers as builtIn,
  type CommandHelper,
  type Driver,
  type LoginNode,
  openCluster,
  selfTransport,
  sshTransport,
  sudoTransport,
} from '@batchway/schedulers'
import type { ClusterConfig, Config } from '../core/config.ts'
import type { Logger } from '../core/logger.ts'
import type { ClusterSite, InstalledAgentPlace } from '../sessions/room.ts'
import { remoteHolds } from '../sessions/submit-holds.ts'
import { type AccountCheck, accountCheck, readUidMin } from './account-check.ts'
import { accountRule } from './account-rule.ts'
import { homeDirectories } from './home-directory.ts'
import { loginNames, withLoginNames } from './login-names.ts'
import { agentOfLoginNode, namesOfLoginNode, openSiteLoginNode } from './login-node.ts'
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

export type { InstalledAgentPlace }

/** Beside the agent's versions; the rules of a login node name it, too. */
export const logReaderName = 'batchway-read-log'

const openLoginNodeOf = ({ transport, ssh }: ClusterConfig, log: Logger): LoginNode | undefined =>
  transport === 'ssh' && ssh !== undefined ? openSiteLoginNode(ssh, log) : undefined

/** Nothing of this host's environment goes there, and names of programs mean what the login node's rules say. */
const waysOfLoginNode = ({ run, makeHold }: LoginNode) => ({
  transport: sshTransport,
  run,
  makeHold,
  logReader: logReaderName,
  environment: {},
})

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
    /** Closes the connections to login nodes; they keep no process from ending. */
    closing?: { use(resource: Disposable): unknown }
  },
): ReadonlyMap<string, ClusterSite> {
  const nameOf = loginNames(parts.names)
  const { accounts: rules } = config
  const uidMin = readUidMin()
  const checked = (rule: ClusterSite['accountOf'], check: AccountCheck, cluster: string): ClusterSite['accountOf'] => {
    return async (user) => {
      const account = await rule(user)
      await check(account, cluster)
      return account
    }
  }
  return new Map(
    Object.entries(config.clusters).map(([key, cluster]): [string, ClusterSite] => {
      const driver = findDriver(cluster.driver, own)
      if (!driver) throw new Error(`cluster ${key}: there is no driver ${cluster.driver}`)
      const isLocal = cluster.driver === 'local'
      const hubUrl = new URL(cluster.hubUrl ?? parts.internalUrl)
      hubUrl.pathname = join(parts.base, 'hub/api')
      const loginNode = openLoginNodeOf(cluster, parts.log)
      if (loginNode) parts.closing?.use(loginNode)
      const names = loginNode ? namesOfLoginNode(loginNode) : parts.names
      const check = accountCheck({
        rules,
        hub: cluster.ssh?.user ?? userInfo().username,
        names,
        uidMin: rules.uidMin ?? (loginNode ? async () => (await loginNode.hello()).uidMin : uidMin),
      })
      return [
        key,
        {
          cluster: withLoginNames(
            openCluster({
              key,
              driver,
              settings: ownSettings(cluster, paths),
              log: parts.log,
              ...(loginNode
                ? waysOfLoginNode(loginNode)
                : {
                    transport: cluster.transport === 'sudo' ? sudoTransport() : selfTransport(userInfo().username),
                    ...(cluster.agent !== undefined && { logReader: join(cluster.agent, logReaderName) }),
                    ...(parts.commands && { run: parts.commands.run, makeHold: parts.commands.makeHold }),
                    environment: parts.environment,
                  }),
            }),
            loginNode ? loginNames(names) : nameOf,
          ),
          title: cluster.title ?? driver.title,
          hubUrl: hubUrl.href,
          ...(loginNode
            ? { agent: () => agentOfLoginNode(loginNode, loginNode.name), holds: remoteHolds(loginNode) }
            : { agent: parts.agentOf(cluster) }),
          listen: {
            address: isLocal && cluster.listen.address === '0.0.0.0' ? '127.0.0.1' : cluster.listen.address,
            ports: cluster.listen.ports ?? null,
          },
          // Every job of this machine is reached over loopback, whatever the machine calls itself.
          advertise: cluster.listen.advertise ?? (isLocal ? '127.0.0.1' : null),
          accountOf:
            cluster.transport === 'self'
              ? accountRule(cluster, key)
              : checked(accountRule(cluster, key), check, cluster.title ?? key),
          homeOf: homeDirectories(cluster.home, names, loginNode && `the login node ${loginNode.name}`),
          ...(loginNode && { loginNode }),
        },
      ]
    }),
  )
}
