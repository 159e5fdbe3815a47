/** Requests as nobody's browser sends them: a grammar of HTTP/1.1 (RFC 9112) with a share of mistakes at every place. */
import fc from 'fast-check'
import type { Sent } from './exchange.ts'

/** What the site knows of the one who sends: some requests get further than the first refusal. */
export interface Credentials {
  readonly cookie: string
  readonly xsrf: string
  readonly token: string
  readonly controlToken: string
}

/** Bytes as Latin-1, not one of which is left out. */
const bytes = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
})
const visible = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  maxLength: 20,
})
const encoded = fc.string({ unit: 'binary', maxLength: 8 }).map((text) => encodeURIComponent(text.toWellFormed()))
/** Words that have meant something else to somebody. */
const hostile = fc.constantFrom(
  ...[
    '..',
    '.',
    '%2e%2e',
    '%2E',
    '%2f',
    '%5c',
    '\\',
    '%00',
    '%0d%0a',
    '%',
    '%zz',
    '%c0%af',
    '%ff',
    '%ed%a0%80',
    '~',
    '',
  ],
  ...[
    '__proto__',
    'constructor',
    'alice',
    'nobody',
    'a%20b',
    "'",
    '"',
    '<b>',
    ';',
    ',',
    '@',
    '$%7Bx%7D',
    '{{1}}',
    '{%if%}',
  ],
  ...[
    'a'.repeat(300),
    'user',
    'server',
    'servers',
    'sessions',
    'events',
    '1e400',
    '-1',
    '9'.repeat(30),
    '%E2%80%AE',
    '%F0%9F%98%80',
  ],
)
const part = fc.oneof({ weight: 4, arbitrary: hostile }, visible, encoded)

const known = fc.constantFrom(
  ...[
    '/',
    '/hub',
    '/hub/',
    '/hub/home',
    '/hub/login',
    '/hub/login/link',
    '/hub/logout',
    '/hub/history',
    '/hub/preferences',
    '/hub/health',
  ],
  ...[
    '/hub/spawn',
    '/hub/spawn/alice',
    '/hub/spawn-pending/alice',
    '/hub/error/503',
    '/hub/static/app.css',
    '/hub/security/csp-report',
  ],
  ...[
    '/hub/api',
    '/hub/api/',
    '/hub/api/user',
    '/hub/api/users/alice',
    '/hub/api/users/alice/activity',
    '/hub/api/users/alice/server',
  ],
  ...[
    '/hub/api/users/alice/servers/x',
    '/hub/api/users/alice/sessions',
    '/hub/api/clusters',
    '/hub/api/profiles',
    '/hub/api/openapi.json',
  ],
  ...[
    '/hub/api/oauth2/authorize',
    '/hub/api/oauth2/token',
    '/hub/api/agent/claim',
    '/hub/api/agent/report',
    '/hub/api/metrics',
  ],
  ...[
    '/hub/user/alice/',
    '/hub/user-redirect/lab',
    '/hub/oauth_callback',
    '/user/alice/',
    '/user/alice/api/contents',
    '/_chp_healthz',
  ],
  ...['/api/routes', '/api/routes/user/x', '/api/streams', '/api/streams/user', '/api/revocations'],
)
const path = fc.oneof(
  { weight: 5, arbitrary: known },
  {
    weight: 3,
    arbitrary: fc
      .tuple(known, fc.array(part, { maxLength: 4 }))
      .map(([start, parts]) => [start.replace(/\/$/, ''), ...parts].join('/')),
  },
  { weight: 1, arbitrary: fc.array(part, { maxLength: 8 }).map((parts) => `/${parts.join('/')}`) },
)
const names = [
  'next',
  'key',
  'state',
  'code',
  'client_id',
  'redirect_uri',
  'response_type',
  'scope',
  'limit',
  'before',
  'out',
  '_xsrf',
  'redirects',
  'token',
  'inactive_since',
  'below',
  '__proto__',
  'profile',
  'server',
]
const pair = fc
  .tuple(
    fc.oneof(fc.constantFrom(...names), part),
    fc.oneof(part, path, fc.constantFrom('code', '2026-01-01T00:00:00Z', 'http://evil.invalid/', '//evil', 'self')),
  )
  .map(([name, value]) => `${name}=${value}`)
