/**
 * A bounded queue before one receiver: whoever puts something in never waits. When it is full the newest events are dropped and counted,
 * so that what led to the jam is kept; the receiver is told of the gap at its place, once there is room again.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../core/logger.ts'
import type { EventLine } from './event-line.ts'
import type { EventName } from './event-table.ts'
import type { OpenOutlet, Outlet } from './outlet.ts'

export interface OutboxParts {
  /** For logs, metrics and the line about a gap. */
  readonly name: string
  readonly open: OpenOutlet
  readonly wants: (name: EventName) => boolean
  /** Most events that wait. */
  readonly limit: number
  /** The line that tells of a gap. @param since Unix ms. */
  readonly dropLine: (dropped: { readonly count: number; readonly since: number }) => EventLine
  readonly log: Logger
  /** Unix ms. */
  readonly now: () => number
}

export interface OutboxStats {
  readonly name: string
  readonly written: number
  readonly dropped: number
  readonly queued: number
  /** False from a failure until something was written again. */
  readonly isUp: boolean
}

export interface Outbox {
  put(line: EventLine): void
  /** Open anew before the next line: a file was moved away. */
  reopen(): void
  stats(): OutboxStats
  /** When the oldest event that waits happened (Unix ms); null if none waits. */
  oldest(): number | null
  /** Hand over what waits, for so long at most. */
  close(patienceMs: number): Promise<void>
}

/** Handed over at once: small enough to be soon done with, large enough for a thousand a second. */
const batchLines = 100
const openMs = 10_000
/** Between tries, last value repeated. */
const backOffMs = [100, 500, 1_000, 5_000, 10_000, 30_000]

export function openOutbox({ name, open, wants, limit, dropLine, log, now }: OutboxParts): Outbox {
  const queue: EventLine[] = []
  const closing = new AbortController()
  const givingUp = new AbortController()
  let wake = Promise.withResolvers<void>()
  let outlet: Outlet | null = null
  let mustReopen = false
  let written = 0
  let dropped = 0
  let failures = 0
  let gap: { count: number; since: number } | null = null

  async function letGo(): Promise<void> {
    const old = outlet
    outlet = null
    // It was broken, or is to be opened anew: either way nothing depends on how it ends.
    await old?.close().catch(() => {})
  }

  async function sendSome(): Promise<void> {
    if (mustReopen) {
      mustReopen = false
      await letGo()
    }
    outlet ??= await open(AbortSignal.any([givingUp.signal, AbortSignal.timeout(openMs)]))
    const batch = queue.slice(0, batchLines)
    await outlet.send(batch)
    queue.splice(0, batch.length)
    written += batch.length
    if (failures > 0) log.info({ sink: name }, 'event sink works again')
    failures = 0
    if (gap === null) return
    log.warn({ sink: name, ...gap }, 'events were dropped')
    queue.push(dropLine(gap))
    gap = null
  }

  async function pump(): Promise<void> {
    for (;;) {
      while (queue.length > 0) {
        try {
          await sendSome()
        } catch (error) {
          await letGo()
          // What was open may have ended with us: one more try, and no waiting for a receiver that is away.
          if (givingUp.signal.aborted || (closing.signal.aborted && failures > 0)) return
          if (failures === 0) log.warn({ sink: name, error: String(error) }, 'event sink fails, will be tried again')
          const ms = backOffMs[Math.min(failures, backOffMs.length - 1)]
          failures += 1
          await delay(ms, undefined, { signal: closing.signal, ref: false }).catch(() => {}) // being woken early is what the signal is for
        }
      }
      if (closing.signal.aborted) return
      wake = Promise.withResolvers()
      await wake.promise
    }
  }
  const pumping = pump()

  return {
    put(line) {
      if (closing.signal.aborted || !wants(line.name)) return
      if (queue.length >= limit) {
        dropped += 1
        if (gap === null) log.warn({ sink: name, queued: queue.length }, 'event sink is behind: events are dropped')
        gap ??= { count: 0, since: line.at }
        gap.count += 1
        return
      }
      queue.push(line)
      wake.resolve()
    },
    reopen() {
      mustReopen = true
    },
    stats: () => ({ name, written, dropped, queued: queue.length, isUp: failures === 0 }),
    oldest: () => queue[0]?.at ?? null,
    async close(patienceMs) {
      const since = now()
      closing.abort()
      wake.resolve()
      const deadline = new AbortController()
      await Promise.race([
        pumping,
        delay(patienceMs, undefined, { signal: deadline.signal }).catch(() => {}), // the pump was done before
      ])
      deadline.abort()
      givingUp.abort()
      if (queue.length > 0)
        log.warn({ sink: name, count: queue.length, ms: now() - since }, 'events were not handed over')
      await letGo()
    },
  }
}
