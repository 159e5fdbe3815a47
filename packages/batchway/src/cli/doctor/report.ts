/** What the admin reads: a line per finding, or one JSON document. */
import { checks } from './check-table.ts'
import type { Finding, Status } from './finding.ts'

const statuses = ['ok', 'warning', 'problem', 'skipped'] as const satisfies readonly Status[]

export type Summary = Readonly<Record<Status, number>>

function summaryOf(findings: readonly Finding[]): Summary {
  const count = (status: Status): number => findings.filter((finding) => finding.status === status).length
  return { ok: count('ok'), warning: count('warning'), problem: count('problem'), skipped: count('skipped') }
}

/** Text from schedulers and jobs must not move the cursor of a terminal. */
const printable = (text: string): string => text.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').trimEnd()

/** One finding for a terminal: status, what, words; below it what to do. */
export function formatFinding({ check, status, cluster, words, remedy }: Finding): string {
  const place = cluster === undefined ? '' : `${cluster}: `
  const first = `${status.padEnd(8)} ${place}${checks[check].title}: ${printable(words)}`
  return [first, ...remedy.map((line) => `${' '.repeat(11)}${printable(line)}`)].join('\n')
}

export function formatSummary(findings: readonly Finding[], isInterrupted: boolean): string {
  const summary = summaryOf(findings)
  const counted = statuses.filter((status) => summary[status] > 0).map((status) => `${summary[status]} ${status}`)
  return `${isInterrupted ? 'Interrupted. ' : ''}${counted.join(', ') || 'nothing was checked'}`
}

export interface ReportFacts {
  readonly version: string
  readonly host: string
  readonly account: string
  readonly config: string
  /** Unix milliseconds. */
  readonly at: number
  readonly isInterrupted: boolean
}

/** The document of `--json`. */
export function toDocument(findings: readonly Finding[], { at, isInterrupted, ...facts }: ReportFacts): object {
  return {
    ...facts,
    at: new Date(at).toISOString(),
    interrupted: isInterrupted,
    summary: summaryOf(findings),
    findings: findings.map(({ check, status, cluster, words, remedy }) => ({
      check,
      title: checks[check].title,
      cluster: cluster ?? null,
      status,
      words,
      remedy,
    })),
  }
}

/** 0: nothing to mend. 1: problems, or not looked at to the end. */
export const exitStatus = (findings: readonly Finding[], isInterrupted: boolean): 0 | 1 =>
  isInterrupted || findings.some(({ status }) => status === 'problem') ? 1 : 0
