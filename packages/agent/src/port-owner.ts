import { readFile } from 'node:fs/promises'

/** One line of /proc/net/tcp or tcp6. Addresses are the kernel's hexadecimal text. @see proc_pid_net(5) */
interface SocketLine {
  readonly localAddress: string
  readonly localPort: number
  readonly remoteAddress: string
  readonly remotePort: number
  readonly isListening: boolean
  readonly uid: number
  /** `0` while a connection waits to be accepted; its uid column means nothing then. */
  readonly inode: string
}

/** Who answers on 127.0.0.1:port for one established connection. */
export type PortOwner =
  | { readonly kind: 'ours'; readonly inode: string }
  | { readonly kind: 'foreign'; readonly uid: number }
  /** The tables do not show the connection (they are not read in one piece, so it may be there at the next look). */
  | { readonly kind: 'unseen' }

export function parseSocketTable(text: string): SocketLine[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', remote = '', state = '', , , , uid = '', , inode = ''] = line.trim().split(/\s+/)
      const [localAddress, localPort] = local.split(':')
      const [remoteAddress, remotePort] = remote.split(':')
      if (!localAddress || !localPort || !remoteAddress || !remotePort) return []
      return {
        localAddress,
        localPort: Number.parseInt(localPort, 16),
        remoteAddress,
        remotePort: Number.parseInt(remotePort, 16),
        isListening: state === '0A',
        uid: Number(uid),
        inode,
      }
    })
}

const loopback = new Set(['0100007F', '0000000000000000FFFF00000100007F'])
/** Listeners that would be given a connection to 127.0.0.1. */
const reachesLoopback = new Set([...loopback, '00000000', '0'.repeat(32)])

/**
 * Decide from the socket tables whose program holds the other end of a connection 127.0.0.1:clientPort → 127.0.0.1:port.
 * Both are asked: the listener (an unaccepted connection shows no owner of its own, and dies with its listener) and the accepted
 * socket (the listener may have changed hands since). Sound because the kernel lists listeners before connections. Pure.
 */
export function ownerOf(lines: readonly SocketLine[], port: number, clientPort: number, uid: number): PortOwner {
  const listeners = lines.filter(
    (line) => line.isListening && line.localPort === port && reachesLoopback.has(line.localAddress),
  )
  const strange = listeners.find((line) => line.uid !== uid)
  if (strange) return { kind: 'foreign', uid: strange.uid }
  const peer = lines.find(
    (line) =>
      !line.isListening &&
      line.localPort === port &&
      line.remotePort === clientPort &&
      loopback.has(line.localAddress) &&
      loopback.has(line.remoteAddress),
  )
  if (!peer) return { kind: 'unseen' }
  if (peer.inode !== '0' && peer.uid !== uid) return { kind: 'foreign', uid: peer.uid }
  const listener = listeners[0]
  return listener ? { kind: 'ours', inode: listener.inode } : { kind: 'unseen' }
}

/** The heading, and the lines that name the port: a busy node has thousands of others, which need not be taken apart. */
function linesAbout(table: string, port: number): string {
  const mark = `:${port.toString(16).toUpperCase().padStart(4, '0')} `
  return table
    .split('\n')
    .filter((line, index) => index === 0 || line.includes(mark))
    .join('\n')
}

/** Ask the kernel. `unseen` after a few looks means: do not trust it. */
export async function findPortOwner(port: number, clientPort: number, uid: number): Promise<PortOwner> {
  let answer: PortOwner = { kind: 'unseen' }
  for (let look = 0; look < 3 && answer.kind === 'unseen'; look++) {
    const four = await readFile('/proc/net/tcp', 'utf8')
    const six = await readFile('/proc/net/tcp6', 'utf8').catch(() => '') // absent where IPv6 is off
    const lines = [four, six].flatMap((table) => parseSocketTable(linesAbout(table, port)))
    answer = ownerOf(lines, port, clientPort, uid)
  }
  return answer
}
