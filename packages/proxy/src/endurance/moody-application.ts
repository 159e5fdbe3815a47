/** An application that does to a proxy whatever applications do. */
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { testServer } from '../testing.ts'

export interface MoodyApplication extends AsyncDisposable {
  readonly target: string
  /** All its connections end with a reset, as those of a process that was killed. */
  resetAll(): void
}

/** So many bytes that follow from the seed alone. */
export function streamOf(seed: number, size: number): Readable {
  const block = Buffer.alloc(16_384)
  for (let at = 0, value = (seed * 2_654_435_761) >>> 0; at < block.length; at += 4) {
    value = (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0
    block.writeUInt32LE(value, at)
  }
  let left = size
  return new Readable({
    read() {
      const part = block.subarray(0, Math.min(left, block.length))
      left -= part.length
      this.push(part.length === 0 ? null : part)
    },
  })
}

export async function openMoodyApplication(): Promise<MoodyApplication> {
  const sockets = new Set<Socket>()
  const application = await testServer(answer)
  application.server.keepAliveTimeout = 300 // often enough, a kept connection closes just as it is used again
  application.server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  application.server.on('upgrade', (_request, socket) => {
    socket.on('error', () => {})
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    socket.pipe(socket)
  })
  return {
    target: `http://127.0.0.1:${application.port}`,
    resetAll() {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    [Symbol.asyncDispose]: () => application[Symbol.asyncDispose](),
  }
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x')
  const framing = searchParams.get('framing')
  request.on('error', () => {})
  response.on('error', () => {})
  const moods: Readonly<Record<string, () => void>> = {
    '/down'() {
      const size = Number(searchParams.get('size'))
      if (framing === 'length') response.setHeader('Content-Length', size)
      if (framing === 'close') {
        response.removeHeader('Transfer-Encoding')
        response.useChunkedEncodingByDefault = false
        response.shouldKeepAlive = false
      }
      streamOf(Number(searchParams.get('seed')), size).pipe(response)
    },
    '/up'() {
      const hash = createHash('sha1')
      request.on('data', (chunk: Buffer) => hash.update(chunk))
      request.once('end', () => response.end(hash.digest('hex')))
    },
    '/early'() {
      response.writeHead(413, { Connection: 'close' }).end('too much')
    },
    '/broken'() {
      if (framing === 'length') response.setHeader('Content-Length', 1_000_000)
      response.write(Buffer.alloc(50_000), () => request.socket.destroy())
    },
    '/hang'() {},
  }
  const mood = Object.entries(moods).find(([path]) => pathname.endsWith(path))?.[1]
  request.resume()
  if (mood) mood()
  else response.writeHead(404).end()
}
