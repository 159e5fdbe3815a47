/** `batchway setup`: files for the host's administrator, made from the site's configuration. Prints them; only `all` writes. */
import { readFileSync } from 'node:fs'
import { Argument, type Command, InvalidArgumentError } from 'commander'
import { compareAll } from './init/carry-out.ts'
import { instanceNameWords, isInstanceName } from './init/instance-name.ts'
import { configOption, findConfigFile, loadSite } from './load-site.ts'
import { deliver } from './setup/deliver.ts'
import { differencesText, hostFiles, writeHostFiles } from './setup/host-files.ts'
import { authorizedKeysLine, loginNodeSudoers, rulesFile } from './setup/login-node.ts'
import { findLoginNode } from './setup/login-node-facts.ts'
import { proxySocketUnit } from './setup/socket-unit.ts'
import { sudoersFile } from './setup/sudoers.ts'
import { findSudoers } from './setup/sudoers-facts.ts'
import { lookAtAccounts } from './setup/system-accounts.ts'
import { findUnits } from './setup/unit-facts.ts'
import {
  hubUnit,
  localUnit,
  proxyUnit,
  reportTimer,
  reportUnit,
  sysusers,
  target,
  tmpfiles,
  type UnitFacts,
} from './setup/units.ts'

/** A login name or a group of this host, as directory services have them too (`DOMAIN\hpc users`); no list, no option. */
const accountName = (text: string): string => {
  if (!/^[A-Za-z_][\w.@ \\-]{0,99}\$?$/.test(text)) throw new InvalidArgumentError('write a name')
  return text
}

const instanceName = (text: string): string => {
  if (!isInstanceName(text)) throw new InvalidArgumentError(instanceNameWords)
  return text
}

const variableName = (text: string, before: readonly string[] = []): string[] => {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(text)) throw new InvalidArgumentError('write the name of a variable')
  return [...before, text]
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

interface UnitOptions {
  readonly config?: string
  readonly check?: string
  readonly user: string
  readonly group?: string
  readonly instance?: string
  readonly environment?: Readonly<Record<string, string>>
}

