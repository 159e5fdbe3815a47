/** What LSF answers, in the layout of its manuals and of published outputs (10.1). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobStatus, type Output, type SchedulerError, toJobId } from '../driver.ts'
import { refusal } from '../testing-refusal.ts'
import { parseCancel } from './parse-cancel.ts'
import { parseHistory } from './parse-history.ts'
import { parseList } from './parse-list.ts'
import { parseSubmit } from './parse-submit.ts'
import { printRecords } from './testing-emulator/bjobs.ts'

const said = (stdout: string, stderr = '', exitCode = 0): Output => ({ stdout, stderr, exitCode })

const running = {
  JOBID: '8101',
  JOBINDEX: '0',
  STAT: 'RUN',
  USER: 'alice',
  QUEUE: 'normal',
  JOB_NAME: 'bw-01jk2m3n',
  EXEC_HOST: '4*c012:8*c013',
  SUBMIT_TIME: 'Nov 22 09:37 2026',
  START_TIME: 'Nov 22 09:38 2026',
  FINISH_TIME: 'Nov 22 10:38 2026 L',
  PEND_REASON: '',
  EXIT_CODE: '',
  EXIT_REASON: '',
  MAX_MEM: '126 Mbytes',
}
type Cells = Partial<Record<keyof typeof running, string>>
const record = (change: Cells = {}): Cells => ({ ...running, ...change })
const list = (...records: readonly object[]) => parseList(said(printRecords(records)))
const one = (change: Cells): JobStatus => {
  const { complete, jobs } = list(record(change))
  assert.equal(complete, true)
  assert.equal(jobs.length, 1)
  return jobs[0] as JobStatus
}
const at = (time: string): number => Date.parse(`2026-11-22T${time}:00Z`)

describe('a job of LSF', () => {
  it('runs on the first of its hosts, until its time is over', () => {
    assert.deepEqual(one({}), {
      id: '8101',
      name: 'bw-01jk2m3n',
      owner: 'alice',
      phase: 'running',
      rawState: 'RUN',
      restarts: 0,
      partition: 'normal',
      submittedAt: at('09:37'),
      startedAt: at('09:38'),
      host: 'c012',
      endsAt: at('10:38'),
    })
  })
  const states: readonly (readonly [stat: string, phase: JobStatus['phase']])[] = [
    ['PEND', 'pending'],
    ['WAIT', 'pending'],
    ['PROV', 'pending'],
    ['PSUSP', 'held'],
    ['RUN', 'running'],
    ['USUSP', 'paused'],
    ['SSUSP', 'paused'],
    ['ZOMBI', 'ending'],
    ['DONE', 'ended'],
    ['EXIT', 'ended'],
    ['UNKWN', 'unknown'],
    ['NEWER', 'unknown'],
  ]
  for (const [STAT, phase] of states)
    it(`is ${phase} while it is ${STAT}`, () => {
      const job = one({ STAT })
      assert.equal(job.phase, phase)
      assert.equal(job.end !== undefined, phase === 'ended')
      assert.equal(job.host !== undefined, ['running', 'paused', 'ending'].includes(phase))
      assert.equal(job.wait !== undefined, phase === 'pending' || phase === 'held')
    })
  const waits: readonly (readonly [reason: string, sentence: string, wait: JobStatus['wait']])[] = [
    ['New job is waiting for scheduling;', 'New job is waiting for scheduling', 'normal'],
    [
      "Job's resource requirements not satisfied: 3 hosts;Closed by LSF administrator: 1 host;",
      "Job's resource requirements not satisfied: 3 hosts; Closed by LSF administrator: 1 host",
      'normal',
    ],
    ['The user has reached his/her job slot limit;', 'The user has reached his/her job slot limit', 'user-limit'],
    ['The user group has reached its job slot limit;', 'The user group has reached its job slot limit', 'group-limit'],
    ['The queue has reached its job slot limit;', 'The queue has reached its job slot limit', 'group-limit'],
    [
      'The per-user job slot limit of the queue is reached;',
      'The per-user job slot limit of the queue is reached',
      'user-limit',
    ],
    ['Dependency condition invalid or never satisfied;', 'Dependency condition invalid or never satisfied', 'never'],
  ]
  for (const [reason, sentence, wait] of waits)
    it(`waits: ${sentence}`, () => {
      const job = one({ STAT: 'PEND', PEND_REASON: reason, EXEC_HOST: '', START_TIME: '' })
      assert.deepEqual([job.reason, job.wait, job.host], [sentence, wait, undefined])
    })
  const ends: readonly (readonly [cells: Cells, end: object])[] = [
    [{ STAT: 'DONE' }, { kind: 'completed', exitCode: 0, maxMemoryMiB: 126 }],
    [{ EXIT_CODE: '7' }, { kind: 'failed', exitCode: 7, words: 'EXIT, exit code 7' }],
    [{ EXIT_CODE: '127' }, { kind: 'failed', exitCode: 127 }],
    [{ EXIT_CODE: '137' }, { kind: 'failed', signal: 9, exitCode: undefined }],
    [{ EXIT_CODE: '255' }, { kind: 'failed', exitCode: 255 }],
    [{ EXIT_CODE: '' }, { kind: 'unknown' }],
    [
      { EXIT_CODE: '130', EXIT_REASON: 'TERM_OWNER: job killed by owner.' },
      { kind: 'cancelled', words: 'TERM_OWNER: job killed by owner.' },
    ],
    [{ EXIT_REASON: 'TERM_ADMIN: job killed by root or LSF administrator.' }, { kind: 'cancelled' }],
    [{ EXIT_REASON: 'TERM_FORCE_ADMIN: job killed.' }, { kind: 'cancelled' }],
    [
      { EXIT_CODE: '140', EXIT_REASON: 'TERM_RUNLIMIT: job killed after reaching LSF run time limit.' },
      { kind: 'walltime', endedAt: at('10:38'), startedAt: at('09:38'), host: 'c012' },
    ],
    [
      { EXIT_CODE: '130', EXIT_REASON: 'TERM_MEMLIMIT: job killed after reaching LSF memory usage limit.' },
      { kind: 'out-of-memory' },
    ],
    [{ EXIT_REASON: 'TERM_SWAP: job killed.' }, { kind: 'out-of-memory' }],
    [{ EXIT_REASON: 'TERM_PREEMPT: job killed after preemption.' }, { kind: 'preempted' }],
    [{ EXIT_REASON: 'TERM_ZOMBIE: job exited while LSF is not available.' }, { kind: 'node-failure' }],
    [{ EXIT_REASON: 'TERM_REMOVE_HUNG_JOB: job removed.' }, { kind: 'node-failure' }],
    [{ EXIT_REASON: 'TERM_CWD_NOTEXIST: no directory.' }, { kind: 'launch-failed' }],
    [{ EXIT_REASON: 'TERM_PRE_EXEC_FAIL: pre-execution.' }, { kind: 'not-prepared' }],
    [
      { EXIT_CODE: '9', EXIT_REASON: 'TERM_SOMETHING_NEW: why.' },
      { kind: 'failed', exitCode: 9 },
    ],
  ]
  for (const [cells, end] of ends)
    it(`has ended: ${JSON.stringify(cells)}`, () => {
      const job = one({ STAT: 'EXIT', ...cells })
      for (const [key, value] of Object.entries(end)) assert.equal(Reflect.get(job.end ?? {}, key), value, key)
    })
  it('that is an element of an array has its index in its id', () => {
    assert.equal(one({ JOBINDEX: '2', JOB_NAME: 'many[2]' }).id, '8101[2]')
    assert.equal(one({ JOBID: '8101[2]', JOBINDEX: '2' }).id, '8101[2]')
  })
  it('that was put back into the queue waits again, under its id', () => {
    const job = one({ STAT: 'PEND', EXEC_HOST: '-', START_TIME: '-', EXIT_CODE: '-', PEND_REASON: 'Job was requeued;' })
    assert.deepEqual([job.id, job.phase, job.reason], ['8101', 'pending', 'Job was requeued'])
  })
})

describe('answers of LSF', () => {
  it('without any job are whole', () => {
    const document = '{\n  "COMMAND":"bjobs",\n  "JOBS":0,\n  "RECORDS":[\n  ]\n}\n'
    for (const output of [said(document), said('', 'No job found\n', 255), said('No unfinished job found\n')])
      assert.deepEqual(parseList(output), { complete: true, jobs: [] })
  })
  it('of a master that is not there prove nothing', () => {
    const silent = 'LSF daemon not responding ... still trying\n'
    assert.throws(() => parseList(said('', silent, 255)), refusal('unavailable', /still trying/))
    assert.throws(() => parseList(said(printRecords([]), silent)), refusal('unavailable', /still trying/))
    assert.throws(
      () => parseHistory(said('', 'Cannot connect to LSF. Please wait ...', 255)),
      refusal('unavailable', /./),
    )
    assert.throws(() => parseList(said('', '', 124)), refusal('unavailable', /124/))
  })
  it('with another number of records than they say believe nobody’s end', () => {
    const text = printRecords([record({ STAT: 'EXIT', EXIT_CODE: '1' })]).replace('"JOBS":1', '"JOBS":2')
    const { complete, jobs } = parseList(said(text))
    assert.deepEqual([complete, jobs[0]?.phase, jobs[0]?.end], [false, 'unknown', undefined])
  })
  it('with two records of one job say nothing about it', () => {
    const { complete, jobs } = list(record(), record({ STAT: 'DONE' }), record({ JOBID: '8102' }))
    assert.equal(complete, false)
    assert.deepEqual(
      jobs.map(({ id, phase }) => [id, phase]),
      [
        ['8101', 'unknown'],
        ['8102', 'running'],
      ],
    )
  })
  it('about a job that is not found have no record of it', () => {
    const { complete, jobs } = list(record(), { JOBID: '9', ERROR: 'Job <9> is not found' })
    assert.deepEqual([complete, jobs.length], [false, 1])
  })
  const submits: readonly (readonly [output: Output, kind: SchedulerError['kind'], words: RegExp])[] = [
    [said('', 'nosuch: No such queue. Job not submitted.\n', 255), 'refused', /^nosuch: No such queue/],
    [
      said('', 'Batch daemon not responding ... still trying\nUser permission denied. Job not submitted.\n', 255),
      'refused',
      /permission denied/,
    ],
    [said('', 'Cannot connect to LSF. Please wait ...\n', 255), 'ambiguous', /Please wait/],
    [said('Welcome\n'), 'ambiguous', /Welcome/],
    [said('', '', 1), 'refused', /exit code 1/],
  ]
  for (const [output, kind, words] of submits)
    it(`to a submit are ${kind}: ${words}`, () => assert.throws(() => parseSubmit(output), refusal(kind, words)))
  it('to a submit that was taken name its job', () => {
    assert.equal(parseSubmit(said('Job <1815> is submitted to default queue <normal>.\n')), '1815')
    const chatty = 'Hello\nJob <1> is mine\nJob <1815> is submitted to queue <x>.\nBye\n'
    assert.equal(parseSubmit(said(chatty)), '1815')
  })
  it('to cancels', () => {
    assert.equal(parseCancel(said('Job <1> is being terminated\n')), true)
    assert.equal(parseCancel(said('', 'Job <1>: No matching job found\n', 255)), false)
    assert.equal(parseCancel(said('', 'Job <1>: Job has already finished\n', 255)), false)
    assert.throws(
      () => parseCancel(said('', 'Job <1>: User permission denied\n', 255)),
      refusal('refused', /permission denied/),
    )
    assert.throws(
      () => parseCancel(said('', 'Cannot connect to LSF. Please wait ...\n', 255)),
      refusal('ambiguous', /connect/),
    )
  })
})

describe('the history of a job of LSF', () => {
  const rule = `${'-'.repeat(78)}\n`
  const block = (id: string, events: readonly string[], name = 'bw-1'): string =>
    `Job <${id}>, Job Name <${name}>, User <alice>, Project <default>, Command <#!/bin/sh;true>
Sun Nov 22 09:37:23 2026: Submitted from host <login1>, to Queue <normal>, CWD <$HOME>;
${events.map((event) => `Sun Nov 22 09:38:00 2026: ${event}`).join('\n')}

Summary of time in seconds spent in various states by  Sun Nov 22 09:39:00 2026
  PEND     PSUSP    RUN      USUSP    SSUSP    UNKWN    TOTAL
  0        0        5        0        0        0        5
`
  const begun = [
    'Dispatched 1 Task(s) on Host(s) <c012>, Allocated 1 Slot(s) on Host(s) <c012>;',
    'Starting (Pid 8910);',
  ]
  const endOf = (...blocks: readonly string[]) => parseHistory(said(blocks.join(rule))).get(toJobId('7'))?.end
  it('tells how it ended, where and when', () => {
    const events = [...begun, 'Exited with exit code 7. The CPU time used is 0.0 seconds;', 'Completed <exit>;']
    const job = parseHistory(said(block('7', events))).get(toJobId('7'))
    assert.deepEqual([job?.name, job?.owner, job?.partition, job?.phase], ['bw-1', 'alice', 'normal', 'ended'])
    const time = Date.parse('2026-11-22T09:38:00Z')
    assert.deepEqual(job?.end, {
      kind: 'failed',
      exitCode: 7,
      words: 'EXIT, exit code 7',
      startedAt: time,
      endedAt: time,
      host: 'c012',
    })
  })
  const ends: readonly (readonly [events: readonly string[], kind: string | undefined])[] = [
    [[...begun, 'Done successfully. The CPU time used is 0.1 seconds;'], 'completed'],
    [['Completed <exit>; TERM_OWNER: job killed by owner;'], 'cancelled'],
    [[...begun, 'Exited by signal 9. The CPU time used is 0 seconds;', 'Completed <exit>;'], 'failed'],
    [[...begun, 'Completed <exit>; TERM_RUNLIMIT: job killed after reaching LSF run time limit;'], 'walltime'],
    [begun, undefined],
    [[...begun, 'Exited with exit code 1;', ...begun], undefined],
    [[...begun, 'Exited with exit code 1;', 'Requeued job is waiting for rescheduling;'], undefined],
    [['Some event of a newer release;'], undefined],
  ]
  for (const [events, kind] of ends)
    it(`${kind ?? 'no end'}: ${events.at(-1)}`, () => assert.equal(endOf(block('7', events))?.kind, kind))
  it('may be folded, as older releases print it', () => {
    const folded = block('7', [...begun, 'Completed <exit>; TERM_OWNER: job killed by\n                     owner;'])
    assert.equal(endOf(folded)?.words, 'TERM_OWNER: job killed by owner')
  })
  it('that is damaged anywhere never ends a job that went back into the queue, nor one that runs', () => {
    const requeued = block('7', [...begun, 'Exited with exit code 1;', 'Requeued job is waiting for rescheduling;'])
    const again = block('7', [...begun, 'Exited with exit code 1;', ...begun])
    for (const text of [requeued, again])
      for (let place = 0; place < text.length; place += 1) {
        assert.equal(endOf(text.slice(0, place)), undefined, `cut at ${place}`)
        for (let bit = 0; bit < 7; bit += 1) {
          const changed = String.fromCharCode(text.charCodeAt(place) ^ (1 << bit))
          const told = endOf(text.slice(0, place) + changed + text.slice(place + 1))
          assert.equal(told, undefined, `bit ${bit} at ${place}`)
        }
      }
  })
  it('may tell limits between its events', () => {
    const text = block('7', [...begun, 'Completed <exit>; TERM_OWNER: job killed by owner;'])
    const limits = text.replace(/^(.*Starting.*\n)/m, '$1\n RUNLIMIT\n 2.0 min of c012\n')
    assert.notEqual(limits, text)
    assert.equal(endOf(limits)?.kind, 'cancelled')
  })
  it('that stands there twice is not believed', () => {
    const done = block('7', [...begun, 'Done successfully. The CPU time used is 0 seconds;'])
    assert.equal(endOf(done, block('8', begun))?.kind, 'completed')
    assert.equal(endOf(done, block('7', begun)), undefined)
  })
  it('of jobs that are not known is empty', () =>
    assert.equal(parseHistory(said('', 'No matching job found\n', 255)).size, 0))
})
