/** Rows: headers of requests, what passes and what is ours to say. */
import { passes, type Row, refuses, relayed, relayedGet, request } from './row.ts'

const one = (header: string): string => request('GET /', [header])

const kept: readonly (readonly [string, string, readonly string[]])[] = [
  ['order, spelling and repetition', 'RFC 9110 5.3', ['b: 1', 'A: 2', 'aCCept: x', 'b: 3', 'A: 2']],
  ['a value of nothing', 'RFC 9110 5.5', ['A: ', 'B: 1']],
  ['bytes beyond ASCII', 'RFC 9110 5.5', ['A: \xc3\xa9\xff\x80']],
  ['tabs and blanks inside', 'RFC 9110 5.5', ['A: x \t y  z']],
  ['quotes, commas and semicolons', 'RFC 9110 5.6', ['A: "a\\"b,c";d=e, f']],
  ['names of all signs', 'RFC 9110 5.1', ["!#$%&'*+-.^_`|~09: x"]],
  ['names that JavaScript knows', 'ours', ['constructor: 1', '__proto__: 2', 'toString: 3', 'hasOwnProperty: 4']],
  ['Range and If-Range', 'RFC 9110 14.2', ['Range: bytes=0-1,-5', 'If-Range: "x"']],
  ['conditions', 'RFC 9110 13.1', ['If-None-Match: W/"a", "b"', 'If-Modified-Since: Mon, 23 Nov 2026 07:00:00 GMT']],
  [
    'Accept-Encoding and Cache-Control',
    'RFC 9110 12.5.3',
    ['Accept-Encoding: gzip;q=1.0, *;q=0', 'Cache-Control: no-cache'],
  ],
  ['Authorization of an application', 'RFC 9110 11.6.2', ['Authorization: token abc', 'Cookie: a=b; c="d"']],
  ['Max-Forwards and Via', 'RFC 9110 7.6', ['Max-Forwards: 3', 'Via: 1.1 a']],
  [
    'Origin, Referer and User-Agent',
    'RFC 9110 10.1',
    ['Origin: http://h', 'Referer: http://h/x?y', 'User-Agent: x (y) z'],
  ],
]

const dropped: readonly (readonly [string, string, readonly string[], readonly string[]])[] = [
  ['Connection', 'RFC 9110 7.6.1', ['Connection: keep-alive', 'A: 1'], ['A: 1']],
  ['what Connection names', 'RFC 9110 7.6.1', ['Connection: x-a, X-B', 'X-A: 1', 'x-b: 2', 'X-C: 3'], ['X-C: 3']],
  ['what a second Connection names', 'RFC 9110 7.6.1', ['Connection: keep-alive', 'X-A: 1', 'connection: X-A'], []],
  ['what Connection names before and after', 'RFC 9110 7.6.1', ['X-A: 1', 'Connection: ,, x-a ,', 'X-A: 2'], []],
  ['Keep-Alive', 'RFC 9110 7.6.1', ['Keep-Alive: timeout=5'], []],
  ['Proxy-Connection', 'RFC 9110 7.6.1', ['Proxy-Connection: keep-alive'], []],
  [
    'Proxy-Authorization and Proxy-Authenticate',
    'RFC 9110 11.7',
    ['Proxy-Authorization: Basic eDp5', 'Proxy-Authenticate: x'],
    [],
  ],
  [
    'an upgrade to HTTP/2',
    'RFC 9113 3.1',
    ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'],
    [],
  ],
  ['an upgrade to anything else', 'RFC 9110 7.8', ['Connection: Upgrade', 'Upgrade: TLS/1.0, IRC/6.9'], []],
  ['Upgrade without Connection', 'RFC 9110 7.8', ['Upgrade: h2c'], []],
  [
    'X-Forwarded-* of a client',
    'ours',
    [
      'X-Forwarded-For: 1.2.3.4',
      'x-forwarded-proto: https',
      'X-Forwarded-Host: evil',
      'X-Forwarded-Port: 1',
      'X-Forwarded-Prefix: /x',
      'X_Forwarded_For: 9',
    ],
    [],
  ],
  ['Forwarded of a client', 'RFC 7239 8; ours', ['Forwarded: for=1.2.3.4;proto=https', 'forwarded: by=x'], []],
  [
    'other names for a client’s address',
    'ours',
    ['X-Real-IP: 1', 'True-Client-IP: 2', 'CF-Connecting-IP: 3', 'X-Client-IP: 4', 'X-Cluster-Client-IP: 5'],
    [],
  ],
  [
    'names for another address of the request',
    'ours',
    ['X-Original-URL: /admin', 'X-Rewrite-URL: /admin', 'X-Original-Host: evil', 'X-Scheme: https'],
    [],
  ],
  [
    'names that say who the user is',
    'ours',
    ['Remote-User: root', 'REMOTE_USER: root', 'X-Remote-User: root', 'Oidc_Claim_Sub: root', 'X-Batchway-User: root'],
    [],
  ],
  ['cookies of the hub', 'ours', ['Cookie: a=b; jupyterhub-hub-login=secret; c=d'], ['Cookie: a=b; c=d']],
  ['a Cookie that was the hub’s alone', 'ours', ['Cookie: jupyterhub-hub-login=secret'], []],
]