const assignment = (text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> => {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=([\x20-\x7e]*)$/.exec(text) ?? []
  if (name === undefined || value === undefined) throw new InvalidArgumentError('write NAME=VALUE')
  return { ...before, [name]: value }
}

const printUnit =
  (write: (facts: UnitFacts, group: string) => string) =>
  async ({ config: given, check, user, group = '', instance, environment = {} }: UnitOptions): Promise<void> => {
    const configFile = findConfigFile(given)
    const { config } = await loadSite(configFile)
    deliver(
      write(findUnits(config, { account: user, configFile, instance: instance ?? null, environment }), group),
      check,
    )
  }

interface AllOptions extends Omit<UnitOptions, 'check' | 'group'> {
  readonly check?: boolean
  readonly group: string
  readonly installed?: string
}

/** Exit status 1: something differs (`--check`). */
async function writeAll(options: AllOptions): Promise<void> {
  const { user: account, group, instance = null, environment = {} } = options
  const configFile = findConfigFile(options.config)
  const installed = options.installed ?? null
  const { files, warnings } = await hostFiles(await loadSite(configFile), {
    configFile,
    instance,
    account,
    group,
    environment,
    installed,
  })
  for (const warning of warnings) process.stderr.write(`batchway: ${warning}\n`)
  const compared = compareAll(files)
  if (!options.check) {
    for (const path of await writeHostFiles(compared)) process.stdout.write(`${path}\n`)
    return
  }
  process.stdout.write(differencesText(compared))
  if (compared.some(({ state }) => state !== 'same')) process.exitCode = 1
}

interface LoginNodeOptions {
  readonly config?: string
  readonly check?: string
  readonly cluster?: string
  readonly group: string
  readonly installed: string
  readonly commands: string
  readonly set?: Readonly<Record<string, string>>
  readonly publicKey?: string
  readonly from?: string
}

const loginNodeTexts = ['rules', 'sudoers', 'key'] as const

async function printLoginNode(what: (typeof loginNodeTexts)[number], options: LoginNodeOptions): Promise<void> {
  const { config, check, cluster, group, installed, commands, set = {}, publicKey, from } = options
  const facts = findLoginNode(await loadSite(config), { cluster, group, installed, commands, set })
  if (what === 'rules') return deliver(rulesFile(facts), check)
  if (what === 'sudoers') return deliver(loginNodeSudoers(facts), check)
  const key = publicKey === undefined ? undefined : readFileSync(publicKey, 'utf8')
  if (key !== undefined && !/^[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [^\n]*)?\n?$/.test(key))
    throw new Error(`${publicKey} holds no public key, or more than one`)
  deliver(authorizedKeysLine(facts, key, from), check)
}

const absolute = (text: string): string => {
  if (!/^\/[\w./+-]*$/.test(text)) throw new InvalidArgumentError('write an absolute path')
  return text
}
const addresses = (text: string): string => {
  if (!/^[\w.:,/*!?-]+$/.test(text)) throw new InvalidArgumentError('write addresses, with commas between')
  return text
}

function needLocal(facts: UnitFacts): string {
  const unit = localUnit(facts)
  if (unit === null) throw new Error('no cluster has "driver: local": there is no unit to write')
  return unit
}

const checkOption = ['--check <file>', 'print nothing but how this file differs; exit status 1 if it does'] as const
const userOption = ['--user <account>', 'account of the hub', accountName, 'batchway'] as const
const groupOption = ['--group <name>', 'whose members may use Batchway', accountName, 'batchway-users'] as const

/** Name → what it prints, and where that belongs. */
const files = [
  ['proxy', '/etc/systemd/system/batchway-proxy.service', proxyUnit],
  [
    'proxy-socket',
    '/etc/systemd/system/batchway-proxy.socket (no connection is refused while the proxy is started anew)',
    proxySocketUnit,
  ],
  ['hub', '/etc/systemd/system/batchway-hub.service', hubUnit],
  ['local', '/etc/systemd/system/batchway-local.service', needLocal],
  ['report', '/etc/systemd/system/batchway-report.service (the nightly report)', reportUnit],
  ['report-timer', '/etc/systemd/system/batchway-report.timer (when it is made)', reportTimer],
  ['target', '/etc/systemd/system/batchway.target (all of them)', target],
  ['sysusers', '/etc/sysusers.d/batchway.conf (accounts)', sysusers],
  ['tmpfiles', '/etc/tmpfiles.d/batchway.conf (the state directory, where the units do not make it)', tmpfiles],
] as const

export function addSetupCommand(program: Command): void {
  const setup = program
    .command('setup')
    .description('files for the host’s administrator, made from the configuration: printed, or compared')
  setup
    .command('sudoers')
    .description('/etc/sudoers.d/batchway: the schedulers’ commands, for the members of a group')
    .option(...configOption)
    .option(...userOption)
    .option(...groupOption)
    .option('--everybody', 'instead of a group: everybody but the system accounts that this host has now')
    .option(
      '--keep <name>',
      'let a variable of the hub’s environment through, e.g. SLURM_CONF (again for more)',
      variableName,
    )
    .option(...checkOption)
    .action(printSudoers)
  setup
    .command('login-node')
    .description('what the login node of a cluster with "transport: ssh" needs')
    .addArgument(
      new Argument(
        '<what>',
        `rules: /etc/batchway/login-node.rules; sudoers: /etc/sudoers.d/batchway; key: a line of authorized_keys`,
      ).choices(loginNodeTexts),
    )
    .option(...configOption)
    .option('--cluster <key>', 'which, if several have one')
    .option(...groupOption)
    .option('--installed <folder>', 'given to "batchway agent install" there', absolute, '/shared/apps/batchway')
    .option('--commands <folder>', 'of the scheduler’s commands there', absolute, '/usr/bin')
    .option('--set <name=value>', 'a variable of its commands, e.g. SLURM_CONF=… (again for more)', assignment)
    .option('--public-key <file>', 'of the gateway, for "key"')
    .option('--from <addresses>', 'the gateway’s, for "key"', addresses)
    .option(...checkOption)
    .action(printLoginNode)
  setup
    .command('all')
    .description(
      'write services and sudo rule where they belong, those that differ; what was there is kept with "~" behind its name',
    )
    .option(...configOption)
    .option(...userOption)
    .option(...groupOption)
    .option('--instance <name>', 'of one of several gateways on this host', instanceName)
    .option('--installed <folder>', 'where services find this program, e.g. /opt/batchway/current', absolute)
    .option('--environment <name=value>', 'a variable of the hub and its commands (again for more)', assignment)
    .option('--check', 'write nothing: say what differs; exit status 1 if anything does')
    .action(writeAll)
  for (const [name, description, write] of files) {
    const command = setup
      .command(name)
      .description(description)
      .option(...configOption)
      .option(...userOption)
      .option('--instance <name>', 'of one of several gateways on this host: batchway-hub@NAME.service', instanceName)
      .option(...checkOption)
      .action(printUnit(write))
    if (name === 'sysusers') command.option(...groupOption)
    if (name === 'hub')
      command.option(
        '--environment <name=value>',
        'a variable of the hub and its commands (again for more)',
        assignment,
      )
  }
}
