/**
 * Random histories go through the real machine into storage and into event lines, and the report of either is compared with what an oracle
 * says who knows nothing but what was done when. The oracle shares no code with the report.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobEnd, type JobId, type JobStatus, toJobId } from '@batchway/schedulers'
import fc from 'fast-check'
import { columnsOf, extraColumns } from '../report/columns.ts'
import { gatherReport } from '../report/gather-report.ts'
import { openEventReader, reportOfStarts } from '../report/read-events.ts'
import { type Grouping, groupings, type Report } from '../report/report.ts'
import { toCsv } from '../report/write-report.ts'
import { plainOutcome } from '../sessions/decide-outcome.ts'
import { openRoom } from '../sessions/room.ts'
import type { Session } from '../sessions/session.ts'
import { type Bench, insertSession, openBench, sampleSpec } from '../sessions/testing/bench.ts'
import { toEventLine } from './event-line.ts'
import { sessionEvents } from './session-events.ts'
import { type Fact, oracleCsv } from './testing/oracle.ts'

/** From seconds to hours, the limits of a report among them. */
const wait = fc.oneof(
  fc.nat(5_000),
  fc.nat(400_000),
  fc.nat(5 * 3_600_000),
  fc.constantFrom(0, 299_999, 300_000, 300_001),
)

/** One life of a job: waits, runs, becomes ready. What does not come does not. */
const life = fc.record({ queued: wait, starts: fc.boolean(), booted: wait, ready: fc.boolean(), lived: wait })
const ends = [
  'by user',
  'by admin',
  'rejected',
  'walltime',
  'node-failure',
  'completed',
  'failed',
  'lost',
  'exit',
  'never-ready',
  'lives on',
] as const
const history = fc.array(
  fc.record({
    who: fc.constantFrom('balc0022', 'jj', 'yminato'),
    after: wait,
    profile: fc.constantFrom('small', 'large'),
    cluster: fc.constantFrom('main', 'other'),
    account: fc.constantFrom('', 'physics'),
    queue: fc.constantFrom('', 'debug', 'ram256g'),
    cores: fc.integer({ min: 1, max: 128 }),
    nodes: fc.integer({ min: 1, max: 4 }),
    memoryMiB: fc.constantFrom(500, 4_096, 128_000),
    wallSeconds: fc.constantFrom(59, 1_800, 14_400, 200_000),
    lives: fc.array(life, { minLength: 1, maxLength: 3 }),
    end: fc.constantFrom(...ends),
    cpu: fc.option(fc.nat(100_000)),
    late: fc.boolean(),
  }),
  { minLength: 1, maxLength: 6 },
)
type Plan = (typeof history extends fc.Arbitrary<infer H> ? H : never)[number]

const jobEnds: Readonly<Partial<Record<Plan['end'], JobEnd['kind']>>> = {
  walltime: 'walltime',
  'node-failure': 'node-failure',
  completed: 'completed',
  failed: 'failed',
}

