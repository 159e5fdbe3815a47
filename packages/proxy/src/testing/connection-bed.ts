/** One connection with a clock of the test's own, and a client at its other end. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach } from 'node:test'
import type { ClientAnswer } from '../client-answer.ts'
import { ClientConnection, type ConnectionLimits, type ConnectionParts } from '../client-connection.ts'
import type { ClientRequest } from '../client-request.ts'

export const limits: ConnectionLimits = {
  headBytes: 1_024,
  headMs: 1_000,
  idleMs: 5_000,
  stallMs: 60_000,
  halfOpenMs: 2_000,
  quietMs: null,
  lingerMs: 100,
}
const opened: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of opened.splice(0)) await close()
})

export interface Bed {
  readonly socket: Socket
  readonly connection: ClientConnection
  readonly seen: string[]
  /** What the client got so far. */
  got(): string
  gotBytes(): number
  /** Bytes of answers that the system has not taken yet. */
  held(): number
  /** Bytes of requests that were read from the system and not looked at: all that has come, less what is a request. */
  ahead(): number
  pass(ms: number): void
  readonly gone: Promise<unknown>
}

export type Serve = (request: ClientRequest, answer: ClientAnswer) => void
export const say =
  (body: string): Serve =>
  (_, answer) => {
    answer.writeHead(200, ['Content-Length', String(body.length), 'Date', 'x'])
    answer.end(body)
  }
export const ok =
  'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: x\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\nok'
export const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n${more}\r\n`

/** Closed after the test. */
export async function open(serve: Serve, more: Partial<ConnectionParts> = {}): Promise<Bed> {
  let now = 0
  const seen: string[] = []
  const parts: ConnectionParts = {
    limits,
    clock: () => now,
    isDraining: () => false,
    isUpgrade: () => false,
    upgrade: () => assert.fail('nobody upgrades'),
    gone: () => {},
    serve(request, answer) {
      seen.push(request.url)
      serve(request, answer)
    },
    ...more,
  }
  const connected = Promise.withResolvers<ClientConnection>()
  let served: Socket | null = null
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    served = socket
    connected.resolve(new ClientConnection(socket, parts))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
  socket.setNoDelay(true).on('error', () => {})
  const got: Buffer[] = []
  socket.on('data', (part) => got.push(part))
  const connection = await connected.promise
  opened.push(async () => {
    socket.destroy()
    connection.destroy()
    server.close()
    await once(server, 'close')
  })
  const pass = (ms: number): void => {
    // Twice: the first look finds what has moved since the one before.
    connection.check(now)
    now += ms
    connection.check(now)
  }
  return {
    ...{ socket, connection, seen, pass },
    got: () => Buffer.concat(got).toString('latin1'),
    gotBytes: () => got.reduce((sum, { length }) => sum + length, 0),
    held: () => served?.writableLength ?? 0,
    ahead: () => (served?.bytesRead ?? 0) - seen.reduce((sum, url) => sum + get(url).length, 0),
    gone: once(socket, 'end').catch(() => {}),
  }
}
