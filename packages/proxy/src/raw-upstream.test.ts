/** What goes over the wire to a target and back, against programs that answer as they please. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { Cancellation } from './cancellation.ts'
import { rawUpstream } from './raw-upstream.ts'
import { answerTo, broken, limits, ok, open, request, saying, textOf } from './testing/upstream-bed.ts'
import { until } from './testing.ts'
import { UpstreamError } from './upstream.ts'
import { mostInterim } from './upstream-connection.ts'

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
    const { upstream, heard, sockets } = await open(saying(ok('no')))
    for (const _ of [1, 2]) {
      const answer = await upstream.upgrade(asked())
      assert.ok(answer.kind === 'refused')
      assert.equal(await textOf(answer.response), 'no')
    }
    await until(() => sockets.every((socket) => socket.destroyed), 'their end')
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
