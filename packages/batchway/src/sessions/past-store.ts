/** What the figures of the last days need from storage. Implemented in `store/`, held to one contract on SQLite and PostgreSQL. */
import type { OutcomeCode } from './session.ts'

export interface PastSession {
  readonly id: string
  readonly userId: number
  readonly userName: string
  readonly createdAt: number
  readonly startedAt: number | null
  readonly readyAt: number | null
  readonly endedAt: number
  readonly cluster: string
  /** Partition or queue. */
  readonly partition: string | null
  readonly profile: string
  readonly code: OutcomeCode
}

/** Where they are kept. */
export interface PastStore {
  /** Those that ended at that time or later and come after this one, in the order of their end, then of ids. */
  listEndedAfter(
    after: { readonly endedAt: number; readonly id: string },
    limit: number,
  ): Promise<readonly PastSession[]>
}
