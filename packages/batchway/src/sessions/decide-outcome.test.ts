import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ExitWord, exitCodes } from '@batchway/agent'
import type { JobEnd } from '@batchway/schedulers'
import { type ExitFacts, outcomeOfEnd, outcomeOfExit, plainOutcome, refineOutcome } from './decide-outcome.ts'

const exit = (change: Partial<ExitFacts>): ExitFacts => ({
  why: 'application',
  exitCode: null,
  signal: null,
  log: [],
  message: '',
  ...change,
})

describe('agent and accounting together', () => {
  const table: readonly (readonly [string, ExitFacts | null, JobEnd | null, string])[] = [
    ['the user closed the application', exit({ exitCode: 0 }), { kind: 'completed' }, 'finished'],
    ['the application crashed', exit({ exitCode: 1 }), { kind: 'failed', exitCode: 1 }, 'application-failed'],
    ['argv[0] is not there', exit({ why: 'not-found' }), { kind: 'failed', exitCode: 127 }, 'application-not-found'],
    ['the application never answered', exit({ why: 'never-ready' }), { kind: 'failed', exitCode: 75 }, 'never-ready'],
    ['time was up', exit({ why: 'stopped', signal: 'SIGTERM' }), { kind: 'walltime' }, 'walltime'],
    ['time was up, nobody reported', null, { kind: 'walltime' }, 'walltime'],
    [
      'scancel outside',
      exit({ why: 'stopped', signal: 'SIGTERM' }),
      { kind: 'cancelled', by: '1001' },
      'cancelled-outside',
    ],
    ['preempted', exit({ why: 'stopped' }), { kind: 'preempted' }, 'preempted'],
    [
      'the application was killed for its memory',
      exit({ signal: 'SIGKILL' }),
      { kind: 'out-of-memory' },
      'out-of-memory',
    ],
    ['the whole job was killed for its memory', null, { kind: 'out-of-memory' }, 'out-of-memory'],
    ['a kernel was killed, Jupyter closed well later', exit({ exitCode: 0 }), { kind: 'out-of-memory' }, 'finished'],
    [
      'a kernel was killed, Jupyter crashed later',
      exit({ exitCode: 1 }),
      { kind: 'out-of-memory' },
      'application-failed',
    ],
    ['the node died', null, { kind: 'node-failure' }, 'node-failure'],
    [
      'the agent closed it before its walltime',
      exit({ why: 'walltime' }),
      { kind: 'completed', exitCode: 0 },
      'walltime',
    ],
    ['nobody used it', exit({ why: 'idle' }), { kind: 'completed', exitCode: 0 }, 'idle'],
    ['nobody used it, and the hub was away', null, { kind: 'failed', exitCode: exitCodes.idle }, 'idle'],
    ['its time was over, and the hub was away', null, { kind: 'failed', exitCode: exitCodes.walltime }, 'walltime'],
    [
      'an application that chose a status of ours',
      null,
      { kind: 'failed', exitCode: exitCodes['home-full'] },
      'job-failed',
    ],
    ['nobody knows', null, null, 'lost'],
  ]
  for (const [title, report, end, code] of table) {
    it(`${title} → ${code}`, () => {
      const outcome = report ? refineOutcome(outcomeOfExit(report), end) : outcomeOfEnd(end, 'claimed')
      assert.equal(outcome.code, code)
    })
  }

  it('takes status 127 for a program that is not there, unless it has answered', () => {
    assert.equal(outcomeOfExit(exit({ exitCode: 127 }), false).code, 'application-not-found')
    assert.equal(outcomeOfExit(exit({ exitCode: 127 }), true).code, 'application-failed')
    assert.equal(outcomeOfExit(exit({ exitCode: 126 }), false).code, 'application-failed')
  })

  it('lets accounting say that the node was not prepared, unless an agent has told', () => {
    const cancelled = outcomeOfEnd({ kind: 'cancelled' }, 'unclaimed')
    const refined = refineOutcome(cancelled, { kind: 'not-prepared', words: 'a prolog' })
    assert.deepEqual([refined.code, refined.by], ['not-prepared', null])
    const told = outcomeOfExit(exit({ why: 'stopped', signal: 'SIGTERM' }))
    assert.equal(refineOutcome(told, { kind: 'not-prepared' }).code, 'cancelled-outside')
    assert.equal(refineOutcome(cancelled, { kind: 'cancelled', by: '0' }).code, 'cancelled-outside')
  })

  it('does not let accounting change what a person or a rule decided', () => {
    for (const code of ['stopped-by-user', 'stopped-by-admin', 'idle', 'queue-limit'] as const)
      for (const kind of ['cancelled', 'out-of-memory', 'walltime', 'node-failure', 'preempted'] as const) {
        const outcome = refineOutcome(plainOutcome(code, { by: 'alice', exitCode: 3 }), {
          kind,
          by: '1001',
          exitCode: 0,
        })
        assert.deepEqual([outcome.code, outcome.by, outcome.exitCode], [code, 'alice', 3], kind)
      }
    for (const [code, shown] of [
      ['stopped-by-user', null],
      ['stopped-by-admin', null],
      ['idle', 'CA'],
    ] as const) {
      const { words, accounting } = refineOutcome(plainOutcome(code), { kind: 'cancelled', words: 'CA' })
      assert.deepEqual([words, accounting?.words], [shown, 'CA'])
    }
  })

  it('lets accounting sharpen what could only be seen from inside, and keeps the words that were told', () => {
    for (const code of ['cancelled-outside', 'application-failed', 'job-failed', 'lost', 'never-ready'] as const)
      for (const kind of ['walltime', 'node-failure', 'preempted'] as const) {
        const outcome = refineOutcome(plainOutcome(code, { words: 'told' }), { kind, words: 'listed' })
        assert.deepEqual([outcome.code, outcome.words], [kind, 'told'])
      }
    assert.equal(refineOutcome(plainOutcome('lost'), { kind: 'out-of-memory' }).code, 'out-of-memory')
    assert.equal(refineOutcome(plainOutcome('lost'), { kind: 'completed' }).code, 'finished')
    const killed = plainOutcome('application-failed', { exitCode: 137 }) // a shell's word for SIGKILL
    assert.equal(refineOutcome(killed, { kind: 'out-of-memory' }).code, 'out-of-memory')
    const unprepared = refineOutcome(plainOutcome('lost', { words: 'told' }), {
      kind: 'not-prepared',
      words: 'a prolog',
    })
    assert.equal(unprepared.words, 'a prolog')
    for (const more of [{ exitCode: 1 }, { signal: 'SIGTERM' }, { log: ['bye'] }])
      assert.notEqual(refineOutcome(plainOutcome('job-failed', more), { kind: 'not-prepared' }).code, 'not-prepared')
  })

  it('says what was used, in the units of the request', () => {
    const used = (cpuSeconds: number | null, memoryPeakBytes: number | null) =>
      outcomeOfExit(exit({ usage: { cpuSeconds, memoryBytes: 0, memoryPeakBytes } })).use
    assert.deepEqual(used(2, 3 * 2 ** 20 - 1), { cpuSeconds: 2, memoryPeakMiB: 3 })
    assert.deepEqual(used(2, null), { cpuSeconds: 2, memoryPeakMiB: null })
    assert.deepEqual(used(null, 2 ** 20), { cpuSeconds: null, memoryPeakMiB: 1 })
    assert.ok(!('use' in outcomeOfExit(exit({ usage: { cpuSeconds: null, memoryBytes: 0, memoryPeakBytes: null } }))))
  })
})

