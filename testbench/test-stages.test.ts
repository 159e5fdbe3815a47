/** The order of stages and files: nothing is forgotten, and the longest files begin first. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { filesOf, lanes, stages } from '../scripts/test-stages.mjs'

describe('the stages', () => {
  it('are each in one lane', () => assert.deepEqual(lanes.flat(2).toSorted(), Object.keys(stages).toSorted()))

  for (const [name, { find, first = [] }] of Object.entries(stages)) {
    if (!find) continue
    const files = find()
    for (const part of first)
      it(`${name} has files like ${part}`, () => assert.ok(files.some((file) => file.includes(part))))

    it(`${name} runs each of its files once`, () =>
      assert.deepEqual(filesOf({ find: () => files, first }).toSorted(), files.toSorted()))
  }

  it('begin with those that take longest, in this order; the rest stays as it was', () => {
    const find = () => ['a', 'long-1', 'b', 'long-2', 'c']
    assert.deepEqual(filesOf({ find, first: ['long-2', 'long-1'] }), ['long-2', 'long-1', 'a', 'b', 'c'])
  })
})
