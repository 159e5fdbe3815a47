/** How soon a cluster is asked again. */

/**
 * While anything lives: an end, a failure or a suspension is on the page within five seconds, without a word of any agent, and fifteen
 * calls a minute leave five to those who ask for a fresh answer. For less than a minute after many starts at once these have used up more
 * (`list-budget.ts`): then it is seven seconds.
 */
const liveMs = 4_000
/** While nothing lives: jobs without a session must be found all the same, within a minute of two sightings. */
const idleMs = 20_000
const longestBackOffMs = 120_000
/** People wait behind an outage: its end must not go unnoticed for minutes. */
const longestLiveBackOffMs = 30_000
/** A list that takes long costs the scheduler that much: leave it three quarters of the time. */
const rest = 4

export interface Pace {
  /** Failed calls in a row. */
  readonly failures: number
  readonly isLive: boolean
  readonly lastCallMs: number
}

/** @returns ms from the beginning of the last call to that of the next; from its end after a failure. */
export function paceMs({ failures, isLive, lastCallMs }: Pace): number {
  if (failures > 0) {
    return Math.min(isLive ? longestLiveBackOffMs : longestBackOffMs, 3_000 * 2 ** Math.min(failures, 6))
  }
  return isLive ? Math.max(liveMs, lastCallMs * rest) : Math.max(idleMs, lastCallMs * rest)
}
