/** Rows: several requests on a connection, answers before the answer, and connections that leave HTTP. */
import { answer, get, passed, passedOk, type Row, refuses, relayed, relayedGet, request } from './row.ts'

const say = (text: string): string => answer('200 OK', [`Content-Length: ${text.length}`], text)
const passedSay = (text: string): string => passed('200 OK', [`Content-Length: ${text.length}`], text)
const early = 'HTTP/1.1 100 Continue\r\n\r\n'
const posting = (more: readonly string[] = [], body = ''): string =>
  request('POST /', [...more, 'Content-Length: 3'], body)
const relayedPost = (body: string, more: readonly string[] = []): string =>
  relayed('POST /', [...more, 'Content-Length: 3'], body)

const inTurn: readonly Row[] = [
  {
    name: 'three requests at once are answered in their order',
    rule: 'RFC 9112 9.3.2',
    client: ['/1', '/2', '/3'].map((path) => request(`GET ${path}`)).join(''),
    application: { byTarget: { '/1': say('one'), '/2': say('two'), '/3': say('three') } },
    sees: ['/1', '/2', '/3'].map((path) => relayed(`GET ${path}`)),
    gets: [passedSay('one'), passedSay('two'), passedSay('three')],
    after: 'open',
  },
  {
    name: 'a request behind a body is a request',
    rule: 'RFC 9112 9.3.2',
    client: `${posting([], 'abc')}${request('GET /2')}`,
    application: { byTarget: { '/': say('one'), '/2': say('two') } },
    sees: [relayedPost('abc'), relayed('GET /2')],
    gets: [passedSay('one'), passedSay('two')],
    after: 'open',
  },
  {
    name: 'nothing behind Connection: close is a request',
    rule: 'RFC 9112 9.6',
    client: `${request('GET /', ['Connection: close'])}${request('GET /smuggled')}`,
    sees: [relayedGet],
    gets: [passedOk],
    after: 'closed',
    behind: 'kept',
  },
  {
    name: 'a request that comes byte by byte is one request',
    rule: 'RFC 9112 2.2',
    client: ['G', 'ET / HT', 'TP/1.1\r', '\nHost: h\r\n', '\r', '\n'],
    sees: [relayedGet],
    gets: [passedOk],
    after: 'open',
    behind: 'kept',
  },
  {
    name: 'an answer that comes byte by byte is one answer',
    rule: 'RFC 9112 2.2',
    client: get,
    application: ['H', 'TTP/1.1 2', '00 OK\r', '\nContent-Len', 'gth: 2\r\n\r', '\no', 'k'],
    sees: [relayedGet],
    gets: [passedOk],
    after: 'open',
    behind: 'kept',
  },
]

const before: readonly Row[] = [
  {
    name: '100 Continue of the application reaches the client, and then the body goes',
    rule: 'RFC 9110 10.1.1',
    client: [posting(['Expect: 100-continue']), { until: early }, 'abc'],
    application: ['at head', early, { untilSeen: 'abc' }, say('got')],
    sees: [relayedPost('abc', ['Expect: 100-continue'])],
    gets: [early, passedSay('got')],
    after: 'open',
  },
  {
    name: 'a client that does not wait gets its answer',
    rule: 'RFC 9110 10.1.1',
    client: posting(['Expect: 100-continue'], 'abc'),
    application: say('got'),
    sees: [relayedPost('abc', ['Expect: 100-continue'])],
    gets: [passedSay('got')],
    after: 'either',
  },
  {
    name: 'without the application’s word nobody promises to take a body',
    rule: 'RFC 9110 10.1.1',
    client: [posting(['Expect: 100-continue'])],
    application: ['at head', answer('413 Content Too Large', ['Content-Length: 2'], 'no')],
    sees: [`${relayedPost('', ['Expect: 100-continue'])}…`],
    gets: [passed('413 Content Too Large', ['Content-Length: 2'], 'no')],
    after: 'closed',
  },
]

