/** `batchway init` from the first question to the last file: looks, chooses, shows, writes. The only place that knows the order. */
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { installForJobs } from '../agent-command.ts'
import { loadSite } from '../load-site.ts'
import { compareTexts } from '../setup/compare-texts.ts'
import { findSudoers } from '../setup/sudoers-facts.ts'
import { lookAtAccounts } from '../setup/system-accounts.ts'
import { findUnits } from '../setup/unit-facts.ts'
import { isFree } from '../start/free-port.ts'
import { findAccount } from '../start/served-account.ts'
import {
  checkSudoers,
  compareAll,
  hasGroup,
  makeAccounts,
  makeFolder,
  makeSecret,
  readIfThere,
  writeFile,
} from './carry-out.ts'
import { type Asked, type Choices, choose } from './choices.ts'
import { configText } from './config-text.ts'
import { type Neighbour, readNeighbour } from './neighbours.ts'
import { nextSteps, stepsText } from './next-steps.ts'
import {
  type ComparedFile,
  type PlannedFile,
  plannedAccounts,
  plannedConfig,
  plannedSudoers,
  plannedUnits,
  refusal,
} from './plan.ts'
import type { Recorded } from './recorded.ts'

export interface SetUpOptions {
  readonly asked: Asked
  readonly recorded: Recorded
  /** What happens: everything; only shown, with differences; only the configuration, printed. */
  readonly mode: 'write' | 'dry-run' | 'print'
  readonly force: boolean
  readonly parts: { readonly units: boolean; readonly sudoers: boolean; readonly agent: boolean }
  /** Folder under which services find this program, whatever its version; null: where this runs. */
  readonly installed: string | null
  readonly say: (words: string) => void
  readonly print: (text: string) => void
  /** Asked before anything is written; null: nobody is asked. */
  readonly confirm: ((words: string) => Promise<boolean>) | null
}

/** Configurations of this host's gateways. */
export function findNeighbours(): readonly Neighbour[] {
  const files = globSync(['/etc/batchway/batchway.yaml', '/etc/batchway-*/batchway.yaml'])
  return files.flatMap((file) => readNeighbour(file, readIfThere(file) ?? '') ?? [])
}

/** Of the ports that could be chosen, those at which something listens. */
async function findBusyPorts(candidates: readonly number[]): Promise<ReadonlySet<number>> {
  const free = await Promise.all(candidates.map((port) => isFree(port, '0.0.0.0')))
  return new Set(candidates.filter((_, index) => !free[index]))
}

const portsLookedAt = ({ port, internalPort }: Asked): readonly number[] => [
  ...new Set([
    ...Array.from({ length: 40 }, (_, index) => 8_000 + index),
    ...Array.from({ length: 40 }, (_, index) => 8_081 + index),
    ...[port, internalPort].filter((each) => each !== null),
  ]),
]

const octal = (mode: number): string => mode.toString(8).padStart(4, '0')
const marks = { new: '+', same: '=', differs: '~' } as const

function showFile({ state, path, mode, title, found, text }: ComparedFile, isWhole: boolean): string {
  const line = `${marks[state]} ${path}  ${octal(mode)}  ${title}`
  if (!isWhole || state === 'same') return line
  const lines =
    state === 'new'
      ? text
          .trimEnd()
          .split('\n')
          .map((each) => `+ ${each}`)
      : compareTexts(found ?? '', text)
  return [line, ...lines.map((each) => `    ${each}`)].join('\n')
}