const rejected: readonly (readonly [string, string, string])[] = [
  ['a blank before the colon', 'RFC 9112 5.1', 'A : b'],
  ['a tab before the colon', 'RFC 9112 5.1', 'A\t: b'],
  ['no colon', 'RFC 9112 5', 'A'],
  ['no name', 'RFC 9112 5', ': b'],
  ['a name with a blank', 'RFC 9110 5.1', 'A B: c'],
  ['a name with a bracket', 'RFC 9110 5.1', 'A(B): c'],
  ['a name beyond ASCII', 'RFC 9110 5.1', 'A\xe9: c'],
  ['a name with a NUL', 'RFC 9110 5.1', 'A\0: c'],
  ['a value with a NUL', 'RFC 9110 5.5', 'A: b\0c'],
  ['a value with a control character', 'RFC 9110 5.5', 'A: b\x01c'],
  ['a value with a DEL', 'RFC 9110 5.5', 'A: b\x7fc'],
  ['a carriage return within', 'RFC 9112 2.2', 'A: b\rC: d'],
  ['a carriage return at the end', 'RFC 9112 2.2', 'A: b\r'],
  ['a folded line', 'RFC 9112 5.2', 'A: b\r\n c'],
  ['a line folded with a tab', 'RFC 9112 5.2', 'A: b\r\n\tc'],
  ['a line of blanks', 'RFC 9112 5.2', 'A: b\r\n '],
]

const hosts: readonly Row[] = [
  passes('Host passes as it is written', 'RFC 9110 7.2', 'GET / HTTP/1.1\r\nhOsT:  Gate.Example:8080 \r\n\r\n', '', {
    sees: [relayed('GET /', [], '', { host: 'Gate.Example:8080', port: '8080' }).replace('Host:', 'hOsT:')],
  }),
  passes(
    'Host may be an IPv6 address',
    'RFC 9110 7.2',
    'GET / HTTP/1.1\r\nHost: [::1]:81\r\n\r\n',
    relayed('GET /', [], '', { host: '[::1]:81', port: '81' }),
  ),
  passes('Host stays where it stood', 'RFC 9110 5.3', 'GET / HTTP/1.1\r\nA: 1\r\nHost: h\r\nB: 2\r\n\r\n', '', {
    sees: [relayedGet.replace('Host: h\r\n', 'A: 1\r\nHost: h\r\nB: 2\r\n')],
  }),
  passes('Connection cannot take Host away', 'RFC 9110 7.6.1', one('Connection: host'), relayedGet),
  { ...declinesHost('no host', 'A: b'), after: 'either' },
  ...['Host: h\r\nHost: h', 'Host: h\r\nHost: i', 'Host: h\r\nhost: evil'].map((lines) =>
    declinesHost(`two hosts, ${JSON.stringify(lines)}`, lines),
  ),
  ...[
    '',
    'a b',
    'a,b',
    'a@b',
    'h/x',
    'h:',
    'h:x',
    'h:65536',
    'h:80:80',
    '.0',
    '256.1.1.1',
    '[::1',
    '::1',
    'h\\x',
    'h?x',
    'h#x',
    'a%00b',
    "h'",
  ].map((host) => declinesHost(`a host ${JSON.stringify(host)}`, `Host: ${host}`)),
]

