import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nameAt, toClaims, toTexts, valueAt } from './oidc-claims.ts'

const told = {
  sub: 'f3-9',
  preferred_username: 'alice',
  email: 'alice@example.edu',
  email_verified: true,
  uidNumber: 1234,
  groups: ['staff', 'hpc', 7, null, { name: 'admins' }],
  realm_access: { roles: ['operator'] },
  'https://idp.example/groups': ['dotted'],
  nonce: 'n',
  exp: 1,
  __proto__x: 'x',
}

describe('valueAt', () => {
  for (const [path, value] of [
    ['preferred_username', 'alice'],
    ['realm_access.roles', ['operator']],
    ['https://idp.example/groups', ['dotted']],
    ['realm_access.none', undefined],
    ['sub.length', undefined],
    ['constructor', undefined],
    ['realm_access.constructor.name', undefined],
    ['', undefined],
  ] as const)
    it(`finds ${JSON.stringify(value)} at ${JSON.stringify(path)}`, () => assert.deepEqual(valueAt(told, path), value))
})

describe('toTexts', () => {
  for (const [value, texts] of [
    ['a', ['a']],
    ['', []],
    [7, ['7']],
    [true, ['true']],
    [null, []],
    [{ a: 1 }, []],
    [
      ['a', 1, null, ['b'], { c: 1 }],
      ['a', '1'],
    ],
    ['x'.repeat(1_025), []],
  ] as const)
    it(`reads ${JSON.stringify(value).slice(0, 40)}`, () => assert.deepEqual(toTexts(value), texts))
})

describe('toClaims', () => {
  it('keeps what is text, adds what is named, and leaves the protocol’s own out', () => {
    assert.deepEqual(toClaims(told, { roles: 'realm_access.roles' }), {
      sub: ['f3-9'],
      preferred_username: ['alice'],
      email: ['alice@example.edu'],
      email_verified: ['true'],
      uidNumber: ['1234'],
      groups: ['staff', 'hpc', '7'],
      'https://idp.example/groups': ['dotted'],
      __proto__x: ['x'],
      roles: ['operator'],
    })
  })
  it('lets a named claim win over one of the same name, even when there is nothing at its path', () => {
    assert.deepEqual(toClaims({ groups: ['everyone'] }, { groups: 'realm_access.roles' }), {})
  })
  it('holds a bounded number of claims', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`c${n}`, 'x']))
    assert.equal(Object.keys(toClaims(many, {})).length, 100)
  })
})

it('nameAt takes one text and nothing that could be meant as several', () => {
  assert.equal(nameAt(told, 'preferred_username'), 'alice')
  for (const path of ['groups', 'uidNumber', 'email_verified', 'none', 'realm_access'])
    assert.equal(nameAt(told, path), null, path)
  assert.equal(nameAt({ n: ['alice'] }, 'n'), null)
})
