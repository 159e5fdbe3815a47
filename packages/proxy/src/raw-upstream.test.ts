/** What goes over the wire to a target and back, against programs that answer as they please. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { afterEach, describe, it } from 'node:test'
import { Cancellation } from './cancellation.ts'
import { rawUpstream } from './raw-upstream.ts'
import { type Upstream, UpstreamError, type UpstreamRequest, type UpstreamResponse } from './upstream.ts'
import { mostInterim } from './upstream-connection.ts'

const limits = { connectMs: 10_000, idleMs: 30_000, headBytes: 1_024 }
const opened: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of opened.splice(0)) await close()
})

interface Bed {
  readonly upstream: Upstream
  /** Everything that came, one text for each connection. */
  readonly heard: string[]
  readonly sockets: Socket[]
}

/** @param answer is told each time that bytes have come, with all of the connection's so far. */
async function open(answer: (socket: Socket, heard: string, connection: number) => void, more = {}): Promise<Bed> {
  const heard: string[] = []
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    const number = heard.push('') - 1
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      heard[number] += bytes.toString('latin1')
      answer(socket, heard[number] ?? '', number)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const target = { connect: { kind: 'tcp' as const, host: '127.0.0.1', port }, psk: null, prefix: '' }
  const upstream = rawUpstream(target, { ...limits, ...more })
  opened.push(async () => {
    upstream.close()
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return { upstream, heard, sockets }
}

type Asked = Omit<UpstreamRequest, 'onAnswer' | 'onFailure'>
const request = (change: Partial<Asked> = {}): Asked => ({
  method: 'GET',
  path: '/',
  headers: ['Host', 'a'],
  body: null,
  cancellation: new Cancellation(),
  ...change,
})

const answerTo = (upstream: Upstream, asked: Asked = request()): Promise<UpstreamResponse> =>
  new Promise((onAnswer, onFailure) => upstream.send({ ...asked, onAnswer, onFailure }))

async function textOf({ body }: UpstreamResponse): Promise<string> {
  if (Buffer.isBuffer(body)) return body.toString('latin1')
  let text = ''
  for await (const part of body) text += (part as Buffer).toString('latin1')
  return text
}

/** Answers each whole request head by the next of these; the last is said again. */
const saying =
  (...answers: string[]) =>
  (socket: Socket, heard: string): void => {
    if (!heard.endsWith('\r\n\r\n')) return
    const count = heard.split('\r\n\r\n').length - 2
    socket.write(answers[Math.min(count, answers.length - 1)] ?? '', 'latin1')
  }
const ok = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`
const broken = (error: unknown): boolean => error instanceof UpstreamError && error.kind === 'broken'

describe('a request', () => {
  it('goes out with its headers in their order and its path byte for byte', async () => {
    const { upstream, heard } = await open(saying(ok('')))
    await answerTo(
      upstream,
      request({ method: 'DELETE', path: "/a%2F..//b?c='\xff", headers: ['host', 'x', 'A', '\xa0'] }),
    )
    assert.deepEqual(heard, [
      "DELETE /a%2F..//b?c='\xff HTTP/1.1\r\nhost: x\r\nA: \xa0\r\nConnection: keep-alive\r\n\r\n",
    ])
  })

  it('that would begin another one is not sent', async () => {
    const { upstream, heard } = await open(saying(ok('')))
    for (const change of [
      { path: '/ HTTP/1.1\r\nX: y' },
      { path: '/a b' },
      { path: '/\0' },
      { headers: ['A', 'b\r\nX: y'] },
      { headers: ['A\nX: y', 'b'] },
      { headers: ['A', 'b\0'] },
      { headers: ['A', '\u0100'] },
    ])
      await assert.rejects(answerTo(upstream, request(change)), broken)
    assert.deepEqual(heard, [])
  })

  it('carries a body of a length as it comes', async () => {
    const { upstream, heard } = await open((socket, all) => all.endsWith('abcde') && socket.write(ok('x'), 'latin1'))
    const body = Readable.from([Buffer.from('abc'), Buffer.from('de')])
    const answer = await answerTo(upstream, request({ method: 'POST', headers: ['Content-Length', '5'], body }))
    assert.equal(await textOf(answer), 'x')
    assert.match(heard[0] ?? '', /\r\n\r\nabcde$/)
  })

  it('carries a body of no known length in chunks', async () => {
    const { upstream, heard } = await open(
      (socket, all) => all.endsWith('0\r\n\r\n') && socket.write(ok('x'), 'latin1'),
    )
    const body = Readable.from([Buffer.from('abc'), Buffer.alloc(26, 'd')])
    const answer = await answerTo(
      upstream,
      request({ method: 'POST', headers: ['Transfer-Encoding', 'chunked'], body }),
    )
    assert.equal(await textOf(answer), 'x')
    assert.match(heard[0] ?? '', /\r\n\r\n3\r\nabc\r\n1a\r\nd{26}\r\n0\r\n\r\n$/)
  })

  it('whose body stops before its end ends the connection', async () => {
    const { upstream, sockets } = await open(() => {})
    const body = new Readable({ read() {} })
    body.push('abc')
    const sent = answerTo(upstream, request({ method: 'POST', headers: ['Content-Length', '5'], body }))
    while (sockets.length === 0) await new Promise(setImmediate)
    const [socket] = sockets
    assert.ok(socket)
    const closed = once(socket, 'close')
    body.destroy()
    await assert.rejects(sent, broken)
    await closed
  })

  it('is told to go on when the target says so, and other words before the answer are passed over', async () => {
    const { upstream } = await open(
      saying(`HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n${ok('x')}`),
    )
    let told = 0
    assert.equal(await textOf(await answerTo(upstream, request({ onContinue: () => told++ }))), 'x')
    assert.equal(told, 1)
  })

  it('is not answered by words before the answer without end', async () => {
    const { upstream } = await open(saying('HTTP/1.1 103 Early\r\n\r\n'.repeat(mostInterim + 1) + ok('x')))
    await assert.rejects(answerTo(upstream), broken)
  })

  it('may have words before its answer, however many others on its connection had', async () => {
    const { upstream, heard } = await open(saying('HTTP/1.1 103 Early\r\n\r\n'.repeat(mostInterim) + ok('x')))
    for (let count = 0; count < 2; count++) assert.equal(await textOf(await answerTo(upstream)), 'x')
    assert.equal(heard.length, 1)
  })

  it('that nobody listens to fails as unreachable, and one that is no longer wanted ends its connection', async () => {
    const target = { connect: { kind: 'unix' as const, path: '/nonexistent/socket' }, psk: null, prefix: '' }
    await assert.rejects(
      answerTo(rawUpstream(target, limits)),
      (error: unknown) => error instanceof UpstreamError && error.kind === 'unreachable',
    )
    const { upstream, sockets } = await open(() => cancellation.cancel())
    const cancellation = new Cancellation()
    await assert.rejects(answerTo(upstream, request({ cancellation })), broken)
    const [socket] = sockets
    assert.ok(socket)
    if (!socket.destroyed) await once(socket, 'close')
  })
})

describe('an answer', () => {
  for (const [what, bytes, body] of [
    ['a length', ok('abc'), 'abc'],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n', 'abc'],
    ['no body', 'HTTP/1.1 204 x\r\nContent-Length: 3\r\n\r\n', ''],
  ] as const)
    it(`with ${what} is read wherever it is cut, and leaves the connection to the next`, async () => {
      for (let cut = 1; cut < bytes.length; cut++) {
        const { upstream, heard } = await open((socket, all) => {
          if (!all.endsWith('\r\n\r\n')) return
          socket.setNoDelay(true).write(bytes.slice(0, cut), 'latin1')
          setImmediate(() => setImmediate(() => socket.write(bytes.slice(cut), 'latin1')))
        })
        assert.equal(await textOf(await answerTo(upstream)), body)
        assert.equal(await textOf(await answerTo(upstream)), body)
        assert.equal(heard.length, 1, `cut at ${cut}`)
      }
    })

  it('that ends with the connection is whole then', async () => {
    const { upstream, heard } = await open((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nabc'))
    assert.equal(await textOf(await answerTo(upstream)), 'abc')
    assert.equal(await textOf(await answerTo(upstream)), 'abc')
    assert.equal(heard.length, 2)
  })

  it('that ends early does not look whole', async () => {
    for (const bytes of [
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
    ]) {
      const { upstream } = await open((socket) => socket.end(bytes))
      const answer = await answerTo(upstream)
      await assert.rejects(textOf(answer))
    }
  })

  it('whose head is not HTTP, too large, or cut fails', async () => {
    for (const bytes of [
      'SSH-2.0-OpenSSH\r\n\r\n',
      'HTTP/1.1 200 OK\r\nA : b\r\n\r\n',
      `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(2_000)}\r\n\r\n`,
      `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(2_000)}`,
      'HTTP/1.1 200 OK\r\nContent-Le',
      'HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n',
      '',
    ]) {
      const { upstream } = await open((socket) => socket.end(bytes))
      await assert.rejects(answerTo(upstream), broken, JSON.stringify(bytes.slice(0, 60)))
    }
  })

  it('that nobody reads makes its sender wait', async () => {
    const most = 64 * 2 ** 20
    let written = 0
    const { upstream } = await open((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${most}\r\n\r\n`)
      const part = Buffer.alloc(65_536)
      const more = (): void => {
        while (written < most) {
          written += part.length
          if (!socket.write(part)) return void socket.once('drain', more)
        }
      }
      more()
    })
    const answer = await answerTo(upstream)
    // As long as the writer still gets on, it is what lies in the buffers of the system.
    for (let before = -1; before !== written; ) {
      before = written
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    assert.ok(written < most / 2, `${written} bytes`)
    assert.equal((await textOf(answer)).length, most)
  })
})

