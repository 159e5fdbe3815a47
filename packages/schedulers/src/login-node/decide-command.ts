/** What an order comes to under the login node's rules. Pure: the whole of what a stolen key could ask for is decided here and by sudo. */
import { basename } from 'node:path'
import type { Execution } from '../execute.ts'
import { isAccountName, sudoTransport } from '../transport.ts'
import type { RemoteExecution } from './messages.ts'
import type { Rules } from './parse-rules.ts'

export type Decision = { readonly execution: Omit<Execution, 'holdPath'> } | { readonly denied: string }

/** Never, whatever sudo would say. */
const never: ReadonlySet<string> = new Set(['root', 'toor'])

/** @param own login name of the account that this runs as. */
export function decideCommand(order: RemoteExecution, rules: Rules, own: string): Decision {
  const { file, account, args, stdin, timeoutMs, outputLimitBytes, graceMs } = order
  const shown = JSON.stringify(file.slice(0, 200))
  const as = account === null ? 'itself' : 'users'
  // A bare name stands for the program of that name in the rules; any other path must be in them to the letter.
  const isSame = (ruled: string): boolean => (file.includes('/') ? ruled === file : basename(ruled) === file)
  const found = rules.commands.find((command) => command.as === as && isSame(command.file))
  if (!found) {
    const whose = as === 'users' ? 'as its users' : 'as the account of the gateway'
    return { denied: `the rules of the login node do not allow ${shown} ${whose}` }
  }
  if (account !== null) {
    if (!isAccountName(account)) return { denied: `not a login name: ${JSON.stringify(account.slice(0, 64))}` }
    if (never.has(account.toLowerCase()) || account.toLowerCase() === own.toLowerCase())
      return { denied: `nothing runs as ${account} here` }
  }
  const unknown = Object.keys(order.variables).filter((name) => !rules.variables.includes(name))
  if (unknown.length > 0) {
    const words = `the rules of the login node do not allow the variable ${JSON.stringify(unknown[0]?.slice(0, 64))}`
    return { denied: `${words}: write "variable NAME" there` }
  }
  const ruled = { file: found.file, args, as: account === null ? 'hub' : 'owner' } as const
  return {
    execution: {
      ...sudoTransport(rules.sudo).argv(ruled, account ?? ''),
      environment: {
        PATH: '/usr/bin:/bin',
        HOME: '/',
        ...rules.set,
        ...order.variables,
        LC_ALL: 'C',
        TZ: 'UTC',
      },
      stdin,
      timeoutMs,
      outputLimitBytes,
      graceMs,
    },
  }
}
