/** `batchway setup`: files for the host's administrator, made from the site's configuration. Prints them; installs nothing. */
import { readFileSync } from 'node:fs'
import { type Command, InvalidArgumentError } from 'commander'
import { configOption, loadSite } from './load-site.ts'
import { compareTexts } from './setup/compare-texts.ts'
import { sudoersFile } from './setup/sudoers.ts'
import { findSudoers } from './setup/sudoers-facts.ts'
import { lookAtAccounts } from './setup/system-accounts.ts'

/** A login name or a group of this host, as directory services have them too (`DOMAIN\hpc users`); no list, no option. */
const accountName = (text: string): string => {
  if (!/^[A-Za-z_][\w.@ \\-]{0,99}\$?$/.test(text)) throw new InvalidArgumentError('write a name')
  return text
}

const variableName = (text: string, before: readonly string[] = []): string[] => {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(text)) throw new InvalidArgumentError('write the name of a variable')
  return [...before, text]
}

/** Print the text, or say whether a file holds it: exit status 1 if not. */
function deliver(text: string, check: string | undefined): void {
  if (check === undefined) {
    process.stdout.write(text)
    return
  }
  let found: string
  try {
    found = readFileSync(check, 'utf8')
  } catch (error) {
    throw new Error(`${check} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
  const differences = compareTexts(found, text)
  if (differences.length === 0) return void process.stdout.write(`${check}: as it should be\n`)
  process.stdout.write(`${check}: differs (- what is there, + what should be)\n${differences.join('\n')}\n`)
  process.exitCode = 1
}

interface SudoersOptions {
  readonly config?: string
  readonly check?: string
  readonly user: string
  readonly group: string
  readonly everybody?: boolean
  readonly keep?: readonly string[]
}

async function printSudoers({ config, check, user, group, everybody = false, keep = [] }: SudoersOptions) {
  const asked = { hub: user, group, everybody, keep }
  const { facts, warnings } = await findSudoers(await loadSite(config), asked, lookAtAccounts())
  for (const warning of warnings) process.stderr.write(`batchway: ${warning}\n`)
  deliver(sudoersFile(facts), check)
}

const checkOption = ['--check <file>', 'print nothing but how this file differs; exit status 1 if it does'] as const
const userOption = ['--user <account>', 'account of the hub', accountName, 'batchway'] as const

export function addSetupCommand(program: Command): void {
  const setup = program.command('setup').description('print files for the host’s administrator; installs nothing')
  setup
    .command('sudoers')
    .description('the sudo rule: the schedulers’ commands, for the members of a group')
    .option(...configOption)
    .option(...userOption)
    .option('--group <name>', 'whose members may use Batchway', accountName, 'batchway-users')
    .option('--everybody', 'instead of a group: everybody but the system accounts that this host has now')
    .option(
      '--keep <name>',
      'let a variable of the hub’s environment through, e.g. SLURM_CONF (again for more)',
      variableName,
    )
    .option(...checkOption)
    .action(printSudoers)
}
