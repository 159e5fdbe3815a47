/** Rows: what an application answers, well made. */
import { chunked } from './messages.ts'
import { answer, get, ok, passed, passedOk, type Row, relayed, relayedGet, request } from './row.ts'

/** An answer that passes as it is; ours differ in what follows its headers. */
const gives = (
  name: string,
  rule: string,
  status: string,
  headers: readonly string[],
  body = '',
  more: Partial<Row> = {},
): Row => ({
  name,
  rule,
  client: get,
  application: answer(status, headers, body),
  sees: [relayedGet],
  gets: [passed(status, headers, body)],
  after: 'open',
  behind: 'kept',
  ...more,
})

const statuses: readonly Row[] = [
  ...[
    '200 OK',
    '201 Created',
    '226 IM Used',
    '299 Odd',
    '302 Found',
    '404 Not Found',
    '418 I’m',
    '500 No',
    '503 Busy',
    '599 Odd',
    '999 Odd',
  ].map((status) =>
    gives(
      `${status.slice(0, 3)} passes with its reason`,
      'RFC 9112 4',
      status.replace('’', "'"),
      ['Content-Length: 2'],
      'ok',
    ),
  ),
  gives('a reason of nothing stays so', 'RFC 9112 4', '200 ', ['Content-Length: 2'], 'ok'),
  gives('a reason of all characters stays', 'RFC 9112 4', '200 a\tb  "c" \xe9', ['Content-Length: 2'], 'ok'),
  {
    ...gives('a status without a reason passes', 'RFC 9112 4', '200', ['Content-Length: 2'], 'ok'),
    gets: [passedOk.replace('200 OK', '200 ')],
  },
]

const headers: readonly Row[] = [
  gives(
    'order, spelling and repetition stay',
    'RFC 9110 5.3',
    '200 OK',
    ['x-b: 1', 'X-A: 2', 'x-b: 3', 'Content-Length: 2', 'SET-cookie: a=b; Path=/', 'Set-Cookie: c=d; Path=/'],
    'ok',
  ),
  gives('bytes beyond ASCII stay', 'RFC 9110 5.5', '200 OK', ['A: \xc3\xa9\xff', 'Content-Length: 2'], 'ok'),
  gives(
    'names that JavaScript knows stay',
    'ours',
    '200 OK',
    ['__proto__: 1', 'constructor: 2', 'Content-Length: 2'],
    'ok',
  ),
  gives(
    'Server, ETag, Vary and what a site invents stay',
    'RFC 9110 10.2',
    '200 OK',
    ['Server: x/1', 'ETag: W/"a"', 'Vary: Accept', 'X-Anything: b', 'Content-Length: 2'],
    'ok',
  ),
  {
    ...gives(
      'blanks around a value are no part of it',
      'RFC 9112 5.1',
      '200 OK',
      ['A: \t b \t', 'Content-Length: 2'],
      'ok',
    ),
    gets: [passed('200 OK', ['A: b', 'Content-Length: 2'], 'ok')],
  },
  ...(
    [
      [
        'Keep-Alive, Proxy-Connection and Proxy-Authenticate',
        ['Keep-Alive: timeout=9', 'Proxy-Connection: x', 'Proxy-Authenticate: Basic'],
      ],
      ['what Connection names', ['Connection: X-A, keep-alive', 'x-a: 1']],
      ['Upgrade without a switch', ['Upgrade: h2c', 'Connection: Upgrade']],
    ] as const
  ).map(([what, lines]) => ({
    ...gives(`${what} goes no further`, 'RFC 9110 7.6.1', '200 OK', [...lines, 'Content-Length: 2'], 'ok'),
    gets: [passedOk],
  })),
  {
    ...gives(
      'Connection cannot take the length away',
      'RFC 9110 7.6.1',
      '200 OK',
      ['Connection: content-length', 'Content-Length: 2'],
      'ok',
    ),
    gets: [passedOk],
  },
  {
    ...gives(
      'what speaks for the whole site goes no further',
      'ours',
      '200 OK',
      ['Clear-Site-Data: "*"', 'Alt-Svc: h3=":1"', 'Strict-Transport-Security: max-age=1', 'Content-Length: 2'],
      'ok',
    ),
    gets: [passedOk],
  },
  {
    ...gives(
      'the hub’s cookie cannot be set',
      'ours',
      '200 OK',
      ['Set-Cookie: jupyterhub-hub-login=x; Path=/', 'Content-Length: 2'],
      'ok',
    ),
    gets: [passedOk],
  },
  gives(
    'four hundred headers pass',
    'ours',
    '200 OK',
    [...Array.from({ length: 400 }, (_, n) => `a${n}: ${n}`), 'Content-Length: 2'],
    'ok',
  ),
]

