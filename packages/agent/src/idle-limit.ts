import type { Clock } from './clock.ts'
import type { IdleOrder, WarningReport } from './protocol.ts'

/** What one look saw. `unknown`: the application could not be asked. */
export type Sign = 'used' | 'quiet' | 'unknown'

/** Counts how long nobody has used the application. */
export interface IdleLimit {
  /** One look at the application: what was seen since the look before. */
  look(sign: Sign): void
  /** The hub has the warning: people can see it from now on. */
  told(): void
  /** How long it has been quiet, in milliseconds. */
  readonly quietMs: number
  readonly warning: WarningReport | null
  /** It was warned and stayed quiet: end it. */
  readonly isDue: boolean
}

/**
 * The agent decides, not the hub: it alone sees kernels and traffic, and it goes on looking while the hub is away. But nobody can
 * see a warning that has not reached the hub, nor open the page that it is on: so the time between warning and end only begins
 * when the hub has taken the warning. A hub that is away postpones the end of idle sessions; it never causes one.
 *
 * Only quiet looks add up, each at most `stepMs` since the look before: a suspended job, a stopped machine and a clock that is set
 * count nothing. `unknown` adds nothing either: an application that cannot be asked is not taken for idle.
 * @param stepMs how far apart two looks may be.
 */
export function openIdleLimit(
  { seconds, warnSeconds }: Pick<IdleOrder, 'seconds' | 'warnSeconds'>,
  clock: Pick<Clock, 'monotonic'>,
  stepMs: number,
): IdleLimit {
  let lookedAt = clock.monotonic()
  let quietMs = 0
  /** Quiet time since the hub was told; null before. */
  let toldMs: number | null = null
  const isWarning = () => quietMs >= (seconds - warnSeconds) * 1000

  return {
    look: (sign) => {
      const now = clock.monotonic()
      const passed = Math.min(now - lookedAt, stepMs)
      lookedAt = now
      if (sign === 'used') {
        quietMs = 0
        toldMs = null
      } else if (sign === 'quiet') {
        quietMs += passed
        if (toldMs !== null) toldMs += passed
      }
    },
    told: () => {
      if (isWarning()) toldMs ??= 0
    },
    get quietMs() {
      return quietMs
    },
    get warning(): WarningReport | null {
      if (!isWarning()) return null
      const endsInSeconds = Math.max(0, warnSeconds - (toldMs ?? 0) / 1000)
      return { about: 'idle', limitSeconds: warnSeconds, endsInSeconds }
    },
    get isDue() {
      return toldMs !== null && toldMs >= warnSeconds * 1000
    },
  }
}
