/** Proxy and hub under one command, for a given configuration. */
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openControlClient } from '@batchway/proxy'
import { startLocalScheduler } from '@batchway/schedulers/local'
import { readOrMakeSecret } from '../../app/private-secret.ts'
import { statePaths } from '../../app/state-paths.ts'
import type { Config } from '../../core/config.ts'
import { findConfigFile, loadSite } from '../load-site.ts'
import { proxyArguments, proxyProgram } from '../proxy-arguments.ts'
import { type Part, supervise } from '../supervise.ts'

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

export interface RunningGateway {
  /** True if it ran before this call: then it is left as it is. */
  readonly wasRunning: boolean
  stop(): Promise<void>
}

/** Bring up what is not up yet, and wait until the hub answers through its own listener. */
export async function openGateway(config: Config, configFile: string): Promise<RunningGateway> {
  const paths = statePaths(config)
  mkdirSync(config.stateDirectory, { recursive: true, mode: 0o700 })
  readOrMakeSecret(paths.proxyToken)
  for (const cluster of Object.values(config.clusters)) {
    const own = typeof cluster.settings.state === 'string' ? cluster.settings.state : paths.localScheduler
    if (cluster.driver !== 'local') continue
    const shepherd = cluster.agent === undefined ? undefined : join(cluster.agent, 'batchway-local-shepherd')
    if (cluster.transport === 'sudo' && shepherd === undefined) {
      throw new Error(
        'a local cluster that runs jobs as other accounts needs "agent": the folder given to "batchway agent install"',
      )
    }
    await startLocalScheduler({
      state: own,
      ...(cluster.transport === 'sudo' && shepherd !== undefined && { sudo: { shepherd } }),
    })
  }
  const hub: Part = { name: 'hub', argv: [program, 'hub', `--config=${configFile}`] }
  const proxy: Part = { name: 'proxy', argv: [proxyProgram(), ...proxyArguments(config)] }
  const wasRunning = await isProxyUp(config)
  // A proxy without a hub is what a killed starter leaves: its connections live on, so it is kept.
  const parts = wasRunning ? [hub] : [proxy, hub]
  const supervisor = supervise(parts, join(config.stateDirectory, 'batchway.log'), say)
  try {
    await supervisor.ready
  } catch (error) {
    await supervisor.stop()
    if (wasRunning && error instanceof Error && error.message.startsWith('the hub'))
      return { wasRunning, stop: async () => {} }
    throw error
  }
  return { wasRunning: false, stop: () => supervisor.stop() }
}

/** Wait for Ctrl-C or SIGTERM, then stop in order. */
export async function untilStopped(gateway: RunningGateway): Promise<void> {
  await Promise.race(['SIGTERM', 'SIGINT'].map((name) => once(process, name)))
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