const bodies: readonly Row[] = [
  gives(
    'a body of a length',
    'RFC 9112 6.2',
    '200 OK',
    ['Content-Length: 256'],
    Array.from({ length: 256 }, (_, n) => String.fromCharCode(n)).join(''),
  ),
  gives('a body of no length at all', 'RFC 9112 6.2', '200 OK', ['Content-Length: 0']),
  gives('a body that looks like an answer is a body', 'RFC 9112 6.2', '200 OK', [`Content-Length: ${ok.length}`], ok),
  ...(
    [
      ['a chunked body', '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n', 'abcde'],
      ['a chunked body of nothing', '0\r\n\r\n', ''],
      ['sizes in letters of both cases', 'A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n', '01234567890123456789'],
      ['a chunk that looks like the end', '5\r\n0\r\n\r\n\r\n0\r\n\r\n', '0\r\n\r\n'],
      ['an extension, which goes no further', '3;a=b;c="d"\r\nabc\r\n0\r\n\r\n', 'abc'],
      ['a chunk that looks like an answer', `${ok.length.toString(16)}\r\n${ok}\r\n0\r\n\r\n`, ok],
    ] as const
  ).map(([what, body, data]) => ({
    ...gives(what, 'RFC 9112 7.1', '200 OK', ['Transfer-Encoding: chunked'], body),
    gets: [streamed('200 OK', data)],
  })),
  {
    ...gives('a body that ends with the connection', 'RFC 9112 6.3', '200 OK', ['X-A: 1'], 'abc', { behind: 'closed' }),
    application: [answer('200 OK', ['X-A: 1'], 'abc'), 'close'],
    gets: [streamed('200 OK', 'abc', ['X-A: 1'])],
  },
  {
    ...gives('HTTP/1.0 without a length ends with the connection', 'RFC 9112 6.3', '200 OK', [], '', {
      behind: 'closed',
    }),
    application: ['HTTP/1.0 200 OK\r\n\r\nabc', 'half-close'],
    gets: [streamed('200 OK', 'abc')],
  },
  {
    ...gives('HTTP/1.0 with a length', 'RFC 9112 9.3', '200 OK', [], '', { behind: 'closed' }),
    application: 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
    gets: [passedOk],
  },
  {
    ...gives('Connection: close is about the application’s connection alone', 'RFC 9112 9.6', '200 OK', [], '', {
      behind: 'closed',
    }),
    application: answer('200 OK', ['Connection: close', 'Content-Length: 2'], 'ok'),
    gets: [passedOk],
  },
  ...['204 No Content', '304 Not Modified'].map((status) =>
    gives(`${status.slice(0, 3)} has no body`, 'RFC 9112 6.3', status, ['ETag: "x"']),
  ),
  ...['204 No Content', '304 Not Modified'].map((status) => ({
    ...gives(`${status.slice(0, 3)} tells no coding`, 'RFC 9112 6.1', status, []),
    application: answer(status, ['ETag: "x"', 'Transfer-Encoding: chunked']),
    gets: [passed(status, ['ETag: "x"'])],
  })),
  {
    ...gives('204 tells no length', 'RFC 9110 8.6', '204 No Content', []),
    application: answer('204 No Content', ['Content-Length: 0']),
    gets: [passed('204 No Content')],
  },
  gives('205 has a body of no length', 'RFC 9110 15.3.6', '205 Reset Content', ['Content-Length: 0']),
  {
    ...gives('an answer to HEAD in chunks has no body', 'RFC 9112 6.1', '200 OK', []),
    client: request('HEAD /'),
    application: answer('200 OK', ['X-A: 1', 'Transfer-Encoding: chunked']),
    sees: [relayed('HEAD /')],
    gets: [passed('200 OK', ['X-A: 1'])],
  },
  {
    ...gives('HTTP/1.0 that would keep its connection does not', 'RFC 9112 9.3; ours', '200 OK', [], '', {
      behind: 'closed',
    }),
    application: 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok',
    gets: [passedOk],
  },
  {
    ...gives('HTTP/1.0 with 304', 'RFC 9112 6.3', '304 Not Modified', [], '', { behind: 'closed' }),
    application: 'HTTP/1.0 304 Not Modified\r\nETag: "x"\r\n\r\n',
    gets: [passed('304 Not Modified', ['ETag: "x"'])],
  },
  gives('304 tells a length and has no body', 'RFC 9110 8.6', '304 Not Modified', ['Content-Length: 1234']),
  {
    ...gives('an answer to HEAD has no body, with whatever coding', 'RFC 9112 6.3', '200 OK', []),
    client: request('HEAD /'),
    application: answer('200 OK', ['X-A: 1', 'Content-Length: 5']),
    sees: [relayed('HEAD /')],
    gets: [passed('200 OK', ['X-A: 1', 'Content-Length: 5'])],
  },
  {
    ...gives(
      'a part of a file',
      'RFC 9110 15.3.7',
      '206 Partial Content',
      ['Content-Range: bytes 0-1/9', 'Content-Length: 2'],
      'ok',
    ),
    client: request('GET /', ['Range: bytes=0-1']),
    sees: [relayed('GET /', ['Range: bytes=0-1'])],
  },
  {
    ...gives(
      'several parts of a file',
      'RFC 9110 15.3.7.2',
      '206 Partial Content',
      ['Content-Type: multipart/byteranges; boundary=x', 'Content-Length: 38'],
      '--x\r\nContent-Range: bytes 0-0/9\r\n\r\na\r\n',
    ),
    client: request('GET /', ['Range: bytes=0-0,2-2']),
    sees: [relayed('GET /', ['Range: bytes=0-0,2-2'])],
  },
  gives('a part that is not there', 'RFC 9110 15.5.17', '416 Range Not Satisfiable', [
    'Content-Range: bytes */9',
    'Content-Length: 0',
  ]),
  {
    ...gives('a stream reaches the client before its end', 'RFC 9112 7.1', '200 OK', []),
    application: [
      answer('200 OK', ['Content-Type: text/event-stream', 'Transfer-Encoding: chunked'], '3\r\none\r\n'),
      { until: 'one' },
      '3\r\ntwo\r\n',
      { until: 'two' },
      '0\r\n\r\n',
    ],
    gets: [streamed('200 OK', 'onetwo', ['Content-Type: text/event-stream'])],
  },
  {
    ...gives('the head of a stream reaches the client before its body', 'RFC 9112 6', '200 OK', []),
    application: [answer('200 OK', ['X-A: 1', 'Transfer-Encoding: chunked']), { until: 'X-A: 1' }, chunked('x')],
    gets: [streamed('200 OK', 'x', ['X-A: 1'])],
  },
]

