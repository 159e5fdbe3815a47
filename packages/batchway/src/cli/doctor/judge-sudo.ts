/** sudo: may the hub do what it must do as the account, and not much more? Pure. */
import { basename } from 'node:path'
import { defaultsLine, ruleLine } from '../setup/sudoers.ts'
import { literal, ok, problem, type Verdict, warning } from './finding.ts'
import type { SudoList } from './parse-sudo-list.ts'

export const logReaderName = 'batchway-read-log'

export interface TriedCommand {
  /** Absolute. */
  readonly file: string
  /** Null: it ran as the account. Else what sudo, or its transport, said. */
  readonly failure: string | null
  /** Parts of the path that others than root can replace: `/opt/slurm belongs to build`. */
  readonly weakPlaces: readonly string[]
}

export interface SudoFacts {
  /** Login name of the hub, and of the person. */
  readonly hub: string
  readonly account: string
  readonly commands: readonly TriedCommand[]
  /** Null where sudo would not list. */
  readonly list: SudoList | null
  /** Variables that the driver's commands need and that are set here, e.g. SLURM_CONF. */
  readonly neededVariables: readonly string[]
  /** No session begins where the logs of jobs cannot be read. */
  readonly needsLogs?: boolean
}

/** Who may be acted for, as the site's own rules say it; else a group to be made. */
function groupOf(list: SudoList | null): string {
  const groups = (list?.rules ?? []).flatMap(({ runAs }) => runAs).filter((name) => /^%[\w.-]+$/.test(name))
  return groups[0]?.slice(1) ?? 'batchway-users'
}

/** The rule that a site needs for these commands: no wildcard, no password, nobody outside the group. */
export function sudoersLines(
  facts: Pick<SudoFacts, 'hub' | 'list' | 'neededVariables'> & { readonly commands: readonly { file: string }[] },
): string[] {
  const rule = {
    hub: facts.hub,
    people: { group: groupOf(facts.list) },
    commands: facts.commands.map(({ file }) => file),
  }
  return [defaultsLine({ hub: facts.hub, keep: facts.neededVariables }), ruleLine(rule, (parts) => parts.join(', '))]
}

function ruleRemedy(facts: SudoFacts): string[] {
  return [
    `"batchway setup sudoers" prints the whole file. Or write this rule with "visudo -f /etc/sudoers.d/${facts.hub}" (%${groupOf(facts.list)}: a group of those who may use Batchway, without system accounts):`,
    ...sudoersLines(facts).map(literal),
  ]
}

/** Why sudo asked for a password: it says no more, so its own list has to tell. */
function refusal(facts: SudoFacts, file: string): Verdict {
  const { hub, account, list } = facts
  const found = (list?.rules ?? []).flatMap(({ runAs, commands }) =>
    commands.map(({ text, needsPassword }) => ({ runAs, file: text.split(' ')[0] ?? '', needsPassword })),
  )
  const same = found.filter((rule) => rule.file === file || rule.file === 'ALL')
  const free = same.filter(({ needsPassword }) => !needsPassword)
  if (free.length > 0) {
    const runAs = [...new Set(free.flatMap((rule) => rule.runAs))]
    const [group] = runAs.filter((name) => name.startsWith('%'))
    return problem(
      `the rule for ${file} lets ${hub} act for ${runAs.join(', ') || 'nobody'}, and ${account} is not among them`,
      ...(group === undefined
        ? ruleRemedy(facts)
        : [
            'If this person may use Batchway:',
            literal(`usermod --append --groups ${group.slice(1)} ${account}`),
            'A directory service is another way to put an account into a group; sudo asks the system of this host.',
          ]),
    )
  }
  if (same.length > 0)
    return problem(`the rule for ${file} asks for a password, which nobody is there to type`, ...ruleRemedy(facts))
  const namesake = found.find((rule) => basename(rule.file) === basename(file))
  if (namesake !== undefined)
    return problem(
      `sudo allows ${namesake.file}, and the hub runs ${file}`,
      'Name the same path in both: change the rule, or tell the cluster where its commands are (settings.commandDirectory).',
      ...ruleRemedy(facts),
    )
  return problem(`no rule lets ${hub} run ${file} as ${account}`, ...ruleRemedy(facts))
}

