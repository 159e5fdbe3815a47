/** Whom a personal gateway serves. No session ever runs as root. */
import { execFileSync } from 'node:child_process'

export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

const demoAccount = 'batchway-demo'

/** @returns null for an account that this host does not know. */
export function findAccount(name: string): Account | null {
  try {
    const line = execFileSync('getent', ['passwd', '--', name], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [login = '', , uid = '', gid = '', , home = ''] = line.trim().split(':')
    return { name: login, uid: Number(uid), gid: Number(gid), home }
  } catch {
    return null
  }
}

export type Served =
  | { readonly do: 'myself' }
  | { readonly do: 'serve'; readonly account: Account }
  | { readonly do: 'make'; readonly name: string }
  | { readonly do: 'refuse'; readonly words: string }

/**
 * Decide whom to serve.
 * @param asked `--user`.
 * @param sudoUser who called sudo, if anybody did.
 */
export function decideServed(
  uid: number,
  asked: string | undefined,
  sudoUser: string | undefined,
  find: (name: string) => Account | null,
): Served {
  if (uid !== 0) {
    if (asked === undefined) return { do: 'myself' }
    const account = find(asked)
    if (account?.uid === uid) return { do: 'myself' }
    return { do: 'refuse', words: `Only root can serve somebody else. Leave --user out to serve yourself.` }
  }
  const name = asked ?? (sudoUser !== undefined && sudoUser !== 'root' ? sudoUser : undefined)
  if (name === undefined) {
    const account = find(demoAccount)
    return account ? { do: 'serve', account } : { do: 'make', name: demoAccount }
  }
  const account = find(name)
  if (!account) return { do: 'refuse', words: `There is no account ${JSON.stringify(name)} on this machine.` }
  if (account.uid === 0)
    return { do: 'refuse', words: 'No session ever runs as root. Name another account with --user.' }
  return { do: 'serve', account }
}

/** @throws if useradd(8) fails. */
export function makeAccount(name: string): Account {
  execFileSync('useradd', ['--create-home', '--shell', '/bin/bash', '--comment', 'Batchway demo', name], {
    stdio: 'inherit',
  })
  const account = findAccount(name)
  if (!account) throw new Error(`useradd made no account ${name}`)
  return account
}
