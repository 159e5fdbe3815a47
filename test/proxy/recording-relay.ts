/** A relay that changes nothing and keeps what it passed on: what a proxy really sent, or what there is without one. */
import { once } from 'node:events'
import net from 'node:net'
import { headOf, readRequests, readResponses } from '../../packages/proxy/src/conformance/messages.ts'
import { portOf } from '../../packages/proxy/src/testing.ts'
import { withOneSlash } from './upstreams.ts'

export interface RecordingRelay extends AsyncDisposable {
  readonly port: number
  /**
   * `METHOD TARGET` of each request that passed as a whole and was answered; and of the others: half of them came, or the server had just
   * closed, and they may have been sent once more.
   */
  passed(): {
    readonly whole: readonly string[]
    readonly begun: readonly string[]
    /** Of the whole ones, how many had trailers. */
    readonly trailing: number
  }
}

const hasTrailers = (text: string): boolean =>
  /\r\ntransfer-encoding: chunked\r\n/i.test(headOf(text) ?? '') && !text.endsWith('\r\n0\r\n\r\n')
const nameOf = (text: string): string => withOneSlash(text.split(' ', 2).join(' '))

export async function openRecordingRelay(to: number): Promise<RecordingRelay> {
  const lines: { text: string; back: string }[] = []
  const sockets = new Set<net.Socket>()
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const line = { text: '', back: '' }
    lines.push(line)
    const other = net.connect({ port: to, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    for (const [from, into] of [
      [client, other],
      [other, client],
    ] as const) {
      sockets.add(from)
      from.on('error', () => into.destroy())
      from.on('close', () => {
        sockets.delete(from)
        into.destroySoon()
      })
      from.pipe(into)
    }
    client.on('data', (bytes) => {
      line.text += bytes.toString('latin1')
    })
    other.on('data', (bytes) => {
      line.back += bytes.toString('latin1')
    })
  })
  const read = ({ text, back }: { readonly text: string; readonly back: string }) => {
    const { messages, rest } = readRequests(text, false)
    const names = messages.map((message) => nameOf(message.text))
    const methods = names.map((name) => name.split(' ', 1)[0] ?? '')
    const answers = readResponses(back, methods, true).messages.filter((message) => !/^HTTP\/1\.1 1/.test(message.text))
    const begun = headOf(rest) === null ? [] : [nameOf(rest)]
    const trailing = messages.filter(({ text: each }) => hasTrailers(each)).length
    return { whole: names.slice(0, answers.length), begun: [...names.slice(answers.length), ...begun], trailing }
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: portOf(server),
    passed: () => {
      const all = lines.map(read)
      return {
        whole: all.flatMap(({ whole }) => whole),
        begun: all.flatMap(({ begun }) => begun),
        trailing: all.reduce((sum, { trailing }) => sum + trailing, 0),
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
