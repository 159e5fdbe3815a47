import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { allCredentials, cookieCredentials, isForm, openCredentials } from './shown-credentials.ts'

const token = '0123456789abcdef0123456789abcdef'
const digest = '3eb1bd439947eb762998e566ccc2e099c791118b2f40579cc4f7da2b5061b7f9'
/** Made by Tornado 6.2 with `create_signed_value` and sent as its `set_cookie` quotes it; Tornado 6.4 makes the same. */
const signed =
  '2|1:0|10:1700000000|21:jupyterhub-user-alice|44:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=|d3f5132c3859e92bfddaa47fe5174d9b4ebfd6ee6400dccadc6f65fc7f0f027f'

describe('credentials in cookies', () => {
  it('are found as Tornado writes them, with quotes or without', () => {
    for (const value of [signed, `"${signed}"`, ` "${signed}"\t`]) assert.ok(cookieCredentials(value).includes(digest))
  })

  it('are found however the quoted form is spelled: Tornado undoes backslashes (both 6.2 and 6.4 take them)', () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 40 }), (ways) => {
        const spelled = [...signed].map((char, index) => {
          const way = ways[index % ways.length]
          if (way === 1) return `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`
          // A backslash before a digit would read as the begin of an octal number.
          return way === 2 && !/\d/.test(char) ? `\\${char}` : char
        })
        assert.ok(cookieCredentials(`"${spelled.join('')}"`).includes(digest))
      }),
    ))

  it('are found in the cookie of the agent’s gate', () => {
    assert.deepEqual(cookieCredentials(`${digest}.YWxpY2U.c2lnbmF0dXJl`), [digest])
  })

  it('never make anything fail', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (cookie, url) => {
        for (const each of allCredentials(['Cookie', cookie, 'Authorization', cookie], url))
          assert.match(each, /^[0-9a-f]{64}$/)
      }),
    ))
})

describe('credentials in the open', () => {
  for (const [name, raw, url] of [
    ['a header', ['Authorization', `token ${token}`], '/'],
    ['a header of another case', ['aUTHORIZATION', `BEARER   ${token}`], '/'],
    ['a second header', ['Authorization', 'Basic x', 'authorization', `token ${token}`], '/'],
    ['the address', [], `/lab?token=${token}`],
    ['the address, encoded', [], `/lab?a=b&token=%30123456789abcdef0123456789abcdef`],
    ['the address, between what Tornado cuts off', [], `/lab?token=%00+${token}%85%20&b`],
    ['a second parameter', [], `/lab?token=x&token=${token}`],
  ] as const)
    it(`are found in ${name}`, () => assert.ok(openCredentials(raw, url).includes(digest)))

  it('are not invented', () => {
    assert.deepEqual(openCredentials(['Authorization', ''], '/lab'), [])
    assert.ok(!openCredentials(['Authorization', `token ${token}x`], '/lab').includes(digest))
  })

  it('are the digests that the hub keeps', () => assert.equal(createHash('sha256').update(token).digest('hex'), digest))
})

describe('forms', () => {
  for (const [type, is] of [
    ['application/x-www-form-urlencoded', true],
    ['Multipart/Form-Data; boundary=x', true],
    ['application/json', false],
    ['text/plain', false],
  ] as const)
    it(`${type}: ${is}`, () => assert.equal(isForm(['Content-Type', type]), is))
})
