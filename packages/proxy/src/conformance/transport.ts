/** The ways in which applications are reached, each with a listener of its own. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import type { Route } from '../route.ts'
import { portOf, psk } from '../testing.ts'

export const transports = ['TCP', 'TLS with a key', 'a unix socket'] as const
export type Transport = (typeof transports)[number]

export interface Listener {
  readonly route: Route
  /** What a crash does; a unix socket knows no reset, and is closed. */
  reset(socket: net.Socket): void
  close(): Promise<void>
}

const fixed = { allowHalfOpen: true, noDelay: true }

export async function openListener(by: Transport, take: (socket: net.Socket) => void): Promise<Listener> {
  if (by === 'a unix socket') return openUnix(take)
  return by === 'TCP' ? openTcp(take) : openTls(take)
}

async function listening(server: net.Server, where: net.ListenOptions): Promise<void> {
  server.listen(where)
  await once(server, 'listening')
}
const closed = (server: net.Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()))

async function openTcp(take: (socket: net.Socket) => void): Promise<Listener> {
  const server = net.createServer(fixed, take)
  await listening(server, { host: '127.0.0.1', port: 0 })
  return {
    route: { target: `http://127.0.0.1:${portOf(server)}` },
    reset: (socket) => void socket.resetAndDestroy(),
    close: () => closed(server),
  }
}

/** As an agent does. */
async function openTls(take: (socket: net.Socket) => void): Promise<Listener> {
  /** By the port at their other end: only they can be reset. */
  const plain = new Map<number, net.Socket>()
  const options = {
    ...fixed,
    pskCallback: (_: unknown, identity: string) => (identity === psk.identity ? Buffer.from(psk.key, 'hex') : null),
    ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
  } as const
  const server = tls.createServer(options, take)
  server.on('connection', (socket: net.Socket) => {
    const { remotePort = 0 } = socket
    plain.set(remotePort, socket)
    socket.once('close', () => plain.delete(remotePort))
  })
  await listening(server, { host: '127.0.0.1', port: 0 })
  return {
    route: { target: `https://127.0.0.1:${portOf(server)}`, psk },
    reset: (socket) => void plain.get(socket.remotePort ?? 0)?.resetAndDestroy(),
    close: async () => {
      for (const socket of plain.values()) socket.destroy()
      await closed(server)
    },
  }
}

async function openUnix(take: (socket: net.Socket) => void): Promise<Listener> {
  const folder = await mkdtemp(join(tmpdir(), 'batchway-row-'))
  const path = join(folder, 'app')
  const server = net.createServer(fixed, take)
  await listening(server, { path })
  return {
    route: { target: `http+unix://${encodeURIComponent(path)}` },
    reset: (socket) => void socket.destroy(),
    close: async () => {
      await closed(server)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
