/**
 * May a job run as this account? Asked before any command runs: an account may come from a claim or a table, which is a stranger's or an
 * administrator's text, and the next who reads it is sudo. Where the hub's host does not know the account, its name alone decides.
 */
import { readFileSync } from 'node:fs'
import type { AccountsConfig } from '../core/accounts-config.ts'
import { BatchwayError } from '../core/errors.ts'
import type { Account, NameService } from './name-service.ts'

/** root, and accounts that own what a cluster is made of, wherever their uids lie. */
const services: ReadonlySet<string> = new Set(
  `root toor daemon bin sys sync adm lp mail news uucp operator games man proxy backup list irc gnats nobody nfsnobody shutdown halt ftp
  www-data apache nginx sshd dbus messagebus polkitd sssd chrony ntp rpc rpcuser postgres mysql ldap named munge slurm slurmrestd pbsdata
  pbsadmin torque sgeadmin condor lsfadmin ceph gluster lustre beegfs docker libvirt-qemu qemu kvm jupyterhub
  _apt _chrony _rpc`
    .split(/\s+/)
    .filter(Boolean),
)

/** @returns why no job may run under this name, as the end of a sentence; null: nothing against it. Pure. */
export function nameProblem(
  name: string,
  rules: Pick<AccountsConfig, 'characters' | 'refuse'>,
  hub: string,
): string | null {
  const extra = rules.characters.map((one) => (one === 'upper-case' ? 'A-Z' : `\\${one}`)).join('')
  if (name === '') return 'is empty'
  // Linux takes 32 characters; directories with "alice@realm" have longer ones.
  const limit = rules.characters.includes('@') ? 64 : 32
  if (name.length > limit) return `is longer than ${limit} characters`
  if (/^[0-9#]/.test(name)) return 'must not begin with a digit or "#": programs take it for a uid'
  if (!new RegExp(`^[a-z_${extra.includes('A-Z') ? 'A-Z' : ''}]`).test(name)) return 'must begin with a letter or "_"'
  if (!new RegExp(`^[a-z0-9_.${extra}-]+$`).test(name))
    return `may hold only letters a–z, digits and ${['.', '_', '-', ...rules.characters.filter((one) => one !== 'upper-case')].join(' ')}`
  if (name.endsWith('.')) return 'must not end with "."'
  const plain = name.toLowerCase()
  if (plain === hub.toLowerCase()) return 'is the gateway’s own'
  if (services.has(plain) || plain.startsWith('systemd-')) return 'is a system account'
  if (rules.refuse.some((one) => one.toLowerCase() === plain)) return 'is one that no job may run as'
  return null
}

/** The same for what is known of the account. */
function factsProblem(
  name: string,
  { name: known, uid, shell }: Omit<Account, 'home'>,
  rules: Pick<AccountsConfig, 'anyShell'>,
  uidMin: number,
): string | null {
  if (uid === 0) return 'is root’s (uid 0)'
  if (uid < uidMin || uid === 65_534 || uid === 65_535 || uid >= 4_294_967_294)
    return `is a system account (uid ${uid})`
  if (known !== name) return `is another way to write ${JSON.stringify(known)}: use that`
  if (!rules.anyShell && /\/(?:nologin|false)$/.test(shell)) return `may not log in here (its shell is ${shell})`
  return null
}

/** @throws {BatchwayError} `invalid_choice` with a sentence for the user; `scheduler_unavailable` if the database does not answer. */
export type AccountCheck = (account: string, cluster: string) => Promise<void>

export interface AccountCheckParts {
  readonly rules: AccountsConfig
  /** Login name of the hub's own account. */
  readonly hub: string
  /** First uid of people; asked for where another machine knows. */
  readonly uidMin: number | (() => Promise<number>)
  readonly names: Pick<NameService, 'findAccount'>
}

export function accountCheck({ rules, hub, uidMin, names }: AccountCheckParts): AccountCheck {
  return async (account, cluster) => {
    const refuse = (why: string): never => {
      // The text may be a stranger's, and long.
      const shown = JSON.stringify(account.length > 64 ? `${account.slice(0, 64)}…` : account)
      throw new BatchwayError(
        'invalid_choice',
        `You cannot start anything on ${cluster}: the account ${shown} ${why}.`,
        {
          field: 'profile',
        },
      )
    }
    const ofName = nameProblem(account, rules, hub)
    if (ofName !== null) refuse(ofName)
    let facts: Account | null
    let least: number
    try {
      facts = await names.findAccount(account)
      least = typeof uidMin === 'number' ? uidMin : await uidMin()
    } catch (cause) {
      throw new BatchwayError(
        'scheduler_unavailable',
        'The accounts of this host cannot be read now. Try again later.',
        {
          cause,
        },
      )
    }
    const ofFacts = facts === null ? null : factsProblem(account, facts, rules, least)
    if (ofFacts !== null) refuse(ofFacts)
  }
}

/** @param text login.defs(5). @returns the first uid of people; 1000 where it is not said, as useradd(8) has it. */
export const parseUidMin = (text: string): number => Number(/^\s*UID_MIN\s+(\d+)/m.exec(text)?.[1] ?? 1_000)

/** Of this host. */
export function readUidMin(path = '/etc/login.defs'): number {
  try {
    return parseUidMin(readFileSync(path, 'utf8'))
  } catch {
    return parseUidMin('') // a host need not have the file
  }
}
