/** The text of a sudoers(5) file: which programs the hub's account may run, and as whom. Pure; nothing here looks at a machine. */
import { basename } from 'node:path'

/** Ours take their orders by standard input, so that a rule can forbid all arguments. */
export const takesNoArguments = (file: string): boolean => basename(file).startsWith('batchway-')

export interface SudoersFacts {
  /** Login name of the hub's account. */
  readonly hub: string
  /** Whom it may act for: a group (without `%`), or everybody but the accounts of these uids. */
  readonly people: { readonly group: string } | { readonly everybodyBut: readonly number[] }
  /** Absolute paths. */
  readonly commands: readonly string[]
  /** Variables that go through to the commands. */
  readonly keep: readonly string[]
}

/** What sudoers(5) reads as something else: separators, and the wildcards of glob(7). Comments need a `#` that is not escaped. */
const escapeText = (text: string): string => text.replace(/[,:=\\ #!*?[\]()"]/g, '\\$&')

const peopleText = ({ people }: Pick<SudoersFacts, 'people'>): string =>
  'group' in people
    ? `%${escapeText(people.group)}, !#0`
    : ['ALL', ...[...new Set([0, ...people.everybodyBut])].sort((a, b) => a - b).map((uid) => `!#${uid}`)].join(', ')

const commandText = (file: string): string => `${escapeText(file)}${takesNoArguments(file) ? ' ""' : ''}`

/** Long lists go on in the next line: people read this file. */
const listed = (parts: readonly string[]): string => parts.join(', \\\n    ')

export const defaultsLine = ({ hub, keep }: Pick<SudoersFacts, 'hub' | 'keep'>): string =>
  `Defaults:${escapeText(hub)} env_reset, ${keep.length > 0 ? `env_keep = "${[...keep].sort().join(' ')}"` : '!env_keep'}, !setenv`

export const ruleLine = (facts: Omit<SudoersFacts, 'keep'>, join = listed): string =>
  `${escapeText(facts.hub)} ALL = (${peopleText(facts)}) NOPASSWD: ${join(facts.commands.map(commandText))}`

const peopleWords = ({ people }: SudoersFacts): readonly string[] =>
  'group' in people
    ? [
        `Whom it may act for: the members of the group "${people.group}", and never uid 0. Those who may use Batchway belong in it, no system account does:`,
        `  groupadd --system ${people.group}; usermod --append --groups ${people.group} NAME   (or a group of the directory service: setup sudoers --group)`,
      ]
    : [
        'Whom it may act for: everybody but the system accounts that this host had when this was made. A system account that comes later is NOT',
        'left out until this file is made anew: a group of those who may use Batchway (setup sudoers --group) is the better way.',
      ]

/** A whole file; the same for the same facts. */
export function sudoersFile(facts: SudoersFacts): string {
  const sorted = { ...facts, commands: [...new Set(facts.commands)].sort() }
  const who = escapeText(facts.hub)
  const words = [
    'Made by "batchway setup sudoers": change the configuration of Batchway and make it anew.',
    'Check it before it is installed, for a broken file locks sudo for the whole machine; a name with a dot is not read:',
    '  visudo -cf FILE && install -o root -g root -m 440 FILE /etc/sudoers.d/batchway',
    '',
    ...peopleWords(facts),
    '',
    'The commands take any arguments: whoever may submit as somebody can run everything as them anyway, on the nodes. Programs of Batchway take',
    'none ("") and read their orders from standard input. There is no wildcard: one that matches an argument matches blanks and slashes, too.',
  ].map((line) => `#${line === '' ? '' : ' '}${line}`)
  return [
    ...words,
    '',
    '# Nothing of the caller’s environment goes through but what the commands need.',
    defaultsLine(facts),
    '# Slurm gives a job the umask of its submit, and the hub’s own is for its own files.',
    `Defaults:${who} umask = 0022, umask_override`,
    '# No terminal, no lecture: there is nobody to read it.',
    `Defaults:${who} !requiretty, !lecture`,
    '# Logs of input would hold the secrets of jobs, whose scripts come that way. Logs of output put sudo between a command and its standard error,',
    '# by which the hub knows whether a submit is still alive. Each command is logged with its arguments as ever; use_pty is as good as !use_pty.',
    `Defaults:${who} !log_input, !log_output`,
    '',
    ruleLine(sorted),
    '',
  ].join('\n')
}
