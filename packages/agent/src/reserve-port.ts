import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type ListenOptions, type Server } from 'node:net'
import { ListenError } from './listen-error.ts'

/** A port for the application to open. No other agent on this machine chooses it before it is disposed of. */
export interface ReservedPort extends Disposable {
  readonly port: number
}

/** Below are ports of services. */
const firstPort = 10_000
const lastPort = 65_535
const fewestPorts = 2_000
const maxTries = 200

/**
 * Where to choose from: not where the system takes the ports of outgoing connections from, if enough are left.
 * @param range the text of `/proc/sys/net/ipv4/ip_local_port_range`.
 */
export function portsToChooseFrom(range: string): readonly [first: number, last: number] {
  const [low = 0, high = lastPort] = range.trim().split(/\s+/).map(Number)
  if (low - firstPort >= fewestPorts) return [firstPort, low - 1]
  if (lastPort - high >= fewestPorts) return [Math.max(firstPort, high + 1), lastPort]
  return [firstPort, lastPort]
}

/**
 * Choose a loopback port that is free. An application opens it seconds later on a busy node, and cannot say that somebody was
 * faster: so agents keep each other from it by a socket of the port's name in the abstract namespace, which is as wide as that of
 * the ports and ends with the process. Against all others the owner check stands.
 */
export async function reserveLoopbackPort(random: () => number = Math.random): Promise<ReservedPort> {
  const [first, last] = portsToChooseFrom(localPortRange())
  for (let tries = 0; tries < maxTries; tries++) {
    const port = first + Math.floor(random() * (last - first + 1))
    const hold = await listen({ path: `\0batchway-port-${port}` })
    if (hold.error === 'EADDRINUSE') continue
    const probe = await listen({ host: '127.0.0.1', port, exclusive: true })
    probe.server.close()
    if (probe.error === null) return { port, [Symbol.dispose]: () => hold.server.close() }
    hold.server.close()
  }
  throw new ListenError(`no free port for the application from ${first} to ${last}`)
}

function localPortRange(): string {
  try {
    return readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
  } catch {
    return ''
  }
}

/** @returns the server, listening unless there is an error. It keeps nobody from ending, and talks to nobody. */
async function listen(where: ListenOptions): Promise<{ readonly server: Server; readonly error: string | null }> {
  const server = createServer((stranger) => stranger.destroy()).unref()
  try {
    await once(server.listen(where), 'listening')
    return { server, error: null }
  } catch (error) {
    return { server, error: error instanceof Error && 'code' in error ? String(error.code) : String(error) }
  }
}
