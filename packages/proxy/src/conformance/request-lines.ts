/** Rows: methods, targets, versions. */
import {
  answer,
  declines,
  get,
  passed,
  passedOk,
  passes,
  type Row,
  refuses,
  relayed,
  relayedGet,
  request,
} from './row.ts'

const plainMethods = ['GET', 'OPTIONS', 'DELETE', 'TRACE'] as const
const bodyMethods = ['POST', 'PUT', 'PATCH', 'PROPFIND', 'REPORT', 'QUERY', 'MKCOL', 'M-SEARCH', 'PURGE'] as const

const methods: readonly Row[] = [
  ...plainMethods.map((method) =>
    passes(`${method} passes as it is`, 'RFC 9110 9', request(`${method} /`), relayed(`${method} /`)),
  ),
  ...bodyMethods.map((method) =>
    passes(
      `${method} without a body says that it has none`,
      'RFC 9110 8.6',
      request(`${method} /`),
      relayed(`${method} /`, ['Content-Length: 0']),
    ),
  ),
  ...['GET', 'DELETE', 'OPTIONS'].map((method) =>
    passes(
      `${method} keeps its body`,
      'RFC 9110 9.3.1',
      request(`${method} /`, ['Content-Length: 3'], 'abc'),
      relayed(`${method} /`, ['Content-Length: 3'], 'abc'),
    ),
  ),
  {
    name: 'HEAD is answered by a head alone, whatever length it tells',
    rule: 'RFC 9110 9.3.2',
    client: request('HEAD /'),
    application: answer('200 OK', ['Content-Length: 1234']),
    sees: [relayed('HEAD /')],
    gets: [passed('200 OK', ['Content-Length: 1234'])],
    after: 'open',
    behind: 'kept',
  },
  ...['G\tET', 'G(T', '', 'GET\0', '"GET"', 'G@T'].map((method) =>
    refuses(`a method ${JSON.stringify(method)} is none`, 'RFC 9110 9.1', `${method} / HTTP/1.1\r\nHost: h\r\n\r\n`),
  ),
]

/** Passed byte for byte: the proxy neither decodes nor cleans. */
const rawPaths = [
  '/a%20b',
  '/a%2fb',
  '/%7Euser/%7e',
  '/%41%5a',
  '/jos%c3%a9/',
  '/jos%C3%A9',
  '/a;b=c/d;e',
  "/a=b&c,d!$'()*+@:",
  '/constructor',
  '/__proto__',
  '/constructor/prototype/__proto__',
  '/toString/valueOf/hasOwnProperty',
  '/%5F%5Fproto__',
  '/.hidden/..a/...',
  '/a//b///c/',
  '//a',
  '/%25%32%65',
  '/%252e%252e/x',
  '/a|b^c`d{e}"f',
  '/[::1]/<x>',
  '/?',
  '/?a=b?c=d&&e',
  '/?%zz=%',
  '/?a/../b//c\\d',
  '/?%00%0d%0a',
  '/a%3Fb%23c',
  '/%E2%80%AE',
  '/*',
] as const

const badPaths: readonly (readonly [string, string])[] = [
  ['/a%', 'a percent sign alone'],
  ['/a%2', 'half an escape'],
  ['/a%zz', 'an escape of no digits'],
  ['/%ff', 'an escape that is no UTF-8'],
  ['/%c0%ae%c0%ae/', 'dots in overlong UTF-8'],
  ['/%ed%a0%80', 'half a surrogate pair'],
  ['/a%00b', 'an escaped NUL'],
  ['/a%0d%0aSet-Cookie:x', 'an escaped line end'],
  ['/a%7f', 'an escaped DEL'],
  ['/a/../b', 'dots'],
  ['/..', 'nothing but dots'],
  ['/./a', 'a dot'],
  ['/a/%2e%2e/b', 'escaped dots'],
  ['/a/.%2E/b', 'half-escaped dots'],
  ['/a/..%2fb', 'dots before an escaped slash'],
  ['/a\\..\\b', 'dots between backslashes'],
  ['/a%5c..%5cb', 'dots between escaped backslashes'],
  ['/a#b', 'a fragment'],
  ['/?a#b', 'a fragment behind a query'],
]

/** Target, `Host`, and what the application gets. */
const absolutes = [
  ['http://h/', 'h', '/'],
  ['http://h', 'h', '/'],
  ['http://h?a=b', 'h', '/?a=b'],
  ['HTTP://H/a%2f/', 'h', '/a%2f/'],
  ['http://h:80/a', 'h', '/a'],
  ['http://h/a', 'h:80', '/a'],
  ['http://h:81/a//b', 'h:81', '/a//b'],
  ['http://[::1]:81/?http://i/', '[::1]:81', '/?http://i/'],
] as const

