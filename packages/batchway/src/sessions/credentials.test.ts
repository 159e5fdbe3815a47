import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { deriveCredentials, hashSecret, matchesHash } from './credentials.ts'

describe('deriveCredentials', () => {
  const one = deriveCredentials(Buffer.alloc(32, 1))

  it('gives the same secret again after a restart, and another one under another key', () => {
    assert.equal(one.claimToken('c'), deriveCredentials(Buffer.alloc(32, 1)).claimToken('c'))
    assert.notEqual(one.claimToken('c'), deriveCredentials(randomBytes(32)).claimToken('c'))
  })

  it('gives every purpose, session, attempt and claim a secret of its own', () => {
    const all = [
      one.attemptSecret('s', 1),
      one.attemptSecret('s', 11),
      one.attemptSecret('s1', 1),
      one.claimToken('s'),
      one.apiToken('s'),
      one.appToken('s'),
      one.psk('s', 's').key,
      one.psk('s', 't').key,
    ].map((secret) => secret.slice(0, 32))
    assert.equal(new Set(all).size, all.length)
  })

  it('makes API tokens of JupyterHub’s form', () => assert.match(one.apiToken('c'), /^[0-9a-f]{32}$/))

  it('refuses a weak key', () => assert.throws(() => deriveCredentials(Buffer.alloc(16)), RangeError))

  it('compares secrets with hashes', () => {
    assert.ok(matchesHash('secret', hashSecret('secret')))
    assert.ok(!matchesHash('Secret', hashSecret('secret')))
    assert.ok(!matchesHash('secret', ''))
  })
})
