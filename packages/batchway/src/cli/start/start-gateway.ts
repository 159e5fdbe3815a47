/** Proxy and hub under one command, for a given configuration. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { openControlClient } from '@batchway/proxy/hub-side'
import { startLocalScheduler } from '@batchway/schedulers/local'
import { isAnswered } from '../../app/listen.ts'
import { readOrMakeSecret } from '../../app/private-secret.ts'
import { prepareStateDirectory } from '../../app/state-directory.ts'
import { hasOthersJobs, statePaths } from '../../app/state-paths.ts'
import type { Config } from '../../core/config.ts'
import { hubMemory } from '../hub-memory.ts'
import { findConfigFile, loadSite } from '../load-site.ts'
import { proxyArguments, proxyProgram } from '../proxy-arguments.ts'
import { type Part, supervise } from '../supervise.ts'
import { endOrphans, findOrphans, isSameProgram } from './orphans.ts'
import { isStarterThere, lockStarter } from './starter-lock.ts'

/** The command `batchway` as a child runs it: this program's entry. */
const program = process.argv[1] ?? ''

const say = (words: string): void => {
  process.stdout.write(`${words}\n`)
}

async function isProxyUp(config: Config): Promise<boolean> {
  const paths = statePaths(config)
  using proxy = openControlClient({
    address: paths.proxyControl,
    token: readOrMakeSecret(paths.proxyToken),
    timeoutMs: 3_000,
  })
  return await proxy.healthy()
}

/** Does a hub answer for this configuration, or is one being started? */
export async function isRunning(config: Config): Promise<boolean> {
  return (await isStarterThere(config.stateDirectory)) || (await isHubUp(config))
}

async function isHubUp(config: Config): Promise<boolean> {
  const [, path] = /^unix:(.+)$/.exec(statePaths(config).hubSocket) ?? []
  return path !== undefined && (await isAnswered(path))
}

export interface RunningGateway {
  /** True if it ran before this call: then it is left as it is. */
  readonly wasRunning: boolean
  stop(): Promise<void>
}

const isThere: RunningGateway = { wasRunning: true, stop: async () => {} }

/** How long another start may take to bring its hub up. */
const othersStartMs = 30_000

/** Jobs of other accounts leave their results in a folder below: they must be able to walk there, and nothing more. */
function needTraversable(stateDirectory: string): void {
  if ((statSync(stateDirectory).mode & 0o001) !== 0) return
  throw new Error(
    `jobs of other accounts cannot reach ${stateDirectory}: run "chmod 711 ${stateDirectory}" (what lies in it stays private)`,
  )
}

/** The local schedulers that the configuration names. They go on when we end, as a batch system does. */
async function openLocalClusters(config: Config): Promise<void> {
  for (const cluster of Object.values(config.clusters)) {
    if (cluster.driver !== 'local') continue
    const state =
      typeof cluster.settings.state === 'string' ? cluster.settings.state : statePaths(config).localScheduler
    const shepherd = cluster.agent === undefined ? undefined : join(cluster.agent, 'batchway-local-shepherd')
    if (cluster.transport === 'sudo' && shepherd === undefined) {
      throw new Error(
        'a local cluster that runs jobs as other accounts needs "agent": the folder given to "batchway agent install"',
      )
    }
    if (cluster.transport === 'sudo') needTraversable(config.stateDirectory)
    await startLocalScheduler({
      state,
      ...(cluster.transport === 'sudo' && shepherd !== undefined && { sudo: { shepherd } }),
    })
  }
}

/** Bring up what is not up yet, and wait until the hub answers through its own listener. */
export async function openGateway(config: Config, configFile: string): Promise<RunningGateway> {
  const { stateDirectory } = config
  prepareStateDirectory(stateDirectory, hasOthersJobs(config))
  readOrMakeSecret(statePaths(config).proxyToken)
  const lock = await lockStarter(stateDirectory)
  if (lock === null) {
    const giveUpAt = performance.now() + othersStartMs
    while (!(await isHubUp(config))) {
      if (performance.now() > giveUpAt)
        throw new Error(
          `another "batchway start" holds ${stateDirectory}, and its hub does not answer; see its log there`,
        )
      await delay(100)
    }
    return isThere
  }
  const proxyArgv = [proxyProgram(), ...proxyArguments(config)]
  // Browsers are connected through the proxy: if it is the one we would start, it stays. A hub is nobody's connection.
  const leftProxy = findOrphans(stateDirectory).find((orphan) => isSameProgram(orphan, proxyArgv))
  const ended = await endOrphans(stateDirectory, leftProxy)
  if (leftProxy) say('The last start was killed. Its proxy goes on with all connections.')
  else if (ended > 0) say('The last start was killed and left processes behind: they are ended first.')
  if (await isHubUp(config)) {
    await lock[Symbol.asyncDispose]()
    return isThere // run by other means, e.g. by systemd
  }
  await openLocalClusters(config)
  const hub: Part = {
    name: 'hub',
    argv: [program, 'hub', `--config=${configFile}`],
    environment: hubMemory(process.env),
  }
  const proxy: Part = { name: 'proxy', argv: proxyArgv, running: leftProxy }
  const hasProxy = !config.proxy.start || (leftProxy === undefined && (await isProxyUp(config)))
  const supervisor = supervise(
    hasProxy ? [hub] : [proxy, hub],
    stateDirectory,
    join(stateDirectory, 'batchway.log'),
    say,
  )
  const stop = async (): Promise<void> => {
    await supervisor.stop()
    await lock[Symbol.asyncDispose]()
  }
  try {
    await supervisor.ready
  } catch (error) {
    await stop()
    throw error
  }
  return { wasRunning: false, stop }
}

/** Wait for Ctrl-C, SIGTERM or a closed terminal, then stop in order. */
export async function untilStopped(gateway: RunningGateway): Promise<void> {
  // A closed terminal cannot be written to, and that is no reason to end without order.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  // Listened to until the end: the same signal may come from a terminal, from npm and from who started that, and a second one must not
  // end this process before hub and proxy have ended.
  await new Promise<void>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(name, () => resolve())
  })
  say('Stopping. Running sessions go on; the next start finds them again.')
  await gateway.stop()
}

export async function startGateway(given: string | undefined): Promise<void> {
  const file = findConfigFile(given)
  const { config } = await loadSite(file)
  const gateway = await openGateway(config, file)
  say(gateway.wasRunning ? `Batchway already runs at ${config.url}` : `Batchway runs at ${config.url}`)
  if (!gateway.wasRunning) await untilStopped(gateway)
}