const foreign = [
  ['http://other/', 'h', 'another host'],
  ['http://h:81/', 'h', 'another port'],
  ['http://h/', 'h:81', 'a port that the target does not have'],
  ['http://h:443/', 'h', 'the port of the other scheme'],
  ['http://h:080/', 'h', 'a port with a nought before it'],
  ['http://h:/', 'h', 'a port of nothing'],
  ['http://h./', 'h', 'a host with a dot behind it'],
  ['http://%68/', 'h', 'an escaped host'],
  ['http://u@h/', 'h', 'userinfo'],
  ['http://u:p@h/', 'h', 'userinfo with a password'],
  ['http://h@other/', 'h', 'a host as userinfo'],
  ['http://other\\@h/', 'h', 'a backslash in userinfo'],
  ['http://h\\other/', 'h', 'a backslash behind the host'],
  ['http:///', 'h', 'no host'],
  ['http:/h/', 'h', 'one slash'],
  ['http:h', 'h', 'no slash'],
  ['file:///etc/passwd', 'h', 'the scheme of files'],
  ['ws://h/', 'h', 'the scheme of WebSockets'],
  ['ftp://h/', 'h', 'the scheme of FTP'],
  ['h:80', 'h:80', 'a target as of CONNECT'],
] as const

const targets: readonly Row[] = [
  ...rawPaths.map((path) =>
    passes(`the target ${path} passes byte for byte`, 'RFC 9112 3.2.1', request(`GET ${path}`), relayed(`GET ${path}`)),
  ),
  ...badPaths.map(([path, what]) =>
    declines(`${what} in a path, ${path}, goes nowhere`, 'RFC 3986 2.1, 3.3, 5.2.4; ours', request(`GET ${path}`)),
  ),
  ...['/user/bob', '/constructor', '/a b'].map((route) => ({
    ...declines(
      `an escaped slash that hides the route ${route} goes nowhere`,
      'ours',
      request(`GET ${route.slice(1) === 'a b' ? '//a%20b' : `/${encodeURIComponent(`x/..${route}`)}`}`),
    ),
    routes: [route],
  })),
  {
    ...declines('a double slash before a route goes nowhere', 'ours', request('GET //user/bob/')),
    routes: ['/user/bob'],
  },
  {
    ...declines('a backslash for the slash of a route goes nowhere', 'ours', request('GET /user\\bob/')),
    routes: ['/user/bob'],
  },
  {
    ...declines('an escaped slash in a route goes nowhere', 'ours', request('GET /user%2fbob/')),
    routes: ['/user/bob'],
  },
  refuses('a target without a slash goes nowhere', 'RFC 9112 3.2.1', request('GET x')),
  ...absolutes.map(([written, host, path]) =>
    passes(
      `the target ${written} is ${path} for the application`,
      'RFC 9112 3.2.1, 3.2.2',
      `GET ${written} HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
      relayed(`GET ${path}`, [], '', { host, port: /:(\d+)$/.exec(host)?.[1] ?? '80' }),
    ),
  ),
  ...foreign.map(([written, host, what]) =>
    refuses(
      `${what}, ${written} beside Host: ${host}, goes nowhere`,
      'RFC 9112 3.2, 3.2.2; ours',
      `GET ${written} HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    ),
  ),
  declines('an absolute target of the other scheme goes nowhere', 'RFC 9110 7.4', request('GET https://h/')),
  declines('dots in an absolute target go nowhere', 'RFC 3986 5.2.4; ours', request('GET http://h/a/../b')),
  declines('a fragment in an absolute target goes nowhere', 'RFC 9112 3.2.2', request('GET http://h#b')),
  {
    ...declines('an absolute target cannot hide a route', 'ours', request('GET http://h//user/bob/')),
    routes: ['/user/bob'],
  },
  passes(
    'POST to an absolute target keeps its body',
    'RFC 9112 3.2.2',
    request('POST http://h/a', ['Content-Length: 3'], 'abc'),
    relayed('POST /a', ['Content-Length: 3'], 'abc'),
  ),
  {
    name: 'HTTP/1.0 may use an absolute target where it names the host as well',
    rule: 'RFC 9112 3.2.2',
    client: 'GET http://h/a HTTP/1.0\r\nHost: h\r\n\r\n',
    sees: [relayed('GET /a')],
    gets: [passedOk],
    after: 'closed',
  },
  refuses(
    'HTTP/1.0 with an absolute target and no host goes nowhere',
    'RFC 9112 3.2.2; ours',
    'GET http://h/ HTTP/1.0\r\n\r\n',
  ),
  declines('OPTIONS * is answered by the proxy', 'RFC 9110 9.3.7', request('OPTIONS *'), 200),
  declines('so is OPTIONS with an absolute target without a path', 'RFC 9112 3.2.4', request('OPTIONS http://h'), 200),
  declines(
    'OPTIONS * with a body is answered, and the body goes nowhere',
    'RFC 9110 9.3.7',
    request('OPTIONS *', ['Content-Length: 3'], 'abc'),
    200,
  ),
  declines('OPTIONS * of two hosts goes nowhere', 'RFC 9112 3.2', 'OPTIONS * HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n'),
  ...['GET *', 'POST *', 'OPTIONS **', 'OPTIONS *?a'].map((line) =>
    refuses(`${line} goes nowhere`, 'RFC 9112 3.2.4', request(line)),
  ),
  ...['CONNECT h:80', 'CONNECT h', 'CONNECT /', 'CONNECT http://h/', 'CONNECT *'].map((line) =>
    refuses(`${line} opens no tunnel`, 'RFC 9110 9.3.6', request(line), 501),
  ),
  refuses('an empty target goes nowhere', 'RFC 9112 3', 'GET  HTTP/1.1\r\nHost: h\r\n\r\n'),
  declines('bytes beyond ASCII in a target go nowhere', 'RFC 3986 2', request('GET /\xc3\xa9'), 400, {
    after: 'either',
  }),
  refuses('a NUL in a target goes nowhere', 'RFC 9112 2.2', request('GET /\0')),
  refuses('a tab in a target goes nowhere', 'RFC 9112 3', request('GET /a\tb')),
  refuses('a blank in a target goes nowhere', 'RFC 9112 3.2', 'GET /a b HTTP/1.1\r\nHost: h\r\n\r\n'),
]