const socketHeaders = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
const asking = ['Connection: keep-alive, Upgrade', 'Upgrade: WebSocket', ...socketHeaders]
const relayedAsking = relayed('GET /', socketHeaders, '', { upgrade: true })
const accepted = ['Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=']
const switched = (start: readonly string[]): string =>
  `HTTP/1.1 101 Switching Protocols\r\n${[...start, ...accepted].join('\r\n')}\r\n\r\n`
const own = ['Connection: Upgrade', 'Upgrade: websocket']

const upgrades: readonly Row[] = [
  {
    name: 'a WebSocket opens, with bytes right behind both heads',
    rule: 'RFC 6455 4',
    client: [
      `${request('GET /', asking)}\x81\x85early`,
      { until: '\x81\x02hi' },
      '\x81\x84late',
      { untilSeen: 'late' },
    ],
    application: [switched(['Upgrade: WebSocket', 'Connection: upgrade']), '\x81\x02hi'],
    sees: [`${relayedAsking}\x81\x85early\x81\x84late`],
    gets: [`${switched(own)}\x81\x02hi`],
    after: 'relay',
  },
  {
    name: 'a WebSocket that is refused gets the answer, and no byte behind it goes further',
    rule: 'RFC 6455 4.2.2',
    client: `${request('GET /', asking)}${request('GET /smuggled')}`,
    application: answer('403 Forbidden', ['Content-Length: 2'], 'no'),
    sees: [relayedAsking],
    gets: [passed('403 Forbidden', ['Content-Length: 2'], 'no')],
    after: 'closed',
  },
  {
    name: 'the application may end its half of a WebSocket',
    rule: 'RFC 9112 9.6',
    client: [request('GET /', asking), { until: 'bye' }, 'after', { untilSeen: 'after' }, 'half-close'],
    application: [switched(own), 'bye', 'half-close'],
    sees: [`${relayedAsking}after`],
    gets: [`${switched(own)}bye`],
    after: 'relay',
  },
  {
    name: 'the client may end its half of a WebSocket',
    rule: 'RFC 9112 9.6',
    client: [request('GET /', asking), { until: 'one' }, 'end', 'half-close'],
    application: [switched(own), 'one', { untilSeen: 'end' }, 'two', 'half-close'],
    sees: [`${relayedAsking}end`],
    gets: [`${switched(own)}onetwo`],
    after: 'relay',
  },
  {
    name: 'a switch to something else than was asked for is no answer',
    rule: 'RFC 9110 7.8',
    client: request('GET /', asking),
    application: 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
    sees: [relayedAsking],
    gets: [503],
    after: 'closed',
  },
  ...['200 a\0b', '200 a\x01b', '403 \x7f'].map(
    (status): Row => ({
      name: `a WebSocket that is refused with a reason that cannot be sent, ${JSON.stringify(status)}, gets our answer`,
      rule: 'RFC 9112 4',
      client: request('GET /', asking),
      application: answer(status, ['Content-Length: 2'], 'no'),
      sees: [relayedAsking],
      gets: [503],
      after: 'closed',
    }),
  ),
  ...(
    [
      ['POST', ['Content-Length: 0']],
      ['DELETE', []],
      ['PUT', ['Content-Length: 0']],
    ] as const
  ).map(
    ([method, lines]): Row => ({
      name: `${method} opens no WebSocket`,
      rule: 'RFC 6455 4.1',
      client: request(`${method} /`, [...asking, ...lines]),
      sees: [relayed(`${method} /`, [...socketHeaders, ...lines])],
      gets: [passedOk],
      after: 'open',
    }),
  ),
  {
    name: 'a WebSocket that asks with a body is a plain request',
    rule: 'RFC 6455 4.1',
    client: request('GET /', [...asking, 'Content-Length: 3'], 'abc'),
    sees: [relayed('GET /', [...socketHeaders, 'Content-Length: 3'], 'abc')],
    gets: [passedOk],
    after: 'open',
  },
]