describe('a connection', () => {
  it('that its target has closed is not used again', async () => {
    const { upstream, heard, sockets } = await open(saying(ok('x')))
    await answerTo(upstream)
    const [socket] = sockets
    assert.ok(socket)
    socket.end()
    await once(socket, 'close')
    assert.equal(await textOf(await answerTo(upstream)), 'x')
    assert.equal(heard.length, 2)
  })

  /** Answers the first request of each connection; at the second it closes. */
  const closing = () => {
    const first = new Set<number>()
    return (socket: Socket, all: string, number: number): void => {
      if (first.has(number)) return void socket.destroy()
      first.add(number)
      saying(ok('x'))(socket, all)
    }
  }
  for (const method of ['GET', 'HEAD', 'OPTIONS'])
    it(`that closes when the next request is on its way: ${method} is sent once more`, async () => {
      const { upstream, heard } = await open(closing())
      await answerTo(upstream)
      assert.equal((await answerTo(upstream, request({ method }))).status, 200)
      assert.equal(heard.length, 2)
    })

  for (const [what, change] of [
    ...['POST', 'PUT', 'PATCH', 'DELETE'].map((method) => [method, () => ({ method })] as const),
    ['GET with a body', () => ({ headers: ['Content-Length', '1'], body: Readable.from([Buffer.from('b')]) })],
  ] as const)
    it(`that closes when the next request is on its way: ${what} fails, for it may have had its effect`, async () => {
      const { upstream, heard } = await open(closing())
      await answerTo(upstream)
      await assert.rejects(answerTo(upstream, request(change())), broken)
      assert.equal(heard.length, 1)
    })

  it('on which a safe request was sent once more is given up with it', async () => {
    const { upstream, heard } = await open((socket, all, number) => {
      if (number === 0 && all.split('\r\n\r\n').length === 2) socket.write(ok('x'))
      else socket.destroy()
    })
    await answerTo(upstream)
    await assert.rejects(answerTo(upstream), broken)
    assert.equal(heard.length, 2)
  })

  it('on which a safe request was, when nobody wanted it any more, is no reason for another', async () => {
    const { upstream } = await open((socket, all) => {
      if (all.split('\r\n\r\n').length === 2) socket.write(ok('x'))
    })
    await answerTo(upstream)
    const cancellation = new Cancellation()
    const answered = answerTo(upstream, request({ cancellation }))
    cancellation.cancel()
    await assert.rejects(answered, broken)
  })

  it('whose request was still on its way when all of its answer had come is not used again', async () => {
    for (const headers of [
      ['Content-Length', '9'],
      ['Transfer-Encoding', 'chunked'],
    ]) {
      const { upstream, heard } = await open((socket, all, number) => {
        if (number > 0 || all.includes('abc')) socket.write(ok('x'))
      })
      const body = new Readable({ read() {} })
      body.push('abc')
      await answerTo(upstream, request({ method: 'POST', headers, body }))
      await answerTo(upstream)
      assert.deepEqual([heard.length, heard[0]?.includes('GET')], [2, false])
    }
  })

  it('that waited for its reader up to the last byte answers the next request', async () => {
    const size = 65_536
    const { upstream, heard, sockets } = await open((socket, all) => {
      const isFirst = all.split('\r\n\r\n').length === 2
      socket.write(isFirst ? `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\nx` : ok('y'))
    })
    const { body } = await answerTo(upstream)
    assert.ok(!Buffer.isBuffer(body) && body.readableHighWaterMark <= size)
    sockets[0]?.write('x'.repeat(size - 1))
    while (body.readableLength < size) await new Promise(setImmediate)
    assert.equal(await textOf(await answerTo(upstream)), 'y')
    assert.equal(heard.length, 1)
    body.destroy()
  })

  it('on which half an answer has come is not asked again', async () => {
    const { upstream, heard } = await open((socket, all) => {
      if (all.split('\r\n\r\n').length === 2) socket.write(ok('x'))
      else socket.end('HTTP/1.1 200 O')
    })
    await answerTo(upstream)
    await assert.rejects(answerTo(upstream), broken)
    assert.equal(heard.length, 1)
  })

  it('on which more came than the answer gives nothing to the next request', async () => {
    for (const [what, answer] of [
      ['with it', (socket: Socket) => socket.write(`${ok('x')}${ok('stray')}`)],
      [
        'after it',
        (socket: Socket) => {
          socket.write(ok('x'))
          setImmediate(() => setImmediate(() => socket.write(ok('stray'))))
        },
      ],
    ] as const) {
      const { upstream, sockets } = await open((socket, _all, number) => {
        if (number === 0) answer(socket)
        else socket.write(ok('second'))
      })
      assert.equal(await textOf(await answerTo(upstream)), 'x', what)
      const [socket] = sockets
      assert.ok(socket)
      if (!socket.destroyed) await once(socket, 'close')
      assert.equal(await textOf(await answerTo(upstream)), 'second', what)
    }
  })

  it('on which more came with the end of a body gives nothing to the next request', async () => {
    for (const [coding, end] of [
      ['Content-Length: 2', 'x'],
      ['Transfer-Encoding: chunked', '\r\n1\r\nx\r\n0\r\n\r\n'],
    ] as const) {
      const begin = `HTTP/1.1 200 OK\r\n${coding}\r\n\r\n${coding.endsWith('2') ? '' : '1\r\n'}x`
      const { upstream, heard, sockets } = await open((socket, _all, number) =>
        socket.write(number === 0 ? begin : ok('second')),
      )
      const answer = await answerTo(upstream)
      sockets[0]?.write(`${end}${ok('stray')}`)
      assert.equal(await textOf(answer), 'xx')
      const next = await answerTo(upstream)
      assert.equal(heard.length, 2)
      assert.equal(await textOf(next), 'second')
    }
  })

  it('whose answer nobody wants to read to its end is closed, and nobody is told of a failure', async () => {
    const { upstream, sockets } = await open(saying('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx'))
    const told: string[] = []
    const { body } = await new Promise<UpstreamResponse>((onAnswer) =>
      upstream.send({ ...request(), onAnswer, onFailure: () => told.push('failure') }),
    )
    const [socket] = sockets
    assert.ok(socket && !Buffer.isBuffer(body))
    const closed = once(socket, 'close')
    body.destroy()
    await closed
    assert.equal(await textOf(await answerTo(upstream, request({ method: 'HEAD' }))), '')
    assert.deepEqual(told, [])
  })

  it('whose target says that it closes it, or soon will, is not kept', async () => {
    for (const said of ['Connection: close', 'Keep-Alive: timeout=1']) {
      const { upstream, heard } = await open(saying(`HTTP/1.1 200 OK\r\n${said}\r\nContent-Length: 0\r\n\r\n`))
      await answerTo(upstream)
      await answerTo(upstream)
      assert.equal(heard.length, 2, said)
    }
  })

  it('is closed at its own time, also when others are kept for longer', async () => {
    const short = ok('').replace('\r\n\r\n', '\r\nKeep-Alive: timeout=2\r\n\r\n')
    const { upstream, sockets } = await open((_socket, _all, number) => asked.add(number))
    const asked = new Set<number>()
    const [long, brief] = [answerTo(upstream), answerTo(upstream)]
    while (asked.size < 2) await new Promise(setImmediate)
    const [first, second] = sockets
    assert.ok(first && second)
    first.write(ok(''))
    second.write(short)
    await Promise.all([long, brief])
    await once(second, 'close')
    assert.equal(first.destroyed, false)
    first.once('data', () => first.write(ok('')))
    await answerTo(upstream)
    assert.equal(sockets.length, 2)
  })

  it('may be used again by whoever has just had an answer on it', async () => {
    const { upstream, heard } = await open(saying(ok('one'), ok('two')))
    await answerTo(upstream)
    const texts: string[] = []
    await new Promise<void>((resolve, onFailure) => {
      const onLast = async (answer: UpstreamResponse): Promise<void> => {
        texts.push(await textOf(answer))
        resolve()
      }
      const onFirst = (answer: UpstreamResponse): void => {
        upstream.send({ ...request({ path: '/again' }), onAnswer: onLast, onFailure })
        if (Buffer.isBuffer(answer.body)) texts.push(answer.body.toString())
      }
      upstream.send({ ...request(), onAnswer: onFirst, onFailure })
    })
    assert.deepEqual(texts, ['two', 'two'])
    assert.equal(heard.length, 1)
  })

  it('is closed when nobody has used it for its time, and with the upstream', async () => {
    const { upstream, sockets } = await open(saying(ok('')), { idleMs: 50 })
    await answerTo(upstream)
    const [first] = sockets
    assert.ok(first)
    if (!first.destroyed) await once(first, 'close')

    const other = await open(saying(ok('')))
    await answerTo(other.upstream)
    const [kept] = other.sockets
    assert.ok(kept)
    const closed = once(kept, 'close')
    other.upstream.close()
    await closed
  })
})

