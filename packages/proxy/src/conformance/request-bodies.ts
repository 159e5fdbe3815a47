/** Rows: where the body of a request ends, and what cannot be known to end anywhere. */
import { chunked } from './messages.ts'
import { answer, passed, passedOk, passes, type Row, refuses, relayed, request } from './row.ts'

const chunkedLine = 'Transfer-Encoding: chunked'
const post = (headers: readonly string[], body = ''): string => request('POST /', headers, body)
const inChunks = (body: string): string => post([chunkedLine], body)
const relayedChunks = (data: string): string => relayed('POST /', [chunkedLine], chunked(data))

const lengths: readonly Row[] = [
  passes(
    'a body of a length',
    'RFC 9112 6.2',
    post(['Content-Length: 3'], 'abc'),
    relayed('POST /', ['Content-Length: 3'], 'abc'),
  ),
  passes('a body of no length', 'RFC 9112 6.2', post(['Content-Length: 0']), relayed('POST /', ['Content-Length: 0'])),
  passes(
    'a body that looks like a request is a body',
    'RFC 9112 6.2',
    post([`Content-Length: ${request('GET /smuggled').length}`], request('GET /smuggled')),
    relayed('POST /', [`Content-Length: ${request('GET /smuggled').length}`], request('GET /smuggled')),
  ),
  passes(
    'all bytes pass in a body',
    'RFC 9110 6.4',
    post(['Content-Length: 256'], everyByte()),
    relayed('POST /', ['Content-Length: 256'], everyByte()),
  ),
  passes(
    'blanks around a length are no part of it',
    'RFC 9112 5.1',
    post(['Content-Length:   3  '], 'abc'),
    relayed('POST /', ['Content-Length: 3'], 'abc'),
  ),
  passes(
    'Connection cannot take the length away',
    'RFC 9110 7.6.1',
    post(['Connection: content-length', 'Content-Length: 3'], 'abc'),
    relayed('POST /', ['Content-Length: 3'], 'abc'),
  ),
  passes(
    'Connection cannot take the chunks away',
    'RFC 9110 7.6.1',
    post(['Connection: transfer-encoding', chunkedLine], chunked('abc')),
    relayedChunks('abc'),
  ),
  ...[
    '+3',
    '-3',
    '0x3',
    '3.0',
    '3 3',
    '3,3',
    '3, 3',
    '3, 4',
    ',3',
    '3,',
    '3;',
    '',
    'three',
    '1e1',
    '99999999999999999999999',
    '18446744073709551616',
    '3\t4',
    '\x0b3',
    '3\xa0',
    '"3"',
  ].map((length) =>
    refuses(`a length ${JSON.stringify(length)} is none`, 'RFC 9112 6.3', post([`Content-Length: ${length}`], 'abc')),
  ),
  refuses('two lengths that differ', 'RFC 9112 6.3', post(['Content-Length: 3', 'Content-Length: 4'], 'abc')),
  refuses(
    'two lengths that are the same',
    'RFC 9112 6.3; ours',
    post(['Content-Length: 3', 'content-length: 3'], 'abc'),
  ),
  refuses('a length with a blank before the colon', 'RFC 9112 5.1', post(['Content-Length : 3'], 'abc')),
  refuses('a folded length', 'RFC 9112 5.2', post(['Content-Length:\r\n 3'], 'abc')),
]

function everyByte(): string {
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('')
}

