import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cookiePlace } from './confine-cookie.ts'
import { guardedCookieNames } from './cookies.ts'
import { isHost, readOrigin } from './forwarded.ts'
import {
  defaultHeaders,
  downstreamHeaders,
  type HeaderPolicy,
  type RawHeaders,
  type Sender,
  upstreamHeaders,
} from './headers.ts'
import { trustedFronts } from './trusted-fronts.ts'

const policy: HeaderPolicy = {
  guardedCookies: guardedCookieNames(['jupyterhub-hub-login']),
  identityHeaders: new Set(['x-site-login']),
}
const origin = { client: '192.0.2.7', proto: 'https', host: 'hub.example.org', port: '443' } as const
const ours = [
  'X-Forwarded-For',
  '192.0.2.7',
  'X-Forwarded-Proto',
  'https',
  'X-Forwarded-Host',
  'hub.example.org',
  'X-Forwarded-Port',
  '443',
]
type Framing = Parameters<typeof upstreamHeaders>[0]['framing']
const up = (raw: RawHeaders, toHub = false, framing: Framing = 'none') =>
  upstreamHeaders({ raw, origin, toHub, framing, isFrontsOwn: false, attested: [] }, policy)
const hopByHop = [
  ...['Connection', 'Keep-Alive', 'Proxy-Connection', 'Transfer-Encoding', 'TE', 'Trailer', 'Upgrade'],
  ...['Proxy-Authenticate', 'Proxy-Authorization', 'HTTP2-Settings'],
]
const shared = cookiePlace('/user/alice', '/user/alice/lab')
const down = (raw: RawHeaders, sender: Sender = shared) => downstreamHeaders(raw, sender, policy)

