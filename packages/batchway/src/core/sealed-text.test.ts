import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { it } from 'node:test'
import { openSealedText, sealText } from './sealed-text.ts'

const key = Buffer.alloc(32, 7)
const sealed = sealText(key, 'for alice', 'a secret: é', randomBytes(12))

it('opens what was sealed with the same key in the same context', () => {
  assert.match(sealed, /^[\w-]+$/)
  assert.equal(openSealedText(key, 'for alice', sealed), 'a secret: é')
  assert.equal(openSealedText(key, '', sealText(key, '', '', randomBytes(12))), '')
})
it('does not open in another context, with another key, cut, or with any byte changed', () => {
  assert.equal(openSealedText(key, 'for bob', sealed), null)
  assert.equal(openSealedText(Buffer.alloc(32, 8), 'for alice', sealed), null)
  const bytes = Buffer.from(sealed, 'base64url')
  for (const [index] of bytes.entries()) {
    const changed = Buffer.from(bytes)
    changed.writeUInt8(changed.readUInt8(index) ^ 1, index)
    assert.equal(openSealedText(key, 'for alice', changed.toString('base64url')), null, `byte ${index}`)
    assert.equal(
      openSealedText(key, 'for alice', bytes.subarray(0, index).toString('base64url')),
      null,
      `cut at ${index}`,
    )
  }
})