const early = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n'

/** What comes before an answer, and behind its body. */
const around: readonly Row[] = [
  {
    ...gives('103 reaches the client before the answer is there', 'RFC 8297 2', '200 OK', []),
    application: [early, { until: early }, ok],
    gets: [early, passedOk],
  },
  {
    ...gives('several of them, in their order', 'RFC 9110 15.2', '200 OK', []),
    application: `HTTP/1.1 102 Processing\r\n\r\n${early}${early}${ok}`,
    gets: ['HTTP/1.1 102 Processing\r\n\r\n', early, early, passedOk],
  },
  {
    ...gives('100 that nobody waits for goes no further', 'RFC 9110 10.1.1', '200 OK', []),
    application: `HTTP/1.1 100 Continue\r\n\r\n${ok}`,
    gets: [passedOk],
  },
  {
    ...gives('HTTP/1.0 gets the answer alone', 'RFC 9110 15.2', '200 OK', []),
    client: 'GET / HTTP/1.0\r\nHost: h\r\n\r\n',
    application: `${early}${ok}`,
    gets: [passedOk],
    after: 'closed',
  },
  {
    ...gives('what comes before an answer that fails is no answer', 'RFC 9110 15.2', '200 OK', [], '', {
      behind: 'closed',
    }),
    application: [early, { until: early }, 'close'],
    gets: [early, 503],
  },
  {
    ...gives('hop-by-hop and cookies of the hub go no further there either', 'RFC 9110 7.6.1', '200 OK', []),
    application: `HTTP/1.1 103 Early Hints\r\nKeep-Alive: x\r\nSet-Cookie: jupyterhub-hub-login=x\r\nA: b\r\n\r\n${ok}`,
    gets: ['HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n', passedOk],
  },
  ...(
    [
      ['pass', ['X-Sum: 1', 'Server-Timing: a;dur=2'], ['X-Sum: 1', 'Server-Timing: a;dur=2']],
      [
        'that count in a head alone go no further',
        ['Set-Cookie: a=b', 'Content-Type: text/html', 'X-Sum: 1'],
        ['X-Sum: 1'],
      ],
    ] as const
  ).flatMap(([what, given, left]): readonly Row[] => [
    {
      ...gives(`trailers ${what}`, 'RFC 9110 6.5', '200 OK', []),
      application: answer('200 OK', ['Transfer-Encoding: chunked'], chunked('abc', given)),
      gets: [streamed('200 OK', 'abc').replace(/0\r\n\r\n$/, chunked('', left))],
    },
    {
      ...gives(`trailers behind a stream ${what}`, 'RFC 9110 6.5', '200 OK', []),
      application: [
        answer('200 OK', ['X-A: 1', 'Transfer-Encoding: chunked'], '3\r\nabc\r\n'),
        { until: 'abc' },
        chunked('', given),
      ],
      gets: [streamed('200 OK', 'abc', ['X-A: 1']).replace(/0\r\n\r\n$/, chunked('', left))],
    },
  ]),
  {
    ...gives('words before an answer tell no length and no coding', 'RFC 9110 8.6, RFC 9112 6.1', '200 OK', []),
    application: `HTTP/1.1 103 Early Hints\r\nContent-Length: 4\r\nA: b\r\n\r\nHTTP/1.1 102 \r\nTransfer-Encoding: chunked\r\n\r\n${ok}`,
    gets: ['HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n', 'HTTP/1.1 102 \r\n\r\n', passedOk],
  },
  {
    ...gives('words before an answer that nobody knows pass', 'RFC 9110 15', '200 OK', []),
    application: `HTTP/1.1 199 Odd\r\nA: b\r\n\r\n${ok}`,
    gets: ['HTTP/1.1 199 Odd\r\nA: b\r\n\r\n', passedOk],
  },
  {
    ...gives('100 and then hints, for a client that waits', 'RFC 9110 15.2', '200 OK', []),
    client: [
      request('POST /', ['Expect: 100-continue', 'Content-Length: 3']),
      { until: 'HTTP/1.1 100 Continue\r\n\r\n' },
      'abc',
    ],
    application: ['at head', 'HTTP/1.1 100 Continue\r\n\r\n', { untilSeen: 'abc' }, early, ok],
    sees: [relayed('POST /', ['Expect: 100-continue', 'Content-Length: 3'], 'abc')],
    gets: ['HTTP/1.1 100 Continue\r\n\r\n', early, passedOk],
  },
  {
    ...gives('hints before an answer to HEAD', 'RFC 8297 2', '200 OK', []),
    client: request('HEAD /'),
    application: `${early}${answer('200 OK', ['Content-Length: 1234'])}`,
    sees: [relayed('HEAD /')],
    gets: [early, passed('200 OK', ['Content-Length: 1234'])],
  },
  {
    ...gives('the trailers that may pass are announced, and no others', 'RFC 9110 6.6.2', '200 OK', []),
    application: answer(
      '200 OK',
      ['Trailer: X-Sum, Set-Cookie', 'trailer: content-type,  B ,a b', 'Transfer-Encoding: chunked'],
      chunked('abc', ['X-Sum: 1']),
    ),
    gets: [
      streamed('200 OK', 'abc')
        .replace('Cross-Origin', 'Trailer: X-Sum, B\r\nCross-Origin')
        .replace(/0\r\n\r\n$/, chunked('', ['X-Sum: 1'])),
    ],
  },
  {
    ...gives('trailers have no place in HTTP/1.0', 'RFC 9112 7.1.2', '200 OK', []),
    client: 'GET / HTTP/1.0\r\nHost: h\r\n\r\n',
    application: answer('200 OK', ['Transfer-Encoding: chunked'], chunked('abc', ['X-Sum: 1'])),
    gets: [passed('200 OK', [], 'abc')],
    after: 'closed',
  },
]

