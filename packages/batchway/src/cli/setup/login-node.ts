/** What a login node needs of the gateway: three texts. Pure; nothing here looks at a machine. */
import { basename } from 'node:path'
import { sudoersFile } from './sudoers.ts'

export interface LoginNodeFacts {
  /** Account of the gateway on the login node. */
  readonly account: string
  /** Group of those who may use Batchway. */
  readonly group: string
  /** Folder given to "batchway agent install" there. */
  readonly installed: string
  /** Absolute paths there: what runs as users, and what as the account itself. */
  readonly users: readonly string[]
  readonly itself: readonly string[]
  /** Variables that the hub gives to commands. */
  readonly variables: readonly string[]
  readonly set: Readonly<Record<string, string>>
}

const rulesPath = '/etc/batchway/login-node.rules'
const holdsPath = '/var/lib/batchway/holds'

const sorted = (files: readonly string[]): readonly string[] => [...new Set(files)].sort()

/** The file that says what the gateway's key is good for. */
export const rulesFile = ({ account, users, itself, variables, set }: LoginNodeFacts): string =>
  [
    '# Made by "batchway setup login-node rules": what a gateway may have run on this login node, whoever holds its key.',
    `#   install -D -o root -g root -m 644 FILE ${rulesPath}`,
    `#   install -d -o ${account} -g root -m 700 ${holdsPath}`,
    '',
    '# As the users, by sudo, whose own rules say for whom:',
    ...sorted(users).map((file) => `users ${file}`),
    '',
    `# As ${account} itself. Nothing that submits: a job of its own could change what the account may do.`,
    ...sorted(itself).map((file) => `itself ${file}`),
    '',
    '# Variables that the gateway may give to commands; "set NAME=VALUE" gives every command one of this machine.',
    ...sorted(variables).map((name) => `variable ${name}`),
    ...Object.entries(set).map(([name, value]) => `set ${name}=${value}`),
    '',
    '# Which submits still live is told by files in this folder, private to the account.',
    `holds ${holdsPath}`,
    '',
  ].join('\n')

/** A line of authorized_keys. @param publicKey as ssh-keygen prints it; a stand-in if absent. @param from addresses, if it is limited to them. */
export function authorizedKeysLine(
  { installed }: Pick<LoginNodeFacts, 'installed'>,
  publicKey = 'ssh-ed25519 PUBLIC-KEY-OF-THE-GATEWAY batchway',
  from?: string,
): string {
  const limits = [
    ...(from === undefined ? [] : [`from="${from}"`]),
    `command="${installed}/batchway-commands"`,
    'restrict',
  ]
  return `${limits.join(',')} ${publicKey.trim()}\n`
}

export const loginNodeSudoers = ({ account, group, users, variables, set }: LoginNodeFacts): string =>
  sudoersFile({ hub: account, people: { group }, commands: users, keep: [...variables, ...Object.keys(set)] })

/** A bare name is looked for in this folder: the login node's paths are not ours. */
export const pathThere = (file: string, folder: string): string =>
  file.startsWith('/') ? file : `${folder.replace(/\/$/, '')}/${basename(file)}`
