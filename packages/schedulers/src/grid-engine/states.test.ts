import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isNoAnswer, wordsOf } from './answer.ts'
import { type EndFacts, isInError, readEnd, readRestarts, readState } from './states.ts'

describe('a state of Grid Engine', () => {
  for (const [phase, words] of [
    ['pending', 'qw Eqw Ehqw Rq q'],
    ['held', 'hqw hRwq h'],
    ['running', 'r t Rr Rt'],
    ['paused', 's ts S T P N tS Rs'],
    ['ending', 'dr dt dRr ds dEqw dqw'],
    ['unknown', 'w R x qwx rX r! rrrrrrrrr constructor'],
  ] as const)
    it(`is ${phase}: ${words}`, () => {
      for (const word of words.split(' ')) assert.equal(readState(word), phase, word)
      assert.equal(readState(''), 'unknown')
    })
  it('is in error with an E, unless it is being deleted or holds something unknown', () => {
    assert.deepEqual(['Eqw', 'Ehqw', 'dEqw', 'qw', 'EqwX'].map(isInError), [true, true, false, false, false])
    assert.deepEqual(['Rr', 'r'].map(readRestarts), [1, 0])
  })
})

describe('an end in Grid Engine', () => {
  const end = (failed: number, exitStatus = 0, more: Partial<EndFacts> = {}) =>
    readEnd({ failed, exitStatus, wallSeconds: null, category: '', ...more })

  // sge_status(5).
  for (const [kind, failures] of [
    ['launch-failed', [1, 3, 4, 6, 11, 26, 27, 28, 29, 36, 38]],
    ['not-prepared', [7, 8, 9, 10]],
    ['node-failure', [18, 19, 21]],
  ] as const)
    it(`is ${kind} for ${failures.join(', ')}`, () => {
      for (const failed of failures) assert.deepEqual(end(failed, 137), { kind }, String(failed))
    })
  it('is none for a run after which the job was put back', () =>
    assert.deepEqual([end(24, 99), end(25, 99)], [null, null]))
  it('is told by the exit status where nothing failed', () => {
    assert.deepEqual(end(0, 0), { kind: 'completed', exitCode: 0 })
    for (const exitCode of [1, 128, 137, 255]) assert.deepEqual(end(0, exitCode), { kind: 'failed', exitCode })
  })
  it('is a cancel by what qdel sends, or by nothing, and else the signal', () => {
    for (const status of [0, 128, 137, 140, 193])
      assert.deepEqual(end(100, status), { kind: 'cancelled' }, String(status))
    for (const signal of [1, 8, 10, 11, 13, 15, 64])
      assert.deepEqual(end(100, 128 + signal), { kind: 'failed', signal })
  })
  it('is a limit: of memory where that was limited and time was left', () => {
    const kindOf = (wallSeconds: number | null, category: string) => end(37, 137, { wallSeconds, category })?.kind
    assert.equal(kindOf(299, '-l h_rt=300,h_vmem=2G'), 'out-of-memory')
    for (const [seconds, category] of [
      [300, '-l h_rt=300,h_vmem=2G'],
      [299, '-l h_rt=300'],
      [299, '-l h_vmem=2G'],
      [null, '-l h_rt=300,h_vmem=2G'],
      [299, '-l xh_rt=300,h_vmem=2G'],
    ] as const)
      assert.equal(kindOf(seconds, category), 'walltime', category)
  })
})

describe('what Grid Engine says', () => {
  for (const words of [
    'commlib error: got select error',
    'unable to send message to qmaster using port 6444',
    'unable to contact qmaster',
    'unable to receive message',
    'got send error',
    'got read error',
    'got receive error',
    'got connect error',
    'failed receiving gdi request response',
    'no response',
    'endpoint is not unique',
    'Unable to initialize environment because of error',
    'qmaster is not running',
    'qmaster not reachable',
    'timed out',
    'timeout',
  ])
    it(`is no answer: ${words}`, () => assert.equal(isNoAnswer(words), true))
  for (const words of ['', 'denied: job "7" does not exist', 'Unknown queue "x"'])
    it(`is an answer: ${words || 'nothing'}`, () => assert.equal(isNoAnswer(words), false))

  it('is told each thing once, without its frame and control characters', () => {
    for (const frame of [
      'Unable to run job: ',
      'Unable to run job: error: job rejected: ',
      'qsub: ',
      'qstat: ',
      'error: ',
    ])
      assert.equal(wordsOf(`${frame}no\x1b\x07way\nno way\n \nExiting.\n`), 'no way', frame)
    assert.equal(wordsOf('see qsub: y'), 'see qsub: y')
    assert.equal(wordsOf('x'.repeat(5_000)).length, 2_000)
  })
})
