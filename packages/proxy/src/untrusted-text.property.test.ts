/** What everybody may send to the proxy, and what the hub and its files say: any text is read or refused, never believed by half. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formatAddress, parseAddress } from './address.ts'
import { confineCookie, cookiePlace } from './confine-cookie.ts'
import { tokenCheck } from './control-api.ts'
import { guardedCookieNames, setsCookie, trimBlanks, withoutCookies } from './cookies.ts'
import { isHost, readOrigin } from './forwarded.ts'
import { downstreamHeaders, foldName, upstreamHeaders } from './headers.ts'
import { parseHosts, readHost } from './hosts.ts'
import { parseRequestPath, routeSegments, toRoutePath } from './request-path.ts'
import { parseRevoked, Revocations } from './revocations.ts'
import { parseRoute, parseTarget, RouteError } from './route.ts'
import { parseRoutes } from './route-book.ts'
import { decodeSnapshot, encodeSnapshot } from './snapshot.ts'
import { plainAddress, trustedFronts } from './trusted-fronts.ts'

/** Any characters, and those that mean something to a parser. */
const any = (...words: string[]): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc
      .array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 3 })), { maxLength: 12 })
      .map((all) => all.join('')),
  )

/** Run it. @returns null if it refused in the one way it may. */
function orRefused<T>(read: () => T, refusal: abstract new (...all: never[]) => Error): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof refusal) return null
    throw error
  }
}

const hasControls = (text: string): boolean => /[\u0000-\u001f\u007f]/.test(text)

