/** Passes requests on with what Node has, and does nothing else: `bare-forwarder.ts PORT BACKEND_PORT`. */
import { Agent, createServer, request } from 'node:http'
import { connect } from 'node:net'

const [port, backendPort] = process.argv.slice(2).map(Number)
const agent = new Agent({ keepAlive: true, maxSockets: 1_000 })

const server = createServer((incoming, answer) => {
  const { method, url: path, rawHeaders } = incoming
  const outgoing = request({ agent, port: backendPort, method, path, headers: rawHeaders }, (reply) => {
    answer.writeHead(reply.statusCode ?? 502, reply.rawHeaders)
    reply.pipe(answer)
  })
  outgoing.on('error', () => answer.destroy())
  incoming.pipe(outgoing)
})
server.on('upgrade', (incoming, socket, head) => {
  const upstream = connect(Number(backendPort), '127.0.0.1', () => {
    const { method, url, rawHeaders } = incoming
    const lines = Array.from(
      { length: rawHeaders.length / 2 },
      (_, i) => `${rawHeaders[2 * i]}: ${rawHeaders[2 * i + 1]}`,
    )
    upstream.setNoDelay(true).write(`${method} ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
    upstream.write(head)
    socket.pipe(upstream).pipe(socket)
  })
  for (const end of [socket, upstream]) end.on('error', () => [socket, upstream].map((each) => each.destroy()))
})
server.listen(port, '127.0.0.1')
