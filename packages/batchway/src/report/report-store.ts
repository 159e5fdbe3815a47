/** What the report needs from storage. Implemented in `store/`, held to one contract on SQLite and PostgreSQL. */
import type { Spec } from '../profiles/spec.ts'
import type { OutcomeCode } from '../sessions/session.ts'
import type { Start } from './start.ts'

/** A session's row. Rows of equal specs share one object. */
export interface StartRow extends Omit<Start, 'asked' | 'outcome'> {
  readonly spec: Spec
  readonly outcome: OutcomeCode | null
}

/** The first and the last start that somebody asked for. */
export interface Person {
  readonly user: string
  readonly firstAt: number
  readonly lastAt: number
}

export interface ReportStore {
  /** Sessions asked for in `[from, to)`, oldest first, after a row of the page before. */
  listStarts(
    period: { readonly from: number; readonly to: number },
    after: Pick<StartRow, 'askedAt' | 'id'> | null,
    limit: number,
  ): Promise<readonly StartRow[]>
  /** Everybody who ever asked for a start before a time, in no order. */
  listPeople(before: number): Promise<readonly Person[]>
}
