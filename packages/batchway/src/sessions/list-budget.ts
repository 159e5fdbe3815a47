/** When a cluster may be asked for its list: never more than 20 times in any minute, and most of it when many start at once. */
const minuteMs = 60_000
const mostInAMinute = 20
/** Whatever has been used up, somebody who asks has an answer begun within this time. */
const longestWaitMs = 6_000
/** A few calls in a row cost nobody a wait; in a storm each waits a little longer, since it answers all who ask meanwhile. */
const freely = 3
const stormMs = 15_000
const firstGapMs = 150
const longestGapMs = 2_000
const stepMs = 50

/** Calls in the time from `from` to `to`, the end included. */
const countIn = (calls: readonly number[], from: number, to: number): number =>
  calls.filter((at) => at > from && at <= to).length

/** Could a call every `longestWaitMs` follow on one at `at`, and none be one too many in its minute? */
function leavesEnough(calls: readonly number[], at: number): boolean {
  for (let more = 0; more * longestWaitMs <= minuteMs; more++) {
    const last = at + more * longestWaitMs
    if (countIn(calls, last - minuteMs, at) + 1 + more > mostInAMinute) return false
  }
  return true
}

/**
 * When the next call may begin. Pure.
 * @param calls when the calls of the last minute began, oldest first; Unix milliseconds, as everything here
 */
export function nextCallAt(calls: readonly number[], now: number): number {
  const last = calls.at(-1) ?? Number.NEGATIVE_INFINITY
  const inARow = countIn(calls, now - stormMs, now) - freely
  const gapMs = inARow > 0 ? Math.min(longestGapMs, firstGapMs * 1.5 ** inARow) : 0
  let at = Math.max(now, last + gapMs)
  while (at < last + longestWaitMs && !leavesEnough(calls, at)) at += stepMs
  return at
}

export interface ListBudget {
  /** Book a call. @returns how long to wait before making it (ms). */
  take(): number
}

export function listBudget(now: () => number): ListBudget {
  let calls: number[] = []
  return {
    take() {
      const asked = now()
      // A clock that is set back leaves calls in the future: they are forgotten, but not that one was made just now.
      calls = calls.filter((at) => at > asked - minuteMs).map((at) => Math.min(at, asked))
      const at = nextCallAt(calls, asked)
      calls.push(at)
      return at - asked
    },
  }
}
