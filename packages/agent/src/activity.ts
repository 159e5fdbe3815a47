import type { Clock } from './clock.ts'

/** When the application was last used. */
export interface Activity {
  /** A byte passed between a visitor and the application. */
  touch(): void
  /** The application itself told that it is used. */
  note(): void
  /** Unix milliseconds; null if nobody came yet. */
  readonly lastAt: number | null
  /** How often bytes have passed: whether they did since the last look is told without comparing clocks. */
  readonly touches: number
}

export function openActivity(clock: Pick<Clock, 'now'>): Activity {
  let lastAt: number | null = null
  let touches = 0
  const note = (): void => {
    lastAt = clock.now()
  }
  return {
    touch: () => {
      note()
      touches += 1
    },
    note,
    get lastAt() {
      return lastAt
    },
    get touches() {
      return touches
    },
  }
}
