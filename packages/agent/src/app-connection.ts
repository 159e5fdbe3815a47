import { connect, type NetConnectOpts, type Socket } from 'node:net'
import type { Clock } from './clock.ts'
import { findListener as findListenerNow, type Listener } from './port-owner.ts'
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
  readonly findListener?: (port: number) => Listener | null
}

/** An application may open its port anew at any moment, but not for ever. */
const mostTries = 3

/**
 * Loopback is shared by all users of a node: when the application ends, anyone may take its port. So each new connection is
 * checked, before its first byte: the socket that listens now must be held by a process of this session (another session of the same
 * user must not get it either), and be the one that was found so before we connected. Then it has listened all the while, and nobody else can have
 * been given the connection. The first connection, and the first to a new socket, is made twice for that.
 */
export function portConnector({
  port: portNow,
  uid,
  processes,
  near = () => [],
  findListener = findListenerNow,
}: PortConnectorOptions): AppConnector {
  /** The inode of the socket that was last found to be the application's. */
  let ours = ''

  const isOurSocket = (inode: string): boolean => {
    const holds = (entry: ProcessEntry) => holdsSocket(entry.pid, inode)
    if (near().some((entry) => holds(entry) === true)) return true
    const answers = processes().map(holds)
    // A set-uid container runtime hides its files even from its owner: then the uid is all there is to go by.
    return answers.includes(true) || answers.includes(null)
  }

  /** @throws {ForeignPort} unless the application listens. @returns its socket. */
  const check = (port: number): string => {
    const listener = findListener(port)
    if (listener?.inode === ours) return ours
    if (listener?.uid !== uid) throw new ForeignPort(`port ${port} is not held by the application`)
    if (!isOurSocket(listener.inode)) throw new ForeignPort(`port ${port} is held by another program of this user`)
    return listener.inode
  }

  return {
    open: async () => {
      for (let tries = 0; tries < mostTries; tries++) {
        const [port, before] = [portNow(), ours]
        const socket = await connected({ host: '127.0.0.1', port, noDelay: true })
        try {
          ours = check(port)
          if (ours === before) return socket
        } catch (error) {
          socket.destroy()
          throw error
        }
        socket.destroy()
      }
      throw new ForeignPort('the application opens its port again and again')
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
