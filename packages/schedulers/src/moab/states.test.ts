import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hostOf, isNoAnswer, toSeconds, toTime, wordsOf } from './answer.ts'
import { readEnd, readReason, readState, toSentence } from './states.ts'

describe('a state of Moab', () => {
  for (const [phase, words] of [
    ['pending', 'Idle Blocked Deferred Migrated Staging Starting'],
    ['held', 'BatchHold SystemHold UserHold Hold'],
    ['running', 'Running'],
    ['paused', 'Suspended'],
    ['ended', 'Completed Removed Vacated'],
    ['unknown', 'Unknown Lost NotQueued completed constructor'],
  ] as const)
    it(`is ${phase}: ${words}`, () => {
      for (const word of words.split(' ')) assert.equal(readState(word), phase, word)
    })
})

describe('an end in Moab', () => {
  it('is a cancel where Moab says so, or the walltime where that was over', () => {
    for (const [state, code] of [
      ['Removed', '0'],
      ['Vacated', ''],
      ['Completed', 'CNCLD'],
      ['Completed', 'cncld(271)'],
    ] as const) {
      assert.deepEqual(readEnd(state, code, false), { kind: 'cancelled' })
      assert.deepEqual(readEnd(state, code, true), { kind: 'walltime' })
    }
  })
  // Torque, below it: job.h, JOB_EXEC_*.
  for (const [kind, codes] of [
    ['completed', ['0']],
    ['launch-failed', ['-1', '-2', '-3']],
    ['out-of-memory', ['-10']],
    ['walltime', ['-11']],
    ['failed', ['1', '256', '257', '320', '321', '-12']],
    ['unknown', ['', 'x', '1x', 'x1', 'XCNCLD', 'CNCLDX', '1234567890']],
  ] as const)
    it(`is ${kind} for ${codes.join(', ')}`, () => {
      for (const code of codes) assert.equal(readEnd('Completed', code, false).kind, kind, code)
    })
  it('is a signal between 256 and 320, and else an exit code', () => {
    assert.deepEqual(
      ['257', '320'].map((code) => readEnd('Completed', code, false).signal),
      [1, 64],
    )
    assert.deepEqual(
      ['256', '321', '7'].map((code) => readEnd('Completed', code, false).exitCode),
      [0, 65, 7],
    )
    assert.equal(readEnd('Completed', '271', true).kind, 'walltime')
    assert.equal(readEnd('Completed', '7', true).kind, 'failed', 'which ended by itself')
  })
})

describe('a pending reason of Moab', () => {
  for (const [reason, wait] of [
    ['job can never run', 'never'],
    ['job can never start', 'never'],
    ['job will never run', 'never'],
    ['job will never start', 'never'],
    ['violates active HARD MAXPROC limit of 160 for user alice', 'user-limit'],
    ['violates limit of 8 (R: 2) for user alice', 'user-limit'],
    ['over the per-user soft limit', 'user-limit'],
    ['violates active HARD MAXPROC limit of 160 for group x', 'group-limit'],
    ['violates a limit', 'group-limit'],
    ['insufficient idle procs available', 'normal'],
    ['', 'normal'],
  ] as const)
    it(`means ${wait}: ${reason}`, () => assert.equal(readReason(reason), wait))
  it('is told as a sentence', () => {
    assert.equal(toSentence(' IdlePolicy:job\x1b\x07  7 '), 'IdlePolicy:job 7')
    assert.equal(toSentence('IdlePolicy:job 7  violates a: b'), 'IdlePolicy: job 7 violates a: b')
    assert.equal(toSentence('x'.repeat(5_000)).length, 1_000)
  })
})

describe('what Moab says', () => {
  for (const words of [
    'ERROR:    cannot connect to server',
    'could not connect',
    'communication error',
    'client timed out',
    'timed out after 30 seconds',
    'timed out waiting',
    'lost connection to server',
    'Connection refused',
    'connection reset',
    'connection closed',
    'cannot send data',
    'cannot receive data',
    'server is busy',
    'server not up',
    'server is not responding',
    'server shutting down',
    'No route to host',
  ])
    it(`is no answer: ${words}`, () => assert.equal(isNoAnswer(words), true))
  for (const words of ['', 'ERROR:  invalid job specified: 7', 'ERROR: not authorized to cancel'])
    it(`is an answer: ${words || 'nothing'}`, () => assert.equal(isNoAnswer(words), false))

  it('is told each thing once, without its heading and control characters', () => {
    assert.equal(wordsOf('ERROR:   a\x1b\x07b\nWARNING: a b\n \n see ERROR: c'), 'a b\nsee ERROR: c')
    assert.equal(wordsOf('x'.repeat(5_000)).length, 2_000)
  })
  it('is a time, a duration or a node where it is one', () => {
    assert.deepEqual([toTime('1795347046'), toTime('1')], [1_795_347_046_000, 1_000])
    for (const text of ['0', '', '-1', '1x', 'x1', undefined]) assert.equal(toTime(text), undefined, text)
    assert.deepEqual(['90', '01:30', '1:00:00', '2:01:00:01'].map(toSeconds), [90, 90, 3_600, 176_401])
    for (const text of ['', 'x1', '1x', '1:2', '1:00:00:00:00']) assert.equal(toSeconds(text), undefined, text)
    assert.deepEqual(['n1.x:24,n2:24', 'n1*4', 'n1,n2', 'n1'].map(hostOf), ['n1.x', 'n1', 'n1', 'n1'])
    for (const text of ['', '-oProxyCommand=x', ' n1', 'n1 x']) assert.equal(hostOf(text), undefined, text)
  })
})
