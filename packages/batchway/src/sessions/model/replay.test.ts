import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { plainOutcome } from '../decide-outcome.ts'
import type { SessionEvent } from '../session.ts'
import { openBench, sampleSpec } from '../testing/bench.ts'
import { openWorld } from '../testing/fake-world.ts'
import { historyOf } from '../testing/histories.ts'
import { type History, replay } from './replay.ts'

/** A session that waits, runs, is suspended, is put back, runs again, is stopped. */
async function eventfulLife(): Promise<History> {
  await using bench = await openBench()
  const world = openWorld(bench)
  await world.boot()
  const session = await world.hub?.start(bench.alice, '', sampleSpec({ requeue: true }))
  assert.ok(session)
  await world.run(30)
  const [job] = bench.cluster.jobs.keys()
  assert.ok(job)
  bench.cluster.change(job, { phase: 'paused' })
  await world.run(60)
  bench.cluster.change(job, { phase: 'running' })
  await world.run(60)
  world.requeue(job, false)
  bench.cluster.change(job, { phase: 'held' })
  await world.run(60)
  bench.cluster.change(job, { phase: 'pending' })
  await world.run(60)
  await world.hub?.stop(session.id, 'alice')
  await world.run(30)
  return await historyOf(bench, session.id)
}

const life = await eventfulLife()
const states = life.events.map(({ data }) => data.to)

/** The history with other lines, numbered anew. */
const retold = (change: (events: readonly SessionEvent[]) => readonly SessionEvent[]): History => ({
  ...life,
  events: change(life.events).map((line, index) => ({ ...line, seq: index + 1 })),
})
const indexOf = (to: string, by: string): number => {
  const index = life.events.findIndex(({ data }) => data.to === to && data.by === by)
  assert.ok(index >= 0, `no line ${by} → ${to} in ${states.join(' ')}`)
  return index
}
const withData = (index: number, data: Record<string, unknown>): History =>
  retold((events) => events.map((line, i) => (i === index ? { ...line, data: { ...line.data, ...data } } : line)))

describe('a recorded history', () => {
  it('of an eventful life is a path of the table', () => {
    assert.ok(['queued', 'starting', 'ready', 'stopping', 'ended'].every((state) => states.includes(state)))
    assert.equal(states.filter((state) => state === 'queued').length, 2)
    assert.equal(life.claims.length, 2)
    assert.deepEqual(replay(life), [])
  })

  it('of a job that had ended when its lost submit was found is one, too: no line ever named the job', async () => {
    const end = life.events[indexOf('ended', 'observed')]
    assert.ok(end)
    const data = { from: 'submitting', to: 'ended', by: 'observed', outcome: 'job-failed' }
    const facts = { state: 'ended', outcome: plainOutcome('job-failed') } as const
    const session = { ...life.session, facts }
    assert.deepEqual(replay({ session, events: [{ ...end, seq: 1, data }], claims: [] }), [])
  })

  const cases: readonly (readonly [name: string, wrong: () => History, words: RegExp])[] = [
    ['misses a line', () => retold((events) => events.toSpliced(indexOf('starting', 'observed'), 1)), /no step/],
    ['has a line twice', () => retold((events) => [...events.slice(0, 1), ...events]), /no step/],
    ['ends by an event that ends nothing', () => withData(indexOf('ended', 'observed'), { by: 'accepted' }), /no step/],
    ['becomes ready without a claim', () => ({ ...life, claims: [] }), /no step/],
    ['changes its job on the way', () => withData(indexOf('ready', 'answered'), { job: '999' }), /no step/],
    ['tells another end than its row', () => withData(life.events.length - 1, { outcome: 'idle' }), /no line says so/],
    [
      'comes back',
      () =>
        retold((events) => [
          ...events,
          ...events.slice(-1).map((line) => ({ ...line, data: { from: 'ended', to: 'queued', by: 'observed' } })),
        ]),
      /came back/,
    ],
    ['has a row that no line explains', () => retold((events) => events.slice(0, -1)), /no line says so/],
    ['lost a line', () => ({ ...life, events: life.events.slice(1) }), /the line before is missing/],
    ['has more attempts than were begun', () => ({ ...life, session: { ...life.session, attempt: 2 } }), /attempt 2/],
    [
      'let one start of its job claim twice',
      () => ({ ...life, claims: [...life.claims, ...life.claims.map((claim) => ({ ...claim, id: `${claim.id}x` }))] }),
      /2 claims won for attempt 1, job \d+, start 0/,
    ],
    [
      'has two live claims',
      () => ({ ...life, claims: life.claims.map((claim) => ({ ...claim, revokedAt: null })) }),
      /2 claims are live/,
    ],
  ]
  for (const [name, wrong, words] of cases) {
    it(`is refused when it ${name}`, () => assert.match(replay(wrong()).join('\n'), words))
  }

  it('is refused by a table that does not know a step that was made', () => {
    const problems = replay(life, () => null)
    assert.match(problems.join('\n'), /line 1 .*submitting –accepted→ queued/)
  })
})
