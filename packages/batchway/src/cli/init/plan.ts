/** What `init` does to a host, as data: shown before, compared with what is there, then carried out in order. Pure. */

import { sudoersFile } from '../setup/sudoers.ts'
import type { FoundSudoers } from '../setup/sudoers-facts.ts'
import {
  hubUnit,
  localUnit,
  proxyUnit,
  reportTimer,
  reportUnit,
  sysusers,
  target,
  type UnitFacts,
  unitName,
} from '../setup/units.ts'
import type { Choices } from './choices.ts'

export interface PlannedFile {
  readonly path: string
  readonly text: string
  readonly mode: number
  /** What it is, for a list. */
  readonly title: string
}

const units = '/etc/systemd/system'

/** The units of one gateway. */
export function plannedUnits(facts: UnitFacts): readonly PlannedFile[] {
  const { instance } = facts
  const local = localUnit(facts)
  const all: readonly (readonly [string, string, string])[] = [
    [unitName('proxy', instance), proxyUnit(facts), 'service of the proxy'],
    [unitName('hub', instance), hubUnit(facts), 'service of the hub'],
    ...(local === null ? [] : ([[unitName('local', instance), local, 'service of the local scheduler']] as const)),
    [unitName('report', instance), reportUnit(facts), 'the nightly report'],
    [unitName('report', instance, 'timer'), reportTimer(facts), 'when it is made'],
    [unitName('', instance, 'target'), target(facts), 'all of them under one name'],
  ]
  return all.map(([name, text, title]) => ({ path: `${units}/${name}`, text, mode: 0o644, title }))
}

export const plannedConfig = ({ places }: Choices, text: string): PlannedFile => ({
  path: places.configFile,
  text,
  mode: 0o644,
  title: 'configuration; it holds no secret',
})

export const plannedSudoers = (
  { places }: Pick<Choices, 'places'>,
  { facts }: Pick<FoundSudoers, 'facts'>,
): PlannedFile => ({
  path: places.sudoers,
  text: sudoersFile(facts),
  mode: 0o440,
  title: 'sudo rule for the schedulers’ commands',
})

/** Accounts, for systemd-sysusers. */
export const plannedAccounts = ({ account, group, instance }: Choices, facts: UnitFacts): PlannedFile => ({
  path: `/etc/sysusers.d/batchway${instance === null ? '' : `-${instance}`}.conf`,
  // One account may serve several gateways: the state of one is not its home.
  text: sysusers({ ...facts, stateDirectory: `/var/lib/${account}` }, group),
  mode: 0o644,
  title: 'account of the hub, and group of those who may use it',
})

export type FileState = 'new' | 'same' | 'differs'
export interface ComparedFile extends PlannedFile {
  readonly state: FileState
  readonly found: string | null
}

export const compare = (file: PlannedFile, found: string | null): ComparedFile => ({
  ...file,
  found,
  state: found === null ? 'new' : found === file.text ? 'same' : 'differs',
})

/** Why nothing is written, in words; null: nothing is overwritten, or the caller wants it. */
export function refusal(files: readonly ComparedFile[], force: boolean): string | null {
  const differing = files.filter(({ state }) => state === 'differs')
  if (force || differing.length === 0) return null
  return [
    `${differing.map(({ path }) => path).join(', ')} ${differing.length === 1 ? 'is' : 'are'} there already, and not as init would write ${differing.length === 1 ? 'it' : 'them'}: nothing was written.`,
    'See the differences with --dry-run. To keep your files, have the others made from the configuration: batchway setup all. To have them written anew, add --force: what is there is kept beside, with "~" behind its name. For a second gateway on this host: --instance NAME.',
  ].join('\n')
}
