import { setTimeout as delay } from 'node:timers/promises'

/**
 * Wait for a condition: look often at first, then less often, since each look may be a command to a scheduler that is busy.
 * @param look null, undefined and false mean "not yet".
 * @param patienceMs generous, for machines that run tests are busy; less than the runner gives a test, so that what was missing is named.
 * @throws {Error} that names it
 */
export async function until<T>(
  what: string,
  look: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  patienceMs = 90_000,
): Promise<T> {
  const deadline = performance.now() + patienceMs
  for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 1.5, 500)) {
    const found = await look()
    if (found !== null && found !== undefined && found !== false) return found
    if (performance.now() >= deadline) throw new Error(`waited in vain: ${what}`)
    await delay(pauseMs)
  }
}