/** As the client gets a body whose length was not told. */
function streamed(status: string, data: string, lines: readonly string[] = []): string {
  return passed(status, lines).replace(/\r\n\r\n$/, `\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(data)}`)
}

const cut: readonly Row[] = [
  ...(['close', 'reset', 'half-close'] as const).map(
    (end): Row => ({
      name: `a body of which nothing comes, by ${end}, is one of our answers`,
      rule: 'RFC 9112 8',
      client: get,
      application: [answer('200 OK', ['Content-Length: 10']), end],
      sees: [relayedGet],
      gets: [503],
      after: 'open',
      behind: 'closed',
    }),
  ),
  ...(
    [
      ['of a length', ['Content-Length: 10'], 'abc', 'abc'],
      ['in chunks, within one', ['Transfer-Encoding: chunked'], 'a\r\nabc', 'abc'],
      ['in chunks, before the last', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n', 'abc'],
    ] as const
  ).flatMap(([what, lines, body, data]) =>
    (['close', 'reset'] as const).map(
      (end): Row => ({
        name: `a body ${what} that ends early, by ${end}, does not look whole`,
        rule: 'RFC 9112 8',
        client: get,
        application: [answer('200 OK', ['X-A: 1', ...lines], body), { until: data }, end],
        sees: [relayedGet],
        gets: [
          `${lines[0].startsWith('C') ? passed('200 OK', ['X-A: 1', ...lines]) : streamed('200 OK', '', ['X-A: 1']).slice(0, -5)}${data}…`,
        ],
        after: 'cut',
        behind: 'closed',
      }),
    ),
  ),
]

export const responses: readonly Row[] = [...statuses, ...headers, ...bodies, ...around, ...cut]
