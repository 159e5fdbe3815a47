/** A token bucket for calls of a scheduler: a short burst when somebody clicks, and a limit in any minute. */
export interface CallBudget {
  /** Take one call, on credit if need be. @returns how long to wait before making it (ms). */
  take(): number
  /** Take one call if it can be made now. */
  tryTake(): boolean
}

/** For list calls: never more than 20 in any minute. */
const listCalls = { burst: 4, perMinute: 16 }

export function callBudget(now: () => number, { burst, perMinute } = listCalls): CallBudget {
  const msPerCall = 60_000 / perMinute
  let left = burst
  let refilledAt = now()
  function refill(): void {
    const at = now()
    // A clock that is set back refills nothing.
    left = Math.min(burst, left + Math.max(0, at - refilledAt) / msPerCall)
    refilledAt = at
  }
  return {
    take() {
      refill()
      left -= 1
      return left >= 0 ? 0 : -left * msPerCall
    },
    tryTake() {
      refill()
      if (left < 1) return false
      left -= 1
      return true
    },
  }
}
