import { setTimeout as delay } from 'node:timers/promises'

/** Wait for a condition; the deadline is generous, since machines that run tests are busy. */
export async function until<T>(
  what: string,
  probe: () => T | null | undefined | false | Promise<T | null | undefined | false>,
): Promise<T> {
  for (const deadline = Date.now() + 90_000; Date.now() < deadline; await delay(20)) {
    const found = await probe()
    if (found !== null && found !== undefined && found !== false) return found
  }
  throw new Error(`not within 90 s: ${what}`)
}
