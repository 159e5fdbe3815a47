import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { headerLogin, parseUserData, type UserDataRules } from './header.ts'

const rules: UserDataRules = { separator: ';', listSeparator: null, claims: null }
const places: UserDataRules = { ...rules, claims: ['mail', '', 'groups'] }
const pairs: UserDataRules = { ...rules, listSeparator: ',', claims: 'key=value' }

describe('parseUserData', () => {
  const rows: readonly (readonly [text: string, rules: UserDataRules, claims: Record<string, readonly string[]>])[] = [
    ['stuff;morestuff', rules, { data: ['stuff', 'morestuff'] }],
    [' stuff ; ; morestuff;', rules, { data: ['stuff', 'morestuff'] }],
    ['', rules, {}],
    ['a@b.example;ignored;staff;beyond', places, { mail: ['a@b.example'], groups: ['staff'] }],
    [';;staff', places, { groups: ['staff'] }],
    ['a;b;x,y', { ...places, listSeparator: ',' }, { mail: ['a'], groups: ['x', 'y'] }],
    [
      'groups=physics, staff;mail=a@b.example;groups=gpu',
      pairs,
      { groups: ['physics', 'staff', 'gpu'], mail: ['a@b.example'] },
    ],
    ['mail=a=b', pairs, { mail: ['a=b'] }],
    ['no name;=x;1a=x;a b=x;mail=', pairs, {}],
    ['a|b', { ...rules, separator: '|' }, { data: ['a', 'b'] }],
  ]
  for (const [text, given, claims] of rows)
    it(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(parseUserData(text, given), claims))

  it('keeps names that objects have of themselves as plain claims', () => {
    const claims = parseUserData('__proto__=x;constructor=y', { ...pairs, claims: ['__proto__', 'constructor'] })
    assert.deepEqual(Object.entries(claims), [
      ['__proto__', ['__proto__=x']],
      ['constructor', ['constructor=y']],
    ])
    assert.equal(Object.getPrototypeOf(claims), Object.prototype)
  })

  it('gives texts without separators and blanks at their ends, never more than 200 a list, whatever comes', () =>
    fc.assert(
      fc.property(fc.string({ maxLength: 4_096 }), fc.constantFrom(rules, places, pairs), (text, given) => {
        for (const [name, texts] of Object.entries(parseUserData(text, given))) {
          assert.match(name, /^[A-Za-z][\w.:-]{0,63}$/)
          for (const each of texts) {
            assert.ok(each !== '' && each === each.trim() && !each.includes(';') && text.includes(each))
            if (given.listSeparator !== null) assert.ok(!each.includes(given.listSeparator))
          }
        }
      }),
    ))
})

describe('headerLogin', () => {
  const options = { button: 'Go', data: rules, signInUrl: null, logoutUrl: '/out' }

  it('passes on what was attested as it is: admission decides what it means', () => {
    const login = headerLogin(options)
    assert.deepEqual(login.identify({ user: 'Alice@Example.EDU', data: 'stuff;morestuff' }), {
      subject: 'Alice@Example.EDU',
      claims: { data: ['stuff', 'morestuff'] },
      endsAt: null,
    })
    assert.deepEqual(login.identify({ user: 'alice', data: null }).claims, {})
    assert.equal(login.signOutAddress, '/out')
  })

  it('reads no data where the site uses none', () =>
    assert.deepEqual(headerLogin({ ...options, data: null }).identify({ user: 'a', data: 'x' }).claims, {}))
})
