import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { nameRules } from './name-rules.ts'

const rules = nameRules([
  { from: '{name}@example.edu', to: '{name}' },
  { from: '{name}@{college}.example.edu', to: '{college}-{name}' },
  { from: 'EXAMPLE\\{name}', to: '{name}' },
  { from: '/C=DE/O=Grid/CN={first} {last}', to: '{first}.{last}' },
])

describe('nameRules', () => {
  // CVE-2024-27918 (Coder): a domain compared by its end, so that evilcorp.com passed for corp.com.
  for (const [subject, name] of [
    ['alice@example.edu', 'alice'],
    ['Alice@EXAMPLE.edu', 'Alice'],
    ['alice+x@example.edu', 'alice+x'],
    ['alice@physics.example.edu', 'physics-alice'],
    ['EXAMPLE\\alice', 'alice'],
    ['/C=DE/O=Grid/CN=Alice Smith', 'Alice.Smith'],
    // What looks like it, and is not.
    ['alice@example.edu.evil.org', null],
    ['alice@evilexample.edu', null],
    ['alice@exampleXedu', null],
    ['alice@evil.org@example.edu', null],
    ['alice@evil.org/x@example.edu', null],
    ['@example.edu', null],
    ['alice bob@example.edu', null],
    ['alice@example.edu\n', null],
    // The long s and the Kelvin sign fold into s and k in some comparisons.
    ['alice@phy\u017fics.example.edu\u0000', null],
    ['alice@e\u212aample.edu', null],
    ['', null],
  ] as const)
    it(`${JSON.stringify(subject)} → ${name}`, () => assert.equal(rules(subject)?.name ?? null, name))

  it('takes the first rule that matches', () => {
    const two = nameRules([
      { from: 'root@{x}', to: 'nobody' },
      { from: '{name}@{x}', to: '{name}' },
    ])
    assert.equal(two('root@a')?.name, 'nobody')
    assert.equal(two('alice@a')?.name, 'alice')
  })

  it('refuses rules that mean nothing', () => {
    assert.throws(() => nameRules([{ from: '{a}@x', to: '{b}' }]), /uses \{b\}, which/)
    assert.throws(() => nameRules([{ from: '{a}@{a}', to: '{a}' }]), /stands twice/)
  })

  it('gives back what a subject was made of, and nothing for another domain', () => {
    const part = fc.stringMatching(/^[a-z0-9._+-]{1,30}$/)
    fc.assert(
      fc.property(part, part, (name, domain) => {
        assert.equal(rules(`${name}@example.edu`)?.name, name)
        if (!`${domain}`.endsWith('example.edu')) assert.equal(rules(`${name}@${domain}`), null)
      }),
    )
  })

  it('never makes a name with a separator that the subject hid, and ends for any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 1_024, unit: 'binary' }), (subject) => {
        const found = rules(subject)
        if (found !== null) assert.doesNotMatch(found.name, /[@/\s]/)
      }),
    )
    const many = nameRules([{ from: '{a}.{b}.{c}.{d}@x', to: '{a}' }])
    assert.equal(many(`${'.a'.repeat(510)}@y`), null)
  })
})