const chunks: readonly Row[] = [
  passes('a chunked body', 'RFC 9112 7.1', inChunks('3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n'), relayedChunks('abcde')),
  passes('a chunked body of nothing', 'RFC 9112 7.1', inChunks('0\r\n\r\n'), relayedChunks('')),
  passes(
    'sizes in letters of both cases',
    'RFC 9112 7.1',
    inChunks('A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n'),
    relayedChunks('01234567890123456789'),
  ),
  passes(
    'a chunk that looks like the end',
    'RFC 9112 7.1',
    inChunks('5\r\n0\r\n\r\n\r\n0\r\n\r\n'),
    relayedChunks('0\r\n\r\n'),
  ),
  passes(
    'Chunked in capitals',
    'RFC 9112 7',
    post(['TRANSFER-ENCODING: CHUNKED'], chunked('abc')),
    relayedChunks('abc'),
  ),
  passes(
    'an extension, which goes no further',
    'RFC 9112 7.1.1',
    inChunks('3;a=b;c="d"\r\nabc\r\n0;x\r\n\r\n'),
    relayedChunks('abc'),
  ),
  ...[
    ['no size', '\r\nabc\r\n'],
    ['a size of no digits', 'xyz\r\nabc\r\n'],
    ['a size with a sign', '+3\r\nabc\r\n'],
    ['a negative size', '-1\r\nabc\r\n'],
    ['a size with 0x before it', '0x3\r\nabc\r\n'],
    ['a size that overflows', 'fffffffffffffffff\r\nabc\r\n'],
    ['a size that overflows to three', '10000000000000003\r\nabc\r\n'],
    ['a blank before a size', ' 3\r\nabc\r\n'],
    ['a size that ends in a line feed alone', '3\nabc\r\n'],
    ['a size that ends in a carriage return alone', '3\rabc\r\n'],
    ['a chunk longer than its size', '3\r\nabcd\r\n'],
    ['a chunk without a line end', '3\r\nabc0\r\n\r\n'],
    ['a chunk that ends in a line feed alone', '3\r\nabc\n0\r\n\r\n'],
    ['a chunk that ends in a carriage return alone', '3\r\nabc\r0\r\n\r\n'],
    ['a line feed in an extension', '3;a\nb\r\nabc\r\n0\r\n\r\n'],
    ['a control character in an extension', '3;a=\x01\r\nabc\r\n0\r\n\r\n'],
    ['a NUL behind a size', '3\0\r\nabc\r\n0\r\n\r\n'],
    ['sizes that are separated by a comma', '3,3\r\nabc\r\n0\r\n\r\n'],
    ['an extension of two thousand bytes', `1;a=${'b'.repeat(2_000)}\r\nx\r\n`],
    ['twenty extensions of a thousand bytes', `1;a=${'b'.repeat(996)}\r\nx\r\n`.repeat(20)],
    ['trailers of nine thousand bytes', `0\r\n${`a: ${'b'.repeat(300)}\r\n`.repeat(30)}\r\n`],
  ].map(
    ([what = '', body = '']): Row => ({
      name: `${what}: the request ends as broken`,
      rule: 'RFC 9112 7.1',
      client: [inChunks('1\r\nx\r\n'), { untilSeen: '1\r\nx\r\n' }, `${body}${request('GET /smuggled')}`],
      application: [],
      sees: [`${relayed('POST /', [chunkedLine], '1\r\nx\r\n')}…`],
      gets: [400],
      after: 'closed',
      behind: 'closed',
    }),
  ),
]

const codings: readonly Row[] = [
  ...[
    ['a length before the chunks', ['Content-Length: 5', chunkedLine]],
    ['a length behind the chunks', [chunkedLine, 'Content-Length: 5']],
    ['a length and a coding that is none', ['Content-Length: 5', 'Transfer-Encoding: xchunked']],
    ['a length and identity', ['Content-Length: 5', 'Transfer-Encoding: identity']],
    ['chunked that is not the last coding', ['Transfer-Encoding: chunked, gzip']],
    ['chunked, identity', ['Transfer-Encoding: chunked, identity']],
    ['identity, chunked', ['Transfer-Encoding: identity, chunked']],
    ['gzip, chunked', ['Transfer-Encoding: gzip, chunked']],
    ['chunked twice in a line', ['Transfer-Encoding: chunked, chunked']],
    ['chunked in two lines', [chunkedLine, 'transfer-encoding: chunked']],
    ['identity and chunked in two lines', ['Transfer-Encoding: identity', chunkedLine]],
    ['chunked and something else in two lines', [chunkedLine, 'Transfer-Encoding: x']],
    ['identity alone', ['Transfer-Encoding: identity']],
    ['gzip alone', ['Transfer-Encoding: gzip']],
    ['a coding of another name', ['Transfer-Encoding: xchunked']],
    ['a coding with a parameter', ['Transfer-Encoding: chunked;q=1']],
    ['a coding in quotes', ['Transfer-Encoding: "chunked"']],
    ['a coding with a vertical tab', ['Transfer-Encoding:\x0bchunked']],
    ['a coding with a form feed', ['Transfer-Encoding: chunked\x0c']],
    ['a coding with a NUL', ['Transfer-Encoding: chunked\0']],
    ['a coding with a blank that is none', ['Transfer-Encoding: \xa0chunked']],
    ['a coding with a comma before it', ['Transfer-Encoding: ,chunked']],
    ['a coding with a comma behind it', ['Transfer-Encoding: chunked,']],
    ['a folded coding', ['Transfer-Encoding:\r\n chunked']],
    ['a coding folded with a tab', ['Transfer-Encoding:\r\n\tchunked']],
    ['a coding behind a carriage return', ['A: b\rTransfer-Encoding: chunked']],
    ['a coding behind a line feed', ['A: b\nTransfer-Encoding: chunked']],
    ['a blank before the colon', ['Transfer-Encoding : chunked']],
    ['a tab before the colon', ['Transfer-Encoding\t: chunked']],
    ['a blank before the name', [' Transfer-Encoding: chunked']],
    ['a NUL in the name', ['Transfer\0-Encoding: chunked']],
    ['an empty coding', ['Transfer-Encoding: ']],
  ].map(([what, headers]): Row => {
    const lines = typeof headers === 'string' || headers === undefined ? [] : headers
    return refuses(
      `a body by ${what} has no end that all agree on`,
      'RFC 9112 6.1, 6.3',
      post(lines, '0\r\n\r\n'),
      '400 or 501',
    )
  }),
  passes(
    'Transfer_Encoding is another header',
    'RFC 9110 5.1',
    request('GET /', ['X-Transfer-Encoding: chunked']),
    relayed('GET /', ['X-Transfer-Encoding: chunked']),
  ),
]

