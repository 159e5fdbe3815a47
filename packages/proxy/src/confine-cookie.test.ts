import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type CookiePlace, confineCookie, cookiePlace } from './confine-cookie.ts'

const alice = cookiePlace('/user/alice', '/user/alice/lab?a=/b')

describe('cookiePlace', () => {
  it('knows the prefix as this browser writes it', () => {
    assert.deepEqual(cookiePlace('/user/a@x', '/user/a%40x/lab/tree?x=/y'), {
      route: '/user/a@x',
      prefix: '/user/a%40x',
      isBelow: true,
    })
    assert.equal(cookiePlace('/jupyter/user/alice/lab', '/jupyter/user/alice/lab').isBelow, false)
    assert.equal(cookiePlace('/user/alice', '/user/alice/').isBelow, true)
    assert.deepEqual(cookiePlace('/', '/x'), { route: '/', prefix: '', isBelow: true })
  })
})

describe('confineCookie, whatever comes', () => {
  const piece = fc.constantFrom(
    ...['a=1', ';', ' ', '=', 'Path', 'path', 'Domain', '/', 'user', 'alice', 'bob', '..', '%2f', '.', 'x', ','],
  )
  /** As browsers read it, RFC 6265 5.2. */
  const read = (line: string, request: string) => {
    const attributes = line
      .split(';')
      .slice(1)
      .map((each): [string, string] => {
        const at = each.indexOf('=')
        return at < 0
          ? [each.trim().toLowerCase(), '']
          : [each.slice(0, at).trim().toLowerCase(), each.slice(at + 1).trim()]
      })
    const path = attributes.findLast(([name]) => name === 'path')?.[1] ?? ''
    const folder = request.slice(0, request.lastIndexOf('/')) || '/'
    return { hasDomain: attributes.some(([name]) => name === 'domain'), path: path.startsWith('/') ? path : folder }
  }
  it('leaves no domain and no path that others are under', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 14 }).map((all) => `a=1${all.join('')}`),
        fc.constantFrom('/user/alice', '/user/alice/', '/user/alice/lab/x'),
        (line, request) => {
          const { hasDomain, path } = read(confineCookie(line, cookiePlace('/user/alice', request)), request)
          assert.equal(hasDomain, false)
          assert.match(path, /^\/user\/alice(\/|$)/)
        },
      ),
      { numRuns: 5_000 },
    )
  })
})

describe('confineCookie', () => {
  const table: readonly (readonly [from: string, to: string, place?: CookiePlace | null])[] = [
    // Own business passes as it came.
    ['a=1', 'a=1'],
    ['a=1; Path=/user/alice/; HttpOnly;SameSite=Lax', 'a=1; Path=/user/alice/; HttpOnly;SameSite=Lax'],
    ['a=1;path=/user/alice', 'a=1;path=/user/alice'],
    ['a=1; Path=/user/alice/lab', 'a=1; Path=/user/alice/lab'],
    ['a=1; Path=/user/%61lice/', 'a=1; Path=/user/%61lice/'],
    ['a=1; Path=', 'a=1; Path='],
    ['a=1; Path=relative', 'a=1; Path=relative'],
    ['a=1; Secure', 'a=1; Secure', null],
    ['a=1; Path=/lab', 'a=1; Path=/lab', cookiePlace('/', '/x')],
    ['a=1; Path=/', 'a=1; Path=/', null],
    // What others would get does not.
    ['a=1; Path=/', 'a=1; Path=/user/alice/'],
    ['a=1; PATH = /hub/; HttpOnly', 'a=1; HttpOnly; Path=/user/alice/'],
    ['a=1; Path=/user', 'a=1; Path=/user/alice/'],
    ['a=1; Path=/user/alicex', 'a=1; Path=/user/alice/'],
    ['a=1; Path=/user/bob/', 'a=1; Path=/user/alice/'],
    ['a=1; Path=/user/%E0%A4%A', 'a=1; Path=/user/alice/'],
    ['a=1; Path=/user/alice/; Path=/', 'a=1; Path=/user/alice/'],
    ['a=1; Path=/; Path=/user/alice/x', 'a=1; Path=/user/alice/x'],
    ['a=1', 'a=1; Path=/user/alice/', cookiePlace('/user/alice', '/user/alice?next=/x/')],
    ['a=1; Path=nowhere', 'a=1; Path=/user/alice/', cookiePlace('/user/alice', '/user/alice')],
    ['a=1; Path=/', 'a=1; Path=/user/a%40x/', cookiePlace('/user/a@x', '/user/a%40x/lab')],
    ['a=1; Domain=example.edu; Path=/', 'a=1; Path=/', null],
    ['a=1; domain = .example.edu;Domain', 'a=1', null],
    ['a=1;DOMAIN=example.edu', 'a=1'],
  ]
  for (const [from, to, place = alice] of table)
    it(`${JSON.stringify(from)} ${place === null ? 'on its own host' : `at ${place.prefix}`}`, () =>
      assert.equal(confineCookie(from, place), to))
})
