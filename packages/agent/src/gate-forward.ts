import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { AppConnector } from './app-connection.ts'
import { passableHeaders } from './gate-rules.ts'
import { Agent, request } from './node-http.ts'
import { splice } from './splice.ts'

/** Passes admitted requests on to the application, over connections whose other end has been checked. */
export interface Forwarder {
  request(incoming: IncomingMessage, response: ServerResponse, headers: readonly (readonly [string, string])[]): void
  upgrade(
    incoming: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    headers: readonly (readonly [string, string])[],
  ): void
  close(): void
}

/** Keep-alive connections, each opened (and so checked) by the connector. */
class CheckedAgent extends Agent {
  readonly #connector: AppConnector
  constructor(connector: AppConnector, keepAlive: boolean) {
    super({ keepAlive, maxFreeSockets: 16, timeout: 0 })
    this.#connector = connector
  }
  override createConnection(_options: object, callback?: (error: Error | null, stream: Duplex) => void): undefined {
    this.#connector.open().then(
      (socket) => callback?.(null, socket),
      (error: Error) => (callback as ((error: Error) => void) | undefined)?.(error),
    )
    return undefined
  }
}

export function openForwarder(connector: AppConnector, touch: () => void): Forwarder {
  const agent = new CheckedAgent(connector, true)
  const oneWay = new CheckedAgent(connector, false)
  const flat = (headers: readonly (readonly [string, string])[]) => headers.flat()

  return {
    request: (incoming, response, headers) => {
      const outgoing = request({
        agent,
        method: incoming.method,
        path: incoming.url,
        headers: flat(headers),
        setHost: false,
      })
      outgoing.on('response', (answer) => {
        touch()
        response.writeHead(answer.statusCode ?? 502, answer.statusMessage, passableHeaders(answer.rawHeaders).flat())
        answer.on('data', touch)
        answer.on('error', () => response.destroy())
        answer.on('aborted', () => response.destroy())
        answer.pipe(response)
      })
      outgoing.on('error', () => {
        if (response.headersSent) response.destroy()
        else response.writeHead(502, { 'content-type': 'text/plain' }).end('The application does not answer.\n')
      })
      response.on('close', () => outgoing.destroy())
      incoming.on('data', touch)
      incoming.pipe(outgoing)
    },

    upgrade: (incoming, socket, head, headers) => {
      const upgrade = incoming.headers.upgrade ?? 'websocket'
      const all = [...headers, ['Connection', 'Upgrade'], ['Upgrade', upgrade]] as const
      const outgoing = request({ agent: oneWay, path: incoming.url, headers: flat(all), setHost: false })
      outgoing.on('upgrade', (answer, app, appHead) => {
        writeHead(socket, answer, [
          ...passableHeaders(answer.rawHeaders),
          ['Connection', 'Upgrade'],
          ['Upgrade', upgrade],
        ])
        if (appHead.length > 0) socket.write(appHead)
        if (head.length > 0) app.write(head)
        splice(socket, app, touch)
      })
      // A refused upgrade ends the connection: what a visitor sends next on it must pass the gate again.
      outgoing.on('response', (answer) => {
        writeHead(socket, answer, [...passableHeaders(answer.rawHeaders), ['Connection', 'close']])
        answer.pipe(socket)
      })
      outgoing.on('error', () => socket.destroy())
      socket.on('close', () => outgoing.destroy())
      outgoing.end()
    },
    close: () => agent.destroy(),
  }
}

function writeHead(socket: Duplex, answer: IncomingMessage, headers: readonly (readonly [string, string])[]): void {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.write(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n${lines}\r\n`, 'latin1')
}
