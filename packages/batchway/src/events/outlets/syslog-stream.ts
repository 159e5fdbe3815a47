/** RFC 5424 over TCP, TLS or a unix stream socket, with octet counting (RFC 6587, RFC 5425). */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { LineFormat } from '../event-line.ts'
import type { OpenOutlet } from '../outlet.ts'
import { octetCounted, type SyslogHeader, syslogMessage } from '../syslog-frame.ts'

export type StreamPlace =
  | { readonly by: 'unix'; readonly path: string }
  | { readonly by: 'tcp'; readonly host: string; readonly port: number }
  | {
      readonly by: 'tls'
      readonly host: string
      readonly port: number
      /** PEM; the system's authorities if absent. */
      readonly caFile?: string | undefined
      /** PEM: how we show who we are, if the receiver asks. */
      readonly certificateFile?: string | undefined
      readonly keyFile?: string | undefined
      /** The name in its certificate, if it is not `host`. */
      readonly serverName?: string | undefined
    }

/** So long without traffic, then the system asks whether the other end is still there. */
const keepAliveMs = 30_000

/** The name that is asked for and checked; addresses are no names there. */
const isAddress = (host: string): boolean => /^[\d.]+$|:/.test(host)

async function openTls(place: Extract<StreamPlace, { by: 'tls' }>): Promise<TLSSocket> {
  const read = async (path: string | undefined): Promise<Buffer | undefined> =>
    path === undefined ? undefined : await readFile(path)
  const [ca, cert, key] = [await read(place.caFile), await read(place.certificateFile), await read(place.keyFile)]
  const name = place.serverName ?? (isAddress(place.host) ? undefined : place.host)
  return connectTls({
    host: place.host,
    port: place.port,
    minVersion: 'TLSv1.2',
    ...(name !== undefined && { servername: name }),
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
  })
}

async function connected(place: StreamPlace, signal: AbortSignal): Promise<Socket> {
  const socket =
    place.by === 'tls'
      ? await openTls(place)
      : connect(place.by === 'unix' ? { path: place.path } : { host: place.host, port: place.port })
  // Told again by whoever waits for it; without anybody it would end the process.
  socket.on('error', () => {})
  try {
    await once(socket, place.by === 'tls' ? 'secureConnect' : 'connect', { signal })
  } catch (error) {
    socket.destroy()
    throw error
  }
  return socket
}

export function openStream(place: StreamPlace, header: SyslogHeader, format: LineFormat): OpenOutlet {
  return async (signal) => {
    const socket = await connected(place, signal)
    socket.setKeepAlive(true, keepAliveMs)
    // A hub that ends does not wait for a log server.
    socket.unref()
    // Receivers say nothing; that they end is only heard by who reads.
    socket.resume()
    socket.once('end', () => socket.destroy())
    return {
      send: (lines) =>
        new Promise((resolve, reject) => {
          const gone = (): void => reject(new Error('the receiver ended the connection'))
          if (socket.destroyed) return gone()
          socket.once('close', gone)
          const frames = lines.map((line) => {
            const { at, severity, name: messageId } = line
            return octetCounted(syslogMessage(header, { at, severity, messageId, text: line.text(format) }))
          })
          socket.write(Buffer.concat(frames), (error) => {
            socket.off('close', gone)
            if (error) reject(error)
            else resolve()
          })
        }),
      async close() {
        // What the system has taken is still delivered; what it has not is nobody's loss but ours, and was counted as waiting.
        if (socket.writableLength === 0) socket.destroySoon()
        else socket.destroy()
      },
    }
  }
}