describe('upstreamHeaders', () => {
  it('keeps order, spelling and repetition of what passes', () => {
    const raw = [
      'HOST',
      'hub.example.org',
      'b',
      '2',
      'Authorization',
      'token t',
      'A',
      '1',
      'b',
      '3',
      'X-Forwarded',
      'no',
    ]
    assert.deepEqual(up(raw), [...raw, ...ours])
  })

  const claimed = [
    ...[
      'Remote_User',
      'REMOTE-USER',
      'remote-user',
      'X-Remote-User',
      'x_remote_user',
      'Remote_User_Data',
      'Remote-Groups',
    ],
    ...[
      'X-Forwarded-User',
      'x_forwarded_user',
      'X-Forwarded-For',
      'X_FORWARDED_FOR',
      'X-Forwarded-Prefix',
      'Forwarded',
      'X-Real-IP',
    ],
    ...[
      'OIDC_CLAIM_sub',
      'X-Auth-Request-User',
      'X-Amzn-Oidc-Data',
      'Cf-Access-Jwt-Assertion',
      'X-Batchway-User',
      'X-Site-Login',
      'x_site_login',
    ],
    // Who it is, as the manuals of front servers write it.
    ...['Remote-Email', 'Remote-Name', 'X-Remote-User-Data', 'X-Remote-Groups', 'X-Remote-Email', 'X-Remote-Name'],
    ...['X-Proxy-Remote-User', 'X-WEBAUTH-USER', 'X-Authenticated-User', 'X-Authenticated-UserId', 'eppn'],
    ...['X-Client-Cert', 'SSL_CLIENT_CERT', 'X-SSL-Client-S-DN', 'Shib-Identity-Provider', 'MELLON_NAME_ID'],
    ...['X-Goog-IAP-JWT-Assertion', 'X-Goog-Authenticated-User-Email', 'X-Goog-Authenticated-User-Id'],
    ...['Cf-Access-Authenticated-User-Email', 'Tailscale-User-Login'],
    // Where it came from, and what was asked.
    ...['X-Client-IP', 'True-Client-IP', 'CF-Connecting-IP', 'X-Cluster-Client-IP', 'X-Scheme'],
    ...['X-Original-URL', 'X-Rewrite-URL', 'X-Original-Host'],
  ]
  for (const name of claimed)
    for (const toHub of [false, true])
      it(`takes ${name} away on the way to ${toHub ? 'the hub' : 'an application'}`, () =>
        assert.deepEqual(up(['Host', 'h', name, 'root'], toHub), ['Host', 'h', ...ours]))

  for (const name of ['X-Remote-Username', 'Remote-Users', 'X-XSRFToken', 'User-Agent', 'X-Forwardedx'])
    it(`lets ${name} pass`, () => assert.deepEqual(up([name, 'v']), [name, 'v', ...ours]))

  it('removes hop-by-hop headers, those named by Connection included, but never Host or the framing', () => {
    const raw = [
      'Host',
      'h',
      'Connection',
      'close, X-Private , host, content-length',
      'X-Private',
      '1',
      'Keep-Alive',
      'x',
      'TE',
      'trailers',
      'Content-Length',
      '3',
      'Upgrade',
      'h2c',
    ]
    assert.deepEqual(up(raw, false, 'length'), ['Host', 'h', 'Content-Length', '3', ...ours])
  })

  for (const name of hopByHop)
    it(`lets no ${name} of the client pass`, () => assert.deepEqual(up([name, 'v', 'X', '1']), ['X', '1', ...ours]))

  it('takes for Connection what has that name, not what is as long', () => {
    const raw = ['User-Agent', 'X-Private', 'X-Private', '1']
    assert.deepEqual(up(raw), [...raw, ...ours])
  })

  for (const [name, value, isFrontsOwn, passes] of [
    ['Authorization', 'BASIC dTpw', true, false],
    ['authorization', 'Negotiate x', true, false],
    ['Authorization', 'Basic dTpw', false, true],
    ['Authorization', 'Bearer basic', true, true],
    ['X-Authorization', 'Basic dTpw', true, true],
    ['Expect', '100-Continue', false, true],
    ['Expect', 'a miracle', false, false],
  ] as const)
    it(`${passes ? 'leaves' : 'takes'} ${name}: ${value}${isFrontsOwn ? ' where a front server signs in' : ''}`, () => {
      const out = upstreamHeaders(
        { raw: [name, value], origin, toHub: true, framing: 'none', isFrontsOwn, attested: ['X-Ours', '1'] },
        policy,
      )
      assert.deepEqual(out, [...(passes ? [name, value] : []), ...ours, 'X-Ours', '1'])
    })

  it('names no client that it does not know', () => {
    const unknown = { raw: [], origin: { ...origin, client: null }, toHub: false, isFrontsOwn: false, attested: [] }
    assert.deepEqual(upstreamHeaders({ ...unknown, framing: 'none' }, policy), ours.slice(2))
  })

  // In configurable-http-proxy's place.
  for (const [believes, passes] of [
    ['nothing', []],
    ['addresses', ['Forwarded']],
    ['everything', ['Forwarded', 'Remote-User']],
  ] as const)
    it(`believes ${believes} if so told, but nothing under our own name, and tells its own`, () => {
      const passing = { believes, replaced: new Set(['x-mine']), headers: ['X-Mine', 'b'], host: 'target' }
      const raw = ['Host', 'h', 'X_Mine', 'a', 'X', '1', 'Forwarded', 'v', 'Remote-User', 'v', 'X_Batchway-User', 'v']
      const out = upstreamHeaders(
        { raw, origin: { ...origin, passing }, toHub: true, isFrontsOwn: false, attested: [], framing: 'none' },
        policy,
      )
      assert.deepEqual(out, ['Host', 'target', 'X', '1', ...passes.flatMap((name) => [name, 'v']), 'X-Mine', 'b'])
    })

  it('writes the framing itself', () => {
    for (const framing of ['none', 'chunked', 'websocket'] as const)
      assert.ok(!up(['Content-Length', '3'], false, framing).includes('Content-Length'), framing)
    assert.deepEqual(up(['Transfer-Encoding', 'CHUNKED'], false, 'chunked'), ['Transfer-Encoding', 'chunked', ...ours])
    assert.deepEqual(up(['Host', 'h'], false, 'zero'), ['Host', 'h', 'Content-Length', '0', ...ours])
    assert.deepEqual(up(['Connection', 'keep-alive, Upgrade', 'Upgrade', 'WebSocket'], false, 'websocket'), [
      'Connection',
      'Upgrade',
      'Upgrade',
      'websocket',
      ...ours,
    ])
  })

  it('takes the hub cookie from requests to applications and leaves it to the hub', () => {
    const raw = ['Cookie', 'a=1; jupyterhub-hub-login=s', 'Cookie', 'jupyterhub-hub-login=s', 'cookie', 'b=2']
    assert.deepEqual(up(raw), ['Cookie', 'a=1', 'cookie', 'b=2', ...ours])
    assert.deepEqual(up(raw, true), [...raw, ...ours])
  })
})

