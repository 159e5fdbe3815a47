/** Whatever bytes a target sends: what we take for an answer is what Node's own client takes it for, wherever the bytes are cut. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { Cancellation } from './cancellation.ts'
import { rawUpstream } from './raw-upstream.ts'
import { type Damage, damaged, damages } from './testing/damage.ts'
import type { UpstreamResponse } from './upstream.ts'

const limits = { connectMs: 10_000, idleMs: 10_000, headBytes: 8_192 }
const server = createServer()
/** What the next connection is told, in pieces; then it ends. */
let pieces: readonly Buffer[] = []
server.on('connection', (socket) => {
  socket.on('error', () => {})
  socket.setNoDelay(true)
  const mine = [...pieces]
  socket.once('data', () => {
    const next = (): void => {
      const piece = mine.shift()
      if (piece === undefined) return void socket.end()
      socket.write(piece)
      setImmediate(next)
    }
    next()
  })
})
before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
after(() => server.close())

interface Answer {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string
}

/** @returns null if it is none, or not whole. */
async function ask(method: string): Promise<Answer | null> {
  const { port } = server.address() as AddressInfo
  const upstream = rawUpstream({ connect: { kind: 'tcp', host: '127.0.0.1', port }, psk: null, prefix: '' }, limits)
  const cancellation = new Cancellation()
  try {
    const { status, headers, body } = await new Promise<UpstreamResponse>((onAnswer, onFailure) =>
      upstream.send({ method, path: '/', headers: ['Host', 'a'], body: null, cancellation, onAnswer, onFailure }),
    )
    return { status, headers, body: Buffer.isBuffer(body) ? body.toString('latin1') : await textOf(body) }
  } catch {
    return null
  } finally {
    upstream.close()
  }
}

/** The same by Node's own client. */
async function askNode(method: string): Promise<Answer | null> {
  const { port } = server.address() as AddressInfo
  const agent = new http.Agent()
  const options = { agent, port, host: '127.0.0.1', method, headers: { Host: 'a' }, maxHeaderSize: limits.headBytes }
  try {
    const request = http.request(options).on('error', () => {}) // it may also fail in the middle of a body
    const [response] = (await once(request.end(), 'response')) as [http.IncomingMessage]
    return { status: response.statusCode ?? 0, headers: response.rawHeaders, body: await textOf(response) }
  } catch {
    return null
  } finally {
    agent.destroy()
  }
}

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  let text = ''
  for await (const part of body) text += part.toString('latin1')
  return text
}

const valid = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: x\r\n\r\nabcde',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n',
  'HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\nnothing here',
  'HTTP/1.0 200 OK\r\n\r\nold',
  'HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 7\r\n\r\n',
  'HTTP/1.1 204 No Content\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\n',
]
const odd = [
  ...[
    '\r\n',
    '\n',
    '\r',
    ' ',
    '\t',
    '\0',
    ':',
    ';',
    ',',
    '0',
    '-1',
    '+5',
    '0x5',
    '5',
    'ff',
    '\x7f',
    '\xa0',
    '\xff',
    '\r\n\r\n',
    '\r\n ',
  ],
  ...[
    'Content-Length: 3\r\n',
    'Content-Length: 5\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: identity\r\n',
  ],
  ...[
    'Transfer-Encoding : chunked\r\n',
    'Connection: close\r\n',
    'Connection: upgrade\r\nUpgrade: h2c\r\n',
    'HTTP/1.1 200 OK\r\n',
  ],
]
const damage: fc.Arbitrary<Damage> = fc.tuple(fc.constantFrom(...damages), fc.nat(10_000), fc.nat(10_000))
const response = fc
  .tuple(fc.constantFrom(...valid), fc.array(damage, { maxLength: 3 }))
  .map(([text, changes]) => damaged(text, changes, odd))

const numRuns = Number(process.env.BATCHWAY_TEST_RUNS ?? 400)

describe('what a target sends', () => {
  it('is an answer to us only if it is the same one to Node’s client, wherever it is cut', async () => {
    let taken = 0
    await fc.assert(
      fc.asyncProperty(response, fc.constantFrom('GET', 'HEAD', 'DELETE'), fc.nat(200), async (text, method, cut) => {
        const bytes = Buffer.from(text, 'latin1')
        pieces = [bytes]
        const whole = await ask(method)
        const theirs = await askNode(method)
        pieces = [bytes.subarray(0, cut % (bytes.length + 1)), bytes.subarray(cut % (bytes.length + 1))]
        assert.deepEqual(await ask(method), whole)
        if (whole === null) return
        taken += 1
        assert.deepEqual(whole, theirs)
      }),
      { numRuns },
    )
    assert.ok(taken > numRuns / 10, `only ${taken} were answers`)
  })
})