const versions: readonly Row[] = [
  {
    name: 'HTTP/1.0 is answered, and the connection ends',
    rule: 'RFC 9112 9.3',
    client: 'GET / HTTP/1.0\r\nHost: h\r\n\r\n',
    sees: [relayedGet],
    gets: [passedOk],
    after: 'closed',
    behind: 'kept',
  },
  {
    name: 'HTTP/1.0 gets a body without chunks',
    rule: 'RFC 9112 6.1',
    client: 'GET / HTTP/1.0\r\nHost: h\r\n\r\n',
    application: answer('200 OK', ['Transfer-Encoding: chunked'], '2\r\nok\r\n0\r\n\r\n'),
    sees: [relayedGet],
    gets: [passed('200 OK', [], 'ok')],
    after: 'closed',
    behind: 'kept',
  },
  declines('HTTP/1.0 without a host goes nowhere', 'RFC 9110 7.2; ours', 'GET / HTTP/1.0\r\n\r\n', 400, {
    after: 'closed',
  }),
  refuses('HTTP/0.9 is not spoken', 'RFC 9112 2.3', 'GET /\r\n'),
  ...[
    'HTTP/0.9',
    'HTTP/2.0',
    'HTTP/1.2',
    'HTTP/3.0',
    'http/1.1',
    'HTTP/11',
    'HTTP/1.10',
    'HTTP/1,1',
    'HTTP/01.1',
    'ICE/1.0',
    'HTTP/1.1 x',
  ].map((version) =>
    refuses(`the version ${version} is not spoken`, 'RFC 9112 2.3', `GET / ${version}\r\nHost: h\r\n\r\n`),
  ),
  refuses('the preface of HTTP/2 is no request', 'RFC 9113 3.4', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  refuses('TLS on a plain port is no request', 'RFC 9112 3', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
  refuses('a tab in a request line', 'RFC 9112 3', 'GET\t/\tHTTP/1.1\r\nHost: h\r\n\r\n'),
  refuses('a blank before a request line', 'RFC 9112 2.2', ` ${get}`),
  refuses('a line feed alone after a request line', 'RFC 9112 2.2', 'GET / HTTP/1.1\nHost: h\r\n\r\n'),
  refuses('a carriage return alone after a request line', 'RFC 9112 2.2', 'GET / HTTP/1.1\rHost: h\r\n\r\n'),
  passes('an empty line before a request is left out', 'RFC 9112 2.2', `\r\n${get}`, relayedGet),
]

export const requestLines: readonly Row[] = [...methods, ...targets, ...versions]
