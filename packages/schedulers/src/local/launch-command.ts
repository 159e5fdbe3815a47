/** Whose processes the scheduler may start, and how. */
export interface LaunchOptions {
  /** argv of the shepherd. With another account its file must be readable and executable for everybody. */
  readonly shepherd: readonly [string, ...string[]]
  /** May jobs run as other accounts, by `sudo -n -u` (or `setpriv` when the scheduler is root)? */
  readonly sudo: boolean
  /** May jobs run as root? Only where the scheduler itself is root. */
  readonly allowRoot: boolean
}

export interface Account {
  readonly uid: number
  readonly gid: number
}

export interface Self {
  readonly uid: number
  readonly name: string
}

/** A login name as sites have them; never `#0`, an option, or a path. */
const accountPattern = /^[A-Za-z_][A-Za-z0-9_.@-]{0,63}$/

/** @param passwd one line of `getent passwd NAME`. @see passwd(5) */
export function parsePasswd(passwd: string): Account | null {
  const [, , uid, gid] = passwd.split(':')
  return uid !== undefined && gid !== undefined && /^\d+$/.test(uid) && /^\d+$/.test(gid)
    ? { uid: Number(uid), gid: Number(gid) }
    : null
}

/** Can this be a login name at all? Asked before it appears in any argv. */
export const isAccountName = (account: string): boolean => accountPattern.test(account)

/** Why a job may not run as this account, or null. @param uid of the account; null = there is no such account. */
export function findAccountProblem(
  account: string,
  uid: number | null,
  self: Self,
  options: LaunchOptions,
): string | null {
  if (!isAccountName(account)) return 'that is not a login name'
  if (uid === null) return `this machine has no account ${account}`
  if (uid === 0 && !(self.uid === 0 && options.allowRoot)) return 'jobs do not run as root'
  if (uid !== self.uid && !options.sudo) return `jobs run as ${self.name} only`
  return null
}

/** argv that runs the shepherd as the account. The order goes to its stdin. */
export function toLaunchCommand(
  account: string,
  { uid, gid }: Account,
  self: Self,
  options: LaunchOptions,
): readonly [string, ...string[]] {
  if (uid === self.uid) return options.shepherd
  // Root needs no leave from sudo, which bare machines lack.
  if (self.uid === 0)
    return [
      'setpriv',
      `--reuid=${uid}`,
      `--regid=${gid}`,
      '--init-groups',
      '--inh-caps=-all',
      '--',
      ...options.shepherd,
    ]
  return ['sudo', '-n', '-u', account, '--', ...options.shepherd]
}
