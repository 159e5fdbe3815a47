import { setTimeout as delay } from 'node:timers/promises'

/** Wait for a condition. @throws {Error} that names what was waited for, when time is up. */
export async function until<T>(what: string, check: () => T | Promise<T>, limitMs = 30_000): Promise<NonNullable<T>> {
  const giveUpAt = performance.now() + limitMs
  let last: unknown
  for (;;) {
    try {
      const found = await check()
      if (found) return found
      last = found
    } catch (error) {
      last = error
    }
    if (performance.now() > giveUpAt) throw new Error(`waited ${limitMs / 1000} s in vain: ${what}`, { cause: last })
    await delay(100)
  }
}
