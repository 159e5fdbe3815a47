/** A version of what caches are made from: people, their tokens and sign-ins, and which sessions have ended. */
import type { DatabaseSync } from 'node:sqlite'

export interface Changes {
  /** A cached answer is good while this value, read *before* its query, stays the same. */
  current(): string | number
  /** Called by the stores after each commit that matters. */
  bump(): void
  /** How long a cached answer may live although nothing changed here (ms): another process may have changed something. */
  readonly maxAgeMs: number
}

/** `pragma data_version` moves when another connection has committed, so that a command line's revocation counts at once. */
export function sqliteChanges(connection: DatabaseSync): Changes {
  const foreign = connection.prepare('pragma data_version')
  let own = 0
  return {
    current: () => `${own}:${foreign.get()?.data_version}`,
    bump: () => {
      own += 1
    },
    maxAgeMs: 60_000,
  }
}

/** PostgreSQL does not tell without a query, so another process's change is seen after at most a second. */
export function postgresChanges(): Changes {
  let own = 0
  return {
    current: () => own,
    bump: () => {
      own += 1
    },
    maxAgeMs: 1_000,
  }
}
