/** How a command reaches the scheduler under the right account: pure argv builders, used by the one runner in `run.ts`. */
import { type Command, type Output, SchedulerError } from './driver.ts'

export interface Argv {
  readonly file: string
  readonly args: readonly string[]
  /** With `ssh`: whom the login node runs it as; null for its own account. */
  readonly runAs?: string | null
}

export interface Transport {
  readonly kind: 'self' | 'sudo' | 'ssh'
  /**
   * The argv that runs `command` (its `file` absolute, but for `ssh`) as `account`; commands `as: 'hub'` are left as they are.
   * @throws {SchedulerError} `refused` if this transport cannot or must not act for the account.
   */
  argv(command: Pick<Command, 'file' | 'args' | 'as'>, account: string): Argv
  /** The transport's own failure, if `output` is one: then the command has not run. */
  failure(output: Output, account: string): SchedulerError | null
}

/**
 * A login name as sites have them, with those of directories (`alice@example.edu`, `DOMAIN+alice`). Not `#1002` or `%group` (sudo would take
 * them for a uid or a group), nothing that begins with `-`. The last door before argv: which accounts a site means is decided before.
 * @see useradd(8), sudo(8) 1.9 `-u`
 */
export const isAccountName = (text: string): boolean => /^[a-z_][a-z0-9_.@+-]{0,62}(?:[a-z0-9_.@+-]|\$)?$/i.test(text)

/** Commands run as whoever runs the hub; the only jobs it can start are its own. */
export const selfTransport = (ownAccount: string): Transport => ({
  kind: 'self',
  argv({ file, args, as }, account) {
    if (as === 'owner' && account !== ownAccount)
      throw new SchedulerError('refused', `this gateway runs as ${ownAccount} and cannot act for ${account}`)
    return { file, args }
  },
  failure: () => null,
})

/** `sudo -n -u ACCOUNT -- /abs/path args`: needs one sudo rule per command and no password. */
export const sudoTransport = (sudo = '/usr/bin/sudo'): Transport => ({
  kind: 'sudo',
  argv({ file, args, as }, account) {
    if (as === 'hub') return { file, args }
    needLoginName(account)
    if (!file.startsWith('/')) throw new SchedulerError('unavailable', `sudo needs an absolute path, not ${file}`)
    return { file: sudo, args: ['-n', '-u', account, '--', file, ...args] }
  },
  failure: sudoFailure,
})

/** What the login node is asked for. Which program a name means there, and whether it may run, its own rules say; sudo acts there. */
export const sshTransport: Transport = {
  kind: 'ssh',
  argv({ file, args, as }, account) {
    if (as === 'hub') return { file, args, runAs: null }
    needLoginName(account)
    return { file, args, runAs: account }
  },
  failure: sudoFailure,
}

function needLoginName(account: string): void {
  if (isAccountName(account)) return
  throw new SchedulerError('refused', `not a login name: ${JSON.stringify(account.slice(0, 64))}`)
}

function sudoFailure({ exitCode, stdout, stderr }: Output, account: string): SchedulerError | null {
  if (exitCode !== 1 || stdout !== '') return null
  const words = stderr.split('\n').find((line) => /^(?:sudo: |Sorry, user )/.test(line))
  // "Sorry, user x is not allowed to execute '…'" repeats the whole command line: say less.
  if (words === undefined) return null
  const why = words.startsWith('sudo: ') ? words.slice('sudo: '.length) : 'no rule allows it'
  return new SchedulerError('unavailable', `sudo did not run the command as ${account}: ${why}`)
}
