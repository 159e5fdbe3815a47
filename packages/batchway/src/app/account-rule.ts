/** Under which POSIX account a user's jobs run on a cluster. */
import type { ClusterConfig } from '../core/config.ts'
import { BatchwayError } from '../core/errors.ts'
import type { User } from '../people/people.ts'
import { watchedTable } from './watched-table.ts'

type Rule = (user: Pick<User, 'name' | 'claims'>) => Promise<string>

/** The table first, then the template. What an account may look like is checked where commands are made. */
export function accountRule(
  { account, accounts, title }: Pick<ClusterConfig, 'account' | 'accounts' | 'title'>,
  key: string,
): Rule {
  const table = accounts === undefined ? null : watchedTable(accounts)
  const cluster = title ?? key
  return async ({ name, claims = {} }) => {
    const listed = await table?.(name).catch((error: unknown) => {
      throw new BatchwayError(
        'scheduler_unavailable',
        `The accounts of ${cluster} cannot be read now. Try again later.`,
        {
          cause: error,
        },
      )
    })
    if (listed !== undefined && listed !== null) return listed
    return account.replace(/\{(user|claim\.([^{}]+))\}/g, (_, word: string, claim: string | undefined) => {
      if (word === 'user' || claim === undefined) return name
      const [value] = Object.hasOwn(claims, claim) ? (claims[claim] ?? []) : []
      if (value === undefined) {
        throw new BatchwayError(
          'invalid_choice',
          `You have no account on ${cluster}: your sign-in did not tell "${claim}". Sign in again; if that does not help, ask who runs this gateway.`,
          { field: 'profile' },
        )
      }
      return value
    })
  }
}
