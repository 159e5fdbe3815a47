/** Remembers who belongs to a token or a cookie as long as nothing in the database has changed that could matter. */

export interface CallerCache<T> {
  /** @param load asks the database; null (unknown) is never remembered, so strangers cannot fill the memory. */
  find(key: string, load: () => Promise<T | null>): Promise<T | null>
}

export interface CacheSource {
  readonly changes: { current(): string | number; readonly maxAgeMs: number }
  readonly now: () => number
}

export function callerCache<T>({ changes, now }: CacheSource, limit = 20_000): CallerCache<T> {
  const entries = new Map<string, { readonly value: T; readonly loadedAt: number }>()
  let version: string | number | undefined

  return {
    find: async (key, load) => {
      // Read before the query: a change while it runs must make its answer old.
      const before = changes.current()
      if (before !== version) {
        entries.clear()
        version = before
      }
      const loadedAt = now()
      const hit = entries.get(key)
      if (hit !== undefined && Math.abs(loadedAt - hit.loadedAt) < changes.maxAgeMs) return hit.value
      const value = await load()
      if (value === null || before !== version) return value
      if (entries.size >= limit) for (const oldest of entries.keys()) if (entries.delete(oldest)) break
      entries.set(key, { value, loadedAt })
      return value
    },
  }
}
