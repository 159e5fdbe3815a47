import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobId, type JobStatus, toJobId } from '@batchway/schedulers'
import { isOurs, isShown, ownJob } from './own-job.ts'

const session = { account: 'alice' }
const attempt = (jobId: string | null, firstSeenAt: number | null) => ({
  tag: 'b00abcdefghj01',
  jobId: jobId as JobId | null,
  firstSeenAt,
})
const job = (id: string, change: Partial<JobStatus> = {}): JobStatus => ({
  id: toJobId(id),
  name: 'b00abcdefghj01',
  owner: 'alice',
  phase: 'running',
  rawState: 'R',
  restarts: 0,
  ...change,
})

describe('whose a job is', () => {
  for (const [title, change, ours] of [
    ['our tag and our account', {}, true],
    ['our tag, and a list that tells no owner', { owner: undefined }, true],
    ['our tag and another account', { owner: 'mallory' }, false],
    ['another name', { name: 'mpi-run' }, false],
    ['no name', { name: '' }, false],
    ['the tag of another attempt', { name: 'b00abcdefghj02' }, false],
    ['a name that only begins with our tag', { name: 'b00abcdefghj01x' }, false],
  ] as const)
    it(`${title}: ${ours ? 'ours' : 'not ours'}`, () => {
      const { owner, ...rest } = job('7')
      const status = 'owner' in change && change.owner === undefined ? rest : { owner, ...rest, ...change }
      assert.equal(isOurs(status as JobStatus, session, attempt(null, null)), ours)
    })

  it('is known by its id only once it was shown', () => {
    assert.equal(isShown(attempt(null, null)), false)
    assert.equal(isShown(attempt('7', null)), false)
    assert.equal(isShown(attempt('7', 1)), true)
  })
})

describe('the job of an attempt', () => {
  const stranger = job('7', { name: 'mpi-run' })
  const over = { phase: 'ended' } as const
  for (const [title, jobs, of, id] of [
    ['is nobody’s, where no job bears the tag', [stranger], attempt('7', null), undefined],
    ['is the one of our tag, whatever the submit printed', [stranger, job('8')], attempt('7', null), '8'],
    ['is the one of our tag, where the submit printed nothing', [stranger, job('8')], attempt(null, null), '8'],
    ['is the one that the submit named, of two that live', [job('8'), job('9')], attempt('9', null), '9'],
    [
      'is one that lives, rather than the one that the submit named',
      [job('8'), job('9', over)],
      attempt('9', null),
      '8',
    ],
    [
      'is the one that the submit named, of two that are over',
      [job('8', over), job('9', over)],
      attempt('9', null),
      '9',
    ],
    ['is the one that was shown, and no other', [job('8'), job('9', over)], attempt('9', 1), '9'],
    ['is none, where what was shown is not there any more', [job('8')], attempt('9', 1), undefined],
    ['is none, where another job has got the id that was shown', [stranger], attempt('7', 1), undefined],
  ] as const)
    it(title, () => assert.equal(ownJob(jobs, session, of)?.id, id))
})
