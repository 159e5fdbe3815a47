import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { guardedCookieNames, setsCookie, withoutCookies } from './cookies.ts'

const login = 'jupyterhub-hub-login'
const guarded = guardedCookieNames([login])

describe('withoutCookies', () => {
  const table: readonly (readonly [string, string | null])[] = [
    ['a=1; b=2', 'a=1; b=2'],
    [`${login}=x`, null],
    [`${login}=x; a=1`, 'a=1'],
    [`a=1; ${login}=x; b=2`, 'a=1; b=2'],
    [`a=1; __Host-${login}=x`, 'a=1'],
    [`a=1;${login}=x;b=2`, 'a=1;b=2'],
    [`a=1; ${login}=x; ${login}=y`, 'a=1'],
    [`a="q; ${login}=x; b=q"`, 'a="q; b=q"'],
    [`a=1;\t${login} = x`, 'a=1'],
    [`${login}-old=1; x${login}=2`, `${login}-old=1; x${login}=2`],
    [`a=${login}=x`, `a=${login}=x`],
    ['a=1;;  b ; =c', 'a=1;;  b ; =c'],
  ]
  for (const [value, rest] of table)
    it(`makes ${JSON.stringify(rest)} of ${value}`, () => assert.equal(withoutCookies(value, guarded), rest))

  it('never leaves a guarded cookie and never alters another one', () => {
    const name = fc.oneof(fc.constantFrom(...guarded), fc.stringMatching(/^[\w!#$%&'*+.^`|~-]{1,12}$/))
    const cookie = fc.record({ name, value: fc.stringMatching(/^[!#-+\--:<-~" =]{0,12}$/) })
    fc.assert(
      fc.property(fc.array(cookie, { minLength: 1, maxLength: 12 }), (cookies) => {
        const text = (list: typeof cookies) => list.map((each) => `${each.name}=${each.value}`).join('; ')
        const others = cookies.filter((each) => !guarded.has(each.name))
        assert.equal(withoutCookies(text(cookies), guarded), others.length === 0 ? null : text(others))
      }),
    )
  })
})

describe('setsCookie', () => {
  const table: readonly (readonly [string, boolean])[] = [
    [`${login}=x; Path=/hub/`, true],
    [`__Host-${login}=x`, true],
    [`__host-${login}=x`, true],
    [`JupyterHub-Hub-Login=x`, true],
    [` ${login} =x`, true],
    [`=${login}=x; Path=/`, true],
    [`= ${login}=x`, true],
    [login, true],
    [`a=1; ${login}=x`, false],
    [`${login}2=x`, false],
    ['', false],
  ]
  for (const [value, sets] of table)
    it(`says ${sets} for ${JSON.stringify(value)}`, () => assert.equal(setsCookie(value, guarded), sets))
})
