import { constants, randomBytes } from 'node:crypto'
import type { AddressInfo, Socket } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { ListenError } from './listen-error.ts'
import type { ClaimReply } from './protocol.ts'

/** The one cipher proxy and agent speak: forward secrecy, authenticated by the session's key, no certificates. TLS 1.2, where Node offers PSK. */
export const pskCipher = 'ECDHE-PSK-CHACHA20-POLY1305'

const handshakeMs = 10_000
/** Strangers who connect and stay silent may hold this many connections, for `handshakeMs` each. */
const maxHandshakes = 256

export interface GuardedSocket {
  readonly port: number
  /** Connections that have proved the key. */
  readonly connections: number
  /** Stop accepting and cut what is open. */
  close(): void
}

/**
 * Open the listening socket. Only a peer that knows the key gets beyond the handshake; anyone else, whatever he speaks, is cut off
 * with a TLS alert at most.
 */
export async function openGuardedSocket(
  { listen, psk }: Pick<ClaimReply, 'listen' | 'psk'>,
  onConnection: (socket: TLSSocket) => void,
): Promise<GuardedSocket> {
  const key = Buffer.from(psk.key, 'hex')
  const decoy = randomBytes(key.length)
  const sockets = new Set<Socket>()
  const proven = new Set<TLSSocket>()

  const server = createServer({
    ciphers: pskCipher,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    handshakeTimeout: handshakeMs,
    allowHalfOpen: true,
    noDelay: true,
    // An unknown identity fails exactly like a wrong key: a stranger does not learn which identities exist.
    pskCallback: (_socket, identity) => (identity === psk.identity ? key : decoy),
  })
  server.on('connection', (socket: Socket) => {
    if (sockets.size - proven.size >= maxHandshakes) {
      socket.destroy()
      return
    }
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  server.on('secureConnection', (socket) => {
    proven.add(socket)
    socket.on('error', () => undefined) // 'close' follows
    socket.once('close', () => proven.delete(socket))
    onConnection(socket)
  })

  const tryPort = (port: number) =>
    new Promise<NodeJS.ErrnoException | null>((resolve) => {
      const settle = (error: NodeJS.ErrnoException | null) => {
        server.off('listening', onListening).off('error', settle)
        resolve(error)
      }
      const onListening = () => settle(null)
      server.on('listening', onListening).on('error', settle)
      server.listen({ host: listen.address, port, exclusive: true })
    })
  await listenInRange(tryPort, listen.ports)
  server.on('error', () => undefined)
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return proven.size
    },
    close: () => {
      server.close()
      for (const socket of [...proven, ...sockets]) socket.destroy()
    },
  }
}

/** Try the ports of a range from a random start, or any port. @throws {ListenError} */
async function listenInRange(
  tryPort: (port: number) => Promise<NodeJS.ErrnoException | null>,
  range: readonly [number, number] | null,
  random: () => number = Math.random,
): Promise<number> {
  const [first, last] = range ?? [0, 0]
  const count = last - first + 1
  const start = Math.floor(random() * count) // neighbours on the node start elsewhere: fewer collisions
  for (let step = 0; step < count; step++) {
    const port = first + ((start + step) % count)
    const error = await tryPort(port)
    if (error === null) return port
    if (error.code !== 'EADDRINUSE') throw new ListenError(`cannot listen: ${error.code ?? error.message}`)
  }
  throw new ListenError(`no free port from ${first} to ${last}`)
}
