/** One target that answers as it pleases, and what goes there and comes back. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach } from 'node:test'
import { Cancellation } from '../cancellation.ts'
import { rawUpstream } from '../raw-upstream.ts'
import { type Upstream, UpstreamError, type UpstreamRequest, type UpstreamResponse } from '../upstream.ts'

export const limits = { connectMs: 10_000, idleMs: 30_000, headBytes: 1_024 }
const opened: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of opened.splice(0)) await close()
})

export interface Bed {
  readonly upstream: Upstream
  /** Everything that came, one text for each connection. */
  readonly heard: string[]
  readonly sockets: Socket[]
}

/** @param answer is told each time that bytes have come, with all of the connection's so far. */
export async function open(
  answer: (socket: Socket, heard: string, connection: number) => void,
  more = {},
): Promise<Bed> {
  const heard: string[] = []
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    const number = heard.push('') - 1
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      heard[number] += bytes.toString('latin1')
      answer(socket, heard[number] ?? '', number)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const target = { connect: { kind: 'tcp' as const, host: '127.0.0.1', port }, psk: null, prefix: '' }
  const upstream = rawUpstream(target, { ...limits, ...more })
  opened.push(async () => {
    upstream.close()
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return { upstream, heard, sockets }
}

export type Asked = Omit<UpstreamRequest, 'onAnswer' | 'onFailure'>
export const request = (change: Partial<Asked> = {}): Asked => ({
  method: 'GET',
  path: '/',
  headers: ['Host', 'a'],
  body: null,
  cancellation: new Cancellation(),
  ...change,
})

export const answerTo = (upstream: Upstream, asked: Asked = request()): Promise<UpstreamResponse> =>
  new Promise((onAnswer, onFailure) => upstream.send({ ...asked, onAnswer, onFailure }))

export async function textOf({ body }: UpstreamResponse): Promise<string> {
  if (Buffer.isBuffer(body)) return body.toString('latin1')
  let text = ''
  for await (const part of body) text += (part as Buffer).toString('latin1')
  return text
}

/** Answers each whole request head by the next of these; the last is said again. */
export const saying =
  (...answers: string[]) =>
  (socket: Socket, heard: string): void => {
    if (!heard.endsWith('\r\n\r\n')) return
    const count = heard.split('\r\n\r\n').length - 2
    socket.write(answers[Math.min(count, answers.length - 1)] ?? '', 'latin1')
  }
export const ok = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`
export const broken = (error: unknown): boolean => error instanceof UpstreamError && error.kind === 'broken'
