import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobList, type JobStatus, toJobId } from './driver.ts'
import { openWaits } from './waits.ts'

const job = (id: string, change: Partial<JobStatus> = {}): JobStatus => ({
  id: toJobId(id),
  name: 'bw',
  phase: 'pending',
  rawState: 'idle',
  restarts: 0,
  reason: 'no match found',
  wait: 'normal',
  ...change,
})
const list = (...jobs: JobStatus[]): JobList => ({ complete: true, jobs })
const never = { reason: 'No machine is that big', wait: 'never' } as const

describe('what is asked about waiting jobs beside the list', () => {
  const open = (answers: (() => ReadonlyMap<ReturnType<typeof toJobId>, typeof never>)[]) => {
    const clock = { now: 0 }
    let count = 0
    const complete = openWaits(
      async () => {
        count += 1
        return (answers[count - 1] ?? (() => new Map()))()
      },
      () => clock.now,
    )
    const settled = async (jobs: JobList): Promise<JobList> => {
      const answer = complete(jobs)
      await new Promise((next) => setImmediate(next))
      return answer
    }
    return { clock, settled, asked: () => count }
  }

  it('stands in the list after, for the jobs that it is about', async () => {
    const { settled, asked } = open([() => new Map([[toJobId('1.0'), never]])])
    assert.equal((await settled(list(job('1.0')))).jobs[0]?.wait, 'normal')
    const { complete, jobs } = await settled(list(job('1.0'), job('2.0'), job('3.0', { phase: 'running' })))
    assert.deepEqual([complete, jobs.map(({ wait }) => wait)], [true, ['never', 'normal', 'normal']])
    assert.equal(jobs[0]?.reason, never.reason)
    assert.equal(asked(), 1)
  })
  it('is not asked while no job has been turned away', async () => {
    const { settled, asked } = open([])
    const { reason: _, ...fresh } = job('1.0')
    await settled(list(fresh, job('2.0', { phase: 'running' })))
    await settled(list())
    assert.equal(asked(), 0)
  })
  it('is asked again after half a minute, and is forgotten when there is no answer', async () => {
    const fails = () => {
      throw new Error('no answer')
    }
    const { settled, asked, clock } = open([() => new Map([[toJobId('1.0'), never]]), fails])
    await settled(list(job('1.0')))
    clock.now = 29_999
    await settled(list(job('1.0')))
    assert.equal(asked(), 1)
    clock.now = 30_000
    assert.equal((await settled(list(job('1.0')))).jobs[0]?.wait, 'never')
    assert.equal((await settled(list(job('1.0')))).jobs[0]?.wait, 'normal')
    assert.equal(asked(), 2)
  })
  it('is not said of a job that runs now', async () => {
    const { settled } = open([() => new Map([[toJobId('1.0'), never]])])
    await settled(list(job('1.0')))
    const { reason: _, ...rest } = job('1.0', { phase: 'running' })
    assert.deepEqual((await settled(list(rest))).jobs, [rest])
  })
})
