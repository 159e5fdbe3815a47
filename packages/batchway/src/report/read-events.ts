/** From event lines back to starts. Pure: lines come in, in the order they were written; lines told twice change nothing. */
import type { OutcomeCode } from '../sessions/session.ts'
import { makeReport } from './make-report.ts'
import type { Report, ReportQuery } from './report.ts'
import type { Person } from './report-store.ts'
import type { Start } from './start.ts'
import { parseEventLine, type StartEvent } from './start-events.ts'

type Known = { -readonly [K in keyof Start]: Start[K] }

/** What a log could not tell. */
export interface LogGaps {
  readonly unreadable: number
  /** Sessions whose request stands in no line: they are in no report. */
  readonly unrequested: number
}

export interface EventReader {
  add(line: string): void
  /** Oldest first, as storage gives them. */
  starts(): readonly Start[]
  gaps(): LogGaps
}

/** @param read a line; its JSON if absent. */
export function openEventReader(
  read: (line: string) => ReturnType<typeof parseEventLine> = parseEventLine,
): EventReader {
  const known = new Map<string, Known>()
  const strange = new Set<string>()
  let unreadable = 0

  function end(start: Known, at: number, outcome: OutcomeCode, cpuSeconds: number | null): void {
    start.endedAt ??= at
    start.state = 'ended'
    start.outcome = outcome
    start.cpuSeconds = cpuSeconds
  }

  function follow(start: Known, event: Exclude<StartEvent, { event: 'session.requested' }>): void {
    switch (event.event) {
      case 'session.started':
        start.runsSince = event.time
        start.state = 'starting'
        if (start.readyAt === null) start.startedAt = event.time
        return
      case 'session.requeued':
        start.runsSince = null
        start.state = 'queued'
        if (start.readyAt === null) start.startedAt = null
        return
      case 'session.ready':
        start.state = 'ready'
        start.readyAt ??= event.time
        return
      case 'session.ended':
      case 'session.accounted':
        end(start, event.time, event.outcome, event.cpu_seconds)
        return
    }
  }

  return {
    add(line) {
      const event = read(line)
      if (event === null) return
      if (event === 'unreadable') {
        unreadable += 1
        return
      }
      const start = known.get(event.session)
      if (event.event !== 'session.requested') {
        if (start) follow(start, event)
        else strange.add(event.session)
        return
      }
      if (start) return
      const { session: id, user, memory_mib: memoryMiB, wall_seconds: wallSeconds, time: askedAt } = event
      const { profile, cluster, application, queue, account, nodes, cores } = event
      known.set(id, {
        id,
        user,
        asked: { profile, cluster, application, queue, account, memoryMiB, wallSeconds, nodes, cores },
        askedAt,
        startedAt: null,
        readyAt: null,
        runsSince: null,
        endedAt: null,
        state: 'submitting',
        outcome: null,
        cpuSeconds: null,
      })
    },
    starts: () => [...known.values()].sort((a, b) => a.askedAt - b.askedAt || (a.id < b.id ? -1 : 1)),
    gaps: () => ({ unreadable, unrequested: [...strange].filter((id) => !known.has(id)).length }),
  }
}

/** Everybody in the starts before a time, as storage would tell. */
function peopleOf(starts: readonly Start[], before: number): readonly Person[] {
  const people = new Map<string, Person>()
  for (const { user, askedAt } of starts) {
    if (askedAt >= before) continue
    const known = people.get(user)
    people.set(user, {
      user,
      firstAt: Math.min(askedAt, known?.firstAt ?? askedAt),
      lastAt: Math.max(askedAt, known?.lastAt ?? askedAt),
    })
  }
  return [...people.values()]
}

export function reportOfStarts(starts: readonly Start[], query: ReportQuery, now: number): Report {
  const maker = makeReport(query, now)
  maker.add(starts)
  return maker.finish(peopleOf(starts, query.period.to))
}