/** What else sudo says when it does not run a command. @see sudo(8) 1.9 */
const failures: readonly (readonly [RegExp, (facts: SudoFacts, file: string) => Verdict])[] = [
  [/password is required|no rule allows it/, refusal],
  [
    /unknown user/,
    ({ account }) =>
      problem(
        `this host does not know the account ${account}`,
        'The hub’s host needs the accounts of all users (getent passwd NAME must answer), e.g. by sssd.',
      ),
  ],
  [
    /no new privileges/i,
    () =>
      problem(
        'sudo cannot work here: the flag "no new privileges" is set',
        'Remove NoNewPrivileges= and what implies it (RestrictNamespaces=, PrivateDevices=, SystemCallFilter=…) from the unit.',
      ),
  ],
  [
    /have a tty/,
    ({ hub }) => problem('sudo insists on a terminal', 'Add to the rule:', literal(`Defaults:${hub} !requiretty`)),
  ],
  [/sudo does not exist/, () => problem('sudo is not installed here', literal('apt install sudo   # or dnf, zypper'))],
  [
    /account validation failure|account or password is expired/i,
    ({ account }) =>
      problem(`PAM refuses the account ${account}: it is locked or expired`, `Look at it: chage --list ${account}`),
  ],
]

function judgeCommand(facts: SudoFacts, { file, failure }: TriedCommand): Verdict {
  if (failure === null) return ok(`${facts.hub} runs ${file} as ${facts.account}, without a password`)
  const [, verdict] = failures.find(([pattern]) => pattern.test(failure)) ?? []
  const found = verdict?.(facts, file) ?? problem(`${file} as ${facts.account}: ${failure}`, ...ruleRemedy(facts))
  // Sessions run without it; of jobs that ended before an agent could tell, only the place of the log is known then.
  return basename(file) === logReaderName && !facts.needsLogs ? { ...found, status: 'warning' } : found
}

function judgeVariables({ hub, list, neededVariables }: SudoFacts): Verdict[] {
  const kept = list?.keptVariables
  if (kept === undefined || kept === null) return []
  const lost = neededVariables.filter((name) => !kept.includes(name))
  if (lost.length === 0) return []
  return [
    problem(
      `sudo drops ${lost.join(', ')}, which is set here: the commands would then talk to another scheduler, or to none`,
      'Add to the rule:',
      literal(`Defaults:${hub} env_keep += "${lost.join(' ')}"`),
    ),
  ]
}

function judgeWidth(facts: SudoFacts): Verdict[] {
  const rules = facts.list?.rules ?? []
  const wide = rules.filter(({ runAs }) => runAs.some((name) => ['ALL', 'root', '#0'].includes(name)))
  const open = rules.flatMap(({ commands }) => commands.filter(({ text }) => text === 'ALL' || /[*?[]/.test(text)))
  return [
    ...(wide.length > 0
      ? [
          warning(
            `a rule lets ${facts.hub} act for ${[...new Set(wide.flatMap(({ runAs }) => runAs))].join(', ')}: whoever takes over the hub has every account, root too`,
            ...ruleRemedy(facts),
          ),
        ]
      : []),
    ...(open.length > 0
      ? [
          warning(
            `a rule is wider than needed: ${open.map(({ text }) => text).join(', ')}`,
            'Name each program by its path, without wildcards.',
            ...ruleRemedy(facts),
          ),
        ]
      : []),
  ]
}

const judgeReader = ({ commands, needsLogs }: SudoFacts): Verdict[] =>
  !needsLogs || commands.some(({ file }) => basename(file) === logReaderName)
    ? []
    : [
        problem(
          `nothing reads the logs of jobs: ${logReaderName} is not there, and without it no session begins on this cluster`,
          'Install the agent (batchway agent install), name its folder in the configuration, and write the rule anew (batchway setup sudoers).',
        ),
      ]

const judgePlaces = ({ commands }: SudoFacts): Verdict[] =>
  commands.flatMap(({ file, weakPlaces }) =>
    weakPlaces.length === 0
      ? []
      : [
          problem(
            `${file} can be replaced by others than root (${weakPlaces.join('; ')}): they could run anything as every user`,
            'The program and all folders above it must belong to root and be writable by root alone.',
          ),
        ],
  )

export const judgeSudo = (facts: SudoFacts): readonly Verdict[] => [
  ...facts.commands.map((command) => judgeCommand(facts, command)),
  ...judgeReader(facts),
  ...judgeVariables(facts),
  ...judgePlaces(facts),
  ...judgeWidth(facts),
]
