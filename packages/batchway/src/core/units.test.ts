import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formatDuration, formatMemory, parseDuration, parseMemory } from './units.ts'

describe('parseDuration', () => {
  const table: readonly (readonly [string, number | null])[] = [
    ['90s', 90],
    ['15m', 900],
    ['8h', 28_800],
    ['2d', 172_800],
    ['1h30m', 5_400],
    ['4:00', 14_400],
    ['8:00:00', 28_800],
    ['1-12:00:00', 129_600],
    ['', null],
    ['8', null],
    ['8 h', null],
    ['-1h', null],
    ['1:75', null],
    ['99999999999h', null],
  ]
  for (const [text, seconds] of table)
    it(`reads ${JSON.stringify(text)} as ${seconds}`, () => assert.equal(parseDuration(text), seconds))
  it('reads back what formatDuration writes', () =>
    fc.assert(
      fc.property(fc.nat(10_000_000), (seconds) => assert.equal(parseDuration(formatDuration(seconds)), seconds)),
    ))
})

describe('parseMemory', () => {
  const table: readonly (readonly [string, number | null])[] = [
    ['500M', 500],
    ['16G', 16_384],
    ['16GB', 16_384],
    ['16 GiB', 16_384],
    ['1.5g', 1_536],
    ['1T', 1_048_576],
    ['16', null],
    ['', null],
    ['1e9G', null],
    ['-1G', null],
  ]
  for (const [text, size] of table)
    it(`reads ${JSON.stringify(text)} as ${size}`, () => assert.equal(parseMemory(text), size))
  it('reads back what formatMemory writes', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9_999_999 }), (size) =>
        assert.equal(parseMemory(formatMemory(size)), size),
      ),
    ))
})
