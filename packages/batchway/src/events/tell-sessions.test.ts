import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gatherReport } from '../report/gather-report.ts'
import { openEventReader, reportOfStarts } from '../report/read-events.ts'
import type { ReportQuery } from '../report/report.ts'
import type { SessionService } from '../sessions/service.ts'
import { type Bench, exitReport, fakeAgent, openBench, readyReport, sampleSpec } from '../sessions/testing/bench.ts'
import { toEventLine } from './event-line.ts'
import type { Emit, EventName } from './event-table.ts'
import { openSessionTeller, type SessionTeller } from './tell-sessions.ts'

type Line = Readonly<Record<string, unknown>> & { readonly event: EventName }

function listen(now: () => number): { readonly lines: Line[]; readonly emit: Emit } {
  const lines: Line[] = []
  return {
    lines,
    emit(name, told, { at = now(), isAgain = false } = {}) {
      const line = toEventLine(name, told, { at, isAgain }, { instance: '00', request: null })
      lines.push(JSON.parse(line.text('json')))
    },
  }
}

function follow(bench: Bench, hub: SessionService): { readonly lines: Line[]; readonly teller: SessionTeller } {
  const { lines, emit } = listen(bench.clock.now)
  return {
    lines,
    teller: openSessionTeller({ sessions: hub, store: bench.stores.sessions, emit, now: bench.clock.now }),
  }
}

const namesOf = (lines: readonly Line[]): readonly string[] => lines.map(({ event }) => event)

/** From the click to an application that answers: five seconds in the queue, two to start. */
async function becomeReady(bench: Bench, hub: SessionService) {
  const { clock, cluster } = bench
  const { id } = await hub.start(
    bench.alice,
    'lab',
    sampleSpec({ jobOptions: { partition: 'ram256g', account: 'proj' } }),
  )
  await clock.settle()
  const jobId = cluster.jobOf(`b00${id}01`)?.id
  assert.ok(jobId)
  await clock.advance(5_000)
  cluster.change(jobId, { phase: 'running', host: 'n1' })
  const agent = fakeAgent(bench, hub, { session: id, jobId })
  let isIn = false
  for (let tries = 0; !isIn; tries += 1) {
    assert.ok(tries < 50, 'the agent is not let in')
    isIn = await agent.claim().then(
      () => true,
      () => false,
    )
    if (!isIn) await clock.advance(1_000)
  }
  await clock.advance(2_000)
  await agent.report(readyReport)
  await clock.settle()
  return { id, jobId, agent }
}