const query = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  fc.array(pair, { maxLength: 5 }).map((pairs) => `?${pairs.join('&')}`),
  visible.map((text) => `?${text}`),
)
const target = fc.oneof(
  { weight: 40, arbitrary: fc.tuple(path, query).map(([where, what]) => where + what) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('http://', 'https://', 'ws://', 'http://a@', 'http://[', '//', 'file:'), visible, path)
      .map((parts) => parts.join('')),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '*',
      '',
      'x',
      'x:443',
      '/a b',
      '/\x00',
      '/ä',
      `/${'a'.repeat(20_000)}`,
      `/${'%41'.repeat(9_000)}`,
      `/${'../'.repeat(3_000)}`,
    ),
  },
  { weight: 1, arbitrary: bytes },
)

/** Where a mark of the one who sends goes: no other part of a request holds it. */
export const placeholder = 'n=(mark)'

/** Below a prefix: what an application gets. */
export const targetBelow = (prefix: string): fc.Arbitrary<string> =>
  fc
    .tuple(fc.array(part, { maxLength: 4 }), query)
    .map(([parts, what]) => `${[prefix, ...parts].join('/')}${what}${what === '' ? '?' : '&'}${placeholder}`)

const method = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom('GET', 'GET', 'POST', 'HEAD', 'DELETE', 'PUT', 'PATCH', 'OPTIONS') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('TRACE', 'CONNECT', 'PROPFIND', 'QUERY', 'M-SEARCH', 'PRI', 'get', 'G\tET', '', 'GETT'),
  },
)
const version = fc.oneof(
  { weight: 60, arbitrary: fc.constant('HTTP/1.1') },
  fc.constantFrom('HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/1.2', 'http/1.1', 'HTTP/1.1 ', 'HTTP/11', ''),
)

