/** Where everything that happened goes: one line for each, to every sink that wants it. Nobody who tells ever waits. */
import type { Logger } from '../core/logger.ts'
import { toEventLine } from './event-line.ts'
import type { Emit, EventName } from './event-table.ts'
import { type Outbox, type OutboxStats, openOutbox } from './outbox.ts'
import type { OpenOutlet } from './outlet.ts'

export interface Sink {
  readonly name: string
  readonly open: OpenOutlet
  readonly wants: (name: EventName) => boolean
  /** Most events that wait for it. */
  readonly limit: number
  /** How many it has lost after they were handed over, as far as anybody told. */
  readonly lost: () => number
}

export interface Events extends AsyncDisposable {
  readonly emit: Emit
  /** Files were moved away: open them anew. */
  reopen(): void
  stats(): readonly OutboxStats[]
  /** Whatever happened before is in the hands of every sink (Unix ms). */
  settledBefore(): number
}

export interface EventsParts {
  readonly sinks: readonly Sink[]
  readonly instance: string
  /** Id of the request in whose course this is called; null outside. */
  readonly request: () => string | null
  readonly log: Logger
  /** Unix ms. */
  readonly now: () => number
}

/** How long a hub that ends waits for its sinks. */
const patienceMs = 3_000

export function openEvents({ sinks, instance, request, log, now }: EventsParts): Events {
  const boxes = sinks.map(({ lost, ...sink }): { box: Outbox; lost: () => number } => ({
    box: openOutbox({
      ...sink,
      log,
      now,
      dropLine: ({ count, since }) =>
        toEventLine('events.dropped', { sink: sink.name, count, since }, { at: now() }, { instance, request: null }),
    }),
    lost,
  }))
  return {
    emit(name, told, { at = now(), isAgain = false } = {}) {
      if (boxes.length === 0) return
      const line = toEventLine(name, told, { at, isAgain }, { instance, request: request() })
      for (const { box } of boxes) box.put(line)
    },
    reopen() {
      for (const { box } of boxes) box.reopen()
    },
    stats: () =>
      boxes.map(({ box, lost }) => {
        const stats = box.stats()
        return { ...stats, written: stats.written - lost(), dropped: stats.dropped + lost() }
      }),
    settledBefore: () => Math.min(now(), ...boxes.map(({ box }) => box.oldest() ?? Number.POSITIVE_INFINITY)),
    async [Symbol.asyncDispose]() {
      await Promise.all(boxes.map(({ box }) => box.close(patienceMs)))
    },
  }
}
