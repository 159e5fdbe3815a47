import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { plainOutcome } from './decide-outcome.ts'
import { lacksLog, logLines } from './job-log.ts'
import type { SessionService } from './service.ts'
import type { Outcome } from './session.ts'
import { type Bench, openBench, sampleSpec } from './testing/bench.ts'

/** A session whose job is in the queue. */
async function startQueued(bench: Bench, hub: SessionService) {
  const { id } = await hub.start(bench.alice, '', sampleSpec())
  await bench.clock.settle()
  const job = bench.cluster.jobOf(`b00${id}01`)
  assert.ok(job)
  return { id, job: job.id, path: `/home/alice/.batchway-b00${id}01.log` }
}

async function outcomeOf({ stores }: Bench, id: string): Promise<Outcome> {
  const facts = (await stores.sessions.find(id))?.facts
  assert.ok(facts?.state === 'ended')
  return facts.outcome
}

describe('the log of a job in which no agent told', () => {
  it('is read, and told to who looks at the page', async () => {
    await using bench = await openBench()
    const hub = await bench.hub()
    const { id, job, path } = await startQueued(bench, hub)
    const told: number[] = []
    hub.subscribe(bench.alice.id, ({ facts }) => {
      if (facts.state === 'ended') told.push(facts.outcome.log.length)
    })
    const secret = bench.parts.credentials.attemptSecret(id, 1)
    bench.cluster.logs?.set(path, `sh: 1: nowhere: not found\nnear ${secret}\n`)

    bench.cluster.end(job, { kind: 'failed', exitCode: 127 })
    await bench.clock.advance(30_000)

    const { code, log, logPlace } = await outcomeOf(bench, id)
    assert.deepEqual([code, log], ['application-not-found', ['sh: 1: nowhere: not found', 'near [secret]']])
    assert.equal(logPlace, path)
    assert.ok(told.includes(2))
  })

  it('is looked for again, for a shared file system takes its time', async () => {
    await using bench = await openBench()
    const hub = await bench.hub()
    const { id, job, path } = await startQueued(bench, hub)
    bench.cluster.end(job, { kind: 'node-failure' })
    while (bench.cluster.calls.log === 0) await bench.clock.advance(100)
    assert.deepEqual((await outcomeOf(bench, id)).log, [])

    bench.cluster.logs?.set(path, 'late words\n')
    await bench.clock.advance(30_000)

    assert.deepEqual((await outcomeOf(bench, id)).log, ['late words'])
  })

  it('is given up where there is none', async () => {
    await using bench = await openBench()
    const hub = await bench.hub()
    const { id, job } = await startQueued(bench, hub)
    bench.cluster.end(job, { kind: 'launch-failed' })
    await bench.clock.advance(120_000)

    const { log, logPlace } = await outcomeOf(bench, id)
    assert.deepEqual([log, logPlace, bench.cluster.calls.log], [[], null, 3])
  })

  it('is named where it cannot be read', async () => {
    await using bench = await openBench()
    const hub = await bench.hub()
    const { id, job, path } = await startQueued(bench, hub)
    bench.cluster.logs = null
    bench.cluster.end(job, { kind: 'failed', exitCode: 1 })
    await bench.clock.advance(30_000)

    const { log, logPlace } = await outcomeOf(bench, id)
    assert.deepEqual([log, logPlace, bench.cluster.calls.log], [[], path, 1])
    assert.ok(bench.said.some(({ message }) => message === 'the job’s output could not be read'))
  })

  it('is not read for a session that its owner stopped', async () => {
    await using bench = await openBench()
    const hub = await bench.hub()
    const { id } = await startQueued(bench, hub)
    await hub.stop(id, 'alice')
    await bench.clock.advance(30_000)

    assert.equal((await outcomeOf(bench, id)).code, 'stopped-by-user')
    assert.equal(bench.cluster.calls.log, 0)
  })

  it('is asked for by the next hub, if the last one died before it had it', async () => {
    await using bench = await openBench()
    const first = await bench.hub()
    const { id, job, path } = await startQueued(bench, first)
    bench.cluster.accounting = null
    bench.cluster.end(job, { kind: 'failed', exitCode: 1 })
    while ((await bench.stores.sessions.find(id))?.facts.state !== 'ended') await bench.clock.advance(100)
    await first[Symbol.asyncDispose]()
    assert.deepEqual((await outcomeOf(bench, id)).log, [])

    bench.cluster.logs?.set(path, 'words\n')
    await bench.hub()
    await bench.clock.advance(30_000)

    assert.deepEqual((await outcomeOf(bench, id)).log, ['words'])
  })
})

describe('lacksLog', () => {
  for (const [why, outcome, expected] of [
    ['nobody told', plainOutcome('job-failed'), true],
    ['an agent told', plainOutcome('job-failed', { log: ['x'] }), false],
    ['it was looked at', plainOutcome('job-failed', { logPlace: '/home/a/log' }), false],
    ['there was no job', plainOutcome('rejected'), false],
    ['its owner stopped it', plainOutcome('stopped-by-user'), false],
  ] as const)
    it(`is ${expected} where ${why}`, () => assert.equal(lacksLog(outcome), expected))
})

describe('logLines', () => {
  it('keeps the last lines, whole where they are short', () => {
    const text = `${Array.from({ length: 500 }, (_, index) => `line ${index}`).join('\n')}\n${'x'.repeat(10_000)}\n`
    const lines = logLines(text, 'secret')
    assert.deepEqual([lines.length, lines.at(-2), lines.at(-1)?.length], [200, 'line 499', 8_192])
  })

  it('keeps a last line without its end, and empty ones in between', () =>
    assert.deepEqual(logLines('a\n\nb', 'secret'), ['a', '', 'b']))
})