describe('a request’s path', () => {
  const target = any(
    '/',
    '//',
    '.',
    '..',
    '%2e',
    '%2F',
    '%5c',
    '\\',
    '%',
    '%00',
    '%zz',
    '%c3%a4',
    '?',
    '#',
    'a',
    'user',
    '%252e',
  ).map((text) => `/${text}`)

  it('has no control character, no dot segment in either reading, and no slash hidden in its raw form', () =>
    fc.assert(
      fc.property(target, (text) => {
        const read = parseRequestPath(text)
        if (read === null) return
        const { strict, lenient } = read
        for (const segment of [...strict, ...lenient]) {
          assert.ok(!hasControls(segment))
          assert.ok(segment !== '..' && segment !== '.')
        }
        if (lenient !== strict) for (const segment of lenient) assert.doesNotMatch(segment, /[/\\]/)
        const [path = ''] = text.split('?', 1)
        assert.equal(strict.length, path.split('/').length - 1)
        assert.equal(
          strict.map(encodeURIComponent).join('/'),
          path
            .slice(1)
            .split('/')
            .map((raw) => encodeURIComponent(decodeURIComponent(raw)))
            .join('/'),
        )
      }),
    ))

  it('is what a browser’s own parser makes of it, wherever it is accepted', () =>
    fc.assert(
      fc.property(target, (text) => {
        const read = parseRequestPath(text)
        // Browsers take a backslash for a slash, and know no encoded one; the lenient reading does so too.
        if (read === null || /[\\]|^\/\//.test(text)) return
        const { pathname } = new URL(`http://h${text}`)
        assert.deepEqual(pathname.slice(1).split('/').map(decodeURIComponent), read.strict)
      }),
    ))

  it('has one form as a route, which requests for it match and which reads back', () =>
    fc.assert(
      fc.property(
        any('/', '.', '..', '%2e', '%2F', '\\', '%', 'a', 'ä', '%20', ' ', '?', '#'),
        fc.constantFrom('encoded', 'decoded'),
        (text, form) => {
          const path = toRoutePath(text, form)
          if (path === null) return
          assert.ok(path.startsWith('/') && !hasControls(path) && !/\\|\/\/|(^|\/)\.\.?(\/|$)/.test(path))
          assert.equal(toRoutePath(path, 'decoded'), path)
          const segments = routeSegments(path)
          // A lone surrogate cannot be asked for by anybody.
          if (!path.isWellFormed()) return
          assert.equal(toRoutePath(`/${segments.map(encodeURIComponent).join('/')}`, 'encoded'), path)
          if (segments.length > 0)
            assert.deepEqual(parseRequestPath(`/${segments.map(encodeURIComponent).join('/')}`)?.strict, segments)
        },
      ),
    ))
})

describe('headers', () => {
  const guarded = guardedCookieNames(['jupyterhub-hub-login'])
  const policy = { guardedCookies: guarded, identityHeaders: new Set(['remote-user']) }
  const names = [
    'Host',
    'Cookie',
    'cookie',
    'Connection',
    'Content-Length',
    'Transfer-Encoding',
    'Remote_User',
    'REMOTE-USER',
    'X-Forwarded-For',
    'X_Forwarded_Host',
    'X-Batchway-User',
    'x_batchway_front',
    'Upgrade',
    'TE',
    'Authorization',
    'Expect',
    'Accept',
    'Set-Cookie',
    'Clear-Site-Data',
    'OIDC_claim_sub',
  ]
  const value = any(
    'close',
    ',',
    ' ',
    'host',
    'content-length',
    'remote_user',
    'jupyterhub-hub-login=',
    '__Host-',
    ';',
    '=',
    '"',
    '\t',
    'Basic x',
    'chunked',
    '100-continue',
  )
  const raw = fc.array(fc.tuple(fc.oneof(fc.constantFrom(...names), any('-', '_', 'x')), value), { maxLength: 12 })

  it('reach an application without cookies of the hub, claimed identity, and anything that speaks of one hop', () =>
    fc.assert(
      fc.property(
        raw,
        fc.boolean(),
        fc.constantFrom('none', 'zero', 'length', 'chunked', 'websocket'),
        (pairs, isFrontsOwn, framing) => {
          const origin = { client: '10.0.0.1', proto: 'http', host: 'h', port: '80' } as const
          const out = upstreamHeaders(
            { raw: pairs.flat(), origin, toHub: false, isFrontsOwn, attested: [], framing },
            policy,
          )
          const sent = Array.from(
            { length: out.length / 2 },
            (_, i) => [out[2 * i] ?? '', out[2 * i + 1] ?? ''] as const,
          )
          const count = (name: string) => sent.filter(([each]) => foldName(each) === name).length
          assert.equal(
            count('remote-user') + count('x-batchway-user') + count('x-batchway-front') + count('oidc-claim-sub'),
            0,
          )
          for (const name of ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port'])
            assert.equal(count(name), 1, name)
          assert.equal(count('transfer-encoding'), framing === 'chunked' ? 1 : 0)
          if (framing !== 'length') assert.equal(count('content-length'), framing === 'zero' ? 1 : 0)
          assert.equal(count('connection'), framing === 'websocket' ? 1 : 0)
          for (const [name, text] of sent)
            if (name.toLowerCase() === 'cookie')
              for (const piece of text.split(';')) assert.ok(!guarded.has(trimBlanks(piece.split('=')[0] ?? '')))
        },
      ),
    ))

  it('from an application set no cookie of the hub and rule over nobody else', () =>
    fc.assert(
      fc.property(raw, (pairs) => {
        const out = downstreamHeaders(pairs.flat(), cookiePlace('/user/alice', '/user/alice/lab'), policy)
        for (let i = 0; i < out.length; i += 2) {
          const name = (out[i] ?? '').toLowerCase()
          assert.ok(name !== 'clear-site-data' && name !== 'connection' && name !== 'transfer-encoding')
          if (name === 'set-cookie') assert.ok(!setsCookie(out[i + 1] ?? '', guarded))
        }
      }),
    ))

  it('of cookies: what is left is a part of what came, and doing it twice changes nothing', () =>
    fc.assert(
      fc.property(value, (text) => {
        const kept = withoutCookies(text, guarded)
        if (kept === null) return
        const pieces = text.split(';').map(trimBlanks)
        for (const piece of kept.split(';')) assert.ok(pieces.includes(trimBlanks(piece)))
        assert.equal(withoutCookies(kept, guarded), kept)
      }),
    ))

  it('blanks are trimmed as the pattern would have it', () =>
    fc.assert(
      fc.property(any(' ', '\t', '\n', 'a', '\u00a0'), (text) =>
        assert.equal(trimBlanks(text), text.replace(/^[ \t]+|[ \t]+$/g, '')),
      ),
    ))

  it('of revoked credentials: no text makes it fail, and other headers pass as they are', () =>
    fc.assert(
      fc.property(raw, any('?', 'token=', '&', '%41', '+'), (pairs, url) => {
        const revocations = new Revocations(() => 1_000)
        revocations.add([{ credential: '0'.repeat(64), path: '/a' }], 2_000)
        const passed = revocations.withoutRevoked(pairs.flat(), url, '/b')
        assert.deepEqual(passed, pairs.flat(), 'nothing here is the credential')
      }),
    ))
})

describe('where a request comes from', () => {
  const fronts = trustedFronts(['127.0.0.1', '10.0.0.0/8', 'unix'])
  const word = any(
    '127.0.0.1',
    '10.1.2.3',
    '192.0.2.7',
    '::1',
    '::ffff:192.0.2.7',
    'fe80::1%eth0',
    ',',
    ' ',
    'unix',
    'https',
    'evil',
    ':443',
    '[',
    ']',
  )

  it('is an address or nothing, a host that can be one, a scheme and a port', () =>
    fc.assert(
      fc.property(word, word, word, fc.boolean(), (chain, host, proto, isFront) => {
        const said: Readonly<Record<string, string>> = {
          'x-forwarded-for': chain,
          'x-forwarded-host': host,
          'x-forwarded-proto': proto,
        }
        const origin = readOrigin({ peer: '127.0.0.1', isFront, host: 'own', header: (name) => said[name] }, fronts)
        assert.match(origin.client ?? '', /^[\w:.%-]+$/)
        assert.ok(isHost(origin.host))
        assert.match(origin.port, /^\d{1,5}$/)
        if (!isFront) assert.deepEqual(origin, { client: '127.0.0.1', proto: 'http', host: 'own', port: '80' })
        // What stands left of an address that no front server has was written by the client.
        const last = chain
          .split(',')
          .map((each) => plainAddress(each.trim()))
          .findLast((each) => !fronts.has(each))
        if (isFront && last === undefined) assert.equal(origin.client, '127.0.0.1')
      }),
    ))

  it('no text is a trusted front but an address in its networks', () =>
    fc.assert(
      fc.property(word, (text) => {
        if (fronts.has(text)) assert.match(text, /^(unix|(::ffff:)?(127\.0\.0\.1|10\.\d+\.\d+\.\d+)(%.*)?)$/i)
      }),
    ))

  it('a host that passes holds nothing but a name and a port, and stands in a URL', () => {
    const digits = any('.', '0', '1', '256', '99999', ':', 'x', 'a', '[', ']', '~', '_')
    fc.assert(
      fc.property(fc.oneof(word, digits), (text) => {
        if (!isHost(text)) return
        assert.match(text, /^[\w.~:[\]-]+$/)
        assert.ok(URL.canParse(`http://${text}/`), text)
      }),
    )
  })
})

describe('hosts of applications', () => {
  const word = any(
    'a',
    '.',
    'apps.example',
    'hub.example',
    ':',
    '443',
    '80',
    '-',
    '[::1]',
    '/',
    'A',
    '\u212a',
    '1',
    'http://',
    'https://',
    '@',
  )
  it('are configured as they read, or are a RangeError', () =>
    fc.assert(
      fc.property(word, word, (origin, domain) => {
        const hosts = orRefused(() => parseHosts(origin, domain), RangeError)
        if (hosts !== null) assert.deepEqual(parseHosts(hosts.hubOrigin, hosts.domain), hosts)
      }),
    ))
})

describe('what the hub says', () => {
  const json = fc.json({ maxDepth: 3 }).map((text): unknown => JSON.parse(text))
  const target = any(
    'http://',
    'https://',
    'http+unix://',
    'a',
    ':1',
    ':0',
    ':99999',
    '/',
    '%2Frun%2Fx',
    '@',
    '?',
    '#',
    '[::1]',
    '%00',
    '..',
  )
  const route = fc.oneof(
    json,
    fc.record(
      {
        target: fc.oneof(target, json),
        psk: fc.oneof(json, fc.record({ identity: any('s'), key: fc.oneof(any('0f'), fc.constant('0f'.repeat(32))) })),
        hub: fc.oneof(fc.boolean(), json),
        pending: fc.oneof(fc.boolean(), json),
        ['__proto__']: json,
        user: json,
      },
      { requiredKeys: [] },
    ),
    fc.record(
      {
        target: fc.constantFrom('http://127.0.0.1:1', 'http://[::1]:80/x', 'http+unix://%2Frun%2Fa'),
        user: json,
        ['__proto__']: json,
      },
      { requiredKeys: ['target'] },
    ),
  )

  it('is a route or a RouteError, and a route can be connected to, saved and read back', () =>
    fc.assert(
      fc.property(route, (input) => {
        const read = orRefused(() => parseRoute(input), RouteError)
        if (read === null) return
        const { connect, prefix } = parseTarget(read)
        if (connect.kind === 'tcp') assert.ok(connect.port > 0 && connect.port < 65_536 && connect.host !== '')
        else assert.ok(connect.path.startsWith('/') && !connect.path.includes('\0'))
        assert.ok(!prefix.endsWith('/') && !hasControls(prefix))
        assert.equal(Object.getPrototypeOf(read), Object.prototype)
        const again = decodeSnapshot(encodeSnapshot({ '/a': read }, 'x')).routes.get('/a')
        assert.equal(JSON.stringify(again), JSON.stringify(read))
      }),
    ))

  it('is a table of routes or a RouteError', () =>
    fc.assert(
      fc.property(fc.dictionary(any('/', '..', '__proto__', 'a'), route), (input) => {
        const read = orRefused(() => parseRoutes(input, parseRoute), RouteError)
        for (const path of read?.keys() ?? []) assert.equal(toRoutePath(path, 'decoded'), path)
      }),
    ))

  it('is a snapshot only as it was written', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          any('{', '"format":"batchway-routes-2"', '"sha256":"', '}\n'),
          fc.nat(400).map((cut) => encodeSnapshot({ '/a': { target: 'http://a:1' } }, 'x').slice(0, cut)),
        ),
        (text) => {
          const read = orRefused(() => decodeSnapshot(text), RouteError)
          if (read !== null) assert.equal(text, encodeSnapshot(Object.fromEntries(read.routes), read.id))
        },
      ),
    ))

  it('revokes digests for a bounded time, or is a RouteError', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          json,
          fc.record(
            {
              revoked: fc.oneof(
                json,
                fc.array(fc.record({ credential: fc.oneof(json, fc.constant('a'.repeat(64))), path: json })),
              ),
              seconds: fc.oneof(json, fc.double()),
              cut: json,
            },
            { requiredKeys: [] },
          ),
        ),
        (input) => {
          const read = orRefused(() => parseRevoked(input), RouteError)
          if (read === null) return
          assert.ok(read.seconds > 0 && read.seconds <= 86_400)
          for (const { credential } of read.revoked) assert.match(credential, /^[0-9a-f]{64}$/)
        },
      ),
    ))

  it('is believed with the token alone', () => {
    const isAllowed = tokenCheck('right')
    fc.assert(
      fc.property(any('token', 'Token ', 'bearer', ' ', 'right', 'righ', '\t'), (text) =>
        assert.equal(isAllowed(text), /^token +right$/i.test(text) && text.endsWith('right')),
      ),
    )
  })
})

