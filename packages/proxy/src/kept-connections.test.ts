/** Connections that stay open between requests: which carry another one, and which never may. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { Cancellation } from './cancellation.ts'
import { answerTo, broken, ok, open, request, saying, textOf } from './testing/upstream-bed.ts'
import { until } from './testing.ts'
import type { UpstreamResponse } from './upstream.ts'

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

  it('that is free only after its upstream was closed is closed then', async () => {
    const { upstream, heard, sockets } = await open(() => {})
    const answered = answerTo(upstream)
    await until(() => heard[0]?.endsWith('\r\n\r\n') === true, 'the request')
    upstream.close()
    sockets[0]?.write(ok('x'))
    assert.equal(await textOf(await answered), 'x')
    await until(() => sockets[0]?.destroyed === true, 'the end of the connection')
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
