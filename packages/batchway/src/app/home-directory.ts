import { SchedulerError } from '@batchway/schedulers'
import type { NameService } from './name-service.ts'

/**
 * Where an account's home is.
 * @param rule `/home/{account}`, or undefined to ask the name service (homes do not move while we run).
 * @param where whose name service, for messages.
 * @throws {Error} if the account is unknown there and there is no rule.
 */
export function homeDirectories(
  rule: string | undefined,
  names: Pick<NameService, 'findAccount'>,
  where = 'this host',
): (account: string) => Promise<string> {
  const known = new Map<string, string>()
  return async (account) => {
    if (rule !== undefined) return rule.replaceAll('{account}', account)
    const cached = known.get(account)
    if (cached !== undefined) return cached
    const found = await names.findAccount(account).catch((cause: unknown) => {
      if (cause instanceof SchedulerError) throw cause // it tells what may be tried again
      throw new Error(`${where} cannot tell where the home of ${account} is`, { cause })
    })
    if (found === null)
      throw new Error(`the account ${account} is unknown on ${where}; give the cluster a rule: home: "/home/{account}"`)
    if (!found.home.startsWith('/')) throw new Error(`the account ${account} has no home`)
    known.set(account, found.home)
    return found.home
  }
}
