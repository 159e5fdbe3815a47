import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseWireTime, toWireTime } from './times.ts'

describe('times on the wire', () => {
  it('have microseconds and Z', () => {
    assert.equal(toWireTime(1_700_000_000_123), '2023-11-14T22:13:20.123000Z')
    assert.equal(toWireTime(null), null)
  })
  const read: readonly [string, number | null][] = [
    ['2023-11-14T22:13:20.123456Z', 1_700_000_000_123],
    ['2023-11-14T22:13:20Z', 1_700_000_000_000],
    ['2023-11-14T22:13:20.123456', 1_700_000_000_123],
    ['2023-11-14T22:13:20', 1_700_000_000_000],
    ['2023-11-14 22:13:20', 1_700_000_000_000],
    ['2023-11-14T23:13:20+01:00', 1_700_000_000_000],
    ['2023-11-14T23:13:20+0100', 1_700_000_000_000],
    ['2023-11-14T22:13:20.5Z', 1_700_000_000_500],
    ['2023-11-14', 1_699_920_000_000],
    ['2023-13-14', null],
    ['2023-13-14T22:13:20Z', null],
    ['yesterday', null],
    ['1700000000', null],
    ['', null],
  ]
  for (const [text, ms] of read) it(`reads ${text || 'nothing'}`, () => assert.equal(parseWireTime(text), ms))
})
