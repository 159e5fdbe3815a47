/**
 * WebSockets that are opened through a proxy: `echo-load.ts PORT COUNT echo MS` lets each send 128 bytes and wait for them, over and over;
 * `echo-load.ts PORT COUNT idle` says when all are open, and keeps them until its input ends. Figures as one JSON line.
 */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

const [port = '', count = '', mode = '', ms = '0'] = process.argv.slice(2)
const payload = 128
/** A masked binary frame, as browsers send it; what comes back is the same, since nobody on the way looks inside. */
const frame = Buffer.concat([Buffer.from([0x82, 0x80 | 126, 0, payload]), randomBytes(4 + payload)])

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true })
    const key = randomBytes(16).toString('base64')
    socket.write(
      `GET /echo HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    )
    let head = ''
    const read = (chunk: Buffer): void => {
      head += chunk.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      socket.off('data', read)
      if (head.startsWith('HTTP/1.1 101')) resolve(socket)
      else reject(new Error(head))
    }
    socket.on('data', read)
    socket.on('error', reject)
  })
}

async function openAll(): Promise<Socket[]> {
  const sockets: Socket[] = []
  while (sockets.length < Number(count)) {
    const more = Math.min(100, Number(count) - sockets.length)
    sockets.push(...(await Promise.all(Array.from({ length: more }, open))))
  }
  return sockets
}

const sockets = await openAll()
if (mode === 'idle') {
  console.log(JSON.stringify({ open: sockets.length }))
  process.stdin.resume().on('end', () => process.exit())
} else {
  const lateMs: number[] = []
  const from = performance.now()
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve, reject) => {
          let sentAt = 0
          let missing = 0
          const send = (): void => {
            sentAt = performance.now()
            missing = frame.length
            socket.write(frame)
          }
          socket.on('data', (chunk) => {
            missing -= chunk.length
            if (missing > 0) return
            const at = performance.now()
            lateMs.push(at - sentAt)
            if (at - from < Number(ms)) send()
            else resolve()
          })
          socket.on('close', () => reject(new Error('a WebSocket was closed')))
          send()
        }),
    ),
  )
  const seconds = (performance.now() - from) / 1_000
  lateMs.sort((a, b) => a - b)
  const at = (share: number): number => lateMs[Math.min(lateMs.length - 1, Math.floor(lateMs.length * share))] ?? 0
  console.log(
    JSON.stringify({ perSecond: lateMs.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999) }),
  )
  process.exit()
}
