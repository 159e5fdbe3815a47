/** The first bytes of what clients and applications say: any text is read or refused in the one way it may be. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { BadMessage } from './header-lines.ts'
import { parseRequestHead } from './request-head.ts'
import { parseResponseHead } from './response-head.ts'

const words = [
  ...['HTTP/1.1', 'HTTP/1.0', ' ', '200', '204', '100', '\r\n', '\n', '\r', ':', 'Content-Length', 'Transfer-Encoding'],
  ...['chunked', 'Connection', 'close', 'Keep-Alive', 'timeout=5', '5', '\t', '\0', '\xff', ',', ';'],
]
const text = fc
  .tuple(
    fc.constantFrom('', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.0 404 \r\n', 'GET / HTTP/1.1\r\nHost: h\r\n'),
    fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 20 }),
  )
  .map(([start, parts]) => start + parts.join(''))

describe('the head of an answer', () => {
  it('of any text is read, or refused as a bad message', () => {
    fc.assert(
      fc.property(text, fc.constantFrom('GET', 'HEAD'), (head, method) => {
        try {
          const read = parseResponseHead(head, method)
          assert.ok(read.status >= 100 && read.status <= 999)
          assert.equal(read.headers.length % 2, 0)
          assert.doesNotMatch(read.headers.join('') + read.statusText, /[\0-\x08\x0a-\x1f\x7f]/)
          if (read.framing.kind === 'length') assert.ok(Number.isSafeInteger(read.framing.bytes))
        } catch (error) {
          if (!(error instanceof BadMessage)) throw error
        }
      }),
    )
  })
})

describe('the head of a request', () => {
  it('of any text is read, or refused as a bad message', () => {
    fc.assert(
      fc.property(text, (head) => {
        try {
          const read = parseRequestHead(head)
          assert.match(read.target, /^[!-~]+$/)
          assert.equal(read.headers.length % 2, 0)
          assert.doesNotMatch(read.headers.join(''), /[\0-\x08\x0a-\x1f\x7f]/)
          if (read.framing.kind === 'length') assert.ok(Number.isSafeInteger(read.framing.bytes))
        } catch (error) {
          if (!(error instanceof BadMessage)) throw error
        }
      }),
    )
  })
})
