/** Two applications that tell how they understood a request: one on Node's server, one on Python's. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'

/** What an application read. */
export interface Told {
  /** How often it has read this very target. */
  readonly times: number
  /** What it took for no request, or for one that nobody sent. */
  readonly strange: number
  readonly method: string
  readonly target: string
  /** Bytes. */
  readonly body: number
}

interface App extends AsyncDisposable {
  readonly port: number
}

/** @param mark what the path of every request holds that was sent as one. */
export async function openNodeApp(mark: string): Promise<App> {
  const times = new Map<string, number>()
  let strange = 0
  const server = createServer({ maxHeaderSize: 65_536 }, async (request, response) => {
    const { method = '', url: target = '' } = request
    times.set(target, (times.get(target) ?? 0) + 1)
    if (!target.includes(mark)) strange += 1
    let body = 0
    try {
      for await (const chunk of request) body += chunk.length
    } catch {
      return // the client went away, and the proxy with it
    }
    const text = JSON.stringify({ times: times.get(target) ?? 0, strange, method, target, body } satisfies Told)
    response.writeHead(200, { 'X-App': 'node', 'Content-Length': Buffer.byteLength(text) })
    response.end(method === 'HEAD' ? undefined : text)
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code?.startsWith('HPE_') === true && error.code !== 'HPE_INVALID_EOF_STATE') strange += 1
    socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

export async function openPythonApp(mark: string): Promise<App> {
  const child = spawn('/usr/bin/python3', ['-I', '-S', join(import.meta.dirname, 'echo.py'), mark], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = once(child, 'exit')
  const [line] = await once(child.stdout, 'data')
  return {
    port: Number(String(line).trim()),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
