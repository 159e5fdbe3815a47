import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { applicationPlaces } from './application-hosts.ts'
import {
  bringsHubCookies,
  clearCookies,
  hubCookieName,
  hubCookies,
  hubLoginCookie,
  parseCookies,
  serializeCookie,
  sessionIdCookie,
  xsrfCookie,
} from './cookies.ts'

const plain = { base: '/jupyter/', publicUrl: 'http://hub.example/jupyter/' }
const safe = { base: '/', publicUrl: 'HTTPS://hub.example/' }

describe('parseCookies', () => {
  it('keeps every value of a name that comes twice, in order', () => {
    const cookies = parseCookies('_xsrf=tossed; other=1; _xsrf="real"')

    assert.deepEqual(cookies.get('_xsrf'), ['tossed', 'real'])
    assert.deepEqual(cookies.get('other'), ['1'])
  })
  it('reads nothing from nothing', () => {
    assert.equal(parseCookies(undefined).size, 0)
    assert.equal(parseCookies('').size, 0)
    assert.equal(parseCookies('=x; novalue; ;').size, 0)
  })
  it('takes names such as __proto__ for what they are', () => {
    assert.deepEqual(parseCookies('__proto__=a; constructor=b').get('constructor'), ['b'])
  })
})

describe('the hub cookies', () => {
  it('come along below the hub alone, or everywhere where they are bound to the host', () => {
    for (const path of ['/jupyter/hub/', '/jupyter/hub/home']) assert.equal(bringsHubCookies(plain, path), true, path)
    for (const path of ['/jupyter/', '/jupyter/hub', '/jupyter/user/hub/', '/favicon.ico', '/'])
      assert.equal(bringsHubCookies(plain, path), false, path)
    const places = applicationPlaces({ url: 'https://hub.example/', applicationHosts: '{user}.apps.example' })
    assert.equal(bringsHubCookies({ ...safe, places }, '/nothing'), true)
  })
  it('keep the login below the hub, the session id below the base, and are secure under https only', () => {
    assert.equal(
      hubLoginCookie(plain, 'abc', 60),
      'jupyterhub-hub-login=abc; Path=/jupyter/hub/; Max-Age=60; HttpOnly; SameSite=Lax',
    )
    assert.equal(
      sessionIdCookie(safe, 'abc', 60),
      'jupyterhub-session-id=abc; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax',
    )
    assert.equal(xsrfCookie(safe, 'abc', 60), '_xsrf=abc; Path=/hub/; Max-Age=60; Secure; SameSite=Lax')
  })
  it('are cleared with the paths they were set with', () => {
    const cleared = clearCookies(plain)

    assert.equal(cleared.length, 4)
    for (const line of cleared) assert.match(line, /^[\w-]+=; Path=\/jupyter\/.*Max-Age=0; Expires=Thu, 01 Jan 1970/)
  })
  it('refuse values that would add attributes or headers', () => {
    for (const value of ['a;Path=/', 'a\r\nSet-Cookie: b=c', 'a b', 'a,b', 'é'])
      assert.throws(() => hubLoginCookie(plain, value, 1), TypeError)
    assert.throws(
      () => serializeCookie({ name: 'a', value: 'b', path: '/;x', secure: false, httpOnly: false }),
      TypeError,
    )
  })
})

describe('cookies bound to the hub’s host', () => {
  const bound = { ...safe, places: { isHostBound: true } }

  it('carry the prefix that browsers accept from that host alone', () => {
    assert.equal(
      hubLoginCookie(bound, 'abc', 60),
      '__Host-jupyterhub-hub-login=abc; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax',
    )
    assert.match(sessionIdCookie(bound, 'abc', 60), /^__Host-jupyterhub-session-id=abc; Path=\/;/)
    assert.match(xsrfCookie(bound, 'abc', 60), /^__Host-_xsrf=abc; Path=\/;/)
    for (const line of clearCookies(bound)) assert.match(line, /^__Host-[\w-]+=; Path=\/; Max-Age=0/)
  })
  it('are read under their plain names, and those without the prefix not at all', () => {
    const header = 'jupyterhub-hub-login=tossed; __Host-jupyterhub-hub-login=own; _xsrf=tossed; theme=dark'
    assert.deepEqual([...hubCookies(bound, header)], [['jupyterhub-hub-login', ['own']]])
    // Where they cannot be bound the tossed one is one more, and each is looked at.
    assert.deepEqual(hubCookies({ ...safe, places: { isHostBound: false } }, header).get('jupyterhub-hub-login'), [
      'tossed',
    ])
    assert.equal(hubCookieName(bound, 'a'), '__Host-a')
    assert.equal(hubCookieName({ places: { isHostBound: false } }, 'a'), 'a')
  })
})
