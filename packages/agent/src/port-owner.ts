import { closeSync, openSync, readSync } from 'node:fs'

/** A socket that is given the connections to 127.0.0.1 and a port. */
export interface Listener {
  /** No two sockets that live have the same one. */
  readonly inode: string
  readonly uid: number
}

/** One line of /proc/net/tcp or tcp6. Addresses are the kernel's hexadecimal text. @see proc_pid_net(5) */
interface SocketLine {
  readonly address: string
  readonly port: number
  readonly isListening: boolean
  readonly uid: number
  readonly inode: string
}

/** Null for the heading. */
function parseSocketLine(line: string): SocketLine | null {
  const [, local = '', remote = '', state = '', , , , uid = '', , inode = ''] = line.trim().split(/\s+/)
  const [address, port] = local.split(':')
  if (!address || !port || !remote.includes(':')) return null
  return { address, port: Number.parseInt(port, 16), isListening: state === '0A', uid: Number(uid), inode }
}

/** Listeners that would be given a connection to 127.0.0.1: on it, on all addresses, and the same two as IPv6 writes them. */
const reachesLoopback = new Set(['0100007F', '0000000000000000FFFF00000100007F', '00000000', '0'.repeat(32)])

/**
 * Who listens at a port of 127.0.0.1, from the lines of one table, of which no more is asked for than is needed: the kernel lists listeners before connections.
 * One is enough: while it listens, the kernel lets no other user listen at an address that overlaps.
 */
export function listenerIn(lines: Iterable<string>, port: number): Listener | null {
  for (const text of lines) {
    const line = parseSocketLine(text)
    if (line === null) continue
    if (!line.isListening) return null
    if (line.port === port && reachesLoopback.has(line.address)) return { inode: line.inode, uid: line.uid }
  }
  return null
}

/** A line of /proc/net/tcp with its line feed. */
const lineBytes = 150

/**
 * A line of the file at a time. The kernel makes these tables as they are read: to make all of one, it looks into each of 262,144 places
 * for connections (4 ms), and a busy node has thousands to print.
 */
function* linesOf(path: string): Generator<string> {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return // where IPv6 is off there is no table of it
  }
  try {
    const buffer = Buffer.allocUnsafe(lineBytes)
    let text = ''
    for (let size = readSync(file, buffer); size > 0; size = readSync(file, buffer)) {
      const lines = (text + buffer.toString('latin1', 0, size)).split('\n')
      text = lines.pop() ?? ''
      yield* lines
    }
  } finally {
    closeSync(file)
  }
}

/** A table that changes while it is read may skip a line. */
const looks = 3

/** Ask the kernel who listens at 127.0.0.1 and this port. Null after a few looks: nobody. */
export function findListener(port: number): Listener | null {
  for (let look = 0; look < looks; look++) {
    for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
      const found = listenerIn(linesOf(table), port)
      if (found) return found
    }
  }
  return null
}
