import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseTimeLimit, toTimeLimit } from './duration.ts'

describe('parseTimeLimit', () => {
  for (const [text, seconds] of [
    ['30', 1_800],
    ['30:15', 1_815],
    ['01:30:15', 5_415],
    ['2-0', 172_800],
    ['2-12:30', 217_800],
    ['1-02:03:04', 93_784],
    ['UNLIMITED', null],
    ['infinite', null],
  ] as const)
    it(`reads ${text} as ${seconds} s`, () => assert.equal(parseTimeLimit(text), seconds))

  for (const text of ['', '-1', '1:2:3:4', '2-', '1h', 'INVALID'])
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseTimeLimit(text), RangeError))
})

describe('toTimeLimit', () => {
  for (const [seconds, text] of [
    [1, '1'],
    [60, '1'],
    [61, '2'],
    [28_800, '480'],
  ] as const)
    it(`asks for ${text} minutes for ${seconds} s`, () => assert.equal(toTimeLimit(seconds), text))
})
