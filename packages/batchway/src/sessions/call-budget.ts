/** A token bucket for list calls: a short burst when somebody clicks, and never more than 20 calls in any minute. */
const burst = 4
const perMinute = 16

export interface CallBudget {
  /** Take one call, on credit if need be. @returns how long to wait before making it (ms). */
  take(): number
}

export function callBudget(now: () => number): CallBudget {
  const msPerCall = 60_000 / perMinute
  let left = burst
  let refilledAt = now()
  return {
    take() {
      const at = now()
      // A clock that is set back refills nothing.
      left = Math.min(burst, left + Math.max(0, at - refilledAt) / msPerCall) - 1
      refilledAt = at
      return left >= 0 ? 0 : -left * msPerCall
    },
  }
}
