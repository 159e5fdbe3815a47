import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openCanceller } from './canceller.ts'
import { plainOutcome } from './decide-outcome.ts'
import { openRoom } from './room.ts'
import { insertSession, openBench } from './testing/bench.ts'

const id = 'abcdefghj'
const because = plainOutcome('stopped-by-user', { by: 'alice' })

describe('a cancel', () => {
  for (const [title, name, isEnded] of [
    ['ends the job of the session', `b00${id}01`, true],
    // What a submit command printed may be any number; a scheduler that was set up anew counts from 1 again.
    ['leaves a job of the same account and number but another name alone', 'thesis', false],
  ] as const) {
    it(title, async () => {
      await using bench = await openBench()
      const jobId = bench.cluster.add(name, 'alice')
      const room = openRoom(bench.parts, async () => {})
      const session = await insertSession(bench, { facts: { state: 'stopping', jobId, claim: null, because } })
      room.adopt(session)
      const canceller = openCanceller(room, { nudge() {} })
      await canceller.cancel(session)
      assert.equal(bench.cluster.jobs.get(jobId)?.phase === 'ended', isEnded)
      assert.equal(canceller.deniedAt(id) === undefined, isEnded)
    })
  }
})