describe('a WebSocket', () => {
  const accepted = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  const asked = () => ({
    path: '/ws',
    headers: ['Host', 'a', 'Connection', 'Upgrade', 'Upgrade', 'websocket'],
    cancellation: new Cancellation(),
  })

  it('is asked for with one head, and given away with what came behind the answer’s, without listeners', async () => {
    const { upstream, heard } = await open(
      saying(`HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${accepted.replace('\r\n\r\n', '\r\nX-App: 1\r\n\r\n')}first`),
    )
    const answer = await upstream.upgrade(asked())
    assert.ok(answer.kind === 'switched')
    assert.deepEqual(heard, ['GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'])
    assert.deepEqual(answer.headers, ['Connection', 'Upgrade', 'Upgrade', 'websocket', 'X-App', '1'])
    assert.equal(answer.first.toString(), 'first')
    assert.ok(answer.socket.isPaused())
    assert.deepEqual(
      ['data', 'error', 'close', 'drain'].map((event) => answer.socket.listenerCount(event)),
      [0, 0, 0, 0],
    )
    answer.socket.destroy()
  })

  const refusals: readonly (readonly [string, string])[] = [
    ['another protocol', accepted.replace('websocket', 'h2c')],
    ['two protocols', accepted.replace('websocket', 'websocket\r\nUpgrade: h2c')],
    ['no Connection: Upgrade', accepted.replace('Connection: Upgrade', 'Connection: upgraded')],
    ['no Upgrade', accepted.replace('Upgrade: websocket', 'X: y')],
    ['a head without an end', `HTTP/1.1 101 Switching\r\nX: ${'x'.repeat(1_100)}`],
    ['no HTTP', 'hello\r\n\r\n'],
  ]
  for (const [what, answer] of refusals)
    it(`is none with ${what}`, async () => {
      const { upstream, sockets } = await open((socket) => socket.write(answer, 'latin1'))
      await assert.rejects(upstream.upgrade(asked()), broken)
      const [socket] = sockets
      assert.ok(socket)
      if (!socket.destroyed) await once(socket, 'close')
    })

  it('that is refused is an answer with its body, on a connection that nobody uses again', async () => {
    const { upstream, heard } = await open(saying(ok('no')))
    for (const _ of [1, 2]) {
      const answer = await upstream.upgrade(asked())
      assert.ok(answer.kind === 'refused')
      assert.equal(await textOf(answer.response), 'no')
    }
    await answerTo(upstream)
    assert.equal(heard.length, 3)
  })

  it('that is no longer wanted ends its connection', async () => {
    const wanted = asked()
    const { upstream, sockets } = await open(() => wanted.cancellation.cancel())
    await assert.rejects(upstream.upgrade(wanted), broken)
    const [socket] = sockets
    assert.ok(socket)
    if (!socket.destroyed) await once(socket, 'close')
  })
})
