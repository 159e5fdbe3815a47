/** Rows: what an application says that is no answer. The client gets one of ours, and no byte of it. */
import { answer, get, ok, passed, passedOk, type Row, relayed, relayedGet, request, spoils } from './row.ts'

const said = (lines: readonly string[], body = 'ok'): string => answer('200 OK', lines, body)
const smuggled = answer('200 OK', ['Content-Length: 8'], 'smuggled')

const heads: readonly Row[] = [
  ...(
    [
      ['noise', 'garbage\r\n\r\n'],
      ['a request', 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'],
      ['a version that is none', 'HTTP/1.11 200 OK\r\nContent-Length: 2\r\n\r\nok'],
      ['HTTP/2.0', 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
      ['HTTP/0.9', '<html>hello</html>\r\n\r\n'],
      ['ICY', 'ICY 200 OK\r\nContent-Length: 2\r\n\r\nok'],
      ['a status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok'],
      ['a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok'],
      ['a status of letters', 'HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nok'],
      ['no status', 'HTTP/1.1\r\nContent-Length: 2\r\n\r\nok'],
      ['a status that begins with nought', 'HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok'],
      ['a blank before the status line', ' HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
      ['a reason with a NUL', 'HTTP/1.1 200 O\0K\r\nContent-Length: 2\r\n\r\nok'],
      ['a reason with a carriage return', 'HTTP/1.1 200 OK\rSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nok'],
    ] as const
  ).map(([what, bytes]) => spoils(`${what} is no answer`, 'RFC 9112 4', [bytes, 'half-close'])),
  ...(
    [
      ['a header without a colon', ['A']],
      ['a header without a name', [': b']],
      ['a blank before the colon', ['A : b']],
      ['a blank in a name', ['A B: c']],
      ['a NUL in a value', ['A: b\0c']],
      ['a control character in a value', ['A: b\x01c']],
      ['a carriage return in a value', ['A: b\rSet-Cookie: c=d']],
      ['a name beyond ASCII', ['\xe9: b']],
      ['a folded line', ['A: b', ' c']],
    ] as const
  ).map(([what, lines]) =>
    spoils(`an answer with ${what} is none`, 'RFC 9112 5', [said([...lines, 'Content-Length: 2']), 'half-close']),
  ),
  spoils('a head of forty thousand bytes is too large', 'ours', [
    said([`A: ${'x'.repeat(40_000)}`, 'Content-Length: 2']),
    'half-close',
  ]),
  spoils('a connection that ends without a word is no answer', 'RFC 9112 8', ['close']),
  spoils('a reset is no answer', 'RFC 9112 8', ['reset']),
  spoils('half a head is no answer', 'RFC 9112 8', ['HTTP/1.1 200 OK\r\nContent-Le', 'close']),
  spoils('a head without its empty line is no answer', 'RFC 9112 8', [
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n',
    'half-close',
  ]),
  spoils('chunks in HTTP/1.0 are no answer', 'RFC 9112 6.1', [
    'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    'half-close',
  ]),
  spoils('words before an answer in HTTP/1.0 are none', 'RFC 9110 15.2', ['HTTP/1.0 103 Early\r\n\r\n', ok]),
  {
    ...spoils('more than fifty words before an answer are none', 'ours', [
      `${'HTTP/1.1 102 \r\n\r\n'.repeat(51)}${ok}`,
      'half-close',
    ]),
    gets: [...Array<string>(50).fill('HTTP/1.1 102 \r\n\r\n'), 503],
  },
  spoils(
    'a switch that nobody asked for is no answer',
    'RFC 9110 15.2.2',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  ),
]

const framing: readonly Row[] = [
  ...(
    [
      ['a length beside chunks', ['Content-Length: 2', 'Transfer-Encoding: chunked']],
      ['two lengths that are the same', ['Content-Length: 2', 'Content-Length: 2']],
      ['two lengths that differ', ['Content-Length: 2', 'Content-Length: 3']],
      ['a length of letters', ['Content-Length: two']],
      ['a length with a sign', ['Content-Length: +2']],
      ['a negative length', ['Content-Length: -2']],
      ['a list of lengths', ['Content-Length: 2, 2']],
      ['a length that overflows', ['Content-Length: 99999999999999999999999']],
      ['a length of nothing', ['Content-Length: ']],
      ['a folded length', ['Content-Length:', ' 2']],
      ['a blank before the colon of the length', ['Content-Length : 2']],
    ] as const
  ).map(([what, lines]) => spoils(`an answer with ${what} is none`, 'RFC 9112 6.3', [said(lines), 'half-close'])),
]

/** A chunked body that turns out to be none: what was passed on is cut, so that nobody takes it for whole. */
const chunks: readonly Row[] = [
  ['a size of no digits', 'xyz\r\nabc\r\n0\r\n\r\n'],
  ['a size with a sign', '+3\r\nabc\r\n0\r\n\r\n'],
  ['a size that overflows', 'fffffffffffffffffff\r\nabc\r\n'],
  ['a size that overflows to three', '10000000000000003\r\nabc\r\n0\r\n\r\n'],
  ['a chunk longer than its size', '3\r\nabcd\r\n0\r\n\r\n'],
  ['a chunk without a line end', '3\r\nabc0\r\n\r\n'],
  ['a line feed alone behind a size', '3\nabc\r\n0\r\n\r\n'],
  ['an extension of two thousand bytes', `1;a=${'b'.repeat(2_000)}\r\n`],
  ['a length among its trailers', '0\r\nContent-Length: 3\r\n\r\n'],
  ['a coding among its trailers', '0\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['a folded trailer', '0\r\nA: b\r\n c\r\n\r\n'],
].map(
  ([what = '', bytes = '']): Row => ({
    name: `a chunked answer with ${what} does not look whole`,
    rule: 'RFC 9112 7.1',
    client: get,
    application: [
      answer('200 OK', ['X-A: 1', 'Transfer-Encoding: chunked'], '1\r\nx\r\n'),
      { until: 'x\r\n' },
      bytes,
      'half-close',
    ],
    sees: [relayedGet],
    gets: [
      `${passed('200 OK', ['X-A: 1']).replace(/\r\n\r\n$/, '\r\nTransfer-Encoding: chunked\r\n\r\n')}${/^(?:3\r\nabc)/.test(bytes) ? 'xabc' : 'x'}…`,
    ],
    after: 'cut',
    behind: 'closed',
  }),
)

const streamedOk = passed('200 OK').replace(/\r\n\r\n$/, '\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n')
/** Bytes behind an answer would be the answer to somebody else's request. */
const splitting: readonly Row[] = [
  ...(
    [
      ['an answer of a length', ok],
      ['an answer of no length', answer('200 OK', ['Content-Length: 0'])],
      ['a chunked answer', answer('200 OK', ['Transfer-Encoding: chunked'], '2\r\nok\r\n0\r\n\r\n')],
    ] as const
  ).map(
    ([what, first]): Row => ({
      name: `a second answer behind ${what} reaches nobody`,
      rule: 'RFC 9112 9.2',
      client: get,
      application: `${first}${smuggled}`,
      sees: [relayedGet],
      gets: [first.includes('chunked') ? streamedOk : passedOf(first)],
      after: 'open',
      behind: 'closed',
    }),
  ),
  {
    name: 'a body of an answer that has none reaches nobody: 204',
    rule: 'RFC 9112 6.3',
    client: get,
    application: answer('204 No Content', ['X-A: 1'], smuggled),
    sees: [relayedGet],
    gets: [passed('204 No Content', ['X-A: 1'])],
    after: 'open',
    behind: 'closed',
  },
  {
    name: 'a body of an answer that has none reaches nobody: 304',
    rule: 'RFC 9112 6.3',
    client: get,
    application: answer('304 Not Modified', ['Content-Length: 57'], smuggled),
    sees: [relayedGet],
    gets: [passed('304 Not Modified', ['Content-Length: 57'])],
    after: 'open',
    behind: 'closed',
  },
  {
    name: 'a body of an answer that has none reaches nobody: HEAD',
    rule: 'RFC 9112 6.3',
    client: request('HEAD /'),
    application: answer('200 OK', ['Content-Length: 57'], smuggled),
    sees: [relayed('HEAD /')],
    gets: [passed('200 OK', ['Content-Length: 57'])],
    after: 'open',
    behind: 'closed',
  },
]

function passedOf(first: string): string {
  return first === ok ? passedOk : passed('200 OK', ['Content-Length: 0'])
}

export const brokenResponses: readonly Row[] = [...heads, ...framing, ...chunks, ...splitting]
