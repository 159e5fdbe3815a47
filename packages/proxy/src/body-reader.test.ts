import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mostExtension, mostExtensions, mostTrailers, openBodyReader } from './body-reader.ts'
import type { BodyFraming } from './header-lines.ts'

interface Read {
  readonly body: string
  readonly isOver: boolean
  /** Bytes that were not the body's. */
  readonly left: string
}

/** @param size of the pieces in which the bytes come. */
function read(framing: BodyFraming, text: string, size = text.length): Read {
  const reader = openBodyReader(framing)
  const bytes = Buffer.from(text, 'latin1')
  let body = ''
  let at = 0
  while (at < bytes.length && !reader.isOver) {
    const piece = bytes.subarray(at, at + Math.max(1, size))
    at += reader.read(piece, (part) => {
      body += part.toString('latin1')
    })
  }
  return { body, isOver: reader.isOver, left: bytes.toString('latin1', at) }
}

const chunked: BodyFraming = { kind: 'chunked' }

describe('a body', () => {
  it('of a length ends there, wherever it is cut', () => {
    for (let size = 1; size <= 8; size++)
      assert.deepEqual(read({ kind: 'length', bytes: 5 }, 'abcdeHTTP', size), {
        body: 'abcde',
        isOver: true,
        left: 'HTTP',
      })
    assert.equal(read({ kind: 'length', bytes: 5 }, 'abcd').isOver, false)
  })

  it('of no length is over at once', () => {
    assert.equal(openBodyReader({ kind: 'none' }).isOver, true)
    assert.equal(openBodyReader({ kind: 'length', bytes: 0 }).isOver, true)
  })

  it('that ends with the connection is whole then, and not before', () => {
    const reader = openBodyReader({ kind: 'close' })
    reader.read(Buffer.from('abc'), () => {})
    assert.equal(reader.isOver, false)
    assert.equal(reader.ended(), true)
  })

  it('of any other kind is not whole when the connection ends before', () => {
    for (const framing of [chunked, { kind: 'length', bytes: 5 }] as const) {
      const reader = openBodyReader(framing)
      reader.read(Buffer.from('3\r\n'), () => {})
      assert.equal(reader.ended(), false)
    }
  })
})

describe('chunks', () => {
  for (const [what, text, body] of [
    ['several', '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n', 'abcde'],
    ['none', '0\r\n\r\n', ''],
    [
      'digits of both cases, zeros before',
      '000A\r\n0123456789\r\n0a\r\n0123456789\r\n00\r\n\r\n',
      '01234567890123456789',
    ],
    ['line breaks inside', '4\r\n\r\n\r\n\r\n0\r\n\r\n', '\r\n\r\n'],
    ['extensions', '3;a=b;c="d e"\r\nabc\r\n0;x\r\n\r\n', 'abc'],
    ['trailers', '3\r\nabc\r\n0\r\nA: 1\r\nB: 2\r\n\r\n', 'abc'],
    ['trailers behind an extension, with tabs in both', '0;a="b\tc"\r\nA:\t1\t2\r\n\r\n', ''],
    ['more of them than a size has digits', `${'1\r\na\r\n'.repeat(20)}0\r\n\r\n`, 'a'.repeat(20)],
    ...[...'123456789abcdefABCDEF'].map((digit) => {
      const data = 'x'.repeat(Number.parseInt(digit, 16))
      return [`of size ${digit}`, `${digit}\r\n${data}\r\n0\r\n\r\n`, data] as const
    }),
  ] as const)
    it(`are read wherever they are cut: ${what}`, () => {
      for (let size = 1; size <= text.length + 4; size++)
        assert.deepEqual(read(chunked, `${text}HTTP`, size), { body, isOver: true, left: 'HTTP' }, `pieces of ${size}`)
      for (let length = 0; length < text.length; length++)
        assert.equal(read(chunked, text.slice(0, length)).isOver, false, `the first ${length}`)
    })

  for (const [what, text] of [
    ['no size', '\r\n'],
    ['a sign', '+3\r\nabc'],
    ['0x', '0x3\r\nabc'],
    ['a blank before the size', ' 3\r\nabc'],
    ['a blank after the size', '3 \r\nabc'],
    ['a bare LF after the size', '3\nabc'],
    ['CR and something else after the size', '3\rabc'],
    ['a size of thirteen digits', '1000000000000\r\n'],
    ...[...'/:@G`g'].map((sign) => [`${sign} for a digit`, `${sign}\r\n0123456789abcdefg\r\n`] as const),
    ...[...'/:@G`g'].map((sign) => [`${sign} behind a digit`, `1${sign}\r\n`] as const),
    ['a bare LF after the data', '3\r\nabc\n0\r\n\r\n'],
    ['more data than the size', '3\r\nabcd\r\n'],
    ['something else for the CR after the data', '3\r\nabcX\n0\r\n\r\n'],
    ['something else for the LF after the data', '3\r\nabc\rX0\r\n\r\n'],
    ['a control character in an extension', '3;a\0\r\nabc'],
    ['an extension without a name', '3;\r\nabc'],
    ['a blank in an extension', '3; a\r\nabc'],
    ['a blank before a good extension', '3; b;a\r\nabc'],
    ['a blank behind a good extension', '3;a b\r\nabc'],
    ['LF in an extension', '3;a\nabc'],
    ['an endless extension', `3;${'a'.repeat(2_000)}`],
    ['LF in trailers', '0\r\nA: 1\n'],
    ['something else for the LF of a trailer', '0\r\nA: 1\rX\r\n'],
    ['a control character in trailers', '0\r\nA: \x01\r\n\r\n'],
    ['a trailer without a name', '0\r\n: 1\r\n\r\n'],
    ['a trailer without a colon', '0\r\nT\r\n\r\n'],
    ['a length among trailers', '0\r\ncontent-Length: 3\r\n\r\n'],
    ['endless trailers', `0\r\n${'A: 1\r\n'.repeat(4_000)}`],
    ['CR and something else at the end', '0\r\n\rX'],
  ] as const)
    it(`are refused with ${what}, wherever they are cut`, () => {
      for (const size of [1, 2, 3, text.length])
        assert.throws(() => read(chunked, text, size), { name: 'BadMessage' }, `pieces of ${size}`)
    })

  const chunk = (extension: number): string => `1;${'a'.repeat(extension)}\r\nx\r\n`
  for (const [what, most, text] of [
    ['an extension', mostExtension, (size: number) => chunk(size - 1)],
    ['all extensions', mostExtensions, (size: number) => chunk(512).repeat(31) + chunk(size - 31 * 512)],
    ['all trailers', mostTrailers, (size: number) => `0\r\nA: ${'1'.repeat(size - 3)}\r\n`],
  ] as const)
    it(`may have ${most} bytes of ${what}, and no more`, () => {
      assert.doesNotThrow(() => read(chunked, text(most)))
      assert.throws(() => read(chunked, text(most + 1)), { name: 'BadMessage' })
    })
})
