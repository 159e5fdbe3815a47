import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkIdentityHeaders, type Identity, type IdentityProblem, readIdentity } from './front-identity.ts'

const names = { user: 'Remote_User', data: null }
const withData = { user: 'Remote_User', data: 'Remote_User_Data' }
/** As Node gives what came over the wire. */
const wire = (text: string) => Buffer.from(text, 'utf8').toString('latin1')

describe('readIdentity', () => {
  const rows: readonly (readonly [what: string, raw: readonly string[], found: string | null])[] = [
    ['a name', ['Remote_User', 'alice'], 'alice'],
    ['letters of any case in the header', ['rEMOTE_uSER', 'Alice@Example.EDU'], 'Alice@Example.EDU'],
    ['a name beyond ASCII', ['Remote_User', wire('josé.müller')], 'josé.müller'],
    ['blanks around it', ['Remote_User', '  alice '], 'alice'],
    ['no header', ['Host', 'h'], null],
    ['an empty one', ['Remote_User', ''], null],
    ['blanks', ['Remote_User', '  '], null],
    ['what Apache writes for nobody', ['Remote_User', '(null)'], null],
    ['the same in capitals', ['Remote_User', '(NULL)'], null],
    ['null', ['Remote_User', 'null'], null],
    ['undefined', ['Remote_User', 'undefined'], null],
    ['a dash', ['Remote_User', '-'], null],
    ['another header of the family', ['X-Remote-User', 'root'], null],
  ]
  for (const [what, raw, found] of rows)
    it(`reads ${what}`, () =>
      assert.deepEqual(readIdentity(raw, names), found === null ? null : { user: found, data: null }))

  const refused: readonly (readonly [what: string, raw: readonly string[], problem: IdentityProblem])[] = [
    ['two', ['Remote_User', 'alice', 'Remote_User', 'bob'], 'repeated'],
    ['the same twice', ['Remote_User', 'alice', 'remote_user', 'alice'], 'repeated'],
    ['one after nobody', ['Remote_User', '(null)', 'Remote_User', 'bob'], 'repeated'],
    ['another spelling beside it', ['Remote_User', 'alice', 'Remote-User', 'bob'], 'other spelling'],
    ['another spelling before it', ['REMOTE-USER', 'bob', 'Remote_User', 'alice'], 'other spelling'],
    ['another spelling alone', ['Remote-User', 'bob'], 'other spelling'],
    ['another spelling that names nobody', ['Remote-User', ''], 'other spelling'],
    ['256 bytes', ['Remote_User', 'a'.repeat(256)], 'too long'],
    ['256 bytes in 128 letters', ['Remote_User', wire('é'.repeat(128))], 'too long'],
    ['a tab', ['Remote_User', 'ali\tce'], 'not printable'],
    ['C1 control', ['Remote_User', wire('ali\u0085ce')], 'not printable'],
    ['zero-width space', ['Remote_User', wire('alice\u200b')], 'not printable'],
    ['right-to-left override', ['Remote_User', wire('\u202ealice')], 'not printable'],
    ['byte order mark', ['Remote_User', wire('\ufeffalice')], 'not printable'],
    ['line separator', ['Remote_User', wire('alice\u2028bob')], 'not printable'],
    ['private use', ['Remote_User', wire('alice\ue000')], 'not printable'],
    ['Latin-1 instead of UTF-8', ['Remote_User', 'jos\xe9'], 'not UTF-8'],
    ['an overlong slash', ['Remote_User', 'alice\xc0\xaf'], 'not UTF-8'],
    ['half a surrogate pair', ['Remote_User', 'alice\xed\xa0\x80'], 'not UTF-8'],
  ]
  for (const [what, raw, problem] of refused)
    it(`refuses ${what}`, () => assert.equal(readIdentity(raw, names), problem))

  it('reads the data beside the user, by the same rules but for length and joiners', () => {
    const read = (...raw: string[]) => readIdentity(raw, withData)
    assert.deepEqual(read('Remote_User', 'alice', 'Remote_User_Data', 'stuff;morestuff'), {
      user: 'alice',
      data: 'stuff;morestuff',
    })
    assert.deepEqual(read('Remote_User', 'alice', 'Remote_User_Data', '(null)'), { user: 'alice', data: null })
    assert.deepEqual(read('Remote_User', 'alice', 'Remote_User_Data', wire('می\u200cخواهم')), {
      user: 'alice',
      data: 'می\u200cخواهم',
    })
    assert.deepEqual(read('Remote_User_Data', 'stuff'), null)
    assert.equal(read('Remote_User', 'alice'), 'data missing')
    assert.equal(read('Remote_User', 'alice', 'Remote-User-Data', 'x'), 'other spelling')
    assert.equal(read('Remote_User', 'alice', 'Remote_User_Data', 'x', 'Remote_User_Data', 'y'), 'repeated')
    assert.equal(read('Remote_User', 'alice', 'Remote_User_Data', 'x'.repeat(4_097)), 'too long')
    assert.equal(read('Remote_User', 'alice', 'Remote_User_Data', 'a\tb'), 'not printable')
    assert.equal(read('Remote_User_Data', 'a\tb'), 'not printable', 'whoever is named')
  })

  /** Any bytes that a header can hold, and many that are nearly names. */
  const value = fc.oneof(
    fc.string({ maxLength: 300 }).map(wire),
    fc.string({ unit: 'binary', maxLength: 40 }).map(wire),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    fc.constantFrom('', '-', '(null)', 'alice', 'a;b', ' '),
  )
  const header = fc.tuple(
    fc.constantFrom('Remote_User', 'REMOTE_USER', 'Remote-User', 'Remote_User_Data', 'remote-user_data', 'Host', 'X-A'),
    value,
  )

  it('gives a printable name of bounded length, or nothing, whatever comes', () =>
    fc.assert(
      fc.property(fc.array(header, { maxLength: 6 }), fc.boolean(), (pairs, hasData) => {
        const found = readIdentity(pairs.flat(), hasData ? withData : names)
        if (found === null || typeof found === 'string') return
        assert.match(found.user, /^[^\p{C}\p{Zl}\p{Zp}]+$/u)
        assert.ok(Buffer.byteLength(found.user) <= 255)
        assert.equal(found.user, found.user.trim())
        if (found.data !== null) assert.match(found.data, /^[^\p{Cc}\p{Zl}\p{Zp}]{1,4096}$/u)
        const users = pairs.filter(([name]) => /^remote[-_]user$/i.test(name))
        assert.deepEqual(
          users.map(([name, text]) => [name.toLowerCase(), Buffer.from(text, 'latin1').toString().trim()]),
          [['remote_user', found.user]],
        )
        assert.equal(decodeURIComponent(encodeURIComponent(found.user)), found.user, 'and passes to the hub unchanged')
      }),
      { numRuns: 400 },
    ))

  it('finds the same whatever else is on the request, and in whatever order', () =>
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 40 }),
        fc.array(fc.tuple(fc.constantFrom('Host', 'X-A', 'Remote_Users', 'Remote__User'), value)),
        (text, others) => {
          const own: readonly [string, string] = ['Remote_User', wire(text)]
          const alone: Identity | null | IdentityProblem = readIdentity(own, names)
          assert.deepEqual(readIdentity([...others.flat(), ...own], names), alone)
          assert.deepEqual(readIdentity([...own, ...others.flat()], names), alone)
        },
      ),
    ))
})

describe('checkIdentityHeaders', () => {
  for (const user of ['Remote_User', 'X-Forwarded-User', 'OIDC_CLAIM_preferred_username', 'eppn'])
    it(`allows ${user}`, () => checkIdentityHeaders({ user, data: null }))

  for (const user of [
    '',
    'Remote User',
    'Host',
    'Cookie',
    'AUTHORIZATION',
    'Connection',
    'X_Forwarded_For',
    'X-Batchway-User',
    'Content-Type',
    'a:b',
    'é',
  ])
    it(`refuses ${JSON.stringify(user)}`, () =>
      assert.throws(() => checkIdentityHeaders({ user, data: null }), RangeError))

  it('refuses one name for both', () =>
    assert.throws(() => checkIdentityHeaders({ user: 'Remote_User', data: 'remote-user' }), RangeError))
})