const old = (lines: readonly string[], body = '', line = 'GET /'): string =>
  `${[`${line} HTTP/1.0`, 'Host: h', ...lines].join('\r\n')}\r\n\r\n${body}`

const oldClients: readonly Row[] = [
  {
    name: 'HTTP/1.0 that asks for it keeps its connection behind an answer of a length',
    rule: 'RFC 9112 9.3, C.2.2',
    client: old(['Connection: keep-alive']),
    sees: [relayedGet],
    gets: [passedOk],
    after: 'open',
    behind: 'kept',
  },
  {
    name: 'HTTP/1.0 that asks for it loses it behind an answer of no length',
    rule: 'RFC 9112 9.3, 6.3',
    client: old(['Connection: keep-alive']),
    application: answer('200 OK', ['Transfer-Encoding: chunked'], '2\r\nok\r\n0\r\n\r\n'),
    sees: [relayedGet],
    gets: [passed('200 OK', [], 'ok')],
    after: 'closed',
    behind: 'kept',
  },
  {
    name: 'HTTP/1.0 may send a body of a length',
    rule: 'RFC 9112 6.2',
    client: old(['Content-Length: 3'], 'abc', 'POST /'),
    sees: [relayedPost('abc')],
    gets: [passedOk],
    after: 'closed',
    behind: 'kept',
  },
  {
    name: 'HEAD of HTTP/1.0 has no body',
    rule: 'RFC 9110 9.3.2',
    client: old([], '', 'HEAD /'),
    application: answer('200 OK', ['Content-Length: 1234']),
    sees: [relayed('HEAD /')],
    gets: [passed('200 OK', ['Content-Length: 1234'])],
    after: 'closed',
    behind: 'kept',
  },
  {
    name: 'an expectation of HTTP/1.0 is none: nobody says 100',
    rule: 'RFC 9110 10.1.1',
    client: old(['Expect: 100-continue', 'Content-Length: 3'], 'abc', 'POST /'),
    application: [early, { untilSeen: 'abc' }, say('got')],
    sees: [relayedPost('abc', ['Expect: 100-continue'])],
    gets: [passedSay('got')],
    after: 'closed',
  },
  {
    name: 'HTTP/1.0 opens no WebSocket',
    rule: 'RFC 9110 7.8',
    client: old(['Connection: Upgrade', 'Upgrade: websocket', ...socketHeaders]),
    sees: [relayed('GET /', socketHeaders)],
    gets: [passedOk],
    after: 'closed',
    behind: 'kept',
  },
  refuses(
    'chunks in HTTP/1.0 have no end that all agree on',
    'RFC 9112 6.1',
    old(['Connection: keep-alive', 'Transfer-Encoding: chunked'], '0\r\n\r\n', 'POST /'),
  ),
]