describe('an address to listen at', () => {
  it('is read as it is written, or is a RangeError', () =>
    fc.assert(
      fc.property(any('unix:', '/', 'http://', '127.0.0.1', '[::1]', ':', '8000', '99999', '\0'), (text) => {
        const read = orRefused(() => parseAddress(text), RangeError)
        if (read !== null) assert.deepEqual(parseAddress(formatAddress(read)), read)
      }),
    ))
  it('is at no host called unix, which would be written as a socket', () => {
    for (const text of ['http://unix:8000', 'unix:8000']) assert.throws(() => parseAddress(text), RangeError)
  })
})

describe('long texts', () => {
  // What took the square of their length would take hours: the runner's limit ends it.
  const sizes = [400_000]
  const shapes = [
    ' ',
    '\t ',
    ';',
    '=',
    ',',
    '/',
    '//',
    '%41',
    '%',
    '"',
    '\\',
    '|',
    '1:',
    '.',
    ':',
    '[',
    'a',
    ' a',
    '&',
    '+',
    '=;',
    '\\1',
  ]
  for (const size of sizes)
    it(`of ${size} characters are read in one go, however they repeat`, () => {
      const guarded = guardedCookieNames(['x'])
      for (const shape of shapes) {
        const row = shape.repeat(size / shape.length)
        for (const text of [row, `a${row}`, `${row}b`, `x=${row}b`, `token ${row} b`]) {
          withoutCookies(text, guarded)
          setsCookie(text, guarded)
          confineCookie(text, cookiePlace('/user/alice', `/user/alice/${text}`))
          readHost(text, parseHosts('https://hub.example', 'apps.example'))
          parseRequestPath(`/${text}`)
          toRoutePath(text, 'encoded')
          isHost(text)
          plainAddress(text)
          new Revocations(() => 0).withoutRevoked(['Cookie', text, 'Authorization', text], `/?${text}`, '/')
          tokenCheck('x')(text)
          orRefused(() => parseAddress(text), RangeError)
          orRefused(() => parseTarget({ target: `http://a:1/${text}` }), RouteError)
          orRefused(() => decodeSnapshot(text), RouteError)
        }
      }
    })
})
