/** RFC 5424 over UDP (RFC 5426): one datagram for each event. Nobody tells what was lost on the way. */
import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import type { LineFormat } from '../event-line.ts'
import type { OpenOutlet } from '../outlet.ts'
import { type SyslogHeader, syslogMessage } from '../syslog-frame.ts'

export interface UdpPlace {
  readonly host: string
  readonly port: number
}

export function openUdp({ host, port }: UdpPlace, header: SyslogHeader, format: LineFormat): OpenOutlet {
  return async (signal) => {
    const { address, family } = await lookup(host)
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
    let broken: Error | null = null
    // A machine that listens no more answers so: it is told with the next datagram.
    socket.on('error', (error) => {
      broken = error
    })
    socket.unref()
    socket.connect(port, address)
    await once(socket, 'connect', { signal })
    const sendOne = (message: string): Promise<void> =>
      new Promise((resolve, reject) => {
        socket.send(message, (error) => {
          if (error) reject(error)
          else resolve()
        })
      })
    return {
      async send(lines) {
        for (const line of lines) {
          if (broken !== null) throw broken
          const { at, severity, name: messageId } = line
          await sendOne(syslogMessage(header, { at, severity, messageId, text: line.text(format) }))
        }
      },
      async close() {
        socket.close()
      },
    }
  }
}
