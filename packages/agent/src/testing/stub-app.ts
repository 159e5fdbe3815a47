/** A small web application for tests, run as a program: `stub-app.ts PORT|SOCKET PREFIX`. HTTP, and an "upgrade" that echoes bytes. */
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { stdout } from 'node:process'

const [place = '0', prefix = '/'] = process.argv.slice(2)
if (process.env.STUB_SAYS) stdout.write(`${process.env.STUB_SAYS}\n`)
if (process.env.STUB_LEAVES === '1') {
  // What Jupyter's kernels and terminals are: sessions of their own that ignore what ends their parent.
  spawn('sh', ['-c', 'trap "" TERM HUP; while :; do sleep 1; done'], { detached: true, stdio: 'inherit' }).unref()
  spawn('sh', ['-c', 'setsid sh -c "trap \\"\\" TERM HUP; while :; do sleep 1; done" & exit 0'], {
    detached: true,
    stdio: 'ignore',
  }).unref()
}
if (process.env.STUB_IGNORES_TERM === '1') process.on('SIGTERM', () => stdout.write('ignoring SIGTERM\n'))
else
  process.on('SIGTERM', () => {
    stdout.write('leaving in order\n')
    process.exit(0)
  })

const server = createServer((request, response) => {
  const path = (request.url ?? '').slice(prefix.length)
  if (path.startsWith('die')) process.exit(3)
  if (path.startsWith('headers')) {
    response
      .writeHead(200, { 'content-type': 'application/json', 'x-set': 'yes' })
      .end(JSON.stringify({ ...request.headers, 'stub-client-port': request.socket.remotePort }))
    return
  }
  if (path.startsWith('environment')) {
    response.end(JSON.stringify(process.env))
    return
  }
  if (path.startsWith('sum')) {
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
    })
    request.on('end', () => response.end(String(size)))
    return
  }
  if (path.startsWith('big')) {
    response.end(Buffer.alloc(8 * 1024 * 1024, 'x'))
    return
  }
  response.end(JSON.stringify({ path: request.url }))
})
server.on('upgrade', (request, socket, head) => {
  socket.on('error', () => undefined)
  if (!(request.url ?? '').slice(prefix.length).startsWith('ws')) {
    socket.write('HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno\n')
    return
  }
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  if (head.length > 0) socket.write(head)
  socket.pipe(socket)
})
if (place.startsWith('/')) server.listen(place)
else server.listen(Number(place), '127.0.0.1')