describe('downstreamHeaders', () => {
  for (const name of hopByHop)
    it(`lets no ${name} pass`, () => assert.deepEqual(down([name, 'v', 'X', '1'], 'hub'), ['X', '1']))

  for (const name of ['Clear-Site-Data', 'Strict-Transport-Security', 'Alt-Svc', 'NEL', 'Report-To'])
    it(`lets no application say ${name}, which speaks for more than its host`, () => {
      assert.deepEqual([down([name, 'v']), down([name, 'v'], 'own-host')], [[], []])
      assert.deepEqual(down([name, 'v'], 'hub'), [name, 'v'])
    })

  for (const suffix of ['', '-Report-Only'])
    it(`leaves Cross-Origin-Opener-Policy${suffix} to who has a host of its own`, () => {
      const raw = [`Cross-Origin-Opener-Policy${suffix}`, 'same-origin']
      assert.deepEqual([down(raw), down(raw, 'own-host')], [[], raw])
    })

  it('takes no other header for a cookie, and no length away that Connection names', () => {
    const raw = ['X', 'jupyterhub-hub-login=1; Domain=example.org', 'Content-Length', '3']
    assert.deepEqual(down(['Connection', 'content-length', ...raw]), raw)
  })

  it('keeps what passes in order, and each Set-Cookie apart', () => {
    const raw = ['X-B', '1', 'Set-Cookie', 'a=1', 'set-cookie', 'b=2; Path=/user/alice/', 'Content-Length', '3']
    assert.deepEqual(down(raw), raw)
  })

  it('keeps applications from setting the hub cookie and from speaking for the whole origin; the hub may', () => {
    const raw = [
      'Set-Cookie',
      'jupyterhub-hub-login=evil; Path=/hub/',
      'Service-Worker-Allowed',
      '/',
      'Clear-Site-Data',
      '"cookies"',
      'X',
      '1',
    ]
    assert.deepEqual(down(raw), ['X', '1'])
    assert.deepEqual(down(raw, 'hub'), raw)
  })

  it('leaves to an application with a host of its own what speaks for that host alone', () => {
    const own = [
      'Service-Worker-Allowed',
      '/',
      'Cross-Origin-Opener-Policy',
      'same-origin',
      'Set-Cookie',
      'a=1; Path=/',
    ]
    const wide = ['Clear-Site-Data', '"cookies"', 'Set-Cookie', 'jupyterhub-hub-login=evil']
    assert.deepEqual(down([...own, ...wide], 'own-host'), own)
    assert.deepEqual(down(['Set-Cookie', 'a=1; Domain=example.edu; Path=/'], 'own-host'), ['Set-Cookie', 'a=1; Path=/'])
  })

  it('on a shared host takes the opener policy, by which a window on the hub’s pages would stay in an application’s hands', () => {
    const raw = ['Cross-Origin-Opener-Policy', 'same-origin', 'Set-Cookie', 'a=1; Domain=example.edu; Path=/', 'X', '1']
    assert.deepEqual(down(raw), ['Set-Cookie', 'a=1; Path=/user/alice/', 'X', '1'])
  })

  it('removes hop-by-hop headers', () => {
    const raw = [
      'Connection',
      'close, X-Private',
      'X-Private',
      '1',
      'Transfer-Encoding',
      'chunked',
      'Upgrade',
      'h2',
      'X',
      '1',
    ]
    assert.deepEqual(down(raw), ['X', '1'])
  })
})

describe('defaultHeaders', () => {
  const both = ['Cross-Origin-Resource-Policy', 'same-origin', 'X-Frame-Options', 'SAMEORIGIN']
  it('closes what the application says nothing about, and leaves its own word alone', () => {
    assert.deepEqual(defaultHeaders(['X', '1'], 'own-host'), both)
    assert.deepEqual(defaultHeaders(['Content-Security-Policy', "default-src 'self'"], shared), both)
    const framed = ['content-security-policy', "frame-ancestors https://portal.example.edu; default-src 'self'"]
    assert.deepEqual(defaultHeaders(framed, shared), both.slice(0, 2))
    assert.deepEqual(defaultHeaders(['Content-Security-Policy', "Frame-Ancestors 'none'"], shared), both.slice(0, 2))
    assert.deepEqual(defaultHeaders(['x-frame-options', 'DENY'], 'own-host'), both.slice(0, 2))
    assert.deepEqual(defaultHeaders(['cross-origin-resource-policy', 'cross-origin'], 'own-host'), both.slice(2))
    assert.deepEqual(defaultHeaders([], 'hub'), [])
  })
})

