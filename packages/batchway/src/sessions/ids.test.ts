import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { newSessionId, parseTag, tagOf } from './ids.ts'

describe('tagOf', () => {
  it('fits into the job names of every scheduler, and is read back', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 6, maxLength: 6 }),
        fc.integer({ min: 1, max: 1_295 }),
        (bytes, attempt) => {
          const sessionId = newSessionId('k3f', () => bytes)
          const tag = tagOf('0a', sessionId, attempt)
          assert.match(tag, /^[a-z][0-9a-z]{1,14}$/)
          assert.deepEqual(parseTag('0a', tag), { sessionId, attempt })
          assert.equal(parseTag('0b', tag), null)
        },
      ),
    )
  })

  it('does not read other people’s job names', () => {
    for (const name of ['', 'bash', 'b00', 'batchway-session', 'b00abcdefghj0', 'B00abcdefghj01', 'b00abcdefghj011']) {
      assert.equal(parseTag('00', name), null)
    }
  })

  it('makes different ids, all with the site’s mark', () => {
    const ids = new Set(Array.from({ length: 1_000 }, () => newSessionId('k3f', randomBytes)))
    // Six random characters: two of a thousand may be the same once in two thousand runs, three hardly ever.
    assert.ok(ids.size >= 998)
    assert.ok([...ids].every((id) => /^k3f[0-9a-z]{6}$/.test(id)))
  })
})
