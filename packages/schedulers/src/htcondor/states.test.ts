import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Output, SchedulerError } from '../driver.ts'
import { isNoAnswer, wordsOf } from './answer.ts'
import { parseHistory, parseList } from './parse-jobs.ts'
import { type EndFacts, readEnd, readHold, readState, stateWord } from './states.ts'

describe('a state of HTCondor', () => {
  for (const [status, phase, word] of [
    [1, 'pending', 'idle'],
    [2, 'running', 'running'],
    [3, 'ending', 'removed'],
    [4, 'ended', 'completed'],
    [5, 'held', 'held'],
    [6, 'ending', 'transferring output'],
    [7, 'paused', 'suspended'],
    [0, 'unknown', 'JobStatus 0'],
    [9, 'unknown', 'JobStatus 9'],
  ] as const)
    it(`is ${phase} for ${status}`, () => assert.deepEqual([readState(status), stateWord(status)], [phase, word]))
})

describe('a hold of HTCondor', () => {
  // HTCondor manual, HoldReasonCode.
  for (const [kind, codes] of [
    ['failed', [3, 5, 21, 26, 27]],
    ['launch-failed', [6, 7, 8, 9, 10, 12, 13, 14, 23, 35]],
    ['not-prepared', [19, 48]],
    ['out-of-memory', [34]],
    ['walltime', [46, 47]],
    [null, [1, 15, 16, 2, 4, 11, 99, undefined]],
  ] as const)
    it(`is ${kind ?? 'no end'} for ${codes.join(', ')}`, () => {
      for (const code of codes) assert.equal(readHold(code, 'some words'), kind, String(code))
    })
  it('is no end where its words say that a person may lift it, whatever its code', () => {
    for (const words of [
      'via condor_hold (by user alice)',
      'submitted on hold at user’s request',
      'Spooling input data files',
    ])
      for (const code of [3, 21, 34, 46]) assert.equal(readHold(code, words), null, words)
    assert.equal(readHold(3, 'not via condor_hold'), 'failed')
  })
  it('is for memory where the policy of the machine or the site says so', () => {
    for (const words of ['memory usage exceeded request_memory', 'Job has exceeded its memory']) {
      for (const code of [21, 26]) assert.equal(readHold(code, words), 'out-of-memory', words)
      assert.equal(readHold(3, words), 'failed')
      assert.equal(readHold(undefined, words), null)
    }
    assert.equal(readHold(21, 'memory is fine'), 'failed')
    assert.equal(readHold(21, 'the disk was exceeded'), 'failed')
  })
})

describe('an end in HTCondor', () => {
  const end = (facts: Partial<EndFacts>) =>
    readEnd({
      status: 3,
      exitCode: undefined,
      exitSignal: undefined,
      isBySignal: false,
      removeReason: '',
      holdCode: undefined,
      holdReason: '',
      hasBeenVacated: false,
      ...facts,
    })
  const byRule = 'The job attribute PeriodicRemove expression … evaluated to TRUE'
  for (const [title, facts, expected] of [
    ['completed', { status: 4, exitCode: 0 }, { kind: 'completed', exitCode: 0 }],
    ['failed', { status: 4, exitCode: 3 }, { kind: 'failed', exitCode: 3 }],
    ['ended by a signal', { status: 4, exitCode: 0, isBySignal: true, exitSignal: 9 }, { kind: 'failed', signal: 9 }],
    ['ended by a signal that is not told', { status: 4, isBySignal: true }, { kind: 'failed' }],
    ['completed, it does not tell how', { status: 4 }, { kind: 'unknown' }],
    ['neither completed nor removed', { status: 2, exitCode: 0, removeReason: byRule }, { kind: 'unknown' }],
    ['removed', { removeReason: '' }, { kind: 'cancelled' }],
    ['removed by its owner', { removeReason: 'via condor_rm (by user alice)' }, { kind: 'cancelled', by: 'alice' }],
    [
      'removed by somebody of a domain',
      { removeReason: 'via condor_rm (by user al@x.y)' },
      { kind: 'cancelled', by: 'al' },
    ],
    ['removed by the site', { removeReason: 'The system macro SYSTEM_PERIODIC_REMOVE …' }, { kind: 'failed' }],
    ['removed since it was held', { removeReason: byRule, holdCode: 34 }, { kind: 'out-of-memory' }],
    ['removed since it had lost its machine', { removeReason: byRule }, { kind: 'node-failure' }],
    ['removed since it had to leave it', { removeReason: byRule, hasBeenVacated: true }, { kind: 'preempted' }],
    [
      'removed, in words that only hold the rule’s',
      { removeReason: `x ${byRule}`, holdCode: 34 },
      { kind: 'cancelled' },
    ],
  ] as const)
    it(`is that of a job that was ${title}`, () => assert.deepEqual(end(facts), expected))
})

