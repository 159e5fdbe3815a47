import net from 'node:net'

/** Milliseconds. */
export interface Patience {
  /** A client that has said all and got nothing for so long gets nothing more: it closes its side. */
  readonly quietMs: number
  /** And so long at most for all of it. */
  readonly endMs: number
  /** The end did not come in time, and was made. */
  readonly onLate?: () => void
}

/** Resolves to what came back, when the connection is over. @param speak writes. */
export function converse(
  port: number,
  speak: (socket: net.Socket) => void,
  { quietMs, endMs, onLate = () => {} }: Patience,
): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const parts: Buffer[] = []
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const quiet = setTimeout(() => socket.end(), quietMs)
  const late = setTimeout(() => {
    onLate()
    socket.destroy()
  }, endMs)
  socket.on('data', (part) => {
    parts.push(part)
    quiet.refresh()
  })
  socket.on('end', () => socket.destroySoon())
  socket.on('error', () => {})
  socket.on('close', () => {
    clearTimeout(quiet)
    clearTimeout(late)
    resolve(Buffer.concat(parts).toString('latin1'))
  })
  speak(socket)
  return promise
}
