import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { openOutputTap } from './output-tap.ts'

function tapOf(secrets: readonly string[], chunks: readonly string[]) {
  let passed = ''
  const tap = openOutputTap(secrets, (text) => {
    passed += text
  })
  const out = tap.stream()
  for (const chunk of chunks) out.write(Buffer.from(chunk))
  out.end()
  return { passed, lines: tap.lines() }
}

describe('the output tap', () => {
  it('passes lines on, the last one also without a line feed', () => {
    assert.deepEqual(tapOf([], ['a\nb', 'c\nd']), { passed: 'a\nbc\nd\n', lines: ['a', 'bc', 'd'] })
  })

  it('never lets a secret out, however the output is cut into pieces and however long its lines are', () => {
    const secret = 'canary-0123456789abcdef'
    const piece = fc.oneof(
      fc.constant(secret),
      fc.constant('x'.repeat(3000)),
      fc.constant('\n'),
      fc.string({ maxLength: 5 }),
    )
    const property = fc.property(
      fc.array(piece, { maxLength: 12 }),
      fc.integer({ min: 1, max: 4000 }),
      (pieces, size) => {
        const text = pieces.join('')
        const chunks = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
        const { passed, lines } = tapOf([secret], chunks)
        // A long line is folded; unfold it before looking, or a secret could hide in the fold.
        return (
          ![passed, passed.replaceAll('\n', ''), lines.join('')].some((out) => out.includes(secret)) ||
          text.replaceAll(secret, '').replaceAll('\n', '').includes(secret)
        )
      },
    )
    fc.assert(property, { numRuns: 200 })
    assert.match(tapOf([], [secret]).passed, /canary/, 'positive control')
  })

  it('folds no line within a secret that is still coming, wherever the line is cut', () => {
    const secret = 'canary-0123456789abcdef'
    for (let before = 8_192 - secret.length; before <= 8_192; before++)
      for (let cut = 1; cut < secret.length; cut++) {
        const { passed } = tapOf([secret], ['x'.repeat(before) + secret.slice(0, cut), `${secret.slice(cut)}.`])
        assert.equal(passed.replaceAll('\n', ''), `${'x'.repeat(before)}[secret].`)
      }
  })

  it('holds no more of a line without an end than its fold', () => {
    let passed = ''
    const out = openOutputTap(['canary-1'], (text) => {
      passed += text
    }).stream()
    out.write(Buffer.from('x'.repeat(30_000)))
    assert.deepEqual(
      passed.split('\n').map((line) => line.length),
      [8_192, 8_192, 8_192, 0],
    )
  })

  // CVE-2025-53636 (Open OnDemand): a log without bounds.
  it('remembers at most 200 lines and 64 KiB', () => {
    const many = tapOf([], [Array.from({ length: 500 }, (_, index) => `line ${index}\n`).join('')])
    assert.deepEqual([many.lines.length, many.lines.at(-1)], [200, 'line 499'])
    const long = tapOf([], [`${'x'.repeat(7000)}\n`.repeat(30)])
    assert.ok(long.lines.join('\n').length <= 64 * 1024)
    assert.ok(long.lines.length >= 8)
  })
})
