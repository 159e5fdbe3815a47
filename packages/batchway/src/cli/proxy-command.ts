import type { Command } from 'commander'
import { readOrMakeSecret } from '../app/private-secret.ts'
import { prepareStateDirectory } from '../app/state-directory.ts'
import { hasOthersJobs, statePaths } from '../app/state-paths.ts'
import { configOption, loadSite } from './load-site.ts'
import { openChild } from './open-child.ts'
import { proxyArguments, proxyProgram } from './proxy-arguments.ts'

async function runProxy({ config: file }: { config?: string }): Promise<void> {
  const { config } = await loadSite(file)
  prepareStateDirectory(config.stateDirectory, hasOthersJobs(config))
  readOrMakeSecret(statePaths(config).proxyToken)
  const child = openChild([proxyProgram(), ...proxyArguments(config)])
  const forward = (signal: NodeJS.Signals) => child.process.kill(signal)
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, forward)
  process.exitCode = (await child.ended) ?? 1
}

export function addProxyCommand(program: Command): void {
  program
    .command('proxy')
    .description('run the proxy alone, in the foreground, as the configuration says')
    .option(...configOption)
    .action(runProxy)
}
