import { handOver, takeInherited } from '@batchway/proxy/hub-side'
import type { Command } from 'commander'
import { readOrMakeSecret } from '../app/private-secret.ts'
import { prepareStateDirectory } from '../app/state-directory.ts'
import { hasOthersJobs, statePaths } from '../app/state-paths.ts'
import { configOption, loadSite } from './load-site.ts'
import { openChild } from './open-child.ts'
import { changedOptions, proxyArguments, proxyProgram } from './proxy-arguments.ts'

async function runProxy({ config: file }: { config?: string }): Promise<void> {
  const descriptors = takeInherited(process.env, process.pid)
  const { config } = await loadSite(file)
  prepareStateDirectory(config.stateDirectory, hasOthersJobs(config))
  readOrMakeSecret(statePaths(config).proxyToken)
  const argv = proxyArguments(config)
  const child = openChild([proxyProgram(), ...argv], { descriptors, environment: handOver(descriptors) })
  const forward = (signal: NodeJS.Signals) => child.process.kill(signal)
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, forward)
  process.on('SIGHUP', () => void tellUnreadable(file, argv))
  process.exitCode = (await child.ended) ?? 1
}

/** Whoever sends SIGHUP may think that the whole configuration is read: say what waits for a restart. */
async function tellUnreadable(file: string | undefined, argv: readonly string[]): Promise<void> {
  const say = (words: string): void => void process.stderr.write(`batchway proxy: ${words}\n`)
  try {
    const changed = changedOptions(argv, proxyArguments((await loadSite(file)).config))
    if (changed.length > 0) say(`the configuration has other values for ${changed.join(', ')}: they wait for a restart`)
  } catch (error) {
    say(`the configuration cannot be read now: ${error instanceof Error ? error.message : error}`)
  }
}

export function addProxyCommand(program: Command): void {
  program
    .command('proxy')
    .description('run the proxy alone, in the foreground, as the configuration says')
    .option(...configOption)
    .action(runProxy)
}
