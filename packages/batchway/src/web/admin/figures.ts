/** Figures of the last day and week: the tiles, the failures and both charts. Pure; each looks at every session once. */
import type { PastSession } from '../../sessions/past-store.ts'
import type { Session } from '../../sessions/session.ts'
import { partitionOf } from './people-on.ts'

/** What figures are made of: an ended session, or one that has not ended. */
export interface Run {
  readonly id: string
  readonly userId: number
  readonly userName: string
  readonly createdAt: number
  readonly startedAt: number | null
  readonly readyAt: number | null
  readonly endedAt: number | null
  readonly place: string
  readonly profile: string
  readonly code: string | null
}

const hourMs = 3_600_000
export const dayMs = 24 * hourMs

export const runsOf = (past: readonly PastSession[], active: readonly Session[]): readonly Run[] => [
  ...past.map((each) => ({ ...each, place: each.partition ?? each.cluster })),
  ...active.map((session) => ({
    id: session.id,
    userId: session.userId,
    userName: session.userName,
    createdAt: session.createdAt,
    startedAt: session.startedAt,
    readyAt: session.readyAt,
    endedAt: null,
    place: partitionOf(session) ?? session.spec.cluster,
    profile: session.spec.profile.title,
    code: null,
  })),
]

/** Whoever stopped a session before it was ready did not meet a failure. */
const noFailure: ReadonlySet<string> = new Set(['stopped-by-user', 'stopped-by-admin', 'cancelled-outside'])
const isFailure = ({ readyAt, endedAt, code }: Run): boolean =>
  readyAt === null && endedAt !== null && code !== null && !noFailure.has(code)

export interface DayFigures {
  /** People with a session within a day, and within the week that is known. */
  readonly peopleOfDay: number
  readonly peopleOfWeek: number
  readonly ready: number
  /** Those that became ready, and those that failed before. */
  readonly decided: number
  /** The newest first. */
  readonly failures: readonly Run[]
  /** Milliseconds from the click until it was ready; null where none was. */
  readonly median: number | null
  readonly p90: number | null
}

export function dayFigures(runs: readonly Run[], now: number): DayFigures {
  const since = now - dayMs
  const ofDay = runs.filter(({ endedAt }) => endedAt === null || endedAt >= since)
  const became = runs.filter(({ readyAt }) => readyAt !== null && readyAt >= since)
  const failures = ofDay.filter(isFailure).sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0))
  const took = became.map(({ createdAt, readyAt }) => (readyAt ?? createdAt) - createdAt).sort((a, b) => a - b)
  return {
    peopleOfDay: new Set(ofDay.map(({ userId }) => userId)).size,
    peopleOfWeek: new Set(runs.map(({ userId }) => userId)).size,
    ready: became.length,
    decided: became.length + failures.length,
    failures,
    median: quantile(took, 0.5),
    p90: quantile(took, 0.9),
  }
}

/** Nearest rank: a time that somebody really waited. @param sorted ascending. */
export const quantile = (sorted: readonly number[], share: number): number | null =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null

export interface HourFigure {
  readonly at: number
  readonly ready: number
  readonly waiting: number
}

/** How many were ready, and how many on their way, at each full hour of the last 24, the latest last. */
export function sessionsByHour(runs: readonly Run[], now: number): readonly HourFigure[] {
  const last = Math.floor(now / hourMs) * hourMs
  const first = last - 23 * hourMs
  const ready = new Array<number>(24).fill(0)
  const waiting = new Array<number>(24).fill(0)
  /** Every full hour within [from, to). */
  const add = (counts: number[], from: number, to: number): void => {
    const begin = Math.max(0, Math.ceil((from - first) / hourMs))
    for (let at = begin; at < 24 && first + at * hourMs < to; at++) counts[at] = (counts[at] ?? 0) + 1
  }
  for (const { createdAt, readyAt, endedAt } of runs) {
    const end = endedAt ?? Number.POSITIVE_INFINITY
    if (end < first) continue
    add(waiting, createdAt, Math.min(readyAt ?? end, end))
    if (readyAt !== null) add(ready, readyAt, end)
  }
  return ready.map((count, at) => ({ at: first + at * hourMs, ready: count, waiting: waiting[at] ?? 0 }))
}

/** Upper ends of the columns, in seconds. */
export const waitEdges = [
  10,
  30,
  60,
  120,
  240,
  480,
  900,
  1_800,
  3_600,
  7_200,
  21_600,
  Number.POSITIVE_INFINITY,
] as const
/** How many places have a column of their own; the others stand together. */
const ownPlaces = 2

export interface WaitFigures {
  /** Series by name, each with a number for every edge. */
  readonly series: readonly { readonly name: string; readonly counts: readonly number[] }[]
  readonly total: number
  /** Seconds. */
  readonly median: number | null
  readonly p90: number | null
  /** Where those who waited longest wanted to go; null where there is no difference. */
  readonly slowest: string | null
}

/** From the click until the job ran, of all that came so far within a week. */
export function queueWaits(runs: readonly Run[], now: number): WaitFigures {
  const since = now - 7 * dayMs
  const waits = runs.flatMap(({ createdAt, startedAt, place }) =>
    startedAt === null || startedAt < since ? [] : [{ place, seconds: Math.max(0, startedAt - createdAt) / 1000 }],
  )
  const byPlace = new Map<string, number[]>()
  for (const { place, seconds } of waits) {
    const list = byPlace.get(place)
    if (list === undefined) byPlace.set(place, [seconds])
    else list.push(seconds)
  }
  const places = [...byPlace].sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1))
  const own = places.length <= ownPlaces + 1 ? places : places.slice(0, ownPlaces)
  const rest = places.slice(own.length).flatMap(([, seconds]) => seconds)
  const groups = [...own, ...(rest.length > 0 ? ([['others', rest]] as const) : [])]
  const sorted = waits.map(({ seconds }) => seconds).sort((a, b) => a - b)
  const p90 = quantile(sorted, 0.9)
  const late = waits.filter(({ seconds }) => p90 !== null && seconds >= p90 && seconds > 60)
  const latePlaces = new Set(late.map(({ place }) => place))
  return {
    series: groups.map(([name, seconds]) => ({ name, counts: countsOf(seconds) })),
    total: waits.length,
    median: quantile(sorted, 0.5),
    p90,
    slowest: latePlaces.size === 1 && places.length > 1 ? ([...latePlaces][0] ?? null) : null,
  }
}

function countsOf(seconds: readonly number[]): readonly number[] {
  const counts = waitEdges.map(() => 0)
  for (const each of seconds) {
    const at = waitEdges.findIndex((edge) => each < edge)
    counts[at] = (counts[at] ?? 0) + 1
  }
  return counts
}
