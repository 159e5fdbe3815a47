import type { AppConnector } from './app-connection.ts'
import { askStatus } from './ask-application.ts'
import type { Clock } from './clock.ts'

/** Ask until the application answers with a status under 500. @returns false when time is up or the signal aborts. */
export async function waitUntilReady(
  connector: AppConnector,
  path: string,
  readySeconds: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = clock.monotonic() + readySeconds * 1000
  for (let wait = 25; !signal.aborted; wait = Math.min(250, wait * 1.2)) {
    const status = await askStatus(connector, path).catch(() => null)
    if (signal.aborted) return false
    if (status !== null && status < 500) return true
    if (clock.monotonic() >= deadline) return false
    await clock.sleep(wait, signal)
  }
  return false
}
