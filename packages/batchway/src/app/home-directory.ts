/** Where an account's home is, on hosts that know the account. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * @param rule `/home/{account}`, or undefined to ask the system's name service (getent(1), cached: homes do not move while we run).
 * @throws {Error} if the account is unknown here and there is no rule.
 */
export function homeDirectories(rule: string | undefined): (account: string) => Promise<string> {
  const known = new Map<string, string>()
  return async (account) => {
    if (rule !== undefined) return rule.replaceAll('{account}', account)
    const cached = known.get(account)
    if (cached !== undefined) return cached
    let line: string
    try {
      line = (await run('getent', ['passwd', '--', account])).stdout
    } catch (error) {
      throw new Error(
        `the account ${account} is unknown on this host; give the cluster a rule: home: "/home/{account}"`,
        {
          cause: error,
        },
      )
    }
    const home = line.trim().split(':')[5] ?? ''
    if (!home.startsWith('/')) throw new Error(`the account ${account} has no home`)
    known.set(account, home)
    return home
  }
}
