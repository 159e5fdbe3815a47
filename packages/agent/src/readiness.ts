import { request } from 'node:http'
import type { AppConnector } from './app-connection.ts'
import type { Clock } from './clock.ts'

const answerMs = 5_000

/** Ask until the application answers with a status under 500. @returns false when time is up or the signal aborts. */
export async function waitUntilReady(
  connector: AppConnector,
  path: string,
  readySeconds: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = clock.now() + readySeconds * 1000
  for (let wait = 25; !signal.aborted; wait = Math.min(250, wait * 1.2)) {
    const status = await askStatus(connector, path).catch(() => null)
    if (signal.aborted) return false
    if (status !== null && status < 500) return true
    if (clock.now() >= deadline) return false
    await clock.sleep(wait, signal)
  }
  return false
}

/** One GET without any credentials. @throws when nobody of ours answers. */
async function askStatus(connector: AppConnector, path: string): Promise<number> {
  const socket = await connector.open()
  return new Promise((resolve, reject) => {
    const asked = request({ path, headers: { host: 'localhost', connection: 'close' }, createConnection: () => socket })
    asked.setTimeout(answerMs, () => asked.destroy(new Error('no answer')))
    asked.on('response', (response) => {
      resolve(response.statusCode ?? 500)
      response.destroy()
    })
    asked.on('error', reject)
    asked.on('close', () => reject(new Error('closed')))
    asked.end()
  })
}
