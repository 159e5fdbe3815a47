/** A WebSocket or an event stream that somebody holds open, and the moment at which it is closed under them. */
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import type { Visitor } from './visitor.ts'

export interface HeldStream {
  readonly name: string
  /** Unix milliseconds of its end; null while it is open. */
  closedAt(): number | null
  close(): void
}

/** Opens it with the cookies of a visitor. @throws {Error} if it is refused. */
export function holdStream(
  origin: string,
  visitor: Visitor,
  path: string,
  { name, isWebSocket, headers = {} }: { name: string; isWebSocket: boolean; headers?: Record<string, string> },
): Promise<HeldStream> {
  const cookies = visitor
    .cookies()
    .filter((cookie) => path.startsWith(cookie.path))
    .map((cookie) => `${cookie.name}=${cookie.value}`)
    .join('; ')
  const upgrade = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  }
  const sent: ClientRequest = request(`${origin}${path}`, {
    agent: false,
    headers: { ...(cookies !== '' && { cookie: cookies }), ...(isWebSocket ? upgrade : {}), ...headers },
  })
  let closedAt: number | null = null
  const isClosed = (): void => {
    closedAt ??= Date.now()
  }
  const held: HeldStream = { name, closedAt: () => closedAt, close: () => sent.destroy() }
  return new Promise((resolve, reject) => {
    sent.on('error', (error) => (closedAt === null ? reject(error) : undefined))
    sent.on('upgrade', (_, socket) => {
      socket.on('error', isClosed)
      socket.on('close', isClosed)
      socket.on('end', isClosed)
      socket.resume()
      resolve({ ...held, close: () => socket.destroy() })
    })
    sent.on('response', (answer: IncomingMessage) => {
      answer.on('error', isClosed)
      answer.on('close', isClosed)
      if (isWebSocket || answer.statusCode !== 200) {
        answer.resume()
        reject(new Error(`${name} is refused: ${answer.statusCode}`))
        return
      }
      answer.resume()
      resolve(held)
    })
    sent.end()
  })
}
