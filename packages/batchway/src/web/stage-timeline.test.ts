import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Session } from '../sessions/session.ts'
import { timeWords } from './format.ts'
import { hubPaths } from './hub-paths.ts'
import { endedMeters, startWaterfall, usageMeters } from './session-figures.ts'
import { sessionView } from './session-view.ts'
import { stageTimeline, traceOf } from './stage-timeline.ts'
import { factsOf, makeSession, makeUser, noon, outcome } from './testing/fake-rooms.ts'

const alice = makeUser(1, 'alice')
const view = (session: Session) => sessionView(session, noon, timeWords('UTC'), hubPaths('/'))
const marks = (session: Session) => stageTimeline(session, noon, null).map(({ what, mark }) => `${what}: ${mark}`)

describe('stageTimeline', () => {
  const table: readonly [keyof typeof factsOf, readonly string[]][] = [
    [
      'submitting',
      ['Asked: done', 'Submitting: now', 'Waiting in the queue: next', 'Starting on a node: next', 'Ready: next'],
    ],
    [
      'queued',
      ['Asked: done', 'Submitted: done', 'Waiting in the queue: now', 'Starting on a node: next', 'Ready: next'],
    ],
    [
      'starting',
      ['Asked: done', 'Submitted: done', 'Waited in the queue: done', 'Starting JupyterLab: now', 'Ready: next'],
    ],
    ['ready', ['Asked: done', 'Submitted: done', 'Waited in the queue: done', 'Started: done', 'Ready: now']],
    [
      'stopping',
      ['Asked: done', 'Submitted: done', 'Waited in the queue: done', 'Started: done', 'Ready: done', 'Stopping: now'],
    ],
  ]
  for (const [state, stages] of table)
    it(`tells past, present and future while ${state}`, () =>
      assert.deepEqual(marks(makeSession('s', alice, factsOf[state])), stages))

  it('promises nothing more once it ended, and marks only failures red', () => {
    const ended = (code: 'rejected' | 'walltime') =>
      view(
        makeSession(
          's',
          alice,
          { state: 'ended', outcome: { ...outcome, code } },
          { submittedAt: null, startedAt: null, readyAt: null },
        ),
      )
    assert.deepEqual(
      ended('rejected').stages.map(({ what, mark }) => [what, mark]),
      [
        ['Asked', 'done'],
        ['Rejected', 'bad'],
      ],
    )
    assert.equal(ended('walltime').stages.at(-1)?.mark, 'done')
  })
  it('says that it was put back into the queue', () =>
    assert.match(
      stageTimeline(makeSession('s', alice, factsOf.queued, { attempt: 2 }), noon, null)[2]?.more ?? '',
      /Put back into the queue, attempt 2/,
    ))
})

describe('traceOf', () => {
  it('finds job and node as last told, and nothing that is not text', () => {
    const event = (seq: number, data: Record<string, unknown>) => ({ sessionId: 's', seq, at: 0, type: 'x', data })
    assert.deepEqual(traceOf([event(1, { job: '7' }), event(2, { job: '8', node: 'n1' }), event(3, { node: null })]), {
      job: '8',
      node: 'n1',
      isRequeued: false,
    })
    assert.deepEqual(traceOf([]), { job: null, node: null, isRequeued: false })
  })
  it('knows a job that was put back from one that waits for the first time', () => {
    const moves = (...states: string[]) =>
      states
        .slice(1)
        .map((to, index) => ({ sessionId: 's', seq: index, at: 0, type: to, data: { from: states[index], to } }))
    const is = (...states: string[]) => traceOf(moves(...states)).isRequeued
    assert.equal(is('submitting', 'queued'), false)
    assert.equal(is('submitting', 'queued', 'starting', 'queued'), true)
    assert.equal(is('queued', 'starting', 'ready', 'queued', 'queued'), true, 'changes of the wait in between')
    assert.equal(is('queued', 'starting', 'queued', 'starting'), false, 'it runs again')
  })
})

