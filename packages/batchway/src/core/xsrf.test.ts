import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseCookies } from './cookies.ts'
import { checkXsrf, findXsrf, issueXsrf, isXsrfValid, xsrfBinding } from './xsrf.ts'

const key = 'k'.repeat(32)
const now = 1_700_000_000_000
const alice = xsrfBinding('5f1d')
const token = issueXsrf(key, alice, 'n'.repeat(22), now)

describe('the token', () => {
  it('is valid for its own sign-in, key and time only', () => {
    assert.ok(isXsrfValid(key, alice, token, now))
    assert.ok(isXsrfValid(key, alice, token, now + 30 * 86_400_000))
    assert.ok(!isXsrfValid(key, alice, token, now + 32 * 86_400_000))
    assert.ok(!isXsrfValid(key, alice, token, now - 120_000))
    assert.ok(!isXsrfValid(key, xsrfBinding('other'), token, now))
    assert.ok(!isXsrfValid(key, xsrfBinding(null), token, now))
    assert.ok(!isXsrfValid('another key', alice, token, now))
    assert.ok(!isXsrfValid(key, alice, `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`, now))
    for (const bad of ['', '.', 'a.b.c', `${token}x`]) assert.ok(!isXsrfValid(key, alice, bad, now))
  })
  it('of someone who is not signed in lives an hour', () => {
    const anonymous = issueXsrf(key, xsrfBinding(null), 'n'.repeat(22), now)

    assert.ok(isXsrfValid(key, xsrfBinding(null), anonymous, now + 3_590_000))
    assert.ok(!isXsrfValid(key, xsrfBinding(null), anonymous, now + 3_610_000))
  })
  it('cannot be called "anonymous" by a sign-in id', () => assert.notEqual(xsrfBinding('anonymous'), xsrfBinding(null)))
  // CVE-2024-28233 (JupyterHub): a neighbour's cookie of the same name took the place of the right one.
  it('is found behind a tossed cookie of the same name', () => {
    assert.equal(findXsrf(key, alice, parseCookies(`_xsrf=evil; _xsrf=${token}`), now), token)
    assert.equal(findXsrf(key, alice, parseCookies('_xsrf=evil'), now), null)
  })
})

describe('checkXsrf', () => {
  const rules = { key, binding: alice, nowMs: now, origins: ['https://hub.example'] }
  const check = (kind: 'page' | 'api', method: string, headers: Record<string, string>, submitted: string | null) =>
    checkXsrf(
      { method, headers: new Headers(headers), cookies: parseCookies(`_xsrf=${token}`), submitted },
      { ...rules, kind },
    )
  const free: readonly [kind: 'page' | 'api', method: string, headers: Record<string, string>, form: string | null][] =
    [
      ['page', 'GET', {}, null],
      ['page', 'GET', { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site' }, null],
      ['page', 'GET', { 'sec-fetch-mode': 'cors', 'x-xsrftoken': token }, null],
      ['page', 'HEAD', {}, null],
      ['page', 'POST', {}, token],
      ['page', 'POST', { origin: 'https://hub.example' }, token],
      ['page', 'POST', { origin: 'https://alias.example', 'sec-fetch-site': 'same-origin' }, token],
      ['page', 'POST', { 'sec-fetch-site': 'none' }, token],
      ['api', 'OPTIONS', {}, null],
      ['api', 'GET', { 'x-xsrftoken': token }, null],
      ['api', 'GET', {}, token],
      ['api', 'DELETE', { 'x-csrftoken': token, 'sec-fetch-site': 'same-origin' }, null],
    ]
  for (const [kind, method, headers, form] of free)
    it(`lets ${kind} ${method} ${JSON.stringify(Object.keys(headers))} pass`, () =>
      assert.equal(check(kind, method, headers, form), null))

  const refused: typeof free = [
    ['page', 'POST', {}, null],
    ['page', 'POST', {}, ''],
    ['page', 'POST', {}, 'guess'],
    ['page', 'POST', {}, issueXsrf(key, alice, 'm'.repeat(22), now)],
    ['page', 'POST', { 'sec-fetch-site': 'cross-site' }, token],
    ['page', 'POST', { 'sec-fetch-site': 'same-site' }, token],
    ['page', 'POST', { origin: 'https://evil.example' }, token],
    ['page', 'POST', { origin: 'null' }, token],
    ['page', 'GET', { 'sec-fetch-mode': 'cors' }, null],
    ['page', 'GET', { 'sec-fetch-mode': 'no-cors' }, null],
    ['page', 'GET', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'same-origin' }, null],
    ['api', 'GET', {}, null],
    ['api', 'GET', { 'sec-fetch-mode': 'navigate' }, null],
    ['api', 'PATCH', {}, null],
    ['api', 'post', {}, null],
  ]
  for (const [kind, method, headers, form] of refused)
    it(`refuses ${kind} ${method} ${JSON.stringify(headers)} with ${form === null ? 'no field' : 'a field'}`, () =>
      assert.notEqual(check(kind, method, headers, form), null))

  it('refuses a field without its cookie', () => {
    const request = { method: 'POST', headers: new Headers(), cookies: parseCookies(''), submitted: token }

    assert.match(checkXsrf(request, { ...rules, kind: 'page' }) ?? '', /cookie/)
  })
})
