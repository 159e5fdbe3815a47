import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { identifyProcess, isAlive, parseStat } from './process-identity.ts'

describe('parseStat', () => {
  it('reads the fields behind whatever a process calls itself', () =>
    fc.assert(
      fc.property(fc.string({ maxLength: 15 }), (comm) => {
        const after = `S 7 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 18446744073709551615 1000`
        assert.deepEqual(parseStat(`42 (${comm}) ${after}`), {
          pid: 42,
          parent: 7,
          session: 42,
          state: 'S',
          startTicks: '18446744073709551615',
        })
      }),
    ))

  for (const text of ['', '42', '42 (sh', '42 (sh) S 1'])
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseStat(text), null))
})

describe('isAlive', () => {
  const self = identifyProcess(process.pid)
  assert(self)

  it('knows this process', () => assert.equal(isAlive(self), true))
  it('takes the same pid with another start for a dead process', () =>
    assert.equal(isAlive({ ...self, startTicks: '1' }), false))
  it('takes everything of another boot for dead', () => assert.equal(isAlive({ ...self, bootId: 'other' }), false))
})
