import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobStatus, toJobId } from '@batchway/schedulers'
import { type ExitFacts, plainOutcome } from './decide-outcome.ts'
import { isLeftToScheduler, knownEvents, type MachineEvent, type Order, step } from './lifecycle.ts'
import type { Facts, LiveClaim, Warning } from './session.ts'

const jobId = toJobId('42')
const claim: LiveClaim = { id: 'c1', jobId, restart: 0, node: 'n1' }
const later: LiveClaim = { id: 'c2', jobId, restart: 1, node: 'n2' }
const status = (change: Partial<JobStatus>): JobStatus => ({
  id: jobId,
  name: 'b00abcdefghj01',
  phase: 'running',
  rawState: 'R',
  restarts: 0,
  ...change,
})
const seen = (change: Partial<JobStatus>): MachineEvent => ({ type: 'observed', status: status(change), askedAt: 1 })
const exit = (change: Partial<ExitFacts> = {}): ExitFacts => ({
  why: 'application',
  exitCode: 0,
  signal: null,
  log: ['bye'],
  message: '',
  ...change,
})
const stop: MachineEvent = { type: 'stop', because: plainOutcome('stopped-by-user', { by: 'alice' }) }

const submitting: Facts = { state: 'submitting' }
const queued: Facts = {
  state: 'queued',
  jobId,
  waiting: { hold: 'none', reason: null, wait: 'normal', estimatedStartAt: null },
}
const starting: Facts = { state: 'starting', jobId, node: 'n1', claim: null, paused: false }
const claimed: Facts = { ...starting, claim }
const ready: Facts = {
  state: 'ready',
  jobId,
  node: 'n1',
  claim,
  target: { host: 'n1', port: 5_000 },
  reachable: true,
  paused: false,
}
const stopping: Facts = {
  state: 'stopping',
  jobId,
  claim,
  because: plainOutcome('stopped-by-user', { by: 'alice' }),
}
const ended: Facts = { state: 'ended', outcome: plainOutcome('finished') }

const states: Readonly<Record<string, Facts>> = {
  submitting,
  queued,
  starting,
  claimed,
  ready,
  stopping,
  'stopping without a job': { ...stopping, jobId: null, claim: null },
  ended,
}
const events: Readonly<Record<string, MachineEvent>> = {
  accepted: { type: 'accepted', jobId },
  refused: { type: 'refused', words: 'no' },
  pending: seen({ phase: 'pending' }),
  held: seen({ phase: 'held' }),
  paused: seen({ phase: 'paused', startedAt: 1 }),
  running: seen({ host: 'n1' }),
  ending: seen({ phase: 'ending' }),
  unknown: seen({ phase: 'unknown' }),
  'ended in the list': seen({ phase: 'ended', end: { kind: 'completed' } }),
  requeued: seen({ phase: 'pending', restarts: 1 }),
  'running again': seen({ host: 'n2', restarts: 1 }),
  vanished: { type: 'vanished', end: null },
  'never submitted': { type: 'neverSubmitted', words: '' },
  resubmitted: { type: 'resubmitted', attempt: 2 },
  claimed: { type: 'claimed', claim, attempt: 1, at: 1 },
  'claimed again': { type: 'claimed', claim: later, attempt: 1, at: 2 },
  answered: { type: 'answered', claimId: 'c1', host: 'n1', port: 5_000 },
  'answered by a revoked claim': { type: 'answered', claimId: 'c0', host: 'n1', port: 5_000 },
  silent: { type: 'silent' },
  warned: { type: 'warned', claimId: 'c1', warnings: [{ about: 'idle', limitSeconds: 600, endsAt: 1_000_000 }] },
  'warned by a revoked claim': {
    type: 'warned',
    claimId: 'c0',
    warnings: [{ about: 'idle', limitSeconds: 600, endsAt: 1_000_000 }],
  },
  exited: { type: 'exited', claimId: 'c1', exit: exit() },
  'exited by a revoked claim': { type: 'exited', claimId: 'c0', exit: exit() },
  stop,
  accounted: { type: 'accounted', end: { kind: 'completed' } },
  'log read': { type: 'logRead', lines: ['last words'], place: '/home/alice/log' },
}

