import type { Command } from 'commander'
import { stringify } from 'yaml'
import { z } from 'zod'
import { clusterProblems, findDriver } from '../app/open-clusters.ts'
import { statePaths } from '../app/state-paths.ts'
import { Config, ConfigError } from '../core/config.ts'
import type { LoadedConfig } from '../core/load-config.ts'
import { optionProblems } from '../profiles/catalogue.ts'
import { configOption, findConfigFile, loadSite } from './load-site.ts'

/** Everything that can be wrong with a configuration without touching what it describes. @throws {ConfigError} */
export function checkLoaded({ config, drivers }: LoadedConfig, source: string): void {
  const problems = [
    ...clusterProblems(config, drivers, statePaths(config)),
    ...optionProblems(config.profiles, (key) => findDriver(config.clusters[key]?.driver ?? '', drivers)),
  ]
  if (problems.length > 0) throw new ConfigError(source, problems)
}

export function addConfigCommands(program: Command): void {
  const config = program.command('config').description('check and show the configuration')
  config
    .command('check')
    .description('report every problem of the configuration at once')
    .option(...configOption)
    .action(async ({ config: file }: { config?: string }) => {
      const source = findConfigFile(file)
      checkLoaded(await loadSite(source), source)
      process.stdout.write(`${source}: no problems\n`)
    })
  config
    .command('show')
    .description('print the configuration with every default filled in (durations in seconds, memory in MiB)')
    .option(...configOption)
    .action(async ({ config: file }: { config?: string }) => {
      process.stdout.write(stringify((await loadSite(file)).config))
    })
  config
    .command('schema')
    .description('print the JSON Schema of batchway.yaml, for editors')
    .action(() => {
      process.stdout.write(`${JSON.stringify(z.toJSONSchema(Config, { io: 'input' }), null, 2)}\n`)
    })
}
