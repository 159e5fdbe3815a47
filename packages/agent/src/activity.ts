import type { Clock } from './clock.ts'

/** When the last byte passed between a visitor and the application. */
export interface Activity {
  touch(): void
  /** Unix milliseconds; null if nobody came yet. */
  readonly lastAt: number | null
}

export function openActivity(clock: Clock): Activity {
  let lastAt: number | null = null
  return {
    touch: () => {
      lastAt = clock.now()
    },
    get lastAt() {
      return lastAt
    },
  }
}