/** The whole machine as a table: [state, event, next state, orders]. What is not listed means nothing there. */
const table: readonly (readonly [string, string, string, readonly Order[]])[] = [
  ['submitting', 'accepted', 'queued', []],
  ['submitting', 'refused', 'ended rejected', ['removeRoute', 'revokeClaims', 'askAccounting']],
  ['submitting', 'pending', 'queued', []],
  ['submitting', 'held', 'queued', []],
  ['submitting', 'paused', 'starting', []],
  ['submitting', 'running', 'starting', []],
  ['submitting', 'requeued', 'queued', []],
  ['submitting', 'ended in the list', 'ended job-failed', ['removeRoute', 'revokeClaims', 'askAccounting']],
  ['submitting', 'never submitted', 'ended lost', ['removeRoute', 'revokeClaims', 'askAccounting']],
  ['submitting', 'running again', 'starting', []],
  ['submitting', 'vanished', 'ended lost', ['removeRoute', 'revokeClaims', 'askAccounting']],
  ['submitting', 'resubmitted', 'submitting', []],
  ['submitting', 'claimed', 'starting', []],
  ['submitting', 'claimed again', 'starting', []],
  ['submitting', 'stop', 'stopping', []],
  ['queued', 'pending', 'queued', []],
  ['queued', 'held', 'queued', []],
  ['queued', 'paused', 'starting', []],
  ['queued', 'running', 'starting', []],
  ['queued', 'requeued', 'queued', []],
  ['queued', 'running again', 'starting', []],
  ['queued', 'ended in the list', 'ended job-failed', ['removeRoute', 'revokeClaims', 'askAccounting']],
  ['queued', 'vanished', 'ended lost', ['removeRoute', 'revokeClaims', 'askAccounting']],
  ['queued', 'claimed', 'starting', []],
  ['queued', 'claimed again', 'starting', []],
  ['queued', 'stop', 'stopping', ['removeRoute', 'cancelJob']],
  ['starting', 'pending', 'queued', ['revokeClaims']],
  ['starting', 'held', 'queued', ['revokeClaims']],
  ['starting', 'requeued', 'queued', ['revokeClaims']],
  ['starting', 'running again', 'starting', []],
  ['starting', 'paused', 'starting', []],
  ['starting', 'running', 'starting', []],
  ['starting', 'ended in the list', 'ended job-failed', ['removeRoute', 'revokeClaims', 'askAccounting']],
  ['starting', 'vanished', 'ended lost', ['removeRoute', 'revokeClaims', 'askAccounting']],
  ['starting', 'claimed', 'starting', []],
  ['starting', 'claimed again', 'starting', []],
  ['starting', 'stop', 'stopping', ['removeRoute', 'cancelJob']],
  ['claimed', 'requeued', 'queued', ['revokeClaims']],
  ['claimed', 'running again', 'starting', ['revokeClaims']],
  ['claimed', 'paused', 'starting', []],
  ['claimed', 'running', 'starting', []],
  ['claimed', 'ended in the list', 'ended finished', ['removeRoute', 'revokeClaims', 'askAccounting']],
  ['claimed', 'vanished', 'ended lost', ['removeRoute', 'revokeClaims', 'askAccounting']],
  ['claimed', 'claimed', 'starting', []],
  ['claimed', 'claimed again', 'starting', []],
  ['claimed', 'answered', 'ready', ['addRoute']],
  ['claimed', 'exited', 'stopping', ['removeRoute']],
  ['claimed', 'stop', 'stopping', ['removeRoute', 'cancelJob']],
  ['ready', 'requeued', 'queued', ['removeRoute', 'revokeClaims']],
  ['ready', 'running again', 'starting', ['removeRoute', 'revokeClaims']],
  ['ready', 'paused', 'ready', []],
  ['ready', 'running', 'ready', []],
  ['ready', 'ended in the list', 'ended finished', ['removeRoute', 'revokeClaims', 'askAccounting']],
  ['ready', 'vanished', 'ended lost', ['removeRoute', 'revokeClaims', 'askAccounting']],
  ['ready', 'claimed', 'starting', ['removeRoute']],
  ['ready', 'claimed again', 'starting', ['removeRoute']],
  ['ready', 'answered', 'ready', ['addRoute']],
  ['ready', 'warned', 'ready', []],
  ['ready', 'silent', 'ready', ['removeRoute']],
  ['ready', 'exited', 'stopping', ['removeRoute']],
  ['ready', 'stop', 'stopping', ['removeRoute', 'cancelJob']],
  ['stopping', 'ended in the list', 'ended stopped-by-user', ['removeRoute', 'revokeClaims', 'askAccounting']],
  ['stopping', 'refused', 'ended stopped-by-user', ['removeRoute', 'revokeClaims', 'askAccounting']],
  ['stopping', 'never submitted', 'ended stopped-by-user', ['removeRoute', 'revokeClaims', 'askAccounting']],
  ['stopping', 'vanished', 'ended stopped-by-user', ['removeRoute', 'revokeClaims', 'askAccounting']],
  ['stopping', 'exited', 'stopping', []],
  ['stopping without a job', 'accepted', 'stopping', ['cancelJob']],
  ['stopping without a job', 'refused', 'ended stopped-by-user', ['removeRoute', 'revokeClaims', 'askAccounting']],
  [
    'stopping without a job',
    'never submitted',
    'ended stopped-by-user',
    ['removeRoute', 'revokeClaims', 'askAccounting'],
  ],
  ['stopping without a job', 'vanished', 'ended stopped-by-user', ['removeRoute', 'revokeClaims', 'askAccounting']],
  [
    'stopping without a job',
    'ended in the list',
    'ended stopped-by-user',
    ['removeRoute', 'revokeClaims', 'askAccounting'],
  ],
  ...['pending', 'held', 'paused', 'running', 'ending', 'unknown', 'requeued', 'running again'].map(
    (event) => ['stopping without a job', event, 'stopping', ['cancelJob']] as const,
  ),
  ['ended', 'accounted', 'ended finished', []],
  ['ended', 'log read', 'ended finished', []],
]

