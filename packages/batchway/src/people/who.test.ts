import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseClaims, whoWords } from './who.ts'

describe('parseClaims', () => {
  it('takes a claim a line, and several values of one', () => {
    assert.deepEqual(parseClaims('groups=hpc\r\n\n groups = staff \nmail=a=b@c'), {
      claims: { groups: ['hpc', 'staff'], mail: ['a=b@c'] },
    })
    assert.deepEqual(parseClaims(''), { claims: {} })
  })
  it('names a line of another form', () => {
    for (const wrong of ['hpc', '=hpc']) assert.deepEqual(parseClaims(`a=b\n${wrong}`), { wrong })
  })
  it('takes no name for more than a name', () => {
    const found = parseClaims('__proto__=x\nconstructor=y')
    assert.ok('claims' in found)
    assert.deepEqual(Object.entries(found.claims), [
      ['__proto__', ['x']],
      ['constructor', ['y']],
    ])
  })
})

describe('whoWords', () => {
  it('tells the steps, the accounts and the end', () => {
    const decision = { kind: 'admitted', name: 'alice', isAdmin: true, groups: [], claims: {} } as const
    assert.deepEqual(
      whoWords({
        examined: { decision, trail: ['the user is alice'] },
        accounts: [{ cluster: 'here', words: 'alice (uid 1234, home /home/alice)' }],
      }),
      {
        steps: ['the user is alice', 'account on here: alice (uid 1234, home /home/alice)'],
        outcome: 'signs in as alice, administrator',
      },
    )
    const refused = { kind: 'refused', words: 'not open to you' } as const
    assert.equal(
      whoWords({ examined: { decision: refused, trail: [] }, accounts: [] }).outcome,
      'refused; the person reads: not open to you',
    )
  })
})
