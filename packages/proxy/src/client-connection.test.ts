/** One connection after another, byte by byte, with a clock of the test's own. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import type { ClientAnswer } from './client-answer.ts'
import type { ClientRequest } from './client-request.ts'
import { get, limits, ok, open, say } from './testing/connection-bed.ts'
import { until } from './testing.ts'

describe('requests of one connection', () => {
  it('are read wherever they are cut, and answered one after the other', async () => {
    const bytes = get('/1') + get('/2')
    for (let cut = 1; cut < bytes.length; cut += 3) {
      const { socket, seen, got } = await open(say('ok'))
      socket.write(bytes.slice(0, cut))
      await new Promise(setImmediate)
      socket.write(bytes.slice(cut))
      await until(() => got() === ok + ok, `both answers, cut at ${cut}: ${got()}`)
      assert.deepEqual(seen, ['/1', '/2'])
    }
  })

  it('that come ahead wait for the answer before', async () => {
    const answers: ClientAnswer[] = []
    const { socket, seen, got } = await open((_, answer) => void answers.push(answer))
    socket.write(get('/1') + get('/2') + get('/3'))
    await until(() => answers.length === 1, 'the first')
    await new Promise(setImmediate)
    assert.deepEqual(seen, ['/1'])
    for (let n = 1; n <= 3; n++) {
      await until(() => answers.length === n, `request ${n}`)
      const [answer] = answers.slice(-1)
      answer?.writeHead(200, ['Content-Length', '2', 'Date', 'x'])
      answer?.end('ok')
    }
    await until(() => got() === ok.repeat(3), 'all answers')
  })

  it('that come by the thousand at once are answered without a deep stack', async () => {
    const { socket, seen } = await open(say('ok'))
    socket.write(get('/').repeat(20_000))
    await until(() => seen.length === 20_000, 'all')
  })

  it('whose body nobody wants are read to their end before the next', async () => {
    const { socket, seen, got } = await open(say('ok'))
    const body = 'GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(5_000)
    socket.write(`POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n`)
    await until(() => got() === ok, 'the answer before the body')
    socket.write(body + get('/2'))
    await until(() => got() === ok + ok, 'the second')
    assert.deepEqual(seen, ['/1', '/2'])
  })

  for (const [what, more, body] of [
    ['an expectation without a body', '', ''],
    ['an expectation whose body came all the same', 'Content-Length: 3\r\n', 'abc'],
  ] as const)
    it(`go on behind ${what}`, async () => {
      const { socket, seen, got } = await open((request, answer) => {
        if (request.body === null) say('ok')(request, answer)
        else request.body.resume().once('end', () => say('ok')(request, answer))
      })
      socket.write(get('/1', `Expect: 100-continue\r\n${more}`))
      await until(() => seen.length === 1, 'the head')
      socket.write(body + get('/2'))
      await until(() => got() === ok + ok, `both answers: ${got()}`)
    })

  it('whose answer ends the connection are given up by who reads their body', async () => {
    const failed = Promise.withResolvers<unknown>()
    const { socket } = await open((request, answer) => {
      request.body?.on('error', failed.resolve)
      answer.shouldKeepAlive = false
      say('ok')(request, answer)
    })
    socket.write(get('/', 'Content-Length: 9\r\n'))
    assert.ok((await failed.promise) instanceof Error)
  })

  it('end with an answer that says close', async () => {
    const { socket, seen, got, gone } = await open(say('ok'))
    socket.write(get('/1', 'Connection: close\r\n') + get('/2'))
    await gone
    assert.deepEqual(seen, ['/1'])
    assert.match(got(), /\r\nConnection: close\r\n\r\nok$/)
  })
})

describe('what is no request', () => {
  for (const [what, bytes, status] of [
    ['noise', '\x16\x03\x01\x02\0\x01\0', 400],
    ['lines that end with LF, before the head is whole', 'GET / HTTP/1.1\nHost: h\n', 400],
    ['a folded line', get('/', 'A: b\r\n c\r\n'), 400],
    ['an endless head', `GET / HTTP/1.1\r\nA: ${'b'.repeat(2_000)}`, 431],
    ['a large head', get('/', `A: ${'b'.repeat(2_000)}\r\n`), 431],
    ['another coding', 'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n', 501],
    [
      'a chunk without a size, that comes with the head',
      'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n',
      400,
    ],
  ] as const)
    it(`is refused, and the connection ends: ${what}`, async () => {
      const { socket, seen, got, gone } = await open(say('ok'))
      socket.write(Buffer.from(`${bytes}${get('/smuggled')}`, 'latin1'))
      await gone
      assert.match(
        got(),
        new RegExp(`^HTTP/1\\.1 ${status} [^]*\\r\\nConnection: close\\r\\n`.replace('[^]', '[\\s\\S]')),
      )
      assert.deepEqual(seen, [])
    })

  for (const bytes of ['\x16\x03\x01\x02\0\x01\0', '{"a":1}', 'GET / HTTP/1.1\nHost: h\n'])
    it(`is refused before a whole head has come: ${JSON.stringify(bytes)}`, async () => {
      const { socket, got } = await open(say('ok'))
      socket.write(bytes, 'latin1')
      await until(() => got().startsWith('HTTP/1.1 400 '), 'the refusal')
    })

  it('in the middle of a body whose answer has begun gets no other answer into that one', async () => {
    const { socket, got } = await open((_, answer) => {
      answer.writeHead(200, ['Content-Length', '9', 'Date', 'x'])
      answer.write(Buffer.from('abc'))
    })
    socket.write('POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n')
    await until(() => got().endsWith('abc'), 'the beginning of the answer')
    const closed = new Promise((resolve) => socket.once('end', resolve).once('close', resolve))
    socket.write('x\r\n')
    await closed
    assert.ok(got().endsWith('\r\n\r\nabc'))
  })

  it('in the middle of a body fails the body, and ends the connection', async () => {
    const failed = Promise.withResolvers<unknown>()
    const { socket, seen, gone } = await open(({ body }) => body?.resume().on('error', failed.resolve))
    socket.write('POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n')
    await until(() => seen.length === 1, 'the head')
    socket.write('x\r\n')
    assert.ok((await failed.promise) instanceof Error)
    await gone
  })
})

describe('the time of a connection', () => {
  it('is short before a whole head: whoever dribbles is told, and closed', async () => {
    const { socket, connection, got, pass, gone } = await open(say('ok'))
    socket.write('GET / HT')
    await until(() => !connection.isQuiet, 'the first bytes')
    pass(900)
    socket.write('TP/1.1\r\n')
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(got(), '')
    pass(200)
    await gone
    assert.match(got(), /^HTTP\/1\.1 408 /)
  })

  it('is short for whoever says nothing, and longer between requests; nobody is told then', async () => {
    const silent = await open(say('ok'))
    silent.pass(1_100)
    if (!silent.socket.closed) await once(silent.socket, 'end').catch(() => {})
    assert.equal(silent.got(), '')

    const { socket, got, pass, gone } = await open(say('ok'))
    socket.write(get('/'))
    await until(() => got() === ok, 'the answer')
    pass(4_000)
    socket.write(get('/'))
    await until(() => got() === ok + ok, 'a second answer')
    pass(5_100)
    await gone
    assert.equal(got(), ok + ok)
  })

  it('is the application’s while it thinks, and the body’s while it comes', async () => {
    const answers: ClientAnswer[] = []
    let came = ''
    const { socket, pass, got } = await open(({ body }, answer) => {
      answers.push(answer)
      body?.on('data', (part: Buffer) => {
        came += part.toString()
      })
    })
    socket.write(get('/'))
    await until(() => answers.length === 1, 'the request')
    pass(10 * limits.stallMs)
    assert.equal(got(), '')
    say('ok')({} as ClientRequest, answers[0] ?? assert.fail())
    await until(() => got() === ok, 'the answer')

    socket.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n')
    await until(() => answers.length === 2, 'the second request')
    const over = Promise.withResolvers<void>()
    answers[1]?.onOver(over.resolve)
    pass(limits.stallMs / 2)
    socket.write('a')
    await until(() => came === 'a', 'a byte of the body')
    pass(limits.stallMs - 1)
    assert.equal(socket.closed, false)
    pass(2 * limits.stallMs)
    await over.promise
  })

  it('is what the answer needs after the client has closed its side', async () => {
    const answers: ClientAnswer[] = []
    const { socket, got, gone } = await open((_, answer) => void answers.push(answer))
    socket.end(get('/'))
    await until(() => answers.length === 1, 'the request')
    await new Promise(setImmediate)
    say('ok')({} as ClientRequest, answers[0] ?? assert.fail())
    await gone
    assert.equal(got(), ok)

    const other = await open((_, answer) => void answers.push(answer))
    other.socket.end(get('/'))
    await until(() => answers.length === 2, 'another request')
    let isOver = false
    answers[1]?.onOver(() => {
      isOver = true
    })
    await until(() => {
      other.pass(limits.halfOpenMs + 1)
      return isOver
    }, 'the end of a request whose client has gone')
  })
})
