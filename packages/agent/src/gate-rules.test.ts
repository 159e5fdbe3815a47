import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  applicationHeaders,
  holdsScope,
  isBelow,
  isForged,
  isNavigation,
  nextPath,
  parseCookies,
  passableHeaders,
} from './gate-rules.ts'

describe('the rules of the gate', () => {
  it('leads back only to a path below the prefix', () => {
    const prefix = '/u/alice/'
    for (const [url, next] of [
      ['/u/alice/lab?a=b', '/u/alice/lab?a=b'],
      ['/u/alice', '/u/alice'],
      ['/u/bob/', prefix],
      ['/u/alice/../bob/', prefix],
      ['//evil.test/u/alice/', prefix],
      ['/\\evil.test/', prefix],
      ['https://evil.test/u/alice/', prefix],
      ['/u/alice/\r\nSet-Cookie: x', prefix],
      ['', prefix],
      ['/u/alice2/lab', prefix],
      ['/u/alice/a b', prefix],
      ['/u/alice/\x7f', prefix],
    ] as const)
      assert.equal(nextPath(url, prefix), next, url)
    for (const url of ['/.//evil.test', '/x/..//evil.test/', '//gate.invalid//evil.test'])
      assert.equal(nextPath(url, '/'), '/', url)
  })

  it('knows wider scopes, and no others', () => {
    const wanted = ['access:servers!server=alice/x']
    for (const scope of ['access:servers!server=alice/x', 'access:servers!user=alice', 'access:servers'])
      assert.equal(holdsScope([scope], wanted), true, scope)
    for (const scope of [
      'access:servers!server=alice/',
      'access:servers!user=bob',
      'access:services',
      'access:servers!group=g',
      '',
    ])
      assert.equal(holdsScope([scope], wanted), false, scope)
    assert.equal(holdsScope(['anything'], []), false)
    assert.equal(holdsScope(['access:servers!user=ice'], ['access:servers!user=alice']), false)
    assert.equal(holdsScope(['access:servers!user=undefined'], ['access:servers']), false)
  })

  it('tells pages from programs', () => {
    assert.equal(isNavigation('GET', { 'sec-fetch-mode': 'navigate' }), true)
    assert.equal(isNavigation('GET', { accept: 'text/html,*/*' }), true)
    assert.equal(isNavigation('GET', { accept: '*/*' }), false)
    assert.equal(isNavigation('GET', { accept: 'text/html', 'sec-fetch-mode': 'cors' }), false)
    assert.equal(isNavigation('POST', { 'sec-fetch-mode': 'navigate' }), false)
    assert.equal(isNavigation('HEAD', { 'sec-fetch-mode': 'navigate', accept: '*/*' }), true)
    assert.equal(isNavigation('GET', { accept: 'text/html', 'x-requested-with': 'XMLHttpRequest' }), false)
    assert.equal(isNavigation('GET', {}), false)
  })

  describe('of who asks in a visitor’s name', () => {
    const host = 'gateway.test'
    const own = `https://${host}`
    const page = { 'sec-fetch-mode': 'navigate' }
    for (const [title, isForgery, method, headers, isUpgrade] of [
      ['a link from elsewhere', false, 'GET', { ...page, 'sec-fetch-site': 'cross-site' }],
      ['a link from a sibling host', false, 'GET', { ...page, 'sec-fetch-site': 'same-site' }],
      ['a script’s read from elsewhere', true, 'GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }],
      ['an image for a sibling host', true, 'GET', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' }],
      ['a form from elsewhere', true, 'POST', { ...page, 'sec-fetch-site': 'cross-site' }],
      ['a WebSocket that calls itself a link', true, 'GET', { ...page, 'sec-fetch-site': 'cross-site' }, true],
      ['a program', false, 'POST', {}],
      ['a program’s WebSocket', false, 'GET', {}, true],
      ['a page’s WebSocket without an origin', true, 'GET', { 'sec-fetch-mode': 'websocket' }, true],
      ['a page’s post without an origin', false, 'POST', { 'sec-fetch-mode': 'cors' }],
      ['an own page’s WebSocket', false, 'GET', { origin: own, 'sec-fetch-mode': 'websocket' }, true],
      ['a foreign page’s WebSocket', true, 'GET', { origin: 'https://evil.test' }, true],
      [
        'a foreign page’s read, which the application answers for nobody else',
        false,
        'GET',
        { origin: 'https://evil.test' },
      ],
      ['a foreign page’s question what it may', false, 'OPTIONS', { origin: 'https://evil.test' }],
      ['a foreign page’s look', false, 'HEAD', { origin: 'https://evil.test' }],
      ['a post of an own page', false, 'POST', { origin: own, referer: `${own}/u/alice/lab` }],
      ['a post of the page of the prefix itself', false, 'POST', { origin: own, referer: `${own}/u/alice` }],
      ['a post of a sandboxed page', true, 'POST', { origin: 'null' }],
      ['a delete from elsewhere', true, 'DELETE', { origin: 'https://evil.test' }],
      ['a post of a page on another port', true, 'POST', { origin: `${own}:8443` }],
      ['a post of another session’s page', true, 'POST', { origin: own, referer: `${own}/u/mallory/lab` }],
      ['a post of a page whose name only begins alike', true, 'POST', { referer: `${own}/u/alice2/lab` }],
      ['a post that only its referrer tells from elsewhere', true, 'POST', { referer: 'https://evil.test/u/alice/' }],
      ['a post whose referrer is none', false, 'POST', { referer: 'x' }],
    ] as const)
      it(`${isForgery ? 'refuse' : 'allow'} ${title}`, () =>
        assert.equal(isForged(method, { host, ...headers }, '/u/alice/', isUpgrade ?? false), isForgery))

    for (const [title, headers] of [
      ['as the proxy forwards it', { host: 'n1:4711', 'x-forwarded-host': 'Gateway.Test , inner' }],
      ['with the port that goes without saying', { host: 'gateway.test:443' }],
      ['with the other one', { host: 'gateway.test:80' }],
    ] as const)
      it(`know the host ${title}`, () => {
        assert.equal(isForged('POST', { ...headers, origin: own }, '/u/alice/', false), false)
        assert.equal(isForged('POST', { ...headers, origin: 'https://n1:4711' }, '/u/alice/', false), true)
      })

    it('know a port that must be said', () => {
      const headers = { host: `${host}:8080`, origin: `http://${host}:8080` }
      assert.equal(isForged('POST', headers, '/u/alice/', false), false)
    })

    it('know no host where none is told', () =>
      assert.equal(isForged('POST', { origin: own }, '/u/alice/', false), true))
  })

  it('knows what is below the prefix, with or without its slash', () => {
    for (const below of ['/u/alice', '/u/alice/']) {
      for (const path of ['/u/alice', '/u/alice/', '/u/alice/lab']) assert.equal(isBelow(path, below), true, path)
      for (const path of ['/u/alice2', '/u/', '/', '']) assert.equal(isBelow(path, below), false, path)
    }
  })

  it('reads cookies with all that stands in them', () => {
    assert.deepEqual(
      [...parseCookies(' a=1; c=x=y;d;=e;b=')],
      [
        ['a', '1'],
        ['c', 'x=y'],
        ['b', ''],
      ],
    )
    assert.equal(parseCookies(undefined).size, 0)
  })

  it('drops hop-by-hop headers, also those that Connection names, and every credential', () => {
    const raw = [
      'Connection',
      'keep-alive, X-HOP',
      'X-Hop',
      '1',
      'Keep-Alive',
      '1',
      'X-Stay',
      'own=2, x-other',
      'X-Other',
      '3',
      'Cookie',
      'own=1; a=b; own=2',
      'Authorization',
      'token x',
    ]
    assert.deepEqual(
      passableHeaders(raw).map(([name]) => name),
      ['X-Stay', 'X-Other', 'Cookie', 'Authorization'],
    )
    assert.deepEqual(
      applicationHeaders(raw, (name) => name === 'own', 'app'),
      [
        ['X-Stay', 'own=2, x-other'],
        ['X-Other', '3'],
        ['Cookie', 'a=b'],
        ['Authorization', 'token app'],
      ],
    )
    assert.deepEqual(
      applicationHeaders(['Cookie', 'own=1'], (name) => name === 'own', 'app'),
      [['Authorization', 'token app']],
    )
  })
})
