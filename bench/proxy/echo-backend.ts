/** WebSockets whose bytes come back as they are, and uploads that are counted: `echo-backend.ts PORT`. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'

const server = createServer((request, answer) => {
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  request.on('end', () => answer.end(String(bytes)))
})
server.on('upgrade', (request, socket) => {
  // RFC 6455, 4.2.2.
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  // Frames are not read: what came is what goes back, and nobody on the way looks into them.
  socket.on('data', (chunk) => socket.write(chunk))
  socket.on('error', () => socket.destroy())
  socket.on('end', () => socket.end())
})
server.requestTimeout = 0
server.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4_096 })
