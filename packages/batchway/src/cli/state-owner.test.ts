import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ownerProblem } from './state-owner.ts'

const hub = { uid: 998, name: 'batchway' }

describe('ownerProblem', () => {
  it('has nothing against the owner, and nothing where there is no directory yet', () => {
    assert.equal(ownerProblem('/var/lib/batchway', hub, { uid: 998, words: ['who', 'alice'] }), null)
    assert.equal(ownerProblem('/var/lib/batchway', null, { uid: 0, words: ['who', 'alice'] }), null)
  })

  it('tells root what to type, to the letter', () => {
    const words = ['who', 'alice@example.edu', '--claim', "groups=o'hare & sons"]
    assert.match(
      ownerProblem('/var/lib/batchway', hub, { uid: 0, words }) ?? '',
      /belongs to batchway[\s\S]*\n {2}runuser -u batchway -- batchway who alice@example\.edu --claim 'groups=o'\\''hare & sons'$/,
    )
  })
})