describe('what HTCondor says', () => {
  for (const words of [
    "Error: Can't find address for schedd x",
    'Unable to locate a collector',
    "Couldn't contact the condor_collector on x",
    'Could not locate local schedd',
    'could not connect',
    'could not fetch ads',
    'Failed to connect to queue manager x',
    'Failed to fetch ads from: <127.0.0.1:1>',
    'Connection refused',
    'connection closed',
    'connection reset',
    'Communication error',
    'communications error',
    'timed out',
    'condor_q: (null)',
    'x\nError: (null)',
    'SECMAN:2007:Failed to end classad message',
    'CEDAR:6001:Failed to connect',
    'cannot contact',
  ])
    it(`is no answer: ${words}`, () => assert.equal(isNoAnswer(words), true))
  for (const words of ['', 'ERROR: Invalid value for request_memory', 'No such job', 'see Error: (null)'])
    it(`is an answer: ${words || 'nothing'}`, () => assert.equal(isNoAnswer(words), false))

  it('is told without its headings, its advice and its warnings, each thing once', () => {
    assert.equal(wordsOf('ERROR: a\x1b\x07b\ncondor_rm: a b\n\nWARNING: x\n/bin/sh: 1: no'), 'a b\nno')
    for (const advice of ['Extra Info: x\ny', 'Usage: x\ny']) assert.equal(wordsOf(`no\n${advice}`), 'no')
    assert.equal(wordsOf('see Usage: x'), 'see Usage: x')
    assert.equal(wordsOf('x'.repeat(5_000)).length, 2_000)
  })
})

describe('a list of HTCondor', () => {
  const job = { ClusterId: 7, ProcId: 0, JobStatus: 2, Owner: 'alice', JobBatchName: 'bw-1', RemoteHost: 'slot1@n1' }
  const said = (stdout: string, stderr = '', exitCode = 0): Output => ({ stdout, stderr, exitCode })
  const list = (...records: unknown[]) => {
    const { complete, jobs } = parseList(said(JSON.stringify(records)))
    return [complete, ...jobs.map(({ id, phase, host, end }) => [id, phase, host, end?.kind])]
  }
  const refusal = (kind: SchedulerError['kind'], words: RegExp) => (error: unknown) =>
    error instanceof SchedulerError && error.kind === kind && words.test(error.message)
  const running = ['7.0', 'running', 'n1', undefined]

  it('is empty where it says nothing at all, and not where it says why', () => {
    for (const empty of ['', ' \n']) assert.deepEqual(parseList(said(empty)), { complete: true, jobs: [] })
    assert.deepEqual(parseList(said('[]')), { complete: true, jobs: [] })
    assert.throws(() => parseList(said('', 'something new\n')), refusal('unavailable', /^something new$/))
    for (const parse of [parseList, parseHistory]) {
      assert.throws(() => parse(said('[]', '', 1)), refusal('unavailable', /ended with exit code 1$/))
      for (const text of ['[', '{}', 'null', '"x"', 'x'])
        assert.throws(() => parse(said(text)), refusal('unreadable', /no list/))
    }
  })
  it('is not complete where a record is none, and right about the others', () => {
    assert.deepEqual(list(job), [true, running], 'positive control')
    for (const odd of [
      null,
      'x',
      {},
      { ...job, ClusterId: 0 },
      { ...job, JobStatus: '4' },
      { ...job, Owner: undefined },
    ])
      assert.deepEqual(list(odd, job), [false, running])
  })
  it('proves nothing about a job of which it tells two things', () => {
    const over = { ...job, JobStatus: 4, ExitCode: 0 }
    assert.deepEqual(list(over), [true, ['7.0', 'ended', undefined, 'completed']], 'positive control')
    for (const two of [
      [job, over],
      [over, job],
    ])
      assert.deepEqual(list(...two), [false, ['7.0', 'unknown', undefined, undefined]])
    assert.deepEqual(list(job, job), [false, running])
  })
  it('ends no job that only has the number of an end', () => {
    for (const odd of [
      { ...job, JobStatus: 4 },
      { ...job, JobStatus: 4, ExitCode: 0, HoldReason: 'x' },
      { ...job, JobStatus: 4, ExitCode: 0, ExitBySignal: true },
    ])
      assert.deepEqual(list(odd), [true, ['7.0', 'unknown', undefined, undefined]], JSON.stringify(odd))
  })
  it('of jobs that are over holds none that lives', () => {
    const found = (status: number) =>
      parseHistory(said(JSON.stringify([{ ...job, JobStatus: status, ExitCode: 0 }]))).size
    assert.deepEqual([1, 2, 3, 4, 5, 6, 7].map(found), [0, 0, 1, 1, 0, 0, 0])
  })
})
