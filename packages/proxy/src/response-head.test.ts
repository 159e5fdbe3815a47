import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { BodyFraming } from './header-lines.ts'
import { parseResponseHead } from './response-head.ts'

const head = (...lines: string[]): string => lines.join('\r\n')
const framing = (method: string, ...lines: string[]): BodyFraming => parseResponseHead(head(...lines), method).framing

describe('parseResponseHead', () => {
  it('keeps names, values and their order, without the blanks around values', () => {
    const { status, statusText, headers } = parseResponseHead(
      head('HTTP/1.1 200 All right', 'B: 2', 'a:\t 1 \t', 'B:', 'C: \xa0x\xff'),
      'GET',
    )
    assert.deepEqual([status, statusText], [200, 'All right'])
    assert.deepEqual(headers, ['B', '2', 'a', '1', 'B', '', 'C', '\xa0x\xff'])
  })

  it('takes a status line without a reason', () => {
    for (const line of ['HTTP/1.1 204', 'HTTP/1.1 204 ', 'HTTP/1.0 204 '])
      assert.deepEqual(parseResponseHead(line, 'GET').statusText, '')
  })

  for (const [what, lines] of [
    ['no status line', ['200 OK']],
    ['HTTP/2', ['HTTP/2.0 200 OK']],
    ['HTTP/1.2', ['HTTP/1.2 200 OK']],
    ['another case', ['http/1.1 200 OK']],
    ['two blanks', ['HTTP/1.1  200 OK']],
    ['a status of two digits', ['HTTP/1.1 20 OK']],
    ['a status of four digits', ['HTTP/1.1 2000 OK']],
    ['a status that begins with 0', ['HTTP/1.1 012 OK']],
    ['a control character in the reason', ['HTTP/1.1 200 O\x01K']],
    ['a bare CR in the reason', ['HTTP/1.1 200 O\rK']],
    ['a bare LF between headers', ['HTTP/1.1 200 OK', 'A: 1\nB: 2']],
    ['a bare CR in a value', ['HTTP/1.1 200 OK', 'A: 1\rB: 2']],
    ['NUL in a value', ['HTTP/1.1 200 OK', 'A: 1\0']],
    ['DEL in a value', ['HTTP/1.1 200 OK', 'A: \x7f']],
    ['a folded line', ['HTTP/1.1 200 OK', 'A: 1', ' 2']],
    ['a line folded by a tab', ['HTTP/1.1 200 OK', 'A: 1', '\t2']],
    ['a blank before the colon', ['HTTP/1.1 200 OK', 'Content-Length : 3']],
    ['a blank before the name', ['HTTP/1.1 200 OK', ' Content-Length: 3']],
    ['no name', ['HTTP/1.1 200 OK', ': 3']],
    ['no colon', ['HTTP/1.1 200 OK', 'Content-Length']],
    ['a line without anything', ['HTTP/1.1 200 OK', '', 'A: 1']],
    ['a name with bytes beyond ASCII', ['HTTP/1.1 200 OK', 'Content\xa0Length: 3']],
    ['two lengths', ['HTTP/1.1 200 OK', 'Content-Length: 3', 'content-length: 3']],
    ['a list of lengths', ['HTTP/1.1 200 OK', 'Content-Length: 3, 3']],
    ['a length with a sign', ['HTTP/1.1 200 OK', 'Content-Length: +3']],
    ['a negative length', ['HTTP/1.1 200 OK', 'Content-Length: -3']],
    ['a hexadecimal length', ['HTTP/1.1 200 OK', 'Content-Length: 0x3']],
    ['an empty length', ['HTTP/1.1 200 OK', 'Content-Length:']],
    ['a length beyond what is counted', ['HTTP/1.1 200 OK', `Content-Length: ${'9'.repeat(16)}`]],
    ['length and coding', ['HTTP/1.1 200 OK', 'Content-Length: 3', 'Transfer-Encoding: chunked']],
    ['coding and length of no body', ['HTTP/1.1 204 OK', 'Transfer-Encoding: chunked', 'Content-Length: 3']],
    ['two codings', ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
    ['a list of codings', ['HTTP/1.1 200 OK', 'Transfer-Encoding: gzip, chunked']],
    ['another coding', ['HTTP/1.1 200 OK', 'Transfer-Encoding: identity']],
    ['a coding with something after it', ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked;q=1']],
    ['a coding in HTTP/1.0', ['HTTP/1.0 200 OK', 'Transfer-Encoding: chunked']],
    ['words before the answer, in HTTP/1.0', ['HTTP/1.0 103 Early']],
    ['an end before the answer', ['HTTP/1.1 103 Early', 'Connection: close']],
    ['a tab after the coding', ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked\t']],
    ['a tab before the length', ['HTTP/1.1 200 OK', 'Content-Length:\t3']],
    ['too many headers', ['HTTP/1.1 200 OK', ...Array.from({ length: 1_001 }, () => 'A: 1')]],
  ] as const)
    it(`refuses ${what}`, () => assert.throws(() => parseResponseHead(head(...lines), 'GET'), { name: 'BadMessage' }))

  it('knows how the end of the body is told', () => {
    assert.deepEqual(framing('GET', 'HTTP/1.1 200 OK', 'CONTENT-length:  3 '), { kind: 'length', bytes: 3 })
    assert.deepEqual(framing('GET', 'HTTP/1.1 200 OK', 'transfer-encoding: Chunked'), { kind: 'chunked' })
    assert.deepEqual(framing('GET', 'HTTP/1.1 200 OK'), { kind: 'close' })
    assert.deepEqual(framing('GET', 'HTTP/1.0 200 OK'), { kind: 'close' })
    assert.deepEqual(framing('GET', 'HTTP/1.0 200 OK', 'Content-Length: 3'), { kind: 'length', bytes: 3 })
  })

  it('knows what has no body, whatever it says', () => {
    const none = { kind: 'none' }
    assert.deepEqual(framing('HEAD', 'HTTP/1.1 200 OK', 'Content-Length: 3'), none)
    assert.deepEqual(framing('HEAD', 'HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'), none)
    assert.deepEqual(framing('HEAD', 'HTTP/1.1 200 OK'), none)
    for (const status of [100, 103, 204, 304])
      assert.deepEqual(framing('GET', `HTTP/1.1 ${status} x`, 'Content-Length: 3'), none)
  })

  it('knows whether another request may follow', () => {
    const isKept = (...lines: string[]): boolean => parseResponseHead(head(...lines), 'GET').isKept
    assert.equal(isKept('HTTP/1.1 200 OK', 'Content-Length: 0'), true)
    assert.equal(isKept('HTTP/1.1 200 OK'), false)
    assert.equal(isKept('HTTP/1.0 200 OK', 'Content-Length: 0', 'Connection: keep-alive'), false)
    for (const options of ['close', 'Close', 'x, close', 'close\t, x'])
      assert.equal(isKept('HTTP/1.1 200 OK', 'Content-Length: 0', `Connection: ${options}`), false, options)
    assert.equal(isKept('HTTP/1.1 200 OK', 'Content-Length: 0', 'Connection: a', 'Connection: close'), false)
    assert.equal(isKept('HTTP/1.1 200 OK', 'Content-Length: 0', 'Connection: closed'), true)
  })

  it('hears for how long a connection stays', () => {
    const kept = (value: string): number | null =>
      parseResponseHead(head('HTTP/1.1 204 x', `Keep-Alive: ${value}`), 'GET').keptMs
    assert.equal(kept('timeout=5'), 5_000)
    assert.equal(kept('max=100, timeout=15'), 15_000)
    assert.equal(kept('timeout=soon'), null)
    assert.equal(kept(`timeout=${'9'.repeat(30)}`), null)
  })
})
