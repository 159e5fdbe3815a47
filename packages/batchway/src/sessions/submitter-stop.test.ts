import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SchedulerError, toJobId } from '@batchway/schedulers'
import type { Session } from './session.ts'
import type { SessionStore } from './session-store.ts'
import { insertSession, openBench, sampleSite, sampleSpec } from './testing/bench.ts'
import { id, openBed, openLife, stopped } from './testing/submitter-bed.ts'

const lost = new SchedulerError('ambiguous', 'sbatch did not answer within 30 s')

describe('a stop while submitting', () => {
  it('before the submit began ends at once, and nothing is sent', async () => {
    await using bed = await openBed()
    const session = await bed.session()
    const stopping = await bed.room.apply(id, stopped)
    assert.ok(stopping)
    await Promise.all([bed.submitter.withdraw(stopping), bed.submitter.submit(session)])
    assert.equal((await bed.session()).facts.state, 'ended')
    assert.equal(bed.bench.cluster.requests.length, 0)
  })

  it('between the decision to send and the sending sends nothing', async () => {
    await using bench = await openBench()
    await insertSession(bench)
    const { promise: home, resolve } = Promise.withResolvers<string>()
    const site = { ...sampleSite(bench.cluster), homeOf: () => home }
    const life = openLife(bench, { clusters: new Map([['main', site]]) })
    await life.take()
    const submitting = life.submitter.submit(await life.session())
    await bench.clock.settle()
    const stopping = await life.room.apply(id, stopped)
    assert.ok(stopping)
    await life.submitter.withdraw(stopping)
    resolve('/home/alice')
    await submitting
    assert.equal((await life.session()).facts.state, 'ended')
    assert.equal(bench.cluster.requests.length, 0)
  })

  it('while the beginning is written down sends nothing', async () => {
    await using bench = await openBench()
    await insertSession(bench)
    const { updateAttempt } = bench.stores.sessions
    const store: SessionStore = {
      ...bench.stores.sessions,
      async updateAttempt(...args) {
        await updateAttempt(...args)
        if (args[2].submit === 'running') await life.room.apply(id, stopped)
      },
    }
    const life = openLife(bench, { store })
    await life.take()
    await life.submitter.submit(await life.session())
    assert.deepEqual([(await life.session()).facts.state, bench.cluster.requests.length], ['ended', 0])
  })

  it('while the process runs, whose reply is lost then, ends nothing before its job is found', async () => {
    await using bench = await openBench()
    await insertSession(bench)
    const reply = Promise.withResolvers<void>()
    bench.cluster.beforeReply = () => reply.promise
    const hub = await bench.hub()
    await bench.clock.settle()
    await hub.stop(id, 'alice')
    reply.reject(lost)
    await bench.clock.settle()
    assert.equal((await hub.find(id))?.facts.state, 'stopping')
    await bench.clock.advance(10_000)
    assert.deepEqual(bench.cluster.cancels, [toJobId('101')])
    assert.equal((await hub.find(id))?.facts.state, 'ended')
  })

  it('after a lost reply waits for proof that there is no job, and cancels the one that comes', async () => {
    await using bench = await openBench()
    await insertSession(bench)
    bench.cluster.accepts = false
    bench.cluster.beforeReply = () => {
      throw lost
    }
    const hub = await bench.hub()
    await bench.clock.settle()
    await hub.stop(id, 'alice')
    await bench.clock.advance(8_000)
    assert.equal((await bench.stores.sessions.find(id))?.facts.state, 'stopping')
    bench.cluster.add(`b00${id}01`, 'alice')
    await bench.clock.advance(15_000)
    assert.equal(bench.cluster.cancels.length, 1)
    assert.equal((await bench.stores.sessions.find(id))?.facts.state, 'ended')
  })

  it('while the process runs waits for its id, and cancels that job', async () => {
    await using bench = await openBench()
    await insertSession(bench)
    const reply = Promise.withResolvers<void>()
    bench.cluster.beforeReply = () => reply.promise
    const hub = await bench.hub()
    await bench.clock.settle()
    const stopping = await hub.stop(id, 'alice')
    assert.equal(stopping.facts.state, 'stopping')
    await bench.clock.settle()
    assert.deepEqual(bench.cluster.cancels, [])
    reply.resolve()
    await bench.clock.advance(10_000)
    assert.deepEqual(bench.cluster.cancels, [toJobId('101')])
    assert.equal((await bench.stores.sessions.find(id))?.facts.state, 'ended')
  })

  it('while it waits for its turn ends at once, and nothing is sent for it', async () => {
    await using bench = await openBench()
    const replies: PromiseWithResolvers<void>[] = []
    bench.cluster.beforeReply = () => {
      const reply = Promise.withResolvers<void>()
      replies.push(reply)
      return reply.promise
    }
    const hub = await bench.hub()
    const started: Session[] = []
    for (let n = 0; n < 20; n += 1) started.push(await hub.start(bench.alice, `s${n}`, sampleSpec()))
    await bench.clock.settle()
    assert.equal(bench.cluster.requests.length, 16, 'so many at once')
    const waiting = started.at(-1)?.id ?? ''
    assert.equal((await bench.stores.sessions.findAttempt(waiting, 1))?.submit, 'prepared')

    assert.equal((await hub.stop(waiting, 'alice')).facts.state, 'stopping')
    await bench.clock.settle()
    assert.equal((await hub.find(waiting))?.facts.state, 'ended')

    bench.cluster.beforeReply = null
    for (const { resolve } of replies) resolve()
    await bench.clock.advance(5_000)
    assert.equal(bench.cluster.requests.length, 19)
    assert.deepEqual([...bench.holds.open], [])
  })
})
