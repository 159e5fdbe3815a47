import { execFile } from 'node:child_process'
import { isAccountName } from '../transport.ts'
import type { RemoteAccount } from './messages.ts'

/** @param line of passwd(5). @returns null for what is none. */
export function parseAccount(line: string): RemoteAccount | null {
  const [name = '', , uid = '', gid = '', , home = '', shell = ''] = line.trimEnd().split(':')
  if (!/^\d{1,10}$/.test(uid) || !/^\d{1,10}$/.test(gid) || name === '') return null
  return { name, uid: Number(uid), gid: Number(gid), home, shell }
}

/**
 * Asks the system's name service here.
 * @param key a login name or a uid. @returns null where nobody has it. @throws {Error} if nobody can tell.
 */
export function lookUpAccount(key: string): Promise<RemoteAccount | null> {
  if (!isAccountName(key) && !/^\d{1,10}$/.test(key)) return Promise.resolve(null)
  return new Promise((resolve, reject) => {
    const options = { timeout: 20_000, encoding: 'utf8', env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } } as const
    execFile('getent', ['passwd', '--', key], options, (error, stdout) => {
      if (error?.code === 2) return resolve(null) // getent(1): not found; whatever else is no answer
      if (error) return reject(new Error('the accounts of the login node cannot be read now'))
      const account = parseAccount(stdout)
      if (account === null) return reject(new Error('getent printed no account'))
      resolve(account)
    })
  })
}