describe('readOrigin', () => {
  const spoofed = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' }
  const read = (peer: string | null, headers: Readonly<Record<string, string>>, ...fronts: string[]) => {
    const trusted = trustedFronts(fronts)
    const isFront = peer !== null && trusted.has(peer)
    return readOrigin({ peer, isFront, host: 'hub.example.org:8000', header: (name) => headers[name] }, trusted)
  }

  it('believes nobody by default', () =>
    assert.deepEqual(read('192.0.2.7', spoofed), {
      client: '192.0.2.7',
      proto: 'http',
      host: 'hub.example.org:8000',
      port: '8000',
    }))

  it('believes a listed front, also when it reaches a dual-stack socket', () => {
    const seen = { client: '203.0.113.9', proto: 'https', host: 'evil.example', port: '443' }
    assert.deepEqual(read('10.0.0.1', spoofed, '10.0.0.1'), seen)
    assert.deepEqual(read('::ffff:10.0.0.1', spoofed, '10.0.0.1'), seen)
    assert.deepEqual(read('unix', spoofed, 'unix'), seen)
    assert.equal(read('unix', spoofed, '10.0.0.1').client, null)
  })

  it('takes the right-most address that is no front: the rest was written by the client', () => {
    const chain = { 'x-forwarded-for': '1.2.3.4, 203.0.113.9,10.0.0.2' }
    assert.equal(read('10.0.0.1', chain, '10.0.0.1', '10.0.0.2').client, '203.0.113.9')
    assert.equal(read('10.0.0.1', chain, '10.0.0.1').client, '10.0.0.2')
  })

  it('knows nobody behind a socket that has forgotten its peer', () =>
    assert.equal(read(null, spoofed, '10.0.0.1').client, null))

  for (const [said, proto, port] of [
    [' HTTPS ', 'https', '443'],
    ['http', 'http', '80'],
    ['gopher', 'https', '443'],
  ] as const)
    it(`on a listener that speaks TLS says ${proto} where a front server says ${JSON.stringify(said)}`, () => {
      const told: Readonly<Record<string, string>> = {
        'x-forwarded-proto': said,
        'x-forwarded-host': ' other.example ',
      }
      const hop = { peer: '10.0.0.1', isTls: true, host: 'h:8443', header: (name: string) => told[name] }
      const fronts = trustedFronts(['10.0.0.1'])
      assert.deepEqual(readOrigin({ ...hop, isFront: true }, fronts), {
        client: '10.0.0.1',
        ...{ proto, host: 'other.example', port },
      })
      assert.deepEqual(readOrigin({ ...hop, isFront: false }, fronts), {
        client: '10.0.0.1',
        ...{ proto: 'https', host: 'h:8443', port: '8443' },
      })
    })

  it('does not pass on what is no address and no host', () => {
    const odd = read(
      '10.0.0.1',
      { 'x-forwarded-for': 'localhost', 'x-forwarded-host': 'a b<', 'x-forwarded-proto': 'gopher' },
      '10.0.0.1',
    )
    assert.deepEqual(odd, { client: '10.0.0.1', proto: 'http', host: 'hub.example.org:8000', port: '8000' })
  })
})

describe('isHost', () => {
  for (const text of ['h', 'H.example:80', 'a-b_c~d.e', '127.0.0.1:65535', '[::1]', '[2001:db8::7]:8000'])
    it(`takes ${text}`, () => assert.equal(isHost(text), true))
  for (const text of [
    '',
    'a b',
    'u@h',
    'h@i',
    'h/',
    'h?a',
    'h#a',
    'h,i',
    'h:',
    'h:a',
    'h:123456',
    '[::1',
    '.0',
    '256.1.1.1',
  ])
    it(`does not take ${JSON.stringify(text)}`, () => assert.equal(isHost(text), false))
})