describe('sessionView', () => {
  const chip = (session: Session) => view(session).chip.word
  it('has a word for held, paused and silent', () => {
    const { queued, ready, starting } = factsOf
    const waiting = { ...queued.waiting, hold: 'held' } as const
    assert.equal(chip(makeSession('s', alice, { ...queued, waiting })), 'Held')
    assert.equal(chip(makeSession('s', alice, { ...queued, waiting: { ...waiting, hold: 'paused' } })), 'Paused')
    assert.equal(chip(makeSession('s', alice, { ...ready, paused: true })), 'Paused')
    assert.equal(chip(makeSession('s', alice, { ...starting, paused: true })), 'Paused')
    assert.equal(chip(makeSession('s', alice, { ...ready, reachable: false })), 'Not answering')
  })
  it('warns from 15 and from 5 minutes on, and never shows less than nothing', () => {
    const left = (seconds: number) =>
      view(makeSession('s', alice, factsOf.ready, { endsAt: noon + seconds * 1000 })).left
    assert.deepEqual([left(901)?.tone, left(900)?.tone, left(300)?.tone], ['', 'warn', 'bad'])
    assert.equal(left(-5)?.text, '0:00 h')
  })
  it('encodes names into addresses', () =>
    assert.equal(
      view(makeSession('a/b', makeUser(1, 'a?b'), factsOf.ready, { serverName: 'x y' })).urls.open,
      '/user/a%3Fb/x%20y/lab',
    ))
})

describe('figures', () => {
  it('make a waterfall even of times that are missing or run backwards', () => {
    const session = makeSession('s', alice, factsOf.ready, { submittedAt: null, startedAt: noon - 200 * 60_000 })
    const { rows, whole } = startWaterfall(session)
    assert.equal(whole, 122_400)
    for (const { from, width, length } of rows) assert.ok(from >= 0 && from <= 99 && width >= 1 && length >= 0)
  })
  it('mark memory at its limit, and leave out what is not known', () => {
    const meters = endedMeters(makeSession('s', alice, factsOf.ended))
    assert.deepEqual(
      meters.map(({ what, tone }) => [what, tone]),
      [
        ['Memory, peak', 'bad'],
        ['Time', ''],
      ],
    )
    const bare = makeSession(
      's',
      alice,
      { state: 'ended', outcome: { ...outcome, accounting: null } },
      { readyAt: null },
    )
    assert.deepEqual(endedMeters(bare), [])
  })
  it('say that memory was at its limit when it ended the session, whatever the last sample saw', () => {
    const words = (code: 'out-of-memory' | 'finished') => {
      const ended = { ...outcome, code, accounting: { kind: 'out-of-memory', maxMemoryMiB: 4 } } as const
      return endedMeters(makeSession('s', alice, { state: 'ended', outcome: ended }))[0]?.words
    }
    assert.equal(words('out-of-memory'), '16 GB of 16 GB: at the limit')
    assert.equal(words('finished'), '4 MB of 16 GB')
  })
  it('take the agent’s figures where accounting has none', () => {
    const use = { cpuSeconds: 6_000, memoryPeakMiB: 8192 }
    const session = makeSession('s', alice, {
      state: 'ended',
      outcome: { ...outcome, code: 'finished', accounting: null, use },
    })
    const ran = { startedAt: noon - 6_000_000, endedAt: noon }
    assert.deepEqual(
      endedMeters({ ...session, ...ran })
        .map(({ what, words }) => `${what}: ${words}`)
        .slice(0, 2),
      ['Memory, peak: 8 GB of 16 GB', 'CPU, mean: 1.0 of 4 cores'],
    )
  })
  it('add the GPUs of a running session up, and say nothing where one of them does not tell', () => {
    const session = makeSession('s', alice, { state: 'ended', outcome })
    const untold = { cpuSeconds: null, memoryBytes: null, memoryPeakBytes: null }
    const at = { at: noon, connections: 0, lastActivityAt: null, leftSeconds: null, ...untold }
    const gpu = (percent: number | null) => ({ percent, memoryBytes: 2 ** 33, memoryTotalBytes: 2 ** 34 })
    const words = (...gpus: ReturnType<typeof gpu>[]) =>
      usageMeters(session, { ...at, gpus }).map(({ what, words, percent }) => [what, words, percent])
    assert.deepEqual(words(gpu(60), gpu(100)), [
      ['GPU', '80 % of 2 GPUs', 80],
      ['GPU memory', '16 GB of 32 GB', 50],
    ])
    assert.deepEqual(words(gpu(60), gpu(null)), [['GPU memory', '16 GB of 32 GB', 50]])
    assert.deepEqual(words(), [])
  })
})
