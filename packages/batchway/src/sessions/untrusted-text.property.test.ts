/** Names of jobs, which anybody on a cluster may choose, and secrets that strangers show. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { hashSecret, matchesHash } from './credentials.ts'
import { parseTag, tagOf } from './ids.ts'

describe('the name of a job', () => {
  const id = fc.stringMatching(/^[0-9a-hjkmnp-tv-z]{9}$/)
  it('reads back as the session and attempt that it was made of, for one hub alone', () =>
    fc.assert(
      fc.property(
        fc.stringMatching(/^[0-9a-z]{2}$/),
        id,
        fc.integer({ min: 1, max: 1_295 }),
        fc.stringMatching(/^[0-9a-z]{2}$/),
        (instance, sessionId, attempt, other) => {
          const tag = tagOf(instance, sessionId, attempt)
          assert.ok(tag.length <= 15)
          assert.deepEqual(parseTag(instance, tag), { sessionId, attempt })
          if (other !== instance) assert.equal(parseTag(other, tag), null)
        },
      ),
    ))
  it('is a tag only to the letter', () =>
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.stringMatching(/^b?v1[0-9a-z]{0,12}\n?$/)),
        (name) => {
          const read = parseTag('v1', name)
          if (read === null) return
          assert.match(name, /^b[0-9a-z]{13}$/)
          assert.equal(name.length, 14)
        },
      ),
    ))
})

describe('a secret', () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 }).map((each) => each.toWellFormed())
  it('fits its own hash and no other text', () =>
    fc.assert(
      fc.property(text, text, fc.string({ maxLength: 70 }), (secret, other, hash) => {
        assert.ok(matchesHash(secret, hashSecret(secret)))
        assert.equal(matchesHash(other, hashSecret(secret)), other === secret)
        assert.equal(matchesHash(secret, hash), false)
      }),
    ))
})
