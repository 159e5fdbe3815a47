import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { applicationHeaders, holdsScope, isNavigation, nextPath, passableHeaders } from './gate-rules.ts'

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
    ] as const)
      assert.equal(nextPath(url, prefix), next, url)
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
  })

  it('tells pages from programs', () => {
    assert.equal(isNavigation('GET', { 'sec-fetch-mode': 'navigate' }), true)
    assert.equal(isNavigation('GET', { accept: 'text/html,*/*' }), true)
    assert.equal(isNavigation('GET', { accept: '*/*' }), false)
    assert.equal(isNavigation('GET', { accept: 'text/html', 'sec-fetch-mode': 'cors' }), false)
    assert.equal(isNavigation('POST', { 'sec-fetch-mode': 'navigate' }), false)
  })

  it('drops hop-by-hop headers, also those that Connection names, and every credential', () => {
    const raw = [
      'Connection',
      'x-hop, keep-alive',
      'X-Hop',
      '1',
      'Keep-Alive',
      '1',
      'X-Stay',
      '2',
      'Cookie',
      'own=1; a=b',
      'Authorization',
      'token x',
    ]
    assert.deepEqual(
      passableHeaders(raw).map(([name]) => name),
      ['X-Stay', 'Cookie', 'Authorization'],
    )
    assert.deepEqual(
      applicationHeaders(raw, (name) => name === 'own', 'app'),
      [
        ['X-Stay', '2'],
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
