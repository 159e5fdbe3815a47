import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Where browsers do not go, whoever listens there. @see fetch.spec.whatwg.org, "bad port" */
const refused = new Set([5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697])

/**
 * Below the ports that the system gives to outgoing connections, and those that agents choose for applications: either could take one between
 * our look and the site's, and an application that opens its port a minute later would find a site there.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(4_200, 7_900)
    if (refused.has(port)) continue
    const server = createServer().listen(port, '127.0.0.1')
    try {
      await once(server, 'listening')
      server.close()
      await once(server, 'close')
      return port
    } catch {
      // somebody listens there
    }
  }
}
