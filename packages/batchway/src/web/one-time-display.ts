/** What a page shows exactly once, after the redirect that follows a form: it waits in the hub's memory alone, and not for long. */

export interface OneTimeDisplay<T> {
  put(key: string, value: T): void
  /** @returns null for what was never there, was taken, or has waited too long. */
  take(key: string): T | null
}

/** A browser follows a redirect at once (ms). */
const keptMs = 60_000
/** Who makes more at once than this loses the oldest, and makes another. */
const most = 1_000

export function openOneTimeDisplay<T>(now: () => number): OneTimeDisplay<T> {
  const waiting = new Map<string, { readonly value: T; readonly until: number }>()
  return {
    put(key, value) {
      const at = now()
      for (const [old, { until }] of waiting) if (until <= at || waiting.size >= most) waiting.delete(old)
      waiting.delete(key)
      waiting.set(key, { value, until: at + keptMs })
    },
    take(key) {
      const found = waiting.get(key)
      waiting.delete(key)
      return found !== undefined && now() < found.until ? found.value : null
    },
  }
}