const withTrailers = (announced: readonly string[], trailers: readonly string[], data = 'abc'): string =>
  post([chunkedLine, ...announced], chunked(data, trailers))
const told = (names: string, trailers: readonly string[], data = 'abc'): string =>
  relayed('POST /', [chunkedLine], chunked(data, trailers), { behind: [`Trailer: ${names}`], connection: 'close' })

/** Names that count in a head alone, or that we tell, or that a browser vouches for. */
const neverTrailers = [
  ...['Host: evil', 'Authorization: token x', 'Cookie: a=b', 'Content-Type: text/html', 'Content-Encoding: gzip'],
  ...['X-Forwarded-For: 1.1.1.1', 'X_Forwarded_Proto: https', 'Forwarded: for=x', 'X-Real-IP: 1', 'X-Scheme: https'],
  ...['Remote-User: root', 'X-Batchway-User: root', 'REMOTE_USER: root', 'Oidc_Claim_Sub: root'],
  ...['Connection: close', 'Keep-Alive: x', 'TE: gzip', 'Upgrade: h2c', 'Trailer: X', 'Proxy-Authorization: x'],
  ...['Expect: 100-continue', 'Max-Forwards: 0', 'Range: bytes=0-0', 'If-Match: "x"', 'Cache-Control: no-cache'],
  ...['Origin: http://h', 'Referer: http://h/', 'Sec-Fetch-Site: same-origin', 'Accept: x', 'Via: 1.1 x'],
]

/** Whatever becomes of them behind, no other request follows on that connection. */
const announcedRows: readonly Row[] = [
  ...(
    [
      ['that are announced pass', ['Trailer: X-Sum'], ['X-Sum: 1'], 'X-Sum', ['X-Sum: 1']],
      [
        'pass in their order and spelling',
        ['trailer: b, X-a', 'Trailer: C'],
        ['x-A: 1', 'B: 2', 'b: 3', 'c: \xe9 "'],
        'b, X-a, C',
        ['x-A: 1', 'B: 2', 'b: 3', 'c: \xe9 "'],
      ],
      ['that were announced need not come', ['Trailer: X-Sum'], [], 'X-Sum', []],
      [
        'that are not among the announced are left behind',
        ['Trailer: X-Sum'],
        ['X-Other: 1', 'X-Sum: 2'],
        'X-Sum',
        ['X-Sum: 2'],
      ],
      [
        'that no head of a client may hold, or that count in a head alone, are neither announced nor passed',
        [`Trailer: X-Sum, ${neverTrailers.map((line) => line.replace(/:.*/, '')).join(', ')}`],
        [...neverTrailers, 'X-Sum: 1'],
        'X-Sum',
        ['X-Sum: 1'],
      ],
      ['are announced by names alone', ['Trailer: , X-Sum ,a b,"x", c:d'], ['X-Sum: 1'], 'X-Sum', ['X-Sum: 1']],
      [
        'that Connection names are of this hop alone',
        ['Connection: X-B', 'Trailer: X-Sum, X-B'],
        ['X-B: 1', 'X-Sum: 1'],
        'X-Sum',
        ['X-Sum: 1'],
      ],
    ] as const
  ).map(
    ([what, lines, sent, names, left]): Row => ({
      ...passes(`trailers ${what}`, 'RFC 9110 6.5, 6.6.2', withTrailers(lines, sent), told(names, left)),
      behind: 'closed',
    }),
  ),
  passes(
    'trailers of which none may pass are not announced, and the connection stays',
    'RFC 9110 6.5.1',
    withTrailers(['Trailer: Host, Cookie'], ['Host: evil', 'Cookie: a=b']),
    relayedChunks('abc'),
    { behind: 'kept' },
  ),
  passes(
    'trailers have no place behind a length',
    'RFC 9112 7.1.2',
    post(['Trailer: X-Sum', 'Content-Length: 3'], 'abc'),
    relayed('POST /', ['Content-Length: 3'], 'abc'),
    { behind: 'kept' },
  ),
  {
    name: 'trailers that come late pass behind the body that came before them',
    rule: 'RFC 9112 7.1.2',
    client: [
      post([chunkedLine, 'Trailer: X-Sum'], '3\r\nabc\r\n'),
      { untilSeen: '3\r\nabc\r\n' },
      '0\r\nX-S',
      'um: 1\r',
      '\n\r\n',
    ],
    sees: [told('X-Sum', ['X-Sum: 1'])],
    gets: [passedOk],
    after: 'open',
    behind: 'closed',
  },
  {
    name: 'trailers that look like a request are none',
    rule: 'RFC 9112 7.1.2',
    client: [
      post([chunkedLine, 'Trailer: X-Sum, GET'], '1\r\nx\r\n'),
      { untilSeen: '1\r\nx\r\n' },
      `0\r\n${request('GET /smuggled')}`,
    ],
    application: [],
    sees: [`${told('X-Sum, GET', [], 'x').replace(/0\r\n\r\n$/, '')}…`],
    gets: [400],
    after: 'closed',
    behind: 'closed',
  },
]

