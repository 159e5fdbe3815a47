/** Whatever bytes a client sends: what we take for requests is what Node's own server takes for the same requests, wherever the bytes are cut. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import type { Readable } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { ClientConnection, type ConnectionParts, defaultConnectionLimits } from './client-connection.ts'
import { type Damage, damaged, damages } from './testing/damage.ts'

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: readonly string[]
  /** Null: it is not whole. */
  body: string | null
}

async function textOf(body: Readable | null): Promise<string> {
  let text = ''
  for await (const part of body ?? []) text += (part as Buffer).toString('latin1')
  return text
}

/** Requests of the connection that is open, in their order. */
let seen: Seen[] = []
const parts: ConnectionParts = {
  limits: defaultConnectionLimits,
  clock: () => 0,
  isDraining: () => false,
  isUpgrade: () => false,
  upgrade: () => assert.fail('nobody upgrades here'),
  gone: () => {},
  serve({ method, url, rawHeaders, body }, answer) {
    const asked: Seen = { method, url, headers: rawHeaders, body: null }
    seen.push(asked)
    textOf(body).then(
      (text) => {
        asked.body = text
        answer.writeHead(200, ['Content-Length', '0'])
        answer.end()
      },
      () => answer.destroy(),
    )
  },
}
const ours = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => void new ClientConnection(socket, parts))
const theirs = http.createServer({ maxHeaderSize: 32_768, insecureHTTPParser: false }, (request, response) => {
  const { method = '', url = '', rawHeaders } = request
  const asked: Seen = { method, url, headers: rawHeaders, body: null }
  seen.push(asked)
  textOf(request).then(
    (text) => {
      asked.body = text
      response.end()
    },
    () => {},
  )
})
theirs.on('checkContinue', (request, response) => theirs.emit('request', request, response))
theirs.maxHeadersCount = 0
before(async () => {
  for (const server of [ours, theirs]) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
})
after(() => {
  ours.close()
  theirs.close()
})

async function requestsOf(server: Server, pieces: readonly Buffer[]): Promise<readonly Seen[]> {
  seen = []
  const mine = seen
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => {})
  socket.setNoDelay(true)
  socket.resume()
  for (const piece of pieces) {
    if (!socket.destroyed) socket.write(piece)
    await new Promise(setImmediate)
  }
  socket.end()
  if (!socket.closed) await once(socket, 'close')
  const cut = mine.findIndex(({ body }) => body === null)
  return cut < 0 ? mine : mine.slice(0, cut)
}

const valid = [
  'GET /a?b=c HTTP/1.1\r\nHost: h\r\nCookie: a=b\r\n\r\n',
  'POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcdeGET /next HTTP/1.1\r\nHost: h\r\n\r\n',
  'PUT /q HTTP/1.1\r\nhost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\nGET /n HTTP/1.1\r\nHost: h\r\n\r\n',
  'HEAD / HTTP/1.0\r\nHost: h\r\n\r\n',
  'GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\n\r\n',
  'POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc',
]
const odd = [
  ...['\r\n', '\n', '\r', ' ', '\t', '\0', ':', ';', ',', '0', '-1', '+5', '0x5', '5', 'ff', '\x7f', '\xa0', '\xff'],
  ...['\r\n\r\n', '\r\n ', '?', '#', '%', '//', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'http://x', '*'],
  ...['Content-Length: 3\r\n', 'Content-Length: 5\r\n', 'Content-Length : 5\r\n', 'Content_Length: 5\r\n'],
  ...['Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: identity\r\n', 'Transfer-Encoding:\tchunked\r\n'],
  ...['Transfer-Encoding : chunked\r\n', 'Transfer-Encoding: xchunked\r\n', 'Transfer-Encoding: chunked, chunked\r\n'],
  ...[
    'Connection: close\r\n',
    'Connection: Content-Length\r\n',
    'Host: i\r\n',
    'GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n',
  ],
]
const damage: fc.Arbitrary<Damage> = fc.tuple(fc.constantFrom(...damages), fc.nat(10_000), fc.nat(10_000))
const sent = fc
  .tuple(fc.constantFrom(...valid), fc.array(damage, { maxLength: 3 }))
  .map(([text, changes]) => damaged(text, changes, odd))
const numRuns = Number(process.env.BATCHWAY_TEST_RUNS ?? 400)

describe('what a client sends', () => {
  it('is requests to us only if it is the same ones to Node’s server, wherever it is cut', async () => {
    let taken = 0
    await fc.assert(
      fc.asyncProperty(sent, fc.nat(300), async (text, cut) => {
        const bytes = Buffer.from(text, 'latin1')
        const whole = await requestsOf(ours, [bytes])
        const at = cut % (bytes.length + 1)
        assert.deepEqual(await requestsOf(ours, [bytes.subarray(0, at), bytes.subarray(at)]), whole)
        const node = await requestsOf(theirs, [bytes])
        taken += whole.length
        assert.deepEqual(whole, node.slice(0, whole.length))
      }),
      { numRuns },
    )
    assert.ok(taken > numRuns / 10, `only ${taken} were requests`)
  })
})