const hostValue = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom('gateway.invalid', '127.0.0.1', '[::1]:80', 'a:1') },
  fc.oneof(visible, bytes, fc.constantFrom('', ' ', 'a b', 'a,b', 'a:99999999', '[', 'a@b', 'ä', 'x'.repeat(9_000))),
)
const json: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.json({ maxDepth: 4, noUnicodeString: false }) },
  fc.constantFrom(
    ...[
      '{}',
      '[]',
      'null',
      '""',
      '1e999',
      '{',
      '{"a":1,"a":2}',
      '{"__proto__":{"x":1}}',
      '{"constructor":{"prototype":1}}',
      '"\\ud800"',
      '\ufeff{}',
    ],
    ...[
      `${'['.repeat(20_000)}`,
      `${'['.repeat(9_000)}${']'.repeat(9_000)}`,
      `${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}`,
    ],
    ...[
      '{"user_options":{"profile":"small","cores":1e308}}',
      '{"user_options":{"profile":"\\u0000"}}',
      '{"profile":["small"]}',
      '{"profile":"nowhere"}',
    ],
    ...[
      '{"last_activity":"2026-01-01"}',
      '{"last_activity":"275760-09-13T00:00:00.001Z"}',
      '{"servers":{"":{"last_activity":"x"}}}',
      '{"servers":{"__proto__":{"last_activity":"2026-01-01T00:00:00Z"}}}',
    ],
    ...[
      '{"target":"http://127.0.0.1:1"}',
      '{"target":"http://127.0.0.1:1","__proto__":{"hub":true}}',
      '{"target":"http://127.0.0.1:1","toJSON":1}',
      '{"target":"http+unix://%zz"}',
    ],
    ...[
      `{"target":"http://127.0.0.1:1","x":${'['.repeat(9_000)}${']'.repeat(9_000)}}`,
      '{"/a":{"target":"http://127.0.0.1:1"},"/__proto__":{"target":"http://127.0.0.1:1"}}',
    ],
    ...[
      '{"revoked":[{"credential":"x","path":null}],"seconds":1}',
      '{"revoked":[],"seconds":1e308}',
      '{"protocol":1}',
      '{"protocol":1e999,"session":"x"}',
      '{"csp-report":{"document-uri":["x"],"blocked-uri":"\\u0000"}}',
    ],
  ),
  fc.integer({ min: 1, max: 6 }).map((size) => `"${'x'.repeat(size * 500_000)}"`),
)
const form = fc.array(pair, { maxLength: 8 }).map((pairs) => pairs.join('&'))
const multipart = fc
  .tuple(fc.constantFrom('b', 'bb', ''), visible, bytes)
  .map(
    ([mark, name, text]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${text}\r\n--${mark}--\r\n`,
  )
const body = fc.oneof({ weight: 5, arbitrary: json }, { weight: 3, arbitrary: form }, multipart, bytes)

/** One header line without its end. Most are well made. */
const line = ({ cookie, xsrf, token, controlToken }: Credentials): fc.Arbitrary<string> => {
  const field = (name: string, value: fc.Arbitrary<string>) => value.map((text) => `${name}: ${text}`)
  const text = fc.oneof(
    visible,
    bytes.map((each) => each.replace(/[\r\n\0]/g, '')),
    hostile,
  )
  return fc.oneof(
    {
      weight: 24,
      arbitrary: fc.constantFrom(
        `Cookie: ${cookie}`,
        `Authorization: token ${token}`,
        `Authorization: token ${controlToken}`,
        `X-XSRFToken: ${xsrf}`,
      ),
    },
    {
      weight: 2,
      arbitrary: field(
        'Cookie',
        fc.oneof(
          fc
            .array(
              fc.tuple(part, text).map(([a, b]) => `${a}=${b}`),
              { maxLength: 6 },
            )
            .map((all) => all.join('; ')),
          fc.constant(`a${' '.repeat(20_000)}b=1`),
          fc.constant('='.repeat(9_000)),
        ),
      ),
    },
    field(
      'Authorization',
      fc.oneof(
        text,
        text.map((each) => `token ${each}`),
        text.map((each) => `Basic ${each}`),
        fc.constant(`bearer ${' '.repeat(9_000)}x y`),
      ),
    ),
    field('Accept', fc.constantFrom('text/html', 'application/json', '*/*', 'text/event-stream', '')),
    field(
      'Content-Type',
      fc.oneof(
        fc.constantFrom(
          'application/json',
          'application/x-www-form-urlencoded',
          'multipart/form-data; boundary=b',
          'multipart/form-data',
          'multipart/form-data; boundary=',
          'text/plain; charset=utf-7',
          'application/json;charset=x',
        ),
        text,
      ),
    ),
    field('Sec-Fetch-Mode', fc.constantFrom('navigate', 'cors', 'no-cors', 'websocket', 'x')),
    field('Sec-Fetch-Site', fc.constantFrom('same-origin', 'cross-site', 'none', 'x')),
    field('Origin', fc.oneof(fc.constantFrom('http://gateway.invalid', 'null', 'http://evil.invalid'), text)),
    field('Referer', text),
    field(
      'X-Forwarded-For',
      fc.oneof(
        fc.constantFrom(
          '10.0.0.1',
          '127.0.0.1, 127.0.0.1',
          '::ffff:1.2.3.4',
          'unix',
          ',,,',
          'fe80::1%eth0',
          '999.1.1.1',
        ),
        text,
      ),
    ),
    field('X-Forwarded-Host', text),
    field('X-Forwarded-Proto', fc.constantFrom('https', 'http', 'x')),
    {
      weight: 2,
      arbitrary: fc
        .tuple(
          fc.constantFrom(
            'Remote_User',
            'Remote-User',
            'remote_user',
            'REMOTE_USER',
            'Remote_User_Data',
            'X-Batchway-User',
            'X-Batchway-Front',
          ),
          fc.oneof(
            fc.constantFrom('(null)', 'alice', 'root', '#0', 'b\xc3\xa4r', '\xff', '-', 'yes', '%zz', 'a@b'),
            text,
          ),
        )
        .map(([a, b]) => `${a}: ${b}`),
    },
    field('Expect', fc.constantFrom('100-continue', 'x', '200-ok')),
    field(
      'Connection',
      fc.constantFrom(
        'close',
        'keep-alive',
        'Host',
        'Content-Length',
        'Transfer-Encoding, close',
        'X-Batchway-User',
        'Upgrade',
        'Cookie',
      ),
    ),
    field('Upgrade', fc.constantFrom('websocket', 'h2c', 'WebSocket', 'TLS/1.0', '')),
    field('Sec-WebSocket-Key', text),
    field('Sec-WebSocket-Version', fc.constantFrom('13', '8', 'x')),
    field('Last-Event-ID', text),
    field('Range', fc.constantFrom('bytes=0-1', 'bytes=-1', 'bytes=9-1,2-3', 'x')),
    field('If-None-Match', text),
    field('Accept-Encoding', fc.constantFrom('gzip', 'br;q=x', '')),
    field('Hx-Request', fc.constantFrom('true', 'x')),
    field('X-Long', fc.constantFrom('x'.repeat(20_000), 'x'.repeat(40_000))),
    // Names and forms that are none.
    fc.tuple(fc.oneof(visible, bytes), bytes).map(([a, b]) => `${a}:${b}`),
    fc.constantFrom(
      ' folded',
      '\tfolded',
      'No-Colon',
      'Space : x',
      ': empty',
      'A:\rB',
      'A: b\nC: d',
      'A: \0',
      'Host: other',
    ),
  )
}

interface Framing {
  readonly lines: readonly string[]
  readonly body: string
  /** The body is all there, or the framing is one that must be refused. */
  readonly isComplete: boolean
}

const chunked = (text: string, sizes: readonly number[]): string => {
  let at = 0
  let out = ''
  for (const size of sizes) {
    const piece = text.slice(at, at + size)
    if (piece === '') break
    out += `${piece.length.toString(16)}\r\n${piece}\r\n`
    at += size
  }
  const rest = text.slice(at)
  return `${out}${rest === '' ? '' : `${rest.length.toString(16)}\r\n${rest}\r\n`}0\r\n\r\n`
}

const framing: fc.Arbitrary<Framing> = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ lines: [], body: '', isComplete: true }) },
  {
    weight: 6,
    arbitrary: body.map((text) => ({ lines: [`Content-Length: ${text.length}`], body: text, isComplete: true })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(body, fc.array(fc.integer({ min: 1, max: 99 }), { maxLength: 5 })).map(([text, sizes]) => ({
      lines: ['Transfer-Encoding: chunked'],
      body: chunked(text, sizes),
      isComplete: true,
    })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(body, fc.nat(60)).map(([text, cut]) => ({
      lines: ['Transfer-Encoding: chunked'],
      body: chunked(text, [10]).slice(0, cut),
      isComplete: false,
    })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(body, fc.integer({ min: 1, max: 5_000 }))
      .map(([text, more]) => ({ lines: [`Content-Length: ${text.length + more}`], body: text, isComplete: false })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          ['Content-Length: 3', 'Transfer-Encoding: chunked'],
          ['Transfer-Encoding: chunked', 'Content-Length: 3'],
          ['Content-Length: 3', 'Content-Length: 4'],
          ['Content-Length: 3, 3'],
          ['Content-Length: -1'],
          ['Content-Length: +3'],
          ['Content-Length: 0x3'],
          ['Content-Length: 3 '],
          ['Content-Length: 99999999999999999999999'],
          ['Transfer-Encoding: identity'],
          ['Transfer-Encoding: gzip, chunked'],
          ['Transfer-Encoding: chunked, chunked'],
          ['Transfer-Encoding: xchunked'],
          ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
          ['Transfer-Encoding : chunked'],
          ['Transfer-Encoding:\x0bchunked'],
          ['Transfer-Encoding: ', ' chunked'],
        ),
        fc.constantFrom(
          '',
          '0\r\n\r\n',
          '3\r\nabc\r\n0\r\n\r\n',
          'abc',
          'zz\r\n',
          '-1\r\n',
          'ffffffffffffffff\r\nx',
          '3;ext="\n"\r\nabc\r\n0\r\n\r\n',
          '0\r\nHost: x\r\n\r\n',
        ),
      )
      .map(([lines, text]) => ({ lines, body: text, isComplete: false })),
  },
)

/** One request, with mistakes. Its first line is `VERB TARGET VERSION`. */
export const request = (credentials: Credentials, where: fc.Arbitrary<string> = target): fc.Arbitrary<Sent> =>
  fc
    .record({
      method,
      target: where,
      version,
      host: fc.oneof({ weight: 60, arbitrary: hostValue.map((text) => [`Host: ${text}`]) }, fc.constant([])),
      lines: fc.array(line(credentials), { maxLength: 8 }),
      framing,
      end: fc.oneof({ weight: 60, arbitrary: fc.constant('\r\n') }, fc.constantFrom('\n', '\r', '\r\r\n')),
      gap: fc.oneof({ weight: 60, arbitrary: fc.constant('\r\n') }, fc.constantFrom('\n', '', '\r\n ')),
    })
    .map(({ method: verb, target: place, version: level, host, lines, framing: frame, end, gap }) => {
      const all = [...host, ...lines, ...frame.lines]
      const bytes = `${verb} ${place} ${level}\r\n${all.map((each) => each + end).join('')}${gap}${frame.body}`
      // Whoever bent a rule may be understood as having more to say: the end of the stream must settle that.
      const isPlain =
        frame.isComplete &&
        end === '\r\n' &&
        gap === '\r\n' &&
        verb !== 'CONNECT' &&
        /^[A-Z-]+$/.test(verb) &&
        ['HTTP/1.1', 'HTTP/1.0'].includes(level) &&
        /^[\x21-\x7e]+$/.test(place) &&
        lines.every(
          (each) =>
            /^[\w-]+: [\t\x20-\x7e]*$/.test(each) &&
            !/^(connection|upgrade|expect|content-length|transfer-encoding):/i.test(each),
        )
      return { bytes, methods: [verb], isComplete: isPlain }
    })

/** One connection's bytes: one request, several at once, or noise. Text beyond Latin-1 goes as its UTF-8. */
export const wire = (credentials: Credentials): fc.Arbitrary<Sent> =>
  fc
    .oneof(
      { weight: 8, arbitrary: request(credentials) },
      {
        weight: 2,
        arbitrary: fc.array(request(credentials), { minLength: 2, maxLength: 6 }).map((all) => ({
          bytes: all.map((each) => each.bytes).join(''),
          methods: all.flatMap((each) => each.methods),
          // A later one that nobody understands ends the connection, whatever is still to be said on it.
          isComplete: all.every((each) => each.isComplete),
        })),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(request(credentials), fc.nat(400))
          .map(([{ bytes: all, methods }, cut]) => ({ bytes: all.slice(0, cut), methods, isComplete: false })),
      },
      {
        weight: 1,
        arbitrary: fc
          .oneof(
            bytes,
            fc.constantFrom('\x16\x03\x01\x02\x00\x01\x00', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\r\n\r\n\r\n', '\0'),
          )
          .map((text) => ({ bytes: text, methods: ['GET'], isComplete: false })),
      },
    )
    .map((sent) =>
      /[^\0-\xff]/.test(sent.bytes)
        ? { ...sent, bytes: Buffer.from(sent.bytes).toString('latin1'), isComplete: false }
        : sent,
    )
