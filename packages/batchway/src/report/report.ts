/** A finished report: figures only. How they are written is in `columns.ts` and the writers. */
import type { OutcomeCode } from '../sessions/session.ts'
import type { Asked, Phase } from './start.ts'

export const groupings = ['user', 'profile', 'cluster', 'account'] as const
export type Grouping = (typeof groupings)[number]

/** Starts asked for at or after `from` and before `to`, Unix milliseconds. */
export interface Period {
  readonly from: number
  readonly to: number
}

export interface ReportQuery {
  readonly period: Period
  /** IANA name: its midnights divide the days of the footer. */
  readonly timeZone: string
  readonly by: Grouping
  /** Only starts on this cluster. */
  readonly cluster?: string | undefined
}

/** Sums of one row, or of all. Milliseconds. */
export interface Figures {
  readonly count: number
  readonly ok: number
  readonly failures: number
  /** Cancelled by a person, still waiting, or not known: `count` is `ok`, `failures` and this. */
  readonly other: number
  /** From the click to ready, over those that became ready. */
  readonly startMs: {
    readonly sum: number
    readonly max: number | null
    readonly p50: number | null
    readonly p95: number | null
  }
  /** Of those ready, so many within five minutes. */
  readonly inTime: number
  /** Means over those ready whose job's start is known; null where there are none. */
  readonly queueMs: number | null
  readonly bootMs: number | null
  /** Nodes times the time that jobs had them, up to the moment of writing. */
  readonly nodeMs: number
  /** Processor time used of what was reserved, where an agent told; seconds. */
  readonly cpu: { readonly used: number; readonly given: number }
}

export interface ReportRow extends Figures {
  readonly key: string
  /** What the latest start asked for, failed or not. */
  readonly latest: Asked
  readonly lastFailure: { readonly code: OutcomeCode; readonly phase: Phase; readonly askedAt: number } | null
}

/** Of the whole site, whatever cluster the report is about. `day`, `week` and `month` end with the period: its last 1, 7 and 30 days. */
export interface PeopleFigures {
  readonly day: number
  readonly week: number
  readonly month: number
  readonly ever: number
  /** Whose first start ever was asked for in the period. */
  readonly new: number
}

export interface Report extends ReportQuery {
  readonly writtenAt: number
  /** By key. */
  readonly rows: readonly ReportRow[]
  readonly total: Figures & {
    /** How many people asked, whatever the rows are. */
    readonly people: number
    readonly failuresBy: Readonly<Record<Phase, number>>
    readonly failuresByCode: Readonly<Partial<Record<OutcomeCode, number>>>
    /** Ready, but not within five minutes: by what took longest. */
    readonly slowBy: { readonly queue: number; readonly boot: number }
  }
  readonly people: PeopleFigures
}

/** Whoever is ready within this time was served; milliseconds. */
export const inTimeMs = 300_000