const nameOf = (facts: Facts): string => (facts.state === 'ended' ? `ended ${facts.outcome.code}` : facts.state)

describe('step', () => {
  for (const [from, facts] of Object.entries(states)) {
    for (const [name, event] of Object.entries(events)) {
      const wanted = table.find(([state, what]) => state === from && what === name)
      it(`${from} + ${name} → ${wanted?.[2] ?? 'nothing'}`, () => {
        const next = step(facts, event)
        assert.deepEqual(next && [nameOf(next.facts), next.orders], wanted ? [wanted[2], wanted[3]] : null)
      })
    }
  }

  const waiting = { reason: 'JobHeldUser', wait: 'never', estimatedStartAt: 5 } as const
  const shown: readonly (readonly [string, Facts, MachineEvent, Facts])[] = [
    [
      'why a job waits',
      queued,
      seen({ phase: 'pending', ...waiting }),
      { ...queued, waiting: { hold: 'none', ...waiting } },
    ],
    [
      'that it is held',
      submitting,
      seen({ phase: 'held', ...waiting }),
      { ...queued, waiting: { hold: 'held', ...waiting } },
    ],
    [
      'that it is paused before it ever ran',
      queued,
      seen({ phase: 'paused', ...waiting }),
      { ...queued, waiting: { hold: 'paused', ...waiting } },
    ],
    [
      'that it is paused on its node',
      queued,
      seen({ phase: 'paused', startedAt: 1, host: 'n2' }),
      { ...starting, node: 'n2', paused: true },
    ],
    ['its node', queued, seen({ host: 'n2' }), { ...starting, node: 'n2' }],
    ['another node', claimed, seen({ host: 'n2' }), { ...claimed, node: 'n2' }],
    ['that it goes on', { ...ready, paused: true }, seen({}), ready],
    [
      'that it is paused in another life than the claim’s',
      ready,
      seen({ phase: 'paused', restarts: 1, host: 'n2' }),
      { ...starting, node: 'n2', paused: true },
    ],
    ['who runs its application', { ...starting, paused: true }, events.claimed as MachineEvent, claimed],
    ['where that answers', claimed, events.answered as MachineEvent, ready],
    ['that it answers again', { ...ready, reachable: false }, events.answered as MachineEvent, ready],
    ['that its agent is silent', ready, { type: 'silent' }, { ...ready, reachable: false }],
  ]
  for (const [what, from, event, facts] of shown)
    it(`keeps what was shown: ${what}`, () => assert.deepEqual(step(from, event)?.facts, facts))

  it('decides nothing on an answer that it cannot read, of another life either', () => {
    for (const facts of [claimed, ready]) assert.equal(step(facts, seen({ phase: 'unknown', restarts: 1 })), null)
  })

  it('takes the same warnings, told with every report, for no news', () => {
    const idle: Warning = { about: 'idle', limitSeconds: 600, endsAt: 1_000_000 }
    const walltime: Warning = { about: 'walltime', limitSeconds: 900, endsAt: 2_000_000 }
    const warned = (...warnings: Warning[]): MachineEvent => ({ type: 'warned', claimId: 'c1', warnings })
    const before = step(ready, warned(idle, walltime))?.facts
    assert.ok(before?.state === 'ready')
    assert.deepEqual(before.warnings, [idle, walltime])
    assert.equal(step(before, warned(walltime, { ...idle, endsAt: 1_059_999 })), null)
    for (const news of [
      warned(idle),
      warned(idle, { ...walltime, endsAt: 2_060_000 }),
      warned({ ...idle, limitSeconds: 60 }, walltime),
      warned(idle, { ...walltime, about: 'idle' }),
      warned(),
    ])
      assert.ok(step(before, news))
  })

  it('tells an end by whether an agent was there, and had answered', () => {
    const gone: MachineEvent = { type: 'vanished', end: { kind: 'completed' } }
    assert.deepEqual(
      [starting, claimed].map((facts) => nameOf(step(facts, gone)?.facts ?? facts)),
      ['ended job-failed', 'ended finished'],
    )
    const absent: MachineEvent = { type: 'exited', claimId: 'c1', exit: exit({ exitCode: 127 }) }
    for (const [facts, code] of [
      [claimed, 'application-not-found'],
      [ready, 'application-failed'],
    ] as const) {
      const next = step(facts, absent)?.facts
      assert.ok(next?.state === 'stopping' && next.because.code === code)
    }
  })

  it('never goes back to the queue on an answer that may be older than the claim', () => {
    assert.equal(step(claimed, seen({ phase: 'pending', restarts: 0 })), null)
    assert.equal(step(ready, seen({ phase: 'pending', restarts: 0 })), null)
  })

  it('never ends a session on an answer it cannot read', () => {
    for (const facts of [queued, starting, claimed, ready]) assert.equal(step(facts, seen({ phase: 'unknown' })), null)
  })

  it('takes the claim from a job that runs again although no answer showed it waiting', () => {
    for (const facts of [claimed, ready]) {
      const next = step(facts, seen({ host: 'n2', restarts: 1 }))
      assert.deepEqual(next?.facts, { ...starting, node: 'n2', claim: null })
    }
    const laterLife: Facts = { ...ready, claim: later }
    assert.equal(step(laterLife, seen({ host: 'n2', restarts: 1 }))?.facts.state, 'ready')
  })

  it('does not take each new guess of the scheduler for news', () => {
    const guess = (at: number): MachineEvent => seen({ phase: 'pending', estimatedStartAt: at })
    const first = step(queued, guess(1_000_000))?.facts ?? queued
    assert.deepEqual(step(first, guess(1_050_000))?.facts, first)
    assert.notDeepEqual(step(first, guess(1_060_000))?.facts, first)
    assert.notDeepEqual(step(first, seen({ phase: 'pending' }))?.facts, first)
  })

  it('adds what accounting knows to an end that the list told', () => {
    const told = step(starting, seen({ phase: 'ended', end: { kind: 'cancelled' } }))?.facts ?? ended
    const accounted: MachineEvent = { type: 'accounted', end: { kind: 'cancelled', by: '0', maxMemoryMiB: 9 } }
    const next = step(told, accounted)?.facts
    assert.ok(next?.state === 'ended')
    assert.deepEqual([next.outcome.by, next.outcome.accounting?.maxMemoryMiB], ['0', 9])
    assert.equal(step(next, accounted), null)
  })

  it('keeps the log of an application that ended while somebody stopped the session', () => {
    const next = step(stopping, { type: 'exited', claimId: 'c1', exit: exit({ why: 'stopped', log: ['saved'] }) })
    assert.ok(next?.facts.state === 'stopping')
    assert.deepEqual([next.facts.because.code, next.facts.because.log], ['stopped-by-user', ['saved']])
    const usage = { cpuSeconds: 1, memoryBytes: 2, memoryPeakBytes: 2 ** 20 }
    const again = step(next.facts, { type: 'exited', claimId: 'c1', exit: exit({ log: ['late'], usage }) })?.facts
    assert.ok(again?.state === 'stopping')
    assert.deepEqual([again.because.log, again.because.use], [['saved'], { cpuSeconds: 1, memoryPeakMiB: 1 }])
    assert.equal(step({ state: 'ended', outcome: again.because }, events['log read'] as MachineEvent), null)
  })

  it('keeps what the scheduler tells of the end of a job that somebody stopped', () => {
    const end = { kind: 'cancelled', maxMemoryMiB: 9 } as const
    const next = step(stopping, seen({ phase: 'ended', end }))?.facts
    assert.ok(next?.state === 'ended')
    assert.deepEqual([next.outcome.code, next.outcome.accounting], ['stopped-by-user', end])
  })

  it('follows a job that the scheduler told to go and starts again, unless somebody stops it meanwhile', () => {
    const asked: MachineEvent = { type: 'exited', claimId: 'c1', exit: exit({ why: 'stopped', signal: 'SIGTERM' }) }
    for (const before of [claimed, ready]) {
      const left: Facts = step(before, asked)?.facts ?? ended
      assert.ok(left.state === 'stopping' && isLeftToScheduler(left))
      const again = step(left, seen({ phase: 'pending', restarts: 1, reason: 'BeginTime' }))
      assert.equal(again?.facts.state, 'queued')
      assert.deepEqual(again?.orders, ['revokeClaims'])
      const runs = step(left, seen({ host: 'n2', restarts: 1 }))
      assert.deepEqual(runs, { facts: { ...starting, node: 'n2' }, orders: ['revokeClaims'] })
      // An answer about the life that is over says nothing.
      for (const old of [seen({ phase: 'pending' }), seen({ host: 'n1' }), seen({ phase: 'ending' })])
        assert.equal(step(left, old), null)
      assert.equal(step(left, seen({ phase: 'ended', end: { kind: 'cancelled' } }))?.facts.state, 'ended')

      const pressed = step(left, stop)
      assert.ok(pressed?.facts.state === 'stopping' && !isLeftToScheduler(pressed.facts))
      assert.deepEqual(pressed.orders, ['removeRoute', 'cancelJob'])
      assert.equal(step(pressed.facts, seen({ phase: 'pending', restarts: 1 })), null)
    }
    // Whoever ended by itself, or was stopped here, does not come back.
    const finished = step(ready, { ...asked, exit: exit() })?.facts ?? ended
    for (const facts of [finished, stopping]) assert.equal(step(facts, seen({ phase: 'pending', restarts: 1 })), null)
    assert.equal(step(finished, stop), null)
  })

  it('knows each event of each state', () => {
    for (const [from, what] of table) {
      const facts = states[from]
      const event = events[what]
      assert.ok(facts && event && knownEvents[facts.state].includes(event.type))
    }
  })
})

