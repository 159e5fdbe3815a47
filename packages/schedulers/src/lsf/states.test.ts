import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isNoAnswer, toMiB, toTime, wordsOf } from './answer.ts'
import { readEnd, readReason, readState, toSentences } from './states.ts'

describe('a state of LSF', () => {
  for (const [phase, words] of [
    ['pending', 'PEND WAIT PROV'],
    ['held', 'PSUSP'],
    ['running', 'RUN'],
    ['paused', 'USUSP SSUSP'],
    ['ending', 'ZOMBI'],
    ['ended', 'DONE EXIT'],
    ['unknown', 'UNKWN done DONE+ constructor'],
  ] as const)
    it(`is ${phase}: ${words}`, () => {
      for (const word of words.split(' ')) assert.equal(readState(word), phase, word)
    })
})

describe('an end in LSF', () => {
  // "Termination reasons displayed by bacct, bhist, and bjobs", 10.1.
  for (const [kind, words] of [
    [
      'cancelled',
      'ADMIN BUCKET_KILL FORCE_ADMIN FORCE_OWNER MC_RECALL ORPHAN_SYSTEM OWNER REQUEUE_ADMIN REQUEUE_OWNER',
    ],
    ['walltime', 'RUNLIMIT CPULIMIT DEADLINE'],
    ['out-of-memory', 'MEMLIMIT SWAP'],
    ['preempted', 'PREEMPT LOAD WINDOW RC_RECLAIM'],
    ['node-failure', 'ZOMBIE REMOVE_HUNG_JOB'],
    ['launch-failed', 'CWD_NOTEXIST'],
    ['not-prepared', 'PRE_EXEC_FAIL CSM_ALLOC DATA'],
  ] as const)
    it(`is ${kind}: ${words}`, () => {
      for (const word of words.split(' '))
        assert.deepEqual(readEnd('EXIT', 137, `TERM_${word}: killed`), { kind }, word)
    })
  it('is completed where LSF says so, whatever else it says', () =>
    assert.deepEqual(readEnd('DONE', 137, 'TERM_OWNER'), { kind: 'completed', exitCode: 0 }))
  it('is a signal between 128 and 192, and else an exit code', () => {
    assert.deepEqual(
      [129, 192].map((code) => readEnd('EXIT', code, '').signal),
      [1, 64],
    )
    assert.deepEqual(
      [128, 193, 3].map((code) => readEnd('EXIT', code, '').exitCode),
      [128, 193, 3],
    )
    assert.deepEqual(readEnd('EXIT', 3, 'TERM_OF_A_NEW_KIND'), { kind: 'failed', exitCode: 3 })
    assert.deepEqual(readEnd('EXIT', 3, 'see TERM_OWNER'), { kind: 'failed', exitCode: 3 })
  })
  it('is not known without a status and without a word', () => {
    assert.deepEqual(readEnd('EXIT', null, ''), { kind: 'unknown' })
    assert.deepEqual(readEnd('EXIT', null, 'something new'), { kind: 'failed' })
  })
})

describe('a pending reason of LSF', () => {
  for (const [reason, wait] of [
    ['Dependency condition never satisfied', 'never'],
    ['Dependency will never be satisfied', 'never'],
    ['The job will never run', 'never'],
    ['It can never be scheduled', 'never'],
    ['It can never run', 'never'],
    ['The job was suspended by the user while pending', 'held'],
    ['The job is held', 'held'],
    ['Job was held', 'held'],
    ['held by the administrator', 'held'],
    ['The user group has reached its job slot limit', 'group-limit'],
    ['The queue has reached its job slot limit', 'group-limit'],
    ['The project has reached its limit', 'group-limit'],
    ['The application has reached its limit', 'group-limit'],
    ['The service class has reached its limit', 'group-limit'],
    ['The license project has reached its limit', 'group-limit'],
    ['The user has reached its job slot limit', 'user-limit'],
    ['per-user job slot limit reached', 'user-limit'],
    ['user alice is over the pending job threshold', 'user-limit'],
    ['The job array has reached its running element limit', 'user-limit'],
    ['Resource (ngpus) limit has been reached', 'group-limit'],
    ['A limit of slots is defined', 'group-limit'],
    ['New job is waiting for scheduling', 'normal'],
    ['Job dependency condition not satisfied', 'normal'],
    ['Upheld by nobody', 'normal'],
    ['', 'normal'],
  ] as const)
    it(`means ${wait}: ${reason}`, () => assert.equal(readReason(reason), wait))

  it('is told in sentences on one line', () => {
    assert.equal(toSentences(' a\x1bb ;\n; c\td;'), 'a b; c d')
    assert.equal(toSentences('x'.repeat(5_000)).length, 1_000)
  })
})

describe('what LSF says', () => {
  for (const words of [
    'batch daemon not responding ... still trying',
    'Cannot connect to LSF. Please wait ...',
    'Please wait',
    'still trying',
    'lim is down',
    'LSF is down',
    'the slave LIM of this host',
    'Communication time out',
    'Connection refused',
    'Connection reset by peer',
    'Connection timed out',
    'Unable to reach slave LIM',
    'unable to open file lsf.conf',
    'unable to get the host name',
    'Failed in an LSF library call: x',
    'Failed in LSF library call: x',
    'Master host unknown',
    'Host does not have a software license',
    'Bad XDR',
    'internal cluster communication failure',
  ])
    it(`is no answer: ${words}`, () => assert.equal(isNoAnswer(words), true))
  for (const words of ['', 'Job <7> is not found', 'No unfinished job found', 'Bad queue name'])
    it(`is an answer: ${words || 'nothing'}`, () => assert.equal(isNoAnswer(words), false))

  it('is told each thing once, without control characters', () => {
    assert.equal(wordsOf(' a\x1b\x07b \na b\n\n c'), 'a b\nc')
    assert.equal(wordsOf('x'.repeat(5_000)).length, 2_000)
  })
  it('is a time only with its year', () => {
    const at = Date.UTC(2026, 10, 3, 4, 10)
    for (const text of ['Nov  3 04:10 2026', 'Tue Nov  3 04:10:00 2026', ' Nov 3 04:10:00 2026 L'])
      assert.equal(toTime(text), at, text)
    assert.equal(toTime('Jan 3 04:10:07 2026'), Date.UTC(2026, 0, 3, 4, 10, 7))
    for (const text of ['Nov  3 04:10', 'Nxv 3 04:10 2026', 'x Nov 3 04:10 2026', 'Nov 3 04:10 2026 x', ''])
      assert.equal(toTime(text), undefined, text)
  })
  it('is an amount of memory only with its unit', () => {
    for (const [text, mib] of [
      ['5.2 Gbytes', 5_325],
      ['126 Mbytes', 126],
      ['3M', 3],
      ['1K', 1],
      ['1025 KB', 2],
      ['1 b', 1],
      ['1T', 1_048_576],
    ] as const)
      assert.equal(toMiB(text), mib, text)
    for (const text of ['3', '', 'x3M', '3Mx', '3 M B']) assert.equal(toMiB(text), undefined, text)
  })
})
