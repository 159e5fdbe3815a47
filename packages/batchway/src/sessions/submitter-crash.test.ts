import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { processStart } from '@batchway/schedulers'
import type { Attempt } from './session.ts'
import { insertSession, openBench } from './testing/bench.ts'
import { id, openBed, outcome } from './testing/submitter-bed.ts'

describe('a submit after a crash', () => {
  /** Each moment at which the hub may have died, as the rows it left. */
  const moments: Readonly<Record<string, Partial<Attempt>>> = {
    'before anything was sent': {},
    'before the process was known': { submit: 'running' },
    'when the process had died': { submit: 'running', submitPid: 2 ** 22 + 1, submitPidStart: 'b/1' },
    'when the pid belongs to somebody else': { submit: 'running', submitPid: process.pid, submitPidStart: 'b/1' },
    'when the reply was unclear': { submit: 'unclear' },
    'when the refusal was not yet told': { submit: 'refused' },
  }
  for (const [moment, change] of Object.entries(moments)) {
    it(`${moment}: one job, and the session goes on`, async () => {
      await using bench = await openBench()
      await insertSession(bench)
      await bench.stores.sessions.updateAttempt(id, 1, change)
      await bench.hub()
      await bench.clock.advance(150_000)
      const found = await bench.stores.sessions.find(id)
      assert.equal(found?.facts.state, 'queued')
      assert.equal(bench.cluster.requests.length, 1)
    })

    it(`${moment}, while stopping: no job, and it ends`, async () => {
      await using bench = await openBench()
      await insertSession(bench, {
        facts: { state: 'stopping', jobId: null, claim: null, because: outcome('stopped-by-user') },
      })
      await bench.stores.sessions.updateAttempt(id, 1, change)
      await bench.hub()
      await bench.clock.advance(150_000)
      const found = await bench.stores.sessions.find(id)
      assert.ok(found?.facts.state === 'ended' && found.facts.outcome.code === 'stopped-by-user')
      assert.equal(bench.cluster.requests.length, 0)
    })
  }

  it('waits for a process that lives, by its hold or by its pid', async () => {
    for (const by of ['hold', 'pid'] as const) {
      await using bench = await openBench()
      await insertSession(bench)
      await bench.stores.sessions.updateAttempt(id, 1, { submit: 'running' })
      if (by === 'hold') bench.holds.states.set(`b00${id}01`, 'held')
      else
        await bench.stores.sessions.updateAttempt(id, 1, {
          submitPid: process.pid,
          submitPidStart: processStart(process.pid),
        })
      await bench.hub()
      await bench.clock.advance(600_000)
      assert.equal(bench.cluster.requests.length, 0, by)
      bench.cluster.add(`b00${id}01`, 'alice')
      await bench.clock.advance(5_000)
      assert.equal((await bench.stores.sessions.find(id))?.facts.state, 'queued')
    }
  })

  it('keeps the holds of what is still unclear, and no others', async () => {
    await using bench = await openBench()
    await insertSession(bench)
    await bench.stores.sessions.updateAttempt(id, 1, { submit: 'unclear' })
    for (const tag of [`b00${id}01`, 'b00zzzzzzzzz01']) bench.holds.pathOf(tag)
    await bench.hub()
    assert.deepEqual([...bench.holds.open], [`b00${id}01`])
    bench.cluster.add(`b00${id}01`, 'alice')
    await bench.clock.advance(5_000)
    assert.deepEqual([...bench.holds.open], [])
  })

  it('when the id was written but not told: the id counts', async () => {
    await using bench = await openBench()
    const jobId = bench.cluster.add(`b00${id}01`, 'alice')
    await insertSession(bench, { jobId })
    await bench.hub()
    await bench.clock.settle()
    const found = await bench.stores.sessions.find(id)
    assert.ok(found?.facts.state === 'queued' && found.facts.jobId === jobId)
    assert.equal(bench.cluster.requests.length, 0)
  })

  it('when the id was written but not told, and the job is long gone: it ends with what accounting says', async () => {
    for (const state of ['submitting', 'stopping'] as const) {
      await using bench = await openBench()
      const jobId = bench.cluster.add(`b00${id}01`, 'alice')
      bench.cluster.end(jobId, { kind: 'node-failure' })
      bench.cluster.hide(jobId)
      const stopping = { state, jobId: null, claim: null, because: outcome('stopped-by-user') } as const
      await insertSession(bench, { jobId, facts: state === 'submitting' ? { state } : { ...stopping, state } })
      await bench.hub()
      await bench.clock.advance(30_000)
      const { facts } = (await bench.stores.sessions.find(id)) ?? {}
      assert.ok(facts?.state === 'ended')
      assert.equal(facts.outcome.code, state === 'submitting' ? 'node-failure' : 'stopped-by-user')
    }
  })

  it('between the row of the next attempt and the session that names it', async () => {
    await using bed = await openBed()
    const { bench } = bed
    await bench.stores.sessions.updateAttempt(id, 1, { submit: 'unclear' })
    await bench.stores.sessions.insertAttempt(bed.submitter.prepare({ id }, 2, '/home/alice'))
    await bench.hub()
    await bench.clock.advance(150_000)
    const { attempt, facts } = await bed.session()
    assert.deepEqual([attempt, facts.state], [2, 'queued'])
    assert.deepEqual(
      bench.cluster.requests.map(({ name }) => name),
      [`b00${id}02`],
    )
  })
})
