/** `batchway init`: a site from what this host has. */
import { createInterface } from 'node:readline/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { ownRelease, prefixOf } from '../app/release.ts'
import { signOns } from './front-config/front-facts.ts'
import { askChoices } from './init/ask-choices.ts'
import { type Asked, choose } from './init/choices.ts'
import { schedulerKinds } from './init/find-schedulers.ts'
import { instanceNameWords, isInstanceName } from './init/instance-name.ts'
import { recordMachine } from './init/record-machine.ts'
import { findNeighbours, setUp } from './init/set-up.ts'

interface InitOptions {
  readonly instance?: string
  readonly scheduler?: readonly (typeof schedulerKinds)[number][]
  readonly front?: Asked['front']
  readonly signOn?: (typeof signOns)[number]
  readonly url?: string
  readonly port?: number
  readonly internalPort?: number
  readonly letters?: string
  readonly state?: string
  readonly agent?: string
  readonly jupyter?: readonly string[]
  readonly user: string
  readonly group: string
  readonly admin?: readonly string[]
  readonly installed?: string
  readonly units: boolean
  readonly sudoers: boolean
  readonly installAgent: boolean
  readonly dryRun?: boolean
  readonly print?: boolean
  readonly interactive?: boolean
  readonly force?: boolean
}

/** An argument that must match, or words for what to write. */
const matching =
  (pattern: RegExp, words: string) =>
  (text: string): string => {
    if (!pattern.test(text)) throw new InvalidArgumentError(words)
    return text
  }
const instance = (text: string): string => {
  if (!isInstanceName(text)) throw new InvalidArgumentError(instanceNameWords)
  return text
}
const accountName = matching(/^[A-Za-z_][\w.-]{0,31}$/, 'write a login name')
const groupName = matching(/^[A-Za-z_][\w.@ \\-]{0,99}$/, 'write the name of a group')
const folder = matching(/^\/[\w./+-]+$/, 'write an absolute path')
const letters = matching(/^[0-9a-z]{2}$/, 'write two characters of 0-9 and a-z')
const address = (text: string): string => {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new InvalidArgumentError('write a full address such as "https://hpc.example.edu/jupyter/"')
  return text
}
const port = (text: string): number => {
  const number = Number(text)
  if (!/^\d{1,5}$/.test(text) || number < 1 || number > 65_535)
    throw new InvalidArgumentError('write a port from 1 to 65535')
  return number
}
const more =
  (read: (text: string) => string) =>
  (text: string, before: readonly string[] = []): string[] => [...before, read(text)]

function askedFor(options: InitOptions, prefix: string | null): Asked {
  return {
    instance: options.instance ?? null,
    schedulers: options.scheduler ?? null,
    front: options.front ?? null,
    signOn: options.signOn ?? null,
    url: options.url ?? null,
    port: options.port ?? null,
    internalPort: options.internalPort ?? null,
    letters: options.letters ?? null,
    stateDirectory: options.state ?? null,
    agent: options.agent ?? null,
    account: options.user,
    group: options.group,
    admins: options.admin ?? [],
    prefix,
  }
}

async function runInit(options: InitOptions): Promise<void> {
  const say = (words: string): void => void process.stderr.write(`batchway: ${words}\n`)
  process.stdout.on('error', () => {}) // whoever reads along may go away (`| head`)
  const isAsking = options.interactive === true
  if (isAsking && !process.stdin.isTTY)
    throw new Error('--interactive asks at a terminal, and this is none: leave it out')
  const recorded = await recordMachine({ environment: process.env, jupyterFolders: options.jupyter ?? [] })
  const release = ownRelease()
  const prefix = release && prefixOf(release)
  using lines = isAsking ? openLines() : null
  const asked =
    lines === null
      ? askedFor(options, prefix)
      : await askChoices(askedFor(options, prefix), (each) => choose(recorded, each, findNeighbours()), lines.ask, say)
  process.exitCode = await setUp({
    asked,
    recorded,
    mode: options.print ? 'print' : options.dryRun ? 'dry-run' : 'write',
    force: options.force === true,
    parts: { units: options.units, sudoers: options.sudoers, agent: options.installAgent },
    installed: options.installed ?? null,
    say,
    print: (text) => void process.stdout.write(text),
    confirm: lines === null ? null : async (words) => /^y(es)?$/i.test((await lines.ask(`${words} [y/N]: `)).trim()),
  })
}

function openLines() {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  return { ask: (question: string) => lines.question(question), [Symbol.dispose]: () => lines.close() }
}

export function addInitCommand(program: Command): void {
  program
    .command('init')
    .description('set up a site on this host: look what is here, write configuration, services and sudo rule')
    .option(
      '--instance <name>',
      'one of several gateways on this host: /etc/batchway-NAME, batchway@NAME.target',
      instance,
    )
    .addOption(
      new Option('--scheduler <kinds...>', 'instead of all that answer; "local" for this host alone').choices([
        ...schedulerKinds,
        'local',
      ]),
    )
    .addOption(new Option('--front <server>', 'web server before it').choices(['apache', 'nginx', 'caddy', 'none']))
    .addOption(new Option('--sign-on <kind>', 'what signs people in there').choices(signOns))
    .option('--url <address>', 'that people type', address)
    .option('--port <port>', 'where the proxy listens for the web server', port)
    .option('--internal-port <port>', 'where agents on the compute nodes reach the hub', port)
    .option('--letters <two>', 'in the names of its jobs', letters)
    .option('--state <folder>', 'database, secrets and sockets (else /var/lib/batchway)', folder)
    .option('--agent <folder>', 'for what jobs run, as compute nodes see it', folder)
    .option('--jupyter <folder>', 'with the programs of a Jupyter (again for more)', more(folder))
    .option('--user <account>', 'account of the hub', accountName, 'batchway')
    .option('--group <name>', 'whose members may use it', groupName, 'batchway-users')
    .option('--admin <name>', 'an administrator (again for more)', more(accountName))
    .option('--installed <folder>', 'where services find this program, e.g. /opt/batchway/current', folder)
    .option('--no-units', 'write no services')
    .option('--no-sudoers', 'write no sudo rule')
    .option('--no-install-agent', 'do not install what jobs run')
    .option('--dry-run', 'write nothing: show each file, and how those that are there differ')
    .option('--print', 'write nothing: print the configuration')
    .option('--interactive', 'ask, at a terminal')
    .option('--force', 'write files anew that are there; they are kept with "~" behind their names')
    .addHelpText(
      'after',
      '\nRun it again at any time: what is as it should be is left alone, and what differs is told, not overwritten.',
    )
    .action(runInit)
}