const endings: readonly Row[] = [
  passes(
    'trailers that nobody announced are left behind: Tornado takes a request with them for broken',
    'RFC 9110 6.5.1',
    inChunks('3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n'),
    relayedChunks('abc'),
  ),
  ...announcedRows,
  ...['Content-Length: 3', 'Transfer-Encoding: chunked', 'A : b', ' A: b', 'A: b\nC: d'].map(
    (line): Row => ({
      name: `a trailer ${JSON.stringify(line)}: the request ends as broken`,
      rule: 'RFC 9110 6.5.1',
      client: [inChunks('1\r\nx\r\n'), { untilSeen: '1\r\nx\r\n' }, `0\r\n${line}\r\n\r\n${request('GET /smuggled')}`],
      application: [],
      sees: [`${relayed('POST /', [chunkedLine], '1\r\nx\r\n')}…`],
      gets: [400],
      after: 'closed',
      behind: 'closed',
    }),
  ),
  {
    name: 'a request may end in a half-closed connection',
    rule: 'RFC 9112 9.6',
    client: [request('GET /'), 'half-close'],
    sees: [relayed('GET /')],
    gets: [passed('200 OK', ['Content-Length: 2'], 'ok')],
    after: 'either',
    behind: 'kept',
  },
  {
    name: 'an application that thinks is waited for in a half-closed connection',
    rule: 'RFC 9112 9.6',
    client: [post(['Content-Length: 3'], 'abc'), 'half-close'],
    application: [{ untilSeen: 'abc' }, answer('200 OK', ['Content-Length: 2'], 'ok')],
    sees: [relayed('POST /', ['Content-Length: 3'], 'abc')],
    gets: [passed('200 OK', ['Content-Length: 2'], 'ok')],
    after: 'either',
  },
  {
    name: 'a body that ends early: the application learns it, and the client gets no answer',
    rule: 'RFC 9112 8',
    client: [post(['Content-Length: 10'], 'abc'), { untilSeen: 'abc' }, 'half-close'],
    application: [],
    sees: [`${relayed('POST /', ['Content-Length: 10'], 'abc')}…`],
    gets: ['400 or nothing'],
    after: 'either',
    behind: 'closed',
  },
  {
    name: 'an answer may come before the body, and the body goes nowhere else',
    rule: 'RFC 9112 9.3',
    client: [post(['Content-Length: 6'], 'abc'), { until: 'no' }, 'def'],
    application: ['at head', answer('413 Content Too Large', ['Content-Length: 2'], 'no')],
    sees: [`${relayed('POST /', ['Content-Length: 6'])}…`],
    gets: [passed('413 Content Too Large', ['Content-Length: 2'], 'no')],
    after: 'open',
  },
]

export const requestBodies: readonly Row[] = [...lengths, ...chunks, ...codings, ...endings]
