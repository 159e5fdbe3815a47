import { connect, type NetConnectOpts, type Socket } from 'node:net'
import type { Clock } from './clock.ts'
import { findPortOwner, type PortOwner } from './port-owner.ts'
import { holdsSocket, type ProcessEntry } from './process-table.ts'

/** The port is answered by someone who is not our application. Nothing was sent. */
export class ForeignPort extends Error {
  override readonly name = 'ForeignPort'
}

/** Opens connections to the application, and to nobody else. */
export interface AppConnector {
  /** @throws {ForeignPort} when another program holds the port; connection errors otherwise. */
  open(): Promise<Socket>
}

export interface PortConnectorOptions {
  /** Asked for each connection: an application may choose another than it was given. */
  readonly port: () => number
  readonly uid: number
  /** Processes of the session, to find the application's listening socket among their files. */
  readonly processes: () => readonly ProcessEntry[]
  /** Those of them that cost little to find: looked at first. */
  readonly near?: () => readonly ProcessEntry[]
  /** Replaced in tests only, to show that the check is what stops a thief. */
  readonly findOwner?: (port: number, clientPort: number, uid: number) => Promise<PortOwner>
}

/**
 * Loopback is shared by all users of a node: when the application ends, anyone may take its port. So each new connection is
 * checked, before its first byte, to end in a program of our own uid, and to come from a listening socket that a process of this
 * session holds (another session of the same user must not get it either).
 */
export function portConnector({
  port: portNow,
  uid,
  processes,
  near = () => [],
  findOwner = findPortOwner,
}: PortConnectorOptions): AppConnector {
  const known = new Set<string>()

  const isOurSocket = (inode: string): boolean => {
    if (known.has(inode)) return true
    const holds = (entry: ProcessEntry) => holdsSocket(entry.pid, inode)
    if (!near().some((entry) => holds(entry) === true)) {
      const answers = processes().map(holds)
      // A set-uid container runtime hides its files even from its owner: then the uid is all there is to go by.
      if (!answers.includes(true) && !answers.includes(null)) return false
    }
    known.add(inode)
    return true
  }

  return {
    open: async () => {
      const port = portNow()
      const socket = await connected({ host: '127.0.0.1', port, noDelay: true })
      try {
        const owner = await findOwner(port, socket.localPort ?? 0, uid)
        if (owner.kind !== 'ours') throw new ForeignPort(`port ${port} is not held by the application`)
        if (!isOurSocket(owner.inode)) throw new ForeignPort(`port ${port} is held by another program of this user`)
        return socket
      } catch (error) {
        socket.destroy()
        throw error
      }
    },
  }
}

/** TCP would queue so long, and longer, where an application is slow to accept. */
const crowdedMs = 30_000

/**
 * Nobody is asked who answers at a socket: its folder lets in the session's user alone, and no other session knows its name. So it
 * may also be served from within a network namespace, where the kernel's tables would not show it.
 */
export function socketConnector(path: string, clock: Pick<Clock, 'monotonic' | 'sleep'>): AppConnector {
  return {
    open: async () => {
      const deadline = clock.monotonic() + crowdedMs
      for (let wait = 5; ; wait = Math.min(200, wait * 2)) {
        try {
          return await connected({ path })
        } catch (error) {
          // A queue of connections that is full refuses on a unix socket, and only there. @see connect(2)
          if (!isCrowded(error) || clock.monotonic() >= deadline) throw error
          await clock.sleep(wait)
        }
      }
    },
  }
}

const isCrowded = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EAGAIN'

function connected(where: NetConnectOpts): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...where, allowHalfOpen: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      socket.on('error', () => undefined) // its 'close' follows; whoever uses the socket listens to that
      resolve(socket)
    })
  })
}
