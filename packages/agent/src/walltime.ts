import type { Clock } from './clock.ts'
import type { WalltimeOrder, WarningReport } from './protocol.ts'

/**
 * Between two looks at the clock; more means that the job was suspended. Less may be a busy node, and moves the end by less than
 * what is left of it for the application to close.
 */
const gapMs = 30_000
/** So long after a suspension the hub may still tell the end from before it: its scheduler is asked every 30 s when all is quiet. */
const staleMs = 90_000

/** When the walltime is over, and what follows from it. To be looked at every second or so. */
export interface Walltime {
  /** The hub's word: over in so many milliseconds. Null: it does not know. */
  learn(leftMs: number | null): void
  /** Until the walltime is over, in milliseconds; null while nobody has told. */
  readonly leftMs: number | null
  /** The closest limit that has been reached; null before the first, and again when the end has moved away. */
  readonly warning: WarningReport | null
  /** It is time to close the application. */
  readonly isDue: boolean
}

/**
 * Counts towards the end on a clock that never jumps; the hub's word corrects the count with each report. A suspended job cannot
 * count, and batch systems add the time it was suspended to its end: after a gap the end moves by as much, and for a while only a
 * later end is believed. Too late costs nothing, since the scheduler ends the job anyway; too early would end a session wrongly.
 */
export function openWalltime({ warnSeconds, leaveSeconds }: WalltimeOrder, clock: Pick<Clock, 'monotonic'>): Walltime {
  let endsAt: number | null = null
  let lookedAt = clock.monotonic()
  let wokeAt = Number.NEGATIVE_INFINITY

  function look(): number {
    const now = clock.monotonic()
    const passed = now - lookedAt
    lookedAt = now
    if (passed > gapMs) {
      wokeAt = now
      if (endsAt !== null) endsAt += passed
    }
    return now
  }
  const leftMs = (): number | null => {
    const now = look()
    return endsAt === null ? null : endsAt - now
  }
  const untilLeaving = (): number => (leftMs() ?? Number.POSITIVE_INFINITY) - leaveSeconds * 1000

  return {
    learn: (left) => {
      const now = look()
      if (left === null) return
      const isFresh = now - wokeAt >= staleMs
      if (isFresh || (endsAt !== null && now + left > endsAt)) endsAt = now + left
    },
    get leftMs() {
      return leftMs()
    },
    get warning(): WarningReport | null {
      const ms = untilLeaving()
      const reached = warnSeconds.filter((limit) => ms <= limit * 1000)
      if (reached.length === 0) return null
      return { about: 'walltime', limitSeconds: Math.min(...reached), endsInSeconds: Math.max(0, ms / 1000) }
    },
    get isDue() {
      return untilLeaving() <= 0
    },
  }
}
