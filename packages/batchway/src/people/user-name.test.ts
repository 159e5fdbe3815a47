import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { BatchwayError } from '../core/errors.ts'
import { parseUserName, toUserName } from './user-name.ts'

describe('parseUserName', () => {
  const accepted: readonly (readonly [string, string])[] = [
    ['alice', 'alice'],
    ['Alice', 'alice'],
    ['_svc', '_svc'],
    ['a', 'a'],
    ['alice@Example.EDU', 'alice@example.edu'],
    ['lab+alice', 'lab+alice'],
    ['x.y-z_9', 'x.y-z_9'],
    ['4ever', '4ever'],
    ['a'.repeat(255), 'a'.repeat(255)],
    ['constructor', 'constructor'],
    ['__proto__', '__proto__'],
  ]
  for (const [text, name] of accepted)
    it(`reads ${text.slice(0, 20)} as ${name.slice(0, 20)}`, () => assert.deepEqual(parseUserName(text), { name }))

  const refused: readonly (readonly [string, RegExp])[] = [
    ['', /empty/],
    ['a\0', /control/],
    ['a\nb', /control/],
    ['a\u0085', /control/],
    ['a\u2028', /control/],
    ['-rf', /start/],
    ['.', /start/],
    ['..', /start/],
    ['.ssh', /start/],
    ['#1000', /start/],
    ['+users', /start/],
    ['@netgroup', /start/],
    ['a/b', /"\/"/],
    ['../a', /start/],
    ['a b', /blanks/],
    ['a!b', /only/],
    ['a=b', /only/],
    ['a%2fb', /only/],
    ['a:b', /only/],
    ['a$', /only/],
    ['ädam', /only/],
    ['\u212aelly', /only/], // the Kelvin sign: lower-cased first it would be kelly
    ['1000', /number/],
    ['0', /number/],
    ['0x1F', /number/],
    ['alice.', /end/],
    ['a'.repeat(256), /longer than 255/],
  ]
  for (const [text, words] of refused)
    it(`refuses ${JSON.stringify(text.slice(0, 20))}`, () => {
      const parsed = parseUserName(text)
      assert.ok('refused' in parsed)
      assert.match(parsed.refused, words)
      assert.throws(
        () => toUserName(text),
        (error) => error instanceof BatchwayError && error.code === 'invalid_choice' && error.field === 'username',
      )
    })

  it('shows why the Kelvin sign is refused before lower-casing', () => assert.equal('\u212a'.toLowerCase(), 'k'))

  it('answers with a safe, stable name or a short sentence, whatever comes', () =>
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.string({ maxLength: 400 }), fc.stringMatching(/^[\w.@+/-]+$/)),
        (text) => {
          const parsed = parseUserName(text)
          if ('refused' in parsed) return parsed.refused.length < 120
          const { name } = parsed
          assert.deepEqual(parseUserName(name), { name })
          assert.match(name, /^[a-z0-9_][a-z0-9._@+-]{0,254}$/)
          return true
        },
      ),
    ))
})