async function live(
  bench: Bench,
  plan: Plan,
  id: string,
  at: number,
  told: (line: string, at: number) => void,
): Promise<Fact> {
  let now = at
  const room = openRoom({ ...bench.parts, now: () => now }, async () => {})
  const user = plan.who
  const spec = sampleSpec({
    profile: { key: plan.profile, title: '' },
    cluster: plan.cluster,
    resources: { cores: plan.cores, memoryMiB: plan.memoryMiB, gpus: 0, wallSeconds: plan.wallSeconds },
    jobOptions: {
      nodes: plan.nodes,
      ...(plan.account && { account: plan.account }),
      ...(plan.queue && { queue: plan.queue }),
    },
  })
  let known: Session | null = null
  const tell = (session: Session): void => {
    for (const { name, told: fields, when } of sessionEvents(known, session, now))
      told(toEventLine(name, fields, when, { instance: '00', request: null }).text('json'), when.at)
    known = session
  }
  room.subscribe('all', tell)
  const fact: Fact = { user, plan, askedAt: at, steps: [], end: null, cpu: null }
  room.adopt(await insertSession(bench, { id, userName: user, serverName: id, spec, createdAt: at }))
  const jobId: JobId = toJobId('7')
  const observed = (change: Partial<JobStatus>) =>
    room.apply(id, {
      type: 'observed',
      askedAt: now,
      status: { id: jobId, name: 'x', phase: 'running', rawState: 'R', restarts: 0, ...change },
    })
  if (plan.end === 'rejected') {
    now += plan.after
    await room.apply(id, { type: 'refused', words: 'no' })
    fact.end = { at: now, code: 'rejected' }
    return fact
  }
  await room.apply(id, { type: 'accepted', jobId })
  let state: 'waits' | 'starts' | 'ready' = 'waits'
  let claim = { id: '', jobId, restart: 0, node: 'n1' }
  for (const [restart, one] of plan.lives.entries()) {
    if (restart > 0) {
      if (state === 'waits') break
      now += 1
      await observed({ phase: 'pending', restarts: restart })
      fact.steps.push({ at: now, what: 'waits' })
      state = 'waits'
    }
    now += one.queued
    if (!one.starts) break
    await observed({ restarts: restart, host: 'n1' })
    fact.steps.push({ at: now, what: 'started' })
    state = 'starts'
    claim = { id: `${id}/${restart}`, jobId, restart, node: 'n1' }
    await room.apply(id, { type: 'claimed', claim, attempt: 1, at: now })
    now += one.booted
    if (!one.ready) continue
    await room.apply(id, { type: 'answered', claimId: claim.id, host: 'n1', port: 1 })
    fact.steps.push({ at: now, what: 'ready' })
    state = 'ready'
    now += one.lived
  }
  if (plan.end === 'lives on') return fact
  now += 1
  const exit = plan.end === 'exit' || plan.end === 'never-ready'
  if (exit && state === 'waits') return fact
  if (exit) {
    const usage = plan.cpu === null ? {} : { usage: { cpuSeconds: plan.cpu, memoryBytes: null, memoryPeakBytes: null } }
    const why = plan.end === 'exit' ? 'application' : 'never-ready'
    await room.apply(id, {
      type: 'exited',
      claimId: claim.id,
      exit: { why, exitCode: 0, signal: null, log: [], message: '', ...usage },
    })
    now += 5
    await room.apply(id, { type: 'vanished', end: null })
    fact.cpu = plan.cpu
  } else if (plan.end === 'by user' || plan.end === 'by admin') {
    const code = plan.end === 'by user' ? 'stopped-by-user' : 'stopped-by-admin'
    await room.apply(id, { type: 'stop', because: plainOutcome(code) })
    now += 3
    await room.apply(id, { type: 'vanished', end: null })
  } else {
    const kind = jobEnds[plan.end]
    const end = kind === undefined ? null : { kind }
    await room.apply(id, { type: 'vanished', end: plan.late ? null : end })
    // Accounting may know more, later.
    if (plan.late && end !== null) {
      const endedAt = now
      now += 60_000
      await room.apply(id, { type: 'accounted', end })
      now = endedAt
    }
  }
  const facts = (await room.store.find(id))?.facts
  assert.ok(facts?.state === 'ended')
  // Which word the room finds is its own tests' matter.
  fact.end = { at: now, code: facts.outcome.code }
  return fact
}

describe('a report of any history', () => {
  it('is what the oracle says, from storage and from the log', async () => {
    await using bench = await openBench()
    const columns = (by: Grouping) => {
      const found = columnsOf(by, ['all'])
      assert.ok(!('unknown' in found))
      return found
    }
    assert.equal(columns('user').length, 9 + extraColumns.length)
    const all: Fact[] = []
    let round = 0
    const property = async (plans: readonly Plan[], by: Grouping, cut: number, onlyMain: boolean): Promise<void> => {
      round += 1
      // Each history has days of its own; people have used the site before.
      const begin = Date.UTC(2000, 0, 1) + round * 5 * 86_400_000
      const lines: { readonly line: string; readonly at: number }[] = []
      const facts: Fact[] = []
      let at = begin
      for (const [index, plan] of plans.entries()) {
        at += plan.after
        facts.push(await live(bench, plan, `r${round}x${index}`, at, (line, when) => lines.push({ line, at: when })))
      }
      all.push(...facts)
      const period = { from: begin + Math.min(cut, 3_600_000), to: at + 1 }
      if (period.from >= period.to) return
      const now = at + 3 * 86_400_000
      const query = { period, timeZone: 'Europe/Berlin', by, cluster: onlyMain ? 'main' : undefined }
      const fromRows = await gatherReport(bench.stores.reports, query, now)
      const oracle = (known: readonly Fact[]) =>
        oracleCsv(known, { ...period, now, by, cluster: onlyMain ? 'main' : null })
      const expected = oracle(all)
      assert.equal(toCsv(fromRows.rows, columns(by)).replaceAll('\r\n', '\n'), expected.csv)
      assert.deepEqual(peopleOf(fromRows), expected.people)
      const reader = openEventReader()
      // As a log has them: by time, whoever's.
      for (const { line } of [...lines].sort((a, b) => a.at - b.at)) reader.add(line)
      assert.deepEqual(reader.gaps(), { unreadable: 0, unrequested: 0 })
      const fromLog = reportOfStarts(reader.starts(), query, now)
      assert.deepEqual({ ...fromLog, people: fromRows.people }, fromRows)
      assert.deepEqual(peopleOf(fromLog), oracle(facts).people)
    }
    await fc.assert(
      fc.asyncProperty(history, fc.constantFrom(...groupings), fc.nat(8 * 3_600_000), fc.boolean(), property),
      { numRuns: 1_000 },
    )
  })
})

const peopleOf = ({ people: { day, week, month, ever, new: fresh }, total }: Report) => ({
  day,
  week,
  month,
  ever,
  new: fresh,
  asked: total.people,
})
