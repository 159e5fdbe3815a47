import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JobEnd, JobPhase } from '../driver.ts'
import { readState, sharpenEnd } from './states.ts'

/** "JOB STATE CODES" of squeue(1), 22.05 to 24.11, by what becomes of the job. */
const codes: readonly (readonly [phase: JobPhase, end: JobEnd['kind'] | undefined, words: string])[] = [
  ['pending', undefined, 'PD PENDING CF CONFIGURING RQ REQUEUED RF REQUEUE_FED EX EXPEDITING'],
  ['held', undefined, 'RH REQUEUE_HOLD RD RESV_DEL_HOLD SE SPECIAL_EXIT'],
  ['running', undefined, 'R RUNNING SI SIGNALING RS RESIZING'],
  ['paused', undefined, 'S SUSPENDED ST STOPPED'],
  ['ending', undefined, 'CG COMPLETING SO STAGE_OUT'],
  ['ended', 'completed', 'CD COMPLETED'],
  ['ended', 'failed', 'F FAILED DL DEADLINE'],
  ['ended', 'cancelled', 'CA CANCELLED CANCELLED+'],
  ['ended', 'walltime', 'TO TIMEOUT'],
  ['ended', 'out-of-memory', 'OOM OUT_OF_MEMORY'],
  ['ended', 'node-failure', 'NF NODE_FAIL BF BOOT_FAIL'],
  ['ended', 'preempted', 'PR PREEMPTED'],
  ['ended', 'launch-failed', 'LF LAUNCH_FAILED'],
  ['unknown', undefined, 'RV REVOKED OUT_OF_ME+ COMP completed constructor'],
]

describe('a state of Slurm', () => {
  for (const [phase, end, words] of codes)
    it(`is ${end ?? phase}: ${words}`, () => {
      for (const word of words.split(' '))
        assert.deepEqual(readState(word), { phase, ...(end !== undefined && { end }) }, word)
    })

  it('is not another for who brought it about', () => {
    for (const by of ['1000', 'a user\nof two lines'])
      assert.deepEqual(readState(`CANCELLED by ${by}`), { phase: 'ended', end: 'cancelled' })
    assert.equal(readState('RUNNING by COMPLETED').phase, 'running')
    assert.equal(readState('CANCELLEDby 1').phase, 'unknown')
  })

  it('is no failure of the script where the script never began, and everything else stays what it was', () => {
    assert.equal(sharpenEnd('failed', 53), 'launch-failed')
    assert.equal(sharpenEnd('failed', 15), 'failed')
    assert.equal(sharpenEnd('cancelled', 53), 'cancelled')
  })
})
