import { drivers } from '@batchway/schedulers'
import type { Command } from 'commander'
import { stringify } from 'yaml'
import { z } from 'zod'
import { cautionsOf } from '../app/driver-problems.ts'
import { Config } from '../core/config.ts'
import { configOption, findConfigFile, loadSite } from './load-site.ts'

export function addConfigCommands(program: Command): void {
  const config = program.command('config').description('check and show the configuration')
  config
    .command('check')
    .description('report every problem of the configuration at once')
    .option(...configOption)
    .action(async ({ config: file }: { config?: string }) => {
      const source = findConfigFile(file)
      const loaded = await loadSite(source)
      for (const { cluster, driver, words } of cautionsOf(loaded))
        process.stdout.write(`clusters.${cluster}: driver ${driver}: ${words}\n`)
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
    .command('drivers')
    .description('list the drivers that come with Batchway, and what to know before relying on one')
    .action(() => {
      for (const { id, title, cautions = [] } of drivers)
        process.stdout.write(
          `${id.padEnd(12)} ${title}\n${cautions.map((words) => `${' '.repeat(13)}${words}\n`).join('')}`,
        )
    })
  config
    .command('schema')
    .description('print the JSON Schema of batchway.yaml, for editors')
    .action(() => {
      process.stdout.write(`${JSON.stringify(z.toJSONSchema(Config, { io: 'input' }), null, 2)}\n`)
    })
}
