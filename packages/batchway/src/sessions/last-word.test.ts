import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JobStatus } from '@batchway/schedulers'
import type { Session } from './session.ts'
import { openBench, sampleSpec } from './testing/bench.ts'

const running: Partial<JobStatus> = { phase: 'running', host: 'n1' }

describe('the scheduler’s last word on a job', () => {
  it('is remembered with its time, ages while the answers do not show the job, and is forgotten with the session', async () => {
    await using bench = await openBench()
    const hub = await bench.hub()
    const { id } = await hub.start(bench.alice, '', sampleSpec())
    assert.equal(hub.lastWord(id), null)
    await bench.clock.advance(10_000)
    const job = bench.cluster.jobOf(`b00${id}01`) ?? assert.fail()
    assert.equal(hub.lastWord(id)?.phase, 'pending')

    bench.cluster.change(job.id, running)
    await bench.clock.advance(10_000)
    const seen = hub.lastWord(id)
    assert.equal(seen?.phase, 'running')

    const hidden = () => ({ complete: true, jobs: [] })
    bench.cluster.answer = hidden
    await bench.clock.advance(10_000)
    const shownToOwner = hub.lastWord(id)
    assert.ok(seen && shownToOwner && shownToOwner.askedAt > seen.askedAt, 'what its owner is shown counts as well')

    bench.cluster.answer = null
    await bench.clock.advance(10_000)
    const last = hub.lastWord(id)
    Object.assign(bench.cluster, { answer: hidden, answerOwner: hidden })
    await bench.clock.advance(10_000)
    assert.deepEqual(hub.lastWord(id), last)
    assert.ok(last && bench.clock.now() - last.askedAt >= 10_000)
    assert.equal(hub.clusterHealth('main').missing, 1)

    Object.assign(bench.cluster, { answer: null, answerOwner: null })
    bench.cluster.end(job.id, { kind: 'completed' })
    await bench.clock.advance(20_000)
    assert.equal(hub.lastWord(id), null)
  })

  it('is told to who listens when it is that the job is being cleared up after, and moves nothing on', async () => {
    await using bench = await openBench()
    const hub = await bench.hub()
    const { id } = await hub.start(bench.alice, '', sampleSpec())
    await bench.clock.advance(10_000)
    const job = bench.cluster.jobOf(`b00${id}01`) ?? assert.fail()
    bench.cluster.change(job.id, running)
    await bench.clock.advance(10_000)
    const told: Session[] = []
    hub.subscribe('all', (session) => told.push(session))
    const before = await hub.find(id)

    bench.cluster.change(job.id, { phase: 'ending' })
    await bench.clock.advance(30_000)
    assert.equal(hub.lastWord(id)?.phase, 'ending')
    assert.deepEqual(told, [before], 'once')

    bench.cluster.change(job.id, running)
    await bench.clock.advance(30_000)
    assert.deepEqual(told, [before, before])
  })
})
