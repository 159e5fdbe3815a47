/** `batchway backup` and `batchway restore`. */
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { configOption, loadSite } from '../load-site.ts'
import { checkStateOwner } from '../state-owner.ts'
import { backUp } from './backup-site.ts'
import { restore } from './restore-site.ts'

const say = (text: string): void => void process.stdout.write(`${text}\n`)

interface BackupOptions {
  readonly config?: string
  readonly database: boolean
}

async function runBackup(file: string, options: BackupOptions): Promise<void> {
  const site = await loadSite(options.config)
  checkStateOwner(site.config)
  const { contents, left } = await backUp({ site, file, withDatabase: options.database, now: Date.now() })
  say(
    `${file}: ${contents.files.length} files of ${contents.stateDirectory}, secrets included: keep it as they are kept`,
  )
  for (const path of left) process.stderr.write(`batchway: not in it, since this account cannot read it: ${path}\n`)
}

interface RestoreOptions {
  readonly config?: string
  readonly replace?: boolean
}

async function runRestore(file: string, { config: given, replace = false }: RestoreOptions): Promise<void> {
  const { config } = await loadSite(given)
  checkStateOwner(config)
  if (process.geteuid?.() === 0 && !existsSync(config.stateDirectory))
    throw new Error(
      `${config.stateDirectory} is not there, and what root makes the hub could not use: make it first (install -d -o batchway -g batchway -m 700 ${config.stateDirectory}), and run this as that account`,
    )
  const { contents, aside, different } = await restore({ config, file, isReplacing: replace, now: Date.now() })
  say(
    `${config.stateDirectory} is as it was on ${contents.made}; start the hub, and it takes up the sessions that still run`,
  )
  for (const path of aside) say(`put aside: ${path}`)
  if (different.length === 0) return
  say(
    'Not restored: files of the configuration, which differ here or are missing (to see a saved one: tar -xOf FILE config/PATH):',
  )
  for (const path of different) say(`  ${path}`)
}

export function addBackupCommands(program: Command): void {
  program
    .command('backup')
    .description('save a site into one file (mode 0600) while its hub goes on: database, keys, routes, configuration')
    .argument('<file>', 'not there yet, e.g. /var/backups/batchway-2026-11-23.tar.gz')
    .option(...configOption)
    .option('--without-database', 'where PostgreSQL is saved in another way')
    .action((file: string, { withoutDatabase = false, ...rest }) =>
      runBackup(file, { ...rest, database: !withoutDatabase }),
    )
  program
    .command('restore')
    .description('bring back what "batchway backup" has saved; refused while a hub runs there')
    .argument('<file>')
    .option(...configOption)
    .option('--replace', 'put what is there aside')
    .action(runRestore)
}
