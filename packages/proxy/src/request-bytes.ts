/** How a request looks on the wire to a target. */
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { RawHeaders } from './headers.ts'
import type { UpstreamRequest } from './upstream.ts'

/** What no request line and no header of ours holds: it would begin another one. */
const unsendable = /[^\t\x20-\x7e\x80-\xff]/

/** @throws {Error} for a name, value or path that would be read as something else. */
export function requestHead(
  { method, path, headers, trailers }: Pick<UpstreamRequest, 'method' | 'path' | 'headers' | 'trailers'>,
  { isUpgrade }: { readonly isUpgrade: boolean },
): string {
  if (unsendable.test(path) || path.includes(' ')) throw new Error('a path that cannot be sent')
  let text = `${method} ${path} HTTP/1.1\r\n`
  let options = trailers === undefined ? 'keep-alive' : 'close'
  for (let index = 0; index < headers.length; index += 2) {
    const [name = '', value = ''] = [headers[index], headers[index + 1]]
    if (unsendable.test(value) || unsendable.test(name)) throw new Error('a header that cannot be sent')
    // Ours: a client's own goes no further. RFC 9110 10.1.4 wants it named.
    if (name === 'TE') options += ', TE'
    text += `${name}: ${value}\r\n`
  }
  // Who asks for a WebSocket has said it already.
  return isUpgrade ? `${text}\r\n` : `${text}Connection: ${options}\r\n\r\n`
}

/** What cannot be sent is left out: its request is on its way. */
function trailerLines(trailers: RawHeaders): string {
  let text = ''
  for (let index = 0; index + 1 < trailers.length; index += 2) {
    const [name = '', value = ''] = [trailers[index], trailers[index + 1]]
    if (!unsendable.test(name) && !unsendable.test(value)) text += `${name}: ${value}\r\n`
  }
  return text
}

export const isChunked = (headers: RawHeaders): boolean =>
  headers.some((name, index) => index % 2 === 0 && name.length === 17 && name.toLowerCase() === 'transfer-encoding')

/**
 * Send a body as it comes, with backpressure; whoever calls resumes it when the socket drains.
 * @param trailers to be asked when all of a body in chunks has come; null: it has a length.
 * @returns to be called when no more of it is to be sent.
 */
export function sendBody(
  socket: Socket,
  body: Readable,
  trailers: (() => RawHeaders) | null,
  { sent, broken }: { readonly sent: () => void; readonly broken: () => void },
): () => void {
  let isSent = false
  function onPart(part: Buffer): void {
    if (trailers !== null) {
      socket.cork()
      socket.write(`${part.length.toString(16)}\r\n`, 'latin1')
      socket.write(part)
      if (!socket.write('\r\n', 'latin1')) body.pause()
      socket.uncork()
    } else if (!socket.write(part)) body.pause()
  }
  function onEnd(): void {
    isSent = true
    sent()
    if (trailers !== null) socket.write(`0\r\n${trailerLines(trailers())}\r\n`, 'latin1')
  }
  function onClose(): void {
    if (!isSent) broken()
  }
  body.on('data', onPart).on('end', onEnd).on('close', onClose)
  return () => body.off('data', onPart).off('end', onEnd).off('close', onClose)
}
