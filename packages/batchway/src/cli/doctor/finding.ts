/** What a check found out. */
import type { CheckId } from './check-table.ts'

export type Status = 'ok' | 'warning' | 'problem' | 'skipped'

export interface Finding {
  readonly check: CheckId
  readonly status: Status
  /** Key of the cluster, for checks of one. */
  readonly cluster?: string
  /** One sentence: what is so. For `skipped`: why. */
  readonly words: string
  /** What to do, line by line; a line that begins with two blanks is to be typed or written as it stands. */
  readonly remedy: readonly string[]
}

/** A finding before it is known which check and cluster it belongs to. */
export type Verdict = Pick<Finding, 'status' | 'words' | 'remedy'>

export const ok = (words: string): Verdict => ({ status: 'ok', words, remedy: [] })
export const skipped = (words: string): Verdict => ({ status: 'skipped', words, remedy: [] })
export const warning = (words: string, ...remedy: readonly string[]): Verdict => ({ status: 'warning', words, remedy })
export const problem = (words: string, ...remedy: readonly string[]): Verdict => ({ status: 'problem', words, remedy })

/** A line to be typed or written as it stands. */
export const literal = (text: string): string => `  ${text}`

export const toFinding = (check: CheckId, verdict: Verdict, cluster?: string): Finding => ({
  check,
  ...verdict,
  ...(cluster !== undefined && { cluster }),
})
