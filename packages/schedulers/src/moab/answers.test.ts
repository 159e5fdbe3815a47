/** What Moab answers, in the layout of its manuals and of published outputs. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobStatus, type Output, type SchedulerError, toJobId } from '../driver.ts'
import { refusal } from '../testing-refusal.ts'
import { parseCancel } from './parse-cancel.ts'
import { parseHistory, parseList } from './parse-jobs.ts'
import { parseSubmit } from './parse-submit.ts'

const said = (stdout: string, stderr = '', exitCode = 0): Output => ({ stdout, stderr, exitCode })

const running = {
  AWDuration: '3410',
  Account: 'astro',
  Class: 'batch',
  DRMJID: '55.master19',
  EState: 'Running',
  GJID: 'Moab.55',
  JobID: 'Moab.55',
  JobName: 'bw-01jk2m3n',
  ReqAWDuration: '14400',
  StartCount: '3',
  StartTime: '1456830104',
  State: 'Running',
  SubmissionTime: '1456830004',
  SuspendDuration: '0',
  User: 'alice',
}
type Values = Readonly<Record<string, string>>
const req = '<req AllocNodeList="node2535.golett:24,node2536.golett:24" ReqNodeMem="&gt;=0"/><tx/>'
const element = (change: Values = {}, inner = req): string => {
  const attributes = Object.entries({ ...running, ...change }).map(([name, value]) => ` ${name}="${value}"`)
  return `<job${attributes.join('')}>${inner}</job>`
}
const list = (...jobs: readonly string[]) => parseList(said(`<Data>${jobs.join('\n')}</Data>\n`))
const one = (change: Values, inner?: string): JobStatus => {
  const { complete, jobs } = list(element(change, inner))
  assert.equal(complete, true)
  assert.equal(jobs.length, 1)
  return jobs[0] as JobStatus
}

describe('a job of Moab', () => {
  it('runs on the first of its nodes, until its walltime is over', () => {
    assert.deepEqual(one({}), {
      id: 'Moab.55',
      name: 'bw-01jk2m3n',
      owner: 'alice',
      phase: 'running',
      rawState: 'Running',
      restarts: 0,
      partition: 'batch',
      submittedAt: 1_456_830_004_000,
      startedAt: 1_456_830_104_000,
      host: 'node2535.golett',
      endsAt: 1_456_844_504_000,
    })
    assert.equal(one({ SuspendDuration: '600' }).endsAt, 1_456_845_104_000)
  })
  const states: readonly (readonly [state: string, phase: JobStatus['phase']])[] = [
    ['Idle', 'pending'],
    ['Blocked', 'pending'],
    ['Deferred', 'pending'],
    ['Migrated', 'pending'],
    ['Staging', 'pending'],
    ['Starting', 'pending'],
    ['BatchHold', 'held'],
    ['UserHold', 'held'],
    ['SystemHold', 'held'],
    ['Running', 'running'],
    ['Suspended', 'paused'],
    ['Completed', 'ended'],
    ['Removed', 'ended'],
    ['Vacated', 'ended'],
    ['Unknown', 'unknown'],
    ['Lost', 'unknown'],
    ['Newer', 'unknown'],
  ]
  for (const [State, phase] of states)
    it(`is ${phase} while it is ${State}, whatever is expected of it`, () => {
      const job = one({ State, EState: 'Running' })
      assert.equal(job.phase, phase)
      assert.equal(job.end !== undefined, phase === 'ended')
      assert.equal(job.host !== undefined, phase === 'running' || phase === 'paused')
      assert.equal(job.wait !== undefined, phase === 'pending' || phase === 'held')
    })
  it('is held by a hold, though it is called idle; one that runs is not', () => {
    const job = one({ State: 'Idle', Hold: 'Batch', StartTime: '0' }, '<req/>')
    assert.deepEqual([job.phase, job.wait, job.rawState], ['held', 'held', 'Idle, held by Batch'])
    assert.equal(one({ Hold: 'Batch' }).phase, 'running')
  })
  const waits: readonly (readonly [reason: string, sentence: string, wait: JobStatus['wait']])[] = [
    [
      'IdlePolicy:job 7 violates idle HARD MAXIPROC limit of 3528 for user alice  partition ALL (Req: 480  InUse: 3192)',
      'IdlePolicy: job 7 violates idle HARD MAXIPROC limit of 3528 for user alice partition ALL (Req: 480 InUse: 3192)',
      'user-limit',
    ],
    [
      'ActivePolicy:job 7 violates active HARD MAXPROC limit of 100 for acct astro  (R: 10, U: 95)',
      'ActivePolicy: job 7 violates active HARD MAXPROC limit of 100 for acct astro (R: 10, U: 95)',
      'group-limit',
    ],
    ['ActivePolicy', 'ActivePolicy', 'normal'],
    ['job can never run: no such feature', 'job can never run: no such feature', 'never'],
  ]
  for (const [BlockReason, sentence, wait] of waits)
    it(`waits: ${sentence}`, () => {
      const job = one({ State: 'Idle', BlockReason, StartTime: '0', RsvStartTime: '1456840000' }, '<req/>')
      assert.deepEqual([job.reason, job.wait, job.estimatedStartAt], [sentence, wait, 1_456_840_000_000])
    })
  it('waits for what the last message about it says, where no policy blocks it', () => {
    const messages =
      '<req/><Messages><message DATA="first" index="0"/><message DATA="cannot start job - RM failure, msg: &apos;x&apos;" TYPE="hold"/></Messages>'
    assert.equal(one({ State: 'Deferred' }, messages).reason, "cannot start job - RM failure, msg: 'x'")
  })
  it('of an array has its index in its id; the array itself is none', () => {
    const parent = element({ JobID: '70', RM: 'internal' }, '<ArrayInfo Count="2"><child Name="70[1]"/></ArrayInfo>')
    const { complete, jobs } = list(parent, element({ JobID: '70[1]' }))
    assert.deepEqual([complete, jobs.map(({ id }) => id)], [true, ['70[1]']])
  })
})

describe('the history of a job of Moab', () => {
  const showq = (...jobs: readonly string[]) =>
    parseHistory(
      said(`<Data><Object>queue</Object><cluster/><queue count="1" option="completed">${jobs.join('')}</queue></Data>`),
    )
  const ends: readonly (readonly [values: Values, end: object])[] = [
    [{ CompletionCode: '0' }, { kind: 'completed', exitCode: 0 }],
    [{ CompletionCode: '7' }, { kind: 'failed', exitCode: 7, words: 'Completed, completion code 7' }],
    [{ CompletionCode: '265' }, { kind: 'failed', signal: 9 }],
    [{ CompletionCode: '271', AWDuration: '14402' }, { kind: 'walltime' }],
    [{ CompletionCode: 'CNCLD' }, { kind: 'cancelled' }],
    [{ CompletionCode: 'CNCLD(271)' }, { kind: 'cancelled' }],
    [{ CompletionCode: 'CNCLD(271)', AWDuration: '14400' }, { kind: 'walltime' }],
    [{ CompletionCode: '-11' }, { kind: 'walltime' }],
    [{ CompletionCode: '-10' }, { kind: 'out-of-memory' }],
    [{ CompletionCode: '-3' }, { kind: 'launch-failed' }],
    [
      { State: 'Removed', StartTime: '0' },
      { kind: 'cancelled', startedAt: undefined },
    ],
    [{ State: 'Vacated' }, { kind: 'cancelled' }],
    [{}, { kind: 'unknown', words: 'Completed' }],
    [
      { CompletionCode: '1', CompletionTime: '1456833514', MasterHost: 'n7' },
      { endedAt: 1_456_833_514_000, startedAt: 1_456_830_104_000, host: 'n7' },
    ],
  ]
  for (const [values, end] of ends)
    it(`tells how it ended: ${JSON.stringify(values)}`, () => {
      const job = showq(element({ State: 'Completed', ...values }, '')).get(toJobId('Moab.55'))
      assert.equal(job?.phase, 'ended')
      for (const [key, value] of Object.entries(end)) assert.equal(Reflect.get(job?.end ?? {}, key), value, key)
    })
  it('tells nothing of a job that stands there twice, or that goes on', () => {
    const done = element({ State: 'Completed', CompletionCode: '0' }, '')
    assert.equal(showq(done, element({ State: 'Completed', CompletionCode: '1' }, '')).size, 0)
    assert.equal(showq(element()).size, 0)
  })
})

describe('answers of Moab', () => {
  it('without any job are whole', () => {
    for (const text of ['<Data></Data>', '<?xml version="1.0"?>\n<Data/>\n'])
      assert.deepEqual(parseList(said(text)), { complete: true, jobs: [] })
  })
  it('of a server that is not there prove nothing', () => {
    const silent = "ERROR:    cannot connect to server on 'master:42559'\n"
    assert.throws(() => parseList(said('', silent, 1)), refusal('unavailable', /^cannot connect/))
    assert.throws(() => parseList(said('<Data></Data>', silent)), refusal('unavailable', /connect/))
    assert.throws(
      () => parseHistory(said('', 'ERROR:    client timed out after 30 seconds\n', 1)),
      refusal('unavailable', /timed out/),
    )
    assert.throws(() => parseList(said('', '', 1)), refusal('unavailable', /mdiag ended with exit code 1/))
    assert.throws(
      () => parseList(said('<Data/>', "ERROR:    user 'hub' is not authorized\n")),
      refusal('unavailable', /auth/),
    )
  })
  it('that are none are unreadable', () => {
    for (const text of ['', 'hello', '<html></html>', '<Dat></Dat>'])
      assert.throws(() => parseList(said(text)), refusal('unreadable', /./), text)
    assert.throws(() => parseHistory(said('<Data>')), refusal('unreadable', /./))
  })
  const submits: readonly (readonly [output: Output, kind: SchedulerError['kind'], words: RegExp])[] = [
    [said('', "\nERROR:    job rejected: class 'x' does not exist\n", 1), 'refused', /^job rejected: class 'x'/],
    [said('', '\nERROR:    lost connection to server\n', 1), 'ambiguous', /lost connection/],
    [said('\nsubmitted\n'), 'ambiguous', /submitted/],
    [said('', '', 3), 'refused', /exit code 3/],
  ]
  for (const [output, kind, words] of submits)
    it(`to a submit are ${kind}: ${words}`, () => assert.throws(() => parseSubmit(output), refusal(kind, words)))
  it('to a submit that was taken name its job, behind an empty line', () => {
    const ids = ['\nMoab.123\n', '\n4711\n', '4711.master19.golett\n', 'Hello, you!\n\nMoab.5\n']
    assert.deepEqual(
      ids.map((text) => parseSubmit(said(text))),
      ['Moab.123', '4711', '4711.master19.golett', 'Moab.5'],
    )
  })
  it('to cancels', () => {
    assert.equal(parseCancel(said("\njob 'Moab.5' cancelled\n\n")), true)
    assert.equal(parseCancel(said('', 'ERROR:  invalid job specified (99)\n', 1)), false)
    assert.throws(
      () => parseCancel(said('', "ERROR:    user 'bob' is not authorized to cancel job 'Moab.5'\n", 1)),
      refusal('refused', /not authorized/),
    )
    assert.throws(
      () => parseCancel(said('', "ERROR:    cannot connect to server on 'master:42559'\n", 1)),
      refusal('ambiguous', /connect/),
    )
  })
})
