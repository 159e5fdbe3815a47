/** The application behind the proxy while it is fuzzed: reads strictly what comes, and answers as it likes. */
import { once } from 'node:events'
import net from 'node:net'
import { headOf, readRequests } from '../../packages/proxy/src/conformance/messages.ts'
import { portOf } from '../../packages/proxy/src/testing.ts'
import type { Random } from '../e2e/support/random.ts'
import { hardAnswer, markOf, readMark, type Said, softAnswer } from './mutate.ts'

export interface FuzzApplication extends AsyncDisposable {
  readonly port: number
  /** Requests that came. */
  count(): number
  /** Of these, with trailers announced. */
  trailing(): number
  /** Heads that the proxy should never have sent. */
  readonly strange: string[]
  /** End all connections. */
  letGo(): void
}

const wellMade =
  /^[A-Z-]+ [\x21-\x7e]+ HTTP\/1\.1\r\n(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: ?[\t\x20-\x7e\x80-\xff]*\r\n)+\r\n$/
const timesOf = (head: string, name: string): number => head.match(new RegExp(`\\r\\n${name}:`, 'gi'))?.length ?? 0

const isWebSocket = (head: string): boolean => /\r\nUpgrade: websocket\r\n/.test(head)

/** Targets that only we read: a mistake would show another host, or a tunnel, to the application. */
const isPath = (head: string): boolean => /^(?!CONNECT )[A-Z-]+ \/\S* HTTP/.test(head)
const mayTrail = new Set(['x-trailer', 'x-sum'])

/** @returns what is wrong with a request that the proxy sent, less its head, or null. */
function trailerFault(text: string, head: string): string | null {
  if (!/\r\nTransfer-Encoding: chunked\r\n/.test(head)) return null
  const body = text.slice(head.length)
  const [first = '', size = '0'] = /^([0-9a-f]+)\r\n/.exec(body) ?? []
  const length = Number.parseInt(size, 16)
  const tail = body.slice(length === 0 ? first.length : first.length + length + '\r\n0\r\n'.length)
  for (const line of tail.split('\r\n').filter((each) => each !== '')) {
    const [name = ''] = line.split(':', 1)
    if (!mayTrail.has(name.toLowerCase())) return `the trailer ${name}`
    if (!/\r\nTrailer: /.test(head)) return 'a trailer that was not announced'
    if (!/\r\nConnection: close/.test(head)) return 'a trailer on a connection that stays'
  }
  return null
}

/** @returns what is wrong with a head that the proxy sent, or null. */
function faultOf(head: string): string | null {
  if (!wellMade.test(head)) return 'not well made'
  if (!isPath(head)) return 'a target that is no path'
  if (/\r\nTE: (?!trailers\r)/.test(head)) return 'codings that we do not take'
  for (const name of ['Host', 'X-Forwarded-For', 'X-Forwarded-Host', 'Connection'])
    if (timesOf(head, name) !== 1) return `${name} ${timesOf(head, name)} times`
  if (timesOf(head, 'Content-Length') + timesOf(head, 'Transfer-Encoding') > 1) return 'two framings'
  if (/\r\n(?:remote_user|proxy-authorization|keep-alive|forwarded|upgrade):/i.test(head) && !isWebSocket(head))
    return 'should have gone'
  return null
}

/** @param hardness share of answers with mistakes. */
export async function openFuzzApplication(random: Random, hardness: number): Promise<FuzzApplication> {
  const sockets = new Set<net.Socket>()
  const strange: string[] = []
  let count = 0
  let trailing = 0

  function say(socket: net.Socket, { bytes, end }: Said): void {
    const cut = random.next() < 0.2 ? random.whole(0, bytes.length) : bytes.length
    socket.write(bytes.slice(0, cut), 'latin1')
    if (cut < bytes.length) socket.write(bytes.slice(cut), 'latin1')
    if (end === 'close') socket.destroySoon()
    else if (end === 'half-close') socket.end()
    else if (end === 'reset') socket.resetAndDestroy()
  }

  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    let text = ''
    let isDone = false
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('end', () => socket.end())
    socket.on('data', (bytes) => {
      if (isDone) return
      text += bytes.toString('latin1')
      const { messages, rest } = readRequests(text, false)
      text = rest
      const part = messages.length === 0 ? headOf(rest) : null
      if (part !== null && faultOf(part) !== null) strange.push(`${faultOf(part)}: ${part}`)
      for (const message of messages) {
        count += 1
        const head = headOf(message.text) ?? ''
        const fault = faultOf(head) ?? trailerFault(message.text, head)
        if (/\r\nTrailer: /.test(head)) trailing += 1
        if (fault !== null) strange.push(`${fault}: ${head}`)
        const found = readMark(head)
        const mark = found === null ? 'none' : markOf(found.connection, found.index)
        const [method = 'GET'] = head.split(' ', 1)
        const isHard = random.next() < hardness
        const said = isHard ? hardAnswer(random, method, mark) : softAnswer(random, method, mark)
        isDone ||= said.end !== 'stay'
        say(socket, said)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const letGo = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: portOf(server),
    count: () => count,
    trailing: () => trailing,
    strange,
    letGo,
    [Symbol.asyncDispose]: async () => {
      letGo()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