const halves: readonly Row[] = [
  {
    name: 'requests that came before the client ended its side are all answered',
    rule: 'RFC 9112 9.6',
    client: [['/1', '/2', '/3'].map((path) => request(`GET ${path}`)).join(''), 'half-close'],
    application: { byTarget: { '/1': say('one'), '/2': say('two'), '/3': say('three') } },
    sees: ['/1', '/2', '/3'].map((path) => relayed(`GET ${path}`)),
    gets: [passedSay('one'), passedSay('two'), passedSay('three')],
    after: 'either',
  },
  {
    name: 'chunks that end early with the client’s side do not look whole',
    rule: 'RFC 9112 8',
    client: [request('POST /', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n'), { untilSeen: 'abc' }, 'half-close'],
    application: [],
    sees: [`${relayed('POST /', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n')}…`],
    gets: ['400 or nothing'],
    after: 'either',
    behind: 'closed',
  },
  {
    name: 'half a head with the end of the client’s side is no request',
    rule: 'RFC 9112 8',
    client: ['GET / HTTP/1.1\r\nHost: h\r\n', 'half-close'],
    sees: [],
    gets: ['400 or nothing'],
    after: 'closed',
  },
  {
    name: 'an application that ends its side behind an answer of a length has answered',
    rule: 'RFC 9112 9.6',
    client: get,
    application: [say('one'), 'half-close'],
    sees: [relayedGet],
    gets: [passedSay('one')],
    after: 'open',
    behind: 'closed',
  },
]

const refused = (name: string, rule: string, said: Row['application'], gets: string): Row => ({
  name,
  rule,
  client: `${request('GET /', asking)}\x81\x85early`,
  ...(said !== undefined && { application: said }),
  sees: [`${relayedAsking}…`],
  gets: [gets],
  after: 'closed',
})
const moreUpgrades: readonly Row[] = [
  refused(
    'a WebSocket that is refused in chunks gets all of them',
    'RFC 6455 4.2.2',
    answer('401 Unauthorized', ['Transfer-Encoding: chunked'], '2\r\nno\r\n1\r\n!\r\n0\r\n\r\n'),
    passed('401 Unauthorized', ['Transfer-Encoding: chunked'], '3\r\nno!\r\n0\r\n\r\n')
      .replace('Transfer-Encoding: chunked\r\n', '')
      .replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n'),
  ),
  refused(
    'a WebSocket that is refused up to the end of the connection gets all of it',
    'RFC 9112 6.3',
    [answer('426 Upgrade Required', ['X-A: 1'], 'no'), 'close'],
    passed('426 Upgrade Required', ['X-A: 1']).replace(
      '\r\n\r\n',
      '\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n',
    ),
  ),
  ...['Content-Length: 2', 'Transfer-Encoding: chunked'].map(
    (line): Row => ({
      name: `a switch does not tell ${line}: what follows has no end of that kind`,
      rule: 'RFC 9110 8.6, RFC 9112 6.1',
      client: [request('GET /', asking), { until: 'hello' }],
      application: [switched([...own, line, 'X-A: 1']), 'hello'],
      sees: [`${relayedAsking}…`],
      gets: [`${switched([...own, 'X-A: 1'])}hello`],
      after: 'relay',
    }),
  ),
  {
    name: 'a switch that tells a length beside chunks is no answer',
    rule: 'RFC 9112 6.3',
    client: request('GET /', asking),
    application: switched([...own, 'Content-Length: 2', 'Transfer-Encoding: chunked']),
    sees: [relayedAsking],
    gets: [503],
    after: 'closed',
  },
  {
    name: 'a WebSocket after early hints opens, and the client gets them first, but no line about the connection',
    rule: 'RFC 8297 2, RFC 9110 15.2',
    client: [request('GET /', asking), { until: 'hello' }],
    application: [
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 5\r\nUpgrade: x\r\n\r\n',
      { until: '</a>' },
      switched(own),
      'hello',
    ],
    sees: [`${relayedAsking}…`],
    gets: ['HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', `${switched(own)}hello`],
    after: 'relay',
  },
  {
    name: 'a WebSocket that is refused after early hints gets both',
    rule: 'RFC 9110 15.2',
    client: request('GET /', asking),
    application: ['HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', answer('403 No', ['Content-Length: 2'], 'no')],
    sees: [relayedAsking],
    gets: ['HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', passed('403 No', ['Content-Length: 2'], 'no')],
    after: 'closed',
  },
  {
    name: 'a WebSocket by an absolute target opens',
    rule: 'RFC 6455 4.1',
    client: [request('GET http://h/', asking), { until: 'hello' }],
    application: [switched(own), 'hello'],
    sees: [`${relayedAsking}…`],
    gets: [`${switched(own)}hello`],
    after: 'relay',
  },
]

export const exchanges: readonly Row[] = [...inTurn, ...before, ...upgrades, ...moreUpgrades, ...oldClients, ...halves]
