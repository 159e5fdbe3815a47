/** Answers as they go over the wire: nothing in one may be taken for another, and what is not whole must not look so. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ClientAnswer } from './client-answer.ts'
import { get, ok, open, say } from './testing/connection-bed.ts'
import { until } from './testing.ts'

const head = ['Content-Length', '2', 'Date', 'x']

describe('an answer', () => {
  it('that has begun is not followed by what belongs before it', async () => {
    const { socket, got } = await open((_, answer) => {
      answer.writeHead(200, head)
      answer.write(Buffer.from('o'))
      answer.writeContinue()
      answer.writeInterim(103, 'Early Hints', ['Link', '</a>'])
      answer.end('k')
    })
    socket.write(get('/'))
    await until(() => got().endsWith('k'), 'the answer')
    assert.equal(got(), ok)
  })

  it('is preceded by no line that cannot be sent', async () => {
    const { socket, got } = await open((request, answer) => {
      answer.writeInterim(103, 'Early Hints', ['A', 'b\r\nX: y', 'B\0', 'c', 'D', 'e'])
      answer.writeInterim(103, 'Early\r\nX: y', [])
      say('ok')(request, answer)
    })
    socket.write(get('/'))
    await until(() => got().endsWith(ok), 'the answer')
    assert.equal(got(), `HTTP/1.1 103 Early Hints\r\nD: e\r\n\r\n${ok}`)
  })

  it('to HEAD has no body, however it is written', async () => {
    const { socket, got } = await open((_, answer) => {
      answer.writeHead(200, head)
      answer.write(Buffer.from('o'))
      answer.end('k')
    })
    socket.write(get('/').replace('GET', 'HEAD').repeat(2))
    await until(() => got().length >= 2 * (ok.length - 2), 'both answers')
    assert.equal(got(), ok.slice(0, -2).repeat(2))
  })

  it('keeps the connection of who was told to go on', async () => {
    const { socket, got } = await open((request, answer) => {
      if (request.body !== null) answer.writeContinue()
      say('ok')(request, answer)
    })
    socket.write(get('/1', 'Expect: 100-continue\r\nContent-Length: 3\r\n'))
    await until(() => got() === `HTTP/1.1 100 Continue\r\n\r\n${ok}`, 'the first answer')
    socket.write(`abc${get('/2')}`)
    await until(() => got().endsWith(ok + ok), 'the second answer')
  })

  for (const body of ['o', 'okk'])
    it(`that is ${body.length < 2 ? 'shorter' : 'longer'} than it says is the last`, async () => {
      const { socket, seen } = await open((_, answer) => {
        answer.writeHead(200, head)
        answer.end(body)
      })
      socket.write(get('/1') + get('/2'))
      await until(() => socket.readableEnded || socket.destroyed, 'the end')
      assert.deepEqual(seen, ['/1'])
    })

  for (const [what, status, headers, reason] of [
    ['a status below 200', 199, [], ''],
    ['a status of four digits', 1_000, [], ''],
    ['a reason that would end its line', 200, [], 'OK\r\nX: y'],
    ['a name that would', 200, ['A\r\nX', 'y'], ''],
    ['a value that would', 200, ['A', 'b\r\nX: y'], ''],
  ] as const)
    it(`is not begun with ${what}`, async () => {
      const answers: ClientAnswer[] = []
      const { socket } = await open((_, answer) => void answers.push(answer))
      socket.write(get('/'))
      await until(() => answers.length === 1, 'the request')
      assert.throws(() => answers[0]?.writeHead(status, headers, reason), /cannot be sent/)
    })

  it('is over when its request is refused after all, and when the client has gone; so is the body', async () => {
    for (const end of ['no size\r\n', null]) {
      const over: string[] = []
      const { socket, seen } = await open(({ body }, answer) => {
        answer.onOver(() => over.push('answer'))
        body?.on('error', () => over.push('body'))
      })
      socket.write('POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n')
      await until(() => seen.length === 1, 'the head')
      if (end === null) socket.resetAndDestroy()
      else socket.write(end)
      await until(() => over.includes('answer') && over.includes('body'), `both: ${over}`)
    }
  })
})
