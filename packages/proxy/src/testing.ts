/** What several tests of this package need: applications to talk to, raw bytes in and out, and waiting with a deadline. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAddress } from './address.ts'
import { type ControlClient, openControlClient } from './control-client.ts'
import { type ProxyOptions, type RunningProxy, startProxy } from './proxy.ts'
import type { Psk } from './route.ts'

export const token = 'test-token'
export const psk: Psk = { identity: 'session-1', key: '0f'.repeat(32) }

export interface TestProxy extends AsyncDisposable {
  readonly proxy: RunningProxy
  readonly client: ControlClient
  /** `http://127.0.0.1:port` of the public side. */
  readonly url: string
  readonly port: number
}

export async function testProxy(options: Partial<ProxyOptions> = {}): Promise<TestProxy> {
  const proxy = await startProxy({ listen: ['127.0.0.1:0'], control: '127.0.0.1:0', token, ...options })
  const client = openControlClient({ address: proxy.control, token })
  const address = parseAddress(proxy.listen[0] ?? '')
  const port = address.kind === 'tcp' ? address.port : 0
  const close = async () => {
    client.close()
    await proxy.stop(0)
  }
  return { proxy, client, url: `http://127.0.0.1:${port}`, port, [Symbol.asyncDispose]: close }
}

export interface TestServer extends AsyncDisposable {
  readonly server: http.Server
  readonly port: number
  /** Heads of the requests that arrived. */
  readonly seen: { readonly method: string; readonly url: string; readonly headers: readonly string[] }[]
  connections: number
}

/** An application on loopback; with a key it speaks TLS-PSK as an agent does. */
export async function testServer(answer: http.RequestListener, key?: Psk, port = 0): Promise<TestServer> {
  const server = key
    ? https.createServer({
        pskCallback: (_socket: unknown, identity: string) =>
          identity === key.identity ? Buffer.from(key.key, 'hex') : null,
        ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
        minVersion: 'TLSv1.2',
        maxVersion: 'TLSv1.2',
      })
    : http.createServer()
  // Node's server forgets upgraded sockets, and would wait for them for ever.
  const open = new Set<net.Socket>()
  const result: TestServer = {
    server,
    port: 0,
    seen: [],
    connections: 0,
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
  }
  server.on('connection', (socket: net.Socket) => {
    result.connections += 1
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  server.on('request', (request, response) => {
    result.seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.rawHeaders })
    answer(request, response)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(result, { port: portOf(server) })
}

export function portOf(server: net.Server): number {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('not listening on TCP')
  return address.port
}

/** Send bytes, read until the other side closes. @throws if that takes longer than a minute. */
export async function rawExchange(port: number, text: string): Promise<string> {
  const socket = net.connect(port, '127.0.0.1')
  const timer = setTimeout(() => socket.destroy(new Error('no end of the answer in 60 s')), 60_000)
  socket.write(text, 'latin1')
  const chunks: Buffer[] = []
  try {
    for await (const chunk of socket) chunks.push(chunk)
  } catch (error) {
    // A reset after the answer is how refused requests end.
    if (chunks.length === 0) throw error
  } finally {
    clearTimeout(timer)
  }
  return Buffer.concat(chunks).toString('latin1')
}

/** @throws if the condition does not become true in a minute. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'batchway-proxy-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** The parsed body of an answer. */
export const jsonOf = async (response: Response) => JSON.parse(await response.text())