/** @returns exit status. @throws {Error} with words for what cannot be. */
export async function setUp(options: SetUpOptions): Promise<number> {
  const { asked, recorded, mode, force, parts, say } = options
  const choices = choose(recorded, asked, findNeighbours(), await findBusyPorts(portsLookedAt(asked)))
  const { text, config } = configText(choices)
  if (mode === 'print') {
    options.print(text)
    return 0
  }
  const { places } = choices
  const hasSystemd = parts.units && recorded.commands.systemctl !== undefined
  const facts = findUnits(config, {
    account: choices.account,
    configFile: places.configFile,
    instance: choices.instance,
    environment: choices.environment,
    installed: options.installed,
  })
  const needsAccounts = findAccount(choices.account) === null || !hasGroup(choices.group)
  const accounts =
    needsAccounts && recorded.commands['systemd-sysusers'] !== undefined ? plannedAccounts(choices, facts) : null
  const first: readonly PlannedFile[] = [
    plannedConfig(choices, text),
    ...(hasSystemd ? plannedUnits(facts) : []),
    ...(accounts === null ? [] : [accounts]),
  ]
  const compared = compareAll(first)
  const isAgentThere = existsSync(join(choices.agent.folder, 'current'))
  const rule = parts.sudoers ? await tryRule(choices, config, isAgentThere) : null
  const all = [...compared, ...(rule?.file ? compareAll([rule.file]) : [])]
  const refused = refusal(all, force)
  const show = (isWhole: boolean): void => {
    for (const file of all) options.print(`${showFile(file, isWhole)}\n`)
    const folderMark = existsSync(places.stateDirectory) ? '=' : '+'
    options.print(
      `${folderMark} ${places.stateDirectory}  ${facts.isTraversable ? '0711' : '0700'}  state of ${choices.account}\n`,
    )
    if (config.proxy.frontSecretFile !== undefined)
      options.print(
        `${existsSync(places.frontSecret) ? '=' : '+'} ${places.frontSecret}  0600  secret of the front server\n`,
      )
    if (parts.agent) options.print(`${isAgentThere ? '=' : '+'} ${choices.agent.folder}  what jobs run\n`)
    if (parts.sudoers && rule?.file === undefined)
      options.print(`+ ${places.sudoers}  0440  sudo rule, made when what jobs run is there\n`)
  }
  if (mode === 'dry-run') {
    show(true)
    if (refused !== null) say(refused)
    return refused === null ? 0 : 1
  }
  if (refused !== null) throw new Error(refused)
  if (process.getuid?.() !== 0)
    throw new Error(
      'init writes below /etc, which needs root: run it with sudo, or look first with --dry-run or --print',
    )
  if (options.confirm !== null) {
    show(false)
    if (!(await options.confirm('Write these?'))) {
      say('nothing was written')
      return 1
    }
  }
  await write(options, choices, config.proxy.frontSecretFile !== undefined, { compared, accounts, facts })
  return 0
}

interface Prepared {
  readonly compared: readonly ComparedFile[]
  readonly accounts: PlannedFile | null
  readonly facts: ReturnType<typeof findUnits>
}

/** The order: accounts own what comes after; what jobs run comes before the rule that names it; the rule is looked at before it is there. */
async function write(options: SetUpOptions, choices: Choices, needsSecret: boolean, prepared: Prepared): Promise<void> {
  const { recorded, parts, say, print, force } = options
  const { places } = choices
  const { compared, accounts, facts } = prepared
  const put = (file: ComparedFile): void => {
    if (file.state !== 'same') writeFile(file)
    print(`${showFile(file, false)}\n`)
  }
  for (const file of compared) if (file.path === accounts?.path) put(file)
  const owner = makeAccounts(accounts?.path ?? null, choices)
  if (owner.uid === 0) throw new Error('the hub never runs as root: name another account with --user')
  const told = (isNew: boolean, path: string, words: string): void => print(`${isNew ? '+' : '='} ${path}  ${words}\n`)
  if (parts.agent && !existsSync(join(choices.agent.folder, 'current'))) {
    say(`installing what jobs run in ${choices.agent.folder}`)
    installForJobs(choices.agent.folder)
    told(true, choices.agent.folder, 'what jobs run')
  }
  told(
    makeFolder(places.stateDirectory, facts.isTraversable ? 0o711 : 0o700, owner),
    places.stateDirectory,
    `state of ${owner.name}`,
  )
  if (needsSecret) told(makeSecret(places.frontSecret, owner), places.frontSecret, 'secret of the front server')
  const own = compared.find(({ path }) => path === places.configFile)
  if (own) put(own)
  if (parts.sudoers) {
    const { facts: found, warnings } = await findSudoers(
      await loadSite(places.configFile),
      sudoersAsked(choices),
      lookAtAccounts(),
    )
    const [file] = compareAll([plannedSudoers(choices, { facts: found })])
    for (const words of warnings) say(words)
    if (file) {
      const refused = refusal([file], force)
      if (refused !== null) throw new Error(refused)
      checkSudoers(file.text, recorded.commands.visudo)
      put(file)
    }
  }
  for (const file of compared) if (file.path !== places.configFile && file.path !== accounts?.path) put(file)
  const steps = nextSteps(choices, {
    program: facts.program[0] ?? 'batchway',
    isAgentInstalled: existsSync(join(choices.agent.folder, 'current')),
    hasSystemd: parts.units && recorded.commands.systemctl !== undefined,
    members: lookAtAccounts().membersOf(choices.group) ?? [],
  })
  print(`\nWhat to do next:\n${stepsText(steps)}`)
}

const sudoersAsked = ({ account, group, environment }: Choices) => ({
  hub: account,
  group,
  everybody: false,
  keep: Object.keys(environment),
})

/** The rule as it would be; without a file where what it names is not installed yet. */
async function tryRule(
  choices: Choices,
  config: Awaited<ReturnType<typeof loadSite>>['config'],
  isAgentThere: boolean,
): Promise<{ readonly file?: PlannedFile }> {
  if (!isAgentThere) return {}
  const loaded = { config, files: [], drivers: [], logins: [] }
  return { file: plannedSudoers(choices, await findSudoers(loaded, sudoersAsked(choices), lookAtAccounts())) }
}
