import { once } from 'node:events'
import { createServer } from 'node:net'

/** Can this account listen there now? Another program may still be faster. */
export async function isFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch {
    return false // taken, or not allowed
  }
  const closed = once(server, 'close')
  server.close()
  await closed
  return true
}

/** The first free port from one on, on all addresses, so that nothing answers beside us. @throws {Error} after 200 tries. */
export async function freePort(from: number): Promise<number> {
  const last = Math.min(from + 199, 65_535)
  for (let port = from; port <= last; port += 1) if (await isFree(port, '0.0.0.0')) return port
  throw new Error(`no free port from ${from} to ${last}`)
}