describe('what the job script found, told by the agent', () => {
  const table: readonly (readonly [ExitWord, string])[] = [
    ['home-missing', 'home-missing'],
    ['home-full', 'home-full'],
    ['home-read-only', 'home-read-only'],
    ['home-not-writable', 'home-read-only'],
    ['module-command-missing', 'module-failed'],
    ['module-failed', 'module-failed'],
    ['output-not-writable', 'output-unwritable'],
  ]
  for (const [word, code] of table) {
    it(`${word} → ${code}, in its words`, () => {
      const message = 'the home directory /home/alice is full'
      const told = outcomeOfExit(exit({ why: 'preflight', word, message, exitCode: exitCodes[word] }))
      const outcome = refineOutcome(told, { kind: 'failed', exitCode: exitCodes[word] })
      assert.deepEqual([outcome.code, outcome.words, outcome.exitCode], [code, message, exitCodes[word]])
    })
  }
})

describe('jobs that no agent ever claimed', () => {
  const table: readonly (readonly [JobEnd, string])[] = [
    [{ kind: 'failed', exitCode: exitCodes['home-missing'] }, 'home-missing'],
    [{ kind: 'failed', exitCode: exitCodes['home-full'] }, 'home-full'],
    [{ kind: 'failed', exitCode: exitCodes['home-read-only'] }, 'home-read-only'],
    [{ kind: 'failed', exitCode: exitCodes['module-failed'] }, 'module-failed'],
    [{ kind: 'failed', exitCode: exitCodes['module-command-missing'] }, 'module-failed'],
    [{ kind: 'failed', exitCode: exitCodes['output-not-writable'] }, 'output-unwritable'],
    [{ kind: 'failed', exitCode: exitCodes['runtime-not-startable'] }, 'runtime-not-startable'],
    [{ kind: 'failed', exitCode: exitCodes['hub-not-reachable'] }, 'hub-not-reachable'],
    [{ kind: 'failed', exitCode: 127 }, 'application-not-found'],
    [{ kind: 'failed', exitCode: 3 }, 'job-failed'],
    [{ kind: 'failed', exitCode: exitCodes['prologue-failed'] }, 'not-prepared'],
    [{ kind: 'launch-failed' }, 'job-failed'],
    [{ kind: 'not-prepared' }, 'not-prepared'],
    [{ kind: 'impossible' }, 'can-never-run'],
    [{ kind: 'cancelled', by: 'root' }, 'cancelled-outside'],
    // Exit code 0 without ever starting an application is no success.
    [{ kind: 'completed', exitCode: 0 }, 'job-failed'],
  ]
  for (const [end, code] of table) {
    it(`${JSON.stringify(end)} → ${code}`, () => assert.equal(outcomeOfEnd(end, 'unclaimed').code, code))
  }
})