function declinesHost(what: string, lines: string): Row {
  return {
    name: `${what} goes nowhere`,
    rule: 'RFC 9112 3.2',
    client: `GET / HTTP/1.1\r\n${lines}\r\n\r\n`,
    sees: [],
    gets: [400],
    after: 'open',
  }
}

const large: readonly Row[] = [
  passes(
    'sixteen thousand bytes of headers pass',
    'ours',
    one(`A: ${'x'.repeat(16_000)}`),
    relayed('GET /', [`A: ${'x'.repeat(16_000)}`]),
  ),
  passes(
    'five hundred headers pass',
    'ours',
    request(
      'GET /',
      Array.from({ length: 500 }, (_, n) => `a${n}: ${n}`),
    ),
    relayed(
      'GET /',
      Array.from({ length: 500 }, (_, n) => `a${n}: ${n}`),
    ),
  ),
  {
    ...refuses('a line that does not end is too large', 'RFC 9112 3', '', 414),
    client: `GET /${'x'.repeat(40_000)}`,
  },
  passes(
    'a thousand headers pass',
    'ours',
    request('GET /', Array<string>(999).fill('a: b')),
    relayed('GET /', Array<string>(999).fill('a: b')),
  ),
  refuses(
    'a thousand and one are too many',
    'RFC 6585 5; ours',
    request('GET /', Array<string>(1_000).fill('a: b')),
    431,
  ),
  {
    ...refuses('a head of forty thousand bytes is too large', 'RFC 6585 5', one(`A: ${'x'.repeat(40_000)}`), 431),
    client: one(`A: ${'x'.repeat(40_000)}`),
  },
  {
    ...refuses('a target of forty thousand bytes is too large', 'RFC 9112 3, RFC 9110 15.5.15', '', 414),
    client: request(`GET /${'x'.repeat(40_000)}`),
  },
]

/** It is of one hop; but whoever takes trailers takes them from us. */
const te: readonly Row[] = [
  ...['trailers', 'Trailers', 'gzip, trailers', 'deflate;q=0.5,trailers ,x'].flatMap((value) =>
    [['Connection: TE'], []].map((connection) =>
      passes(
        `TE: ${value} with ${connection[0] ?? 'no Connection'} says trailers to the application, and nothing else`,
        'RFC 9110 10.1.4',
        request('GET /', [...connection, `TE: ${value}`, 'A: 1']),
        relayed('GET /', ['A: 1'], '', { behind: ['TE: trailers'], connection: 'keep-alive, TE' }),
        { behind: 'kept' },
      ),
    ),
  ),
  ...['gzip', 'trailers;q=0', 'xtrailers', '"trailers"', ''].map((value) =>
    passes(
      `TE: ${value} goes no further`,
      'RFC 9110 10.1.4',
      request('GET /', ['Connection: TE', `TE: ${value}`]),
      relayedGet,
    ),
  ),
  {
    ...passes(
      'TE of HTTP/1.0 goes no further',
      'RFC 9110 6.5.1',
      'GET / HTTP/1.0\r\nHost: h\r\nTE: trailers\r\n\r\n',
      relayedGet,
    ),
    after: 'closed',
  },
]

export const requestHeaders: readonly Row[] = [
  ...te,
  ...kept.map(([what, rule, lines]) => passes(`${what} stay`, rule, request('GET /', lines), relayed('GET /', lines))),
  ...dropped.map(([what, rule, lines, left]) =>
    passes(`${what} goes no further`, rule, request('GET /', lines), relayed('GET /', left)),
  ),
  passes('blanks around a value are no part of it', 'RFC 9112 5.1', one('A: \t b \t'), relayed('GET /', ['A: b'])),
  ...rejected.map(([what, rule, line]) => refuses(`${what} is no header`, rule, one(line))),
  refuses('a line feed alone between headers', 'RFC 9112 2.2', 'GET / HTTP/1.1\r\nHost: h\nA: b\r\n\r\n'),
  refuses('a folded line before all headers', 'RFC 9112 2.2', 'GET / HTTP/1.1\r\n A: b\r\nHost: h\r\n\r\n'),
  ...hosts,
  ...large,
]
