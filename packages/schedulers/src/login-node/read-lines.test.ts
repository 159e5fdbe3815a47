import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { readLines } from './read-lines.ts'

it('cuts lines wherever the stream is cut, also inside a character', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\n'))),
      fc.array(fc.integer({ min: 1, max: 9 })),
      (lines, cuts) => {
        const found: string[] = []
        const take = readLines(10_000, (line) => found.push(line))
        let bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
        for (const cut of cuts) {
          take(bytes.subarray(0, cut))
          bytes = bytes.subarray(cut)
        }
        take(bytes)
        assert.deepEqual(found, lines)
      },
    ),
  )
})

it('refuses a line that is too long, ended or not', () => {
  for (const text of ['123456', '12345\n']) assert.throws(() => readLines(4, () => {})(Buffer.from(text)), RangeError)
  readLines(5, () => {})(Buffer.from('12345\n12345'))
})
