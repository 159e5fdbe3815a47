/** Texts that made a pattern search anew from each of their characters: seconds for one header, in which nobody else was served. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { withoutCookies } from './cookies.ts'
import { parseRoute, parseTarget, RouteError } from './route.ts'
import { cookieCredentials } from './shown-credentials.ts'

// With the patterns that were there, each of these takes minutes: the runner's limit ends it.
const many = 2_000_000

describe('two million characters in a row', () => {
  it('of blanks within a cookie’s name', () => {
    const line = `a${' '.repeat(many)}b=1; c=2`
    assert.equal(withoutCookies(line, new Set(['c'])), line.slice(0, -5))
  })
  it('of blanks within a credential', () => assert.deepEqual(cookieCredentials(`a${' '.repeat(many)}b`), []))
  it('of slashes within a target', () =>
    assert.equal(parseTarget({ target: `http://a:1/${'/'.repeat(many)}b` }).prefix.length, many + 2))
})

describe('a route', () => {
  const nested = (levels: number): unknown => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`)

  it('may say more, but nothing so deep that it could not be written again', () => {
    assert.deepEqual(parseRoute({ target: 'http://a:1', x: nested(10) }).x, nested(10))
    for (const levels of [20, 50_000])
      assert.throws(() => parseRoute({ target: 'http://a:1', x: nested(levels) }), RouteError)
  })
  it('shows why: what can be read cannot always be written', () =>
    assert.throws(() => JSON.stringify(nested(50_000)), RangeError))
})
