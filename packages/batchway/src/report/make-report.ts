/** From starts to a report. Pure: rows come in pages, in their order, and the figures stay whole milliseconds. */
import type { OutcomeCode } from '../sessions/session.ts'
import { dayOf } from './period.ts'
import {
  type Figures,
  type Grouping,
  inTimeMs,
  type PeopleFigures,
  type Period,
  type Report,
  type ReportQuery,
  type ReportRow,
} from './report.ts'
import type { Person } from './report-store.ts'
import { type Asked, fateOf, type Phase, type Start } from './start.ts'

const keyOf: Readonly<Record<Grouping, (start: Start) => string>> = {
  user: ({ user }) => user,
  profile: ({ asked }) => asked.profile,
  cluster: ({ asked }) => asked.cluster,
  account: ({ asked }) => asked.account,
}

/** Nearest rank: the smallest value that at least this share of all does not exceed. @param sorted ascending */
const percentile = (sorted: readonly number[], share: number): number | null =>
  sorted[Math.max(0, Math.ceil((sorted.length * share) / 100) - 1)] ?? null

const startMsOf = ({ askedAt, readyAt }: Start): number => Math.max(0, (readyAt ?? askedAt) - askedAt)

/** Of one that became ready: how long it waited, and how long it took from there. */
function partsOf({ askedAt, startedAt, readyAt }: Start): { readonly queue: number; readonly boot: number } | null {
  if (startedAt === null || readyAt === null) return null
  return { queue: Math.max(0, startedAt - askedAt), boot: Math.max(0, readyAt - startedAt) }
}

class Tally {
  count = 0
  failures = 0
  other = 0
  nodeMs = 0
  used = 0
  given = 0
  readonly startMs: number[] = []
  readonly parts = { count: 0, queue: 0, boot: 0 }

  add(start: Start, fate: ReturnType<typeof fateOf>, now: number): void {
    this.count += 1
    if (fate.is === 'failed') this.failures += 1
    else if (fate.is === 'other') this.other += 1
    else this.startMs.push(startMsOf(start))
    const parts = partsOf(start)
    if (parts) {
      this.parts.count += 1
      this.parts.queue += parts.queue
      this.parts.boot += parts.boot
    }
    const { runsSince, endedAt, cpuSeconds, asked } = start
    if (runsSince === null) return
    const ran = Math.max(0, (endedAt ?? now) - runsSince)
    this.nodeMs += ran * asked.nodes
    if (cpuSeconds === null) return
    this.used += cpuSeconds
    this.given += (ran / 1_000) * asked.nodes * asked.cores
  }

  figures(): Figures {
    const sorted = Float64Array.from(this.startMs).sort()
    const list = Array.from(sorted)
    const mean = (sum: number): number | null => (this.parts.count === 0 ? null : sum / this.parts.count)
    return {
      count: this.count,
      ok: list.length,
      failures: this.failures,
      other: this.other,
      startMs: {
        sum: list.reduce((sum, ms) => sum + ms, 0),
        max: list.at(-1) ?? null,
        p50: percentile(list, 50),
        p95: percentile(list, 95),
      },
      inTime: list.filter((ms) => ms <= inTimeMs).length,
      queueMs: mean(this.parts.queue),
      bootMs: mean(this.parts.boot),
      nodeMs: this.nodeMs,
      cpu: { used: this.used, given: this.given },
    }
  }
}

class RowTally extends Tally {
  latest: Asked
  lastFailure: ReportRow['lastFailure'] = null
  constructor(asked: Asked) {
    super()
    this.latest = asked
  }
}

export interface ReportMaker {
  /** @param starts of the period, oldest first; those of other periods and clusters are passed over. */
  add(starts: Iterable<Start>): void
  finish(people: readonly Person[]): Report
}

/** @param now Unix ms: what still runs is counted up to here. */
export function makeReport(query: ReportQuery, now: number): ReportMaker {
  const { period, by, cluster } = query
  const rows = new Map<string, RowTally>()
  const total = new Tally()
  const users = new Set<string>()
  const failuresBy: Record<Phase, number> = { submit: 0, queue: 0, boot: 0, application: 0 }
  const failuresByCode: Partial<Record<OutcomeCode, number>> = {}
  const slowBy = { queue: 0, boot: 0 }

  function add(start: Start): void {
    const { askedAt, asked, user } = start
    if (askedAt < period.from || askedAt >= period.to || (cluster !== undefined && asked.cluster !== cluster)) return
    const key = keyOf[by](start)
    const row = rows.get(key) ?? new RowTally(asked)
    rows.set(key, row)
    users.add(user)
    row.latest = asked
    const fate = fateOf(start)
    row.add(start, fate, now)
    total.add(start, fate, now)
    if (fate.is === 'failed') {
      row.lastFailure = { code: fate.code, phase: fate.phase, askedAt }
      failuresBy[fate.phase] += 1
      failuresByCode[fate.code] = (failuresByCode[fate.code] ?? 0) + 1
    }
    if (fate.is === 'ready' && startMsOf(start) > inTimeMs) {
      const parts = partsOf(start)
      slowBy[parts !== null && parts.boot > parts.queue ? 'boot' : 'queue'] += 1
    }
  }

  return {
    add(starts) {
      for (const start of starts) add(start)
    },
    finish: (people) => ({
      ...query,
      writtenAt: now,
      rows: [...rows]
        .map(([key, row]) => ({ ...row.figures(), key, latest: row.latest, lastFailure: row.lastFailure }))
        .sort((a, b) => compareTexts(a.key, b.key)),
      total: { ...total.figures(), people: users.size, failuresBy, failuresByCode, slowBy },
      people: countPeople(people, period, query.timeZone),
    }),
  }
}

/** By code units: the same everywhere, whatever the locale. */
const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function countPeople(people: readonly Person[], { from, to }: Period, timeZone: string): PeopleFigures {
  const since = (days: number): number => {
    const first = dayOf(to - 1, timeZone, 1 - days).from
    return people.filter(({ lastAt }) => lastAt >= first && lastAt < to).length
  }
  return {
    day: since(1),
    week: since(7),
    month: since(30),
    ever: people.length,
    new: people.filter(({ firstAt }) => firstAt >= from && firstAt < to).length,
  }
}
