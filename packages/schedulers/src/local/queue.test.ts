import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { JobRecord } from './job.ts'
import { findMisfit, idleCapacity, planQueue } from './queue.ts'

const capacity = { slots: 3, cores: 4, memoryMiB: 1_000 }

const job = (
  number: number,
  state: 'queued' | 'running',
  cores: number,
  memoryMiB = 100,
  wallSeconds = 60,
): JobRecord => {
  const ask = {
    name: `j${number}`,
    account: 'a',
    cores,
    memoryMiB,
    gpus: 0,
    wallSeconds,
    workdir: '/',
    outputPath: '/x',
  }
  const base = { id: `${number}.0`, number, uid: 1, gid: 1, submittedAt: 0, ask }
  const launch = { key: 'k', bootId: 'b', at: 0 }
  const shepherd = { pid: 2, startTicks: '1', bootId: 'b' }
  return state === 'queued' ? { ...base, state } : { ...base, state, launch, shepherd, startedAt: 0 }
}

describe('planQueue', () => {
  it('starts what fits in order, and lets nothing overtake', () => {
    const plan = planQueue([job(3, 'queued', 1), job(1, 'running', 3), job(2, 'queued', 2)], capacity, 10_000)
    assert.deepEqual(plan.start, [])
    assert.deepEqual(
      [...plan.waiting],
      [
        ['2.0', { reason: 'Resources', estimatedStartAt: 60_000 }],
        ['3.0', { reason: 'Position 2', estimatedStartAt: 60_000 }],
      ],
    )
  })

  it('says that a job never starts when the machine became too small for it', () => {
    const { waiting } = planQueue([job(1, 'queued', 9)], capacity, 0)
    assert.deepEqual(waiting.get('1.0'), { reason: 'Never: asks for 9 cores, this machine offers 4' })
  })

  it('never promises more than there is, and starts the longest beginning of the queue that fits', () => {
    const jobs = fc.array(
      fc.record({
        isQueued: fc.boolean(),
        cores: fc.integer({ min: 1, max: 4 }),
        memoryMiB: fc.integer({ min: 1, max: 1_000 }),
        wallSeconds: fc.integer({ min: 1, max: 10_000 }),
      }),
      { maxLength: 30 },
    )
    fc.assert(
      fc.property(jobs, fc.integer({ min: 0, max: 10_000_000 }), (asks, now) => {
        const records: JobRecord[] = []
        asks.forEach(({ isQueued, cores, memoryMiB, wallSeconds }, index) => {
          const running = job(index, 'running', cores, memoryMiB, wallSeconds)
          const room = idleCapacity([...records, running], capacity)
          const fits = Math.min(room.slots, room.cores, room.memoryMiB) >= 0
          records.push(!isQueued && fits ? running : job(index, 'queued', cores, memoryMiB, wallSeconds))
        })
        const { start, waiting } = planQueue(records, capacity, now)
        const queued = records.filter(({ state }) => state === 'queued')
        assert.deepEqual(start, queued.slice(0, start.length))
        assert.equal(start.length + waiting.size, queued.length)
        const started = start.map(({ number, ask }) => job(number, 'running', ask.cores, ask.memoryMiB))
        const room = idleCapacity([...records, ...started], capacity)
        assert(room.slots >= 0 && room.cores >= 0 && room.memoryMiB >= 0)
        const next = queued[start.length]?.ask
        if (next) assert(room.slots < 1 || room.cores < next.cores || room.memoryMiB < next.memoryMiB)
        const estimates = queued.slice(start.length).map(({ id }) => waiting.get(id)?.estimatedStartAt ?? -1)
        assert(estimates.every((at, index) => at >= now && at >= (estimates[index - 1] ?? 0)))
      }),
    )
  })
})

describe('findMisfit', () => {
  for (const [change, words] of [
    [{}, null],
    [{ cores: 64 }, 'asks for 64 cores, this machine offers 4'],
    [{ memoryMiB: 2_000 }, 'asks for 2000 MiB of memory, this machine offers 1000 MiB'],
    [{ gpus: 2 }, 'asks for 2 GPUs, this machine offers none'],
  ] as const)
    it(`says ${words} of ${JSON.stringify(change)}`, () =>
      assert.equal(findMisfit({ ...job(1, 'queued', 4).ask, ...change }, capacity), words))
})
