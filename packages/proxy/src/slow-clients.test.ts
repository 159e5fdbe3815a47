/** Clients that hold what they do not use: heads and bodies that come by drops, connections and handshakes that say nothing. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { describe, it } from 'node:test'
import { psk, rawExchange, type TestProxy, testProxy, testServer, until } from './testing.ts'

/** Short, for the tests alone (ms). */
const short = 150
const patient = { headMs: 60_000, idleMs: 60_000, stallMs: 60_000 }

interface Client extends Disposable {
  readonly socket: net.Socket
  text(): string
  readonly isOver: () => boolean
}
function openClient({ port }: TestProxy): Client {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
  let text = ''
  let isOver = false
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1')
  })
  socket.on('error', () => {})
  for (const event of ['end', 'close'])
    socket.on(event, () => {
      isOver = true
    })
  return { socket, text: () => text, isOver: () => isOver, [Symbol.dispose]: () => void socket.destroy() }
}

/** A byte at a time, until all is said or the other side ends. */
async function dribble({ socket, isOver }: Client, text: string, everyMs: number): Promise<void> {
  for (const byte of text) {
    if (isOver()) return
    socket.write(byte)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('a head that comes byte by byte', () => {
  const head = `GET / HTTP/1.1\r\nHost: h\r\nA: ${'b'.repeat(30)}\r\n\r\n`
  for (const [what, before] of [
    ['the first one of a connection', ''],
    ['one behind an answer', 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'],
  ] as const)
    it(`has its time from its first byte, whatever comes meanwhile: ${what}`, async () => {
      await using app = await testServer((_, response) => response.end('ok'))
      for (const [limits, answered, isRefused] of [
        [{ ...patient, headMs: short }, 0, true],
        [patient, 1, false],
      ] as const) {
        await using proxy = await testProxy({ clientLimits: limits })
        await proxy.client.addRoute('/', { target: `http://127.0.0.1:${app.port}` })
        using client = openClient(proxy)
        const count = () => client.text().match(/HTTP\/1\.1 200 /g)?.length ?? 0
        client.socket.write(before)
        await until(() => before === '' || count() === 1, 'an answer')
        const first = count()
        await dribble(client, head, 10)
        await until(() => client.isOver() || count() > first, 'an answer, or the end')
        assert.equal(count() - first, answered)
        assert.equal(/HTTP\/1\.1 408 Request Timeout\r\nConnection: close\r\n/.test(client.text()), isRefused)
      }
    })

  it('is none as long as only empty lines come, and they give no more time', async () => {
    await using proxy = await testProxy({ clientLimits: { ...patient, headMs: short } })
    using client = openClient(proxy)
    await dribble(client, '\r\n'.repeat(2_000), 5)
    await until(client.isOver, 'the end')
    assert.match(client.text(), /^(?:HTTP\/1\.1 408 [^$]*)?$/)
  })
})

describe('a body that comes byte by byte', () => {
  const head = 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\n'
  it('has its time from byte to byte; when none comes the application learns that it is not whole', async () => {
    const ends: string[] = []
    await using app = await testServer((request, response) => {
      request.on('end', () => {
        ends.push('whole')
        response.end('ok')
      })
      request.on('error', () => ends.push('broken'))
      request.resume()
    })
    await using proxy = await testProxy({ clientLimits: { ...patient, stallMs: 400 } })
    await proxy.client.addRoute('/', { target: `http://127.0.0.1:${app.port}` })

    using slow = openClient(proxy)
    slow.socket.write(head)
    await dribble(slow, 'abcdefgh', 100)
    await until(() => slow.text().endsWith('ok'), 'the answer')

    using stuck = openClient(proxy)
    stuck.socket.write(`${head}abc`)
    await until(stuck.isOver, 'the end')
    await until(() => ends.length === 2, 'what the application learns')
    assert.deepEqual([ends, stuck.text()], [['whole', 'broken'], ''])
  })
})

describe('connections that say nothing', () => {
  it('are closed without a word, many at once, while others are served', async () => {
    await using proxy = await testProxy({ clientLimits: { ...patient, headMs: short } })
    const silent = Array.from({ length: 300 }, () => openClient(proxy))
    const healthz = 'GET /_chp_healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'
    assert.match(await rawExchange(proxy.port, healthz), /^HTTP\/1\.1 200 /)
    await until(() => silent.every(({ isOver }) => isOver()), 'the end of all')
    assert.equal(silent.map(({ text }) => text()).join(''), '')
  })

  it('would stay without the limit', async () => {
    await using proxy = await testProxy({ clientLimits: patient })
    using silent = openClient(proxy)
    await once(silent.socket, 'connect')
    await pause(short * 3)
    assert.equal(silent.isOver(), false)
  })

  it('are closed in the middle of a TLS handshake too, whatever they said of it', async () => {
    const hello = Buffer.from('16030100', 'hex')
    for (const [handshakeTimeout, isOver] of [
      [short, true],
      [60_000, false],
    ] as const) {
      const tls = {
        pskCallback: () => Buffer.from(psk.key, 'hex'),
        ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
        maxVersion: 'TLSv1.2',
        handshakeTimeout,
      } as const
      await using proxy = await testProxy({ listen: [{ address: '127.0.0.1:0', tls }] })
      const clients = ['', 'begun'].map((what) => {
        const client = openClient(proxy)
        if (what !== '') client.socket.write(hello)
        return client
      })
      if (isOver) await until(() => clients.every((each) => each.isOver()), 'the end')
      else await pause(short * 3)
      assert.deepEqual(
        clients.map((each) => each.isOver()),
        [isOver, isOver],
      )
      for (const { socket } of clients) socket.destroy()
    }
  })
})
