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

const countAfter = (calls: readonly number[], from: number): number => calls.filter((at) => at > from).length

/** Could a call every `longestWaitMs` follow on one at `at`, and none be one too many in its minute? */
function leavesEnough(calls: readonly number[], at: number): boolean {
  for (let more = 0; more * longestWaitMs <= minuteMs; more++) {
    const last = at + more * longestWaitMs
    if (countAfter(calls, last - minuteMs) + 1 + more > mostInAMinute) return false
  }
  return true
}

/**
 * When the next call may begin. Pure.
 * @param calls when the calls of the last minute began, oldest first, none after `now`; Unix milliseconds, as everything here
 */
export function nextCallAt(calls: readonly number[], now: number): number {
  const last = calls.at(-1) ?? Number.NEGATIVE_INFINITY
  const inARow = countAfter(calls, now - stormMs) - freely
  const gapMs = inARow > 0 ? Math.min(longestGapMs, firstGapMs * 1.5 ** inARow) : 0
  const latest = last + longestWaitMs
  let at = Math.max(now, last + gapMs)
  while (at < latest && !leavesEnough(calls, at)) at = Math.min(at + stepMs, latest)
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