describe('the machine as a whole', () => {
  /** Everything that can be reached from a new session, by any order of events, up to repetition. */
  function explore(): Map<string, Facts> {
    const found = new Map<string, Facts>([[JSON.stringify(submitting), submitting]])
    const todo: Facts[] = [submitting]
    for (let facts = todo.pop(); facts !== undefined; facts = todo.pop()) {
      for (const event of Object.values(events)) {
        const next = step(facts, event)?.facts
        const key = JSON.stringify(next)
        if (!next || found.has(key)) continue
        found.set(key, next)
        todo.push(next)
      }
    }
    return found
  }
  const all = [...explore().values()]

  it('has a finite number of states, and ends', () => {
    assert.ok(all.length > 20 && all.length < 2_000, `${all.length}`)
    assert.ok(all.some(({ state }) => state === 'ended'))
  })

  it('takes a route down whenever it leaves ready or becomes unreachable', () => {
    for (const facts of all) {
      if (facts.state !== 'ready') continue
      for (const [name, event] of Object.entries(events)) {
        const next = step(facts, event)
        if (!next || (next.facts.state === 'ready' && next.facts.reachable)) continue
        if (next.facts.state === 'ready' && !facts.reachable) continue
        assert.ok(next.orders.includes('removeRoute'), `${name} leaves a route behind`)
      }
    }
  })

  it('can be stopped from every state that is not ending or ended', () => {
    for (const facts of all) {
      if (facts.state === 'ended' || facts.state === 'stopping') continue
      assert.equal(step(facts, stop)?.facts.state, 'stopping')
    }
  })

  it('revokes whatever an ended session could still use', () => {
    for (const facts of all) {
      if (facts.state === 'ended') continue
      for (const event of Object.values(events)) {
        const next = step(facts, event)
        if (next?.facts.state !== 'ended') continue
        assert.ok(next.orders.includes('revokeClaims') && next.orders.includes('removeRoute'))
      }
    }
  })
})