describe('what is told of sessions', () => {
  it('is each step with its figures, once, under one id', async () => {
    await using bench = await openBench({ turns: 40 })
    const hub = await bench.hub()
    const { lines } = follow(bench, hub)
    const from = bench.clock.now()

    const { id, jobId, agent } = await becomeReady(bench, hub)
    await agent.report(exitReport())
    bench.cluster.end(jobId, { kind: 'completed', exitCode: 0 })
    await bench.clock.advance(5_000)

    const session = { session: id, user: 'alice', server: 'lab', profile: 'small', cluster: 'main', instance: '00' }
    assert.deepEqual(namesOf(lines), [
      'session.requested',
      'session.queued',
      'session.started',
      'session.ready',
      'session.stopping',
      'session.ended',
    ])
    const [requested, queued, started, ready, , ended] = lines
    assert.deepEqual(requested, {
      time: new Date(from).toISOString(),
      event: 'session.requested',
      ...session,
      application: 'lab',
      queue: 'ram256g@main',
      account: 'proj',
      unix_account: 'alice',
      memory_mib: 1_024,
      wall_seconds: 3_600,
      nodes: 1,
      cores: 2,
      gpus: 0,
      id: `${id}.requested.${from}`,
    })
    assert.deepEqual([queued?.job, queued?.attempt], [jobId, 1])
    assert.equal(started?.node, 'n1')
    const [waited, booted] = [Number(started?.queue_seconds), Number(ready?.boot_seconds)]
    assert.ok(waited >= 5 && booted >= 2, `${waited} ${booted}`)
    assert.equal(ready?.start_seconds, waited + booted)
    assert.deepEqual(
      [ended?.outcome, ended?.exit_code, ended?.cpu_seconds, ended?.start_seconds],
      ['finished', 0, 1, waited + booted],
    )
    assert.ok(!JSON.stringify(lines).includes(bench.parts.credentials.attemptSecret(id, 1)))
  })

  it('tells again after a crash what the last hub may not have told, with the same ids', async () => {
    await using bench = await openBench({ turns: 40 })
    const first = await bench.hub()
    const before = follow(bench, first)
    const { id } = await becomeReady(bench, first)
    const ready = before.lines.find(({ event }) => event === 'session.ready')
    assert.ok(ready)
    // The position stands where the job had started: its hub was killed before it wrote another one.
    const position = Date.parse(String(ready.time)) - 1
    before.teller[Symbol.dispose]()
    await first[Symbol.asyncDispose]()
    await bench.clock.advance(60_000)

    const after = listen(bench.clock.now)
    const parts = { store: bench.stores.sessions, emit: after.emit, now: bench.clock.now }
    const quiet = openSessionTeller({ ...parts, sessions: { subscribe: () => () => {} } })
    assert.equal(await quiet.tellAgain(position), 1)
    assert.deepEqual(after.lines, [{ ...ready, again: true }])
    // Nothing that was settled is told again.
    assert.equal(await quiet.tellAgain(position + 2), 0)
    assert.equal(after.lines.length, 1)

    // Whoever comes next knows it already, and tells only what happens from then on.
    const second = await bench.hub()
    const { lines } = follow(bench, second)
    await second.stop(id, 'alice')
    await bench.clock.advance(20_000)
    assert.deepEqual(namesOf(lines), ['session.ended'])
    assert.deepEqual([lines[0]?.outcome, lines[0]?.by], ['stopped-by-user', 'alice'])
  })

  it('makes the same report as the rows, told twice or once', async () => {
    await using bench = await openBench({ turns: 40 })
    const hub = await bench.hub()
    const { lines, teller } = follow(bench, hub)
    const from = bench.clock.now()
    const { agent } = await becomeReady(bench, hub)
    await agent.report(exitReport())
    await bench.clock.advance(20_000)
    await hub.start(bench.bob, '', sampleSpec())
    await bench.clock.settle()
    await teller.tellAgain(from)
    const query: ReportQuery = { period: { from, to: from + 3_600_000 }, timeZone: 'UTC', by: 'user' }

    const reader = openEventReader()
    for (const line of lines) reader.add(JSON.stringify(line))

    assert.deepEqual(reader.gaps(), { unreadable: 0, unrequested: 0 })
    const now = bench.clock.now()
    const report = await gatherReport(bench.stores.reports, query, now)
    assert.equal(report.total.count, 2)
    assert.deepEqual(reportOfStarts(reader.starts(), query, now), report)
  })

  it('tells a job that is put back into the queue, and its next start', async () => {
    await using bench = await openBench({ turns: 40 })
    const hub = await bench.hub()
    const { lines } = follow(bench, hub)
    const { jobId } = await becomeReady(bench, hub)
    bench.cluster.change(jobId, { phase: 'pending', restarts: 1, reason: 'node failed' })
    await bench.clock.advance(20_000)
    bench.cluster.change(jobId, { phase: 'running', restarts: 1, host: 'n2' })
    await bench.clock.advance(20_000)
    const names = namesOf(lines)
    assert.deepEqual(names.slice(-2), ['session.requeued', 'session.started'])
    assert.equal(lines.at(-2)?.words, 'node failed')
    const ids = lines.map((line) => line.id)
    assert.equal(new Set(ids).size, ids.length)
  })
})
