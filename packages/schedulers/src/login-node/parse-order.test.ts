import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { RemoteExecution } from './messages.ts'
import { parseOrder } from './parse-order.ts'

const execution: RemoteExecution = {
  file: 'squeue',
  args: ['--format=%i\x1f%j'],
  account: 'alice',
  variables: { SLURM_TIME_FORMAT: '%s' },
  stdin: '#!/bin/sh\n',
  timeoutMs: 1_000,
  outputLimitBytes: 1_000,
  graceMs: 100,
  hold: 'b00abc01',
}
const written = (change: object): string =>
  JSON.stringify({ type: 'execute', id: 1, execution: { ...execution, ...change } })

describe('an order', () => {
  it('is read as it was written', () => {
    for (const order of [
      { type: 'execute', id: 1, execution },
      { type: 'execute', id: 1, execution: { ...execution, account: null, hold: null } },
      { type: 'abort', id: 2 },
      { type: 'clock', id: 2 },
      { type: 'hold', id: 3, name: 'b00abc01', act: 'look' },
      { type: 'account', id: 4, key: 'alice' },
    ])
      assert.deepEqual(parseOrder(JSON.stringify(order)), order)
  })

  for (const [what, change] of Object.entries({
    'a line feed in an argument': { args: ['a\nb'] },
    'a null in an argument': { args: ['a\0b'] },
    'an escape in the file': { file: 'sb\x1batch' },
    'an argument that is no text': { args: [1] },
    'arguments that are no list': { args: 'x' },
    'too many arguments': { args: Array(5_000).fill('x') },
    'a variable with a line feed': { variables: { A: 'a\nb' } },
    'a variable that is no text': { variables: { A: {} } },
    'a hold with a path': { hold: '../../etc/passwd' },
    'a hold with a slash': { hold: 'a/b' },
    'no account': { account: undefined },
    'more time than there is': { timeoutMs: 1e9 },
    'more output than there is': { outputLimitBytes: 1e12 },
    'a time that is none': { graceMs: -1 },
    'a time that is no number': { timeoutMs: '5' },
    'no input': { stdin: null },
  }))
    it(`is none with ${what}`, () => assert.throws(() => parseOrder(written(change)), /no order/))

  it('never is anything else, whatever comes', () => {
    for (const line of [
      '',
      '{}',
      'null',
      '[]',
      '"x"',
      '{"type":"shell","id":1}',
      '{"type":"execute","id":1}',
      '{"type":"abort"}',
    ])
      assert.throws(() => parseOrder(line), /^Error: this is no order$/)
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc
            .record({
              type: fc.constantFrom('execute', 'hold'),
              id: fc.nat(),
              execution: fc.dictionary(fc.constantFrom(...Object.keys(execution)), fc.jsonValue()),
              name: fc.string(),
            })
            .map((one) => JSON.stringify(one)),
        ),
        (line) => {
          try {
            const order = parseOrder(line)
            if (order.type === 'execute') assert.doesNotMatch(order.execution.args.join(''), /[\0-\x1e]/)
          } catch (error) {
            assert.equal(error instanceof Error && error.message, 'this is no order')
          }
        },
      ),
    )
  })
})
