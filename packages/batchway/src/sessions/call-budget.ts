/** A token bucket for calls of a scheduler: a short burst, and a limit in any minute. */
export interface CallBudget {
  /** Take one call if it can be made now. */
  tryTake(): boolean
}

export function callBudget(
  now: () => number,
  { burst, perMinute }: { readonly burst: number; readonly perMinute: number },
): CallBudget {
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
    tryTake() {
      refill()
      if (left < 1) return false
      left -= 1
      return true
    },
  }
}
