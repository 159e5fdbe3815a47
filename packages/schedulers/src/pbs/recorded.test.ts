/** What OpenPBS 23.06.06 printed (`testdata/`: the call, its exit status, then both outputs). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { type JobStatus, type Output, SchedulerError, toJobId } from '../driver.ts'
import { refusal } from '../testing-refusal.ts'
import { isNoAnswer, wordsOf } from './answer.ts'
import { parseCancel } from './parse-cancel.ts'
import { parseHistory, parseList } from './parse-jobs.ts'
import { parseSubmit } from './parse-submit.ts'
import { readComment, readEnd, readState } from './states.ts'

function recorded(file: string): Output {
  const text = readFileSync(new URL(`./testdata/${file}.txt`, import.meta.url), 'utf8')
  const [, exit, stdout = '', stderr = ''] =
    /^# exit: (\d+)\n# --- stdout\n([\s\S]*?)# --- stderr\n([\s\S]*)$/m.exec(text) ?? []
  return { exitCode: Number(exit), stdout, stderr }
}

const one = (file: string): JobStatus => {
  const { complete, jobs } = parseList(recorded(file))
  assert.equal(complete, true)
  assert.equal(jobs.length, 1)
  return jobs[0] as JobStatus
}
const at = (time: string): number => Date.parse(`2026-11-22T${time}Z`)

describe('a job of OpenPBS', () => {
  it('runs on its node, until its walltime is over', () => {
    assert.deepEqual(one('qstat-F-json-running'), {
      id: '1.pbs1',
      name: 'bw-01jk2m3n',
      owner: 'alice',
      phase: 'running',
      rawState: 'R',
      restarts: 0,
      partition: 'workq',
      submittedAt: at('09:37:23'),
      startedAt: at('09:37:23'),
      host: 'pbs1',
      endsAt: at('09:39:23'),
    })
  })
  const phases: readonly (readonly [file: string, expected: Partial<JobStatus>])[] = [
    ['qstat-f-held', { phase: 'held', wait: 'held' }],
    ['qstat-f-waiting', { phase: 'pending', wait: 'normal' }],
    ['qstat-f-suspended', { phase: 'paused', host: 'pbs1' }],
    [
      'qstat-f-neverruns',
      {
        phase: 'pending',
        wait: 'never',
        reason: 'Can Never Run: Insufficient amount of resource: ncpus (R: 64 A: 8 T: 8)',
      },
    ],
  ]
  for (const [file, expected] of phases)
    it(`is ${expected.phase}: ${file}`, () => {
      const job = one(file)
      for (const [key, value] of Object.entries(expected)) assert.equal(Reflect.get(job, key), value, key)
      assert.equal(job.end, undefined)
    })

  const ends: Readonly<Record<string, object>> = {
    '0.pbs1': { kind: 'completed', exitCode: 0, maxMemoryMiB: 5 },
    '1.pbs1': { kind: 'cancelled', by: 'alice', maxMemoryMiB: 6 },
    '10.pbs1': { kind: 'walltime' },
    '11.pbs1': { kind: 'failed', exitCode: 127 },
  }
  const history = parseHistory(recorded('qstat-fx-json-ended'))
  for (const [id, expected] of Object.entries(ends))
    it(`has ended: ${JSON.stringify(expected)}`, () => {
      const job = history.get(toJobId(id))
      assert.equal(job?.phase, 'ended')
      for (const [key, value] of Object.entries(expected)) assert.equal(Reflect.get(job?.end ?? {}, key), value, key)
      assert.ok((job?.end?.endedAt ?? 0) > at('09:37:00'))
    })
  it('has not ended while the history shows it alive', () => {
    for (const id of ['2.pbs1', '3.pbs1', '4.pbs1', '5.pbs1']) assert.equal(history.has(toJobId(id)), false, id)
  })
  it('may be an array, whose brackets belong to its id', () => {
    const ids = parseList(recorded('qstat-f-array')).jobs.map(({ id }) => id)
    assert.ok(ids.includes(toJobId('7[].pbs1')))
  })
})

describe('answers of OpenPBS', () => {
  it('without a server: a whole document that proves nothing', () => {
    assert.throws(() => parseList(recorded('qstat-server-down')), refusal('unavailable', /cannot connect to server/))
    assert.throws(() => parseHistory(recorded('qstat-server-down')), refusal('unavailable', /cannot connect/))
  })
  it('from a server that hangs', () => {
    assert.throws(() => parseList(recorded('qstat-server-hung')), refusal('unavailable', /124/))
  })
  it('about an id that is known and one that is not', () => {
    const known = recorded('qstat-unknown-and-known')
    assert.deepEqual([...parseHistory(known).keys()], []) // it runs
    const ended = { ...known, stdout: recorded('qstat-fx-json-ended').stdout }
    assert.equal(parseHistory(ended).get(toJobId('11.pbs1'))?.end?.kind, 'failed')
    assert.equal(parseHistory(recorded('qstat-unknown')).size, 0)
  })
  const submits: readonly (readonly [file: string, kind: SchedulerError['kind'], words: RegExp])[] = [
    ['qsub-badqueue', 'refused', /^Unknown queue$/],
    ['qsub-badresource', 'refused', /^Unknown resource: nosuch$/],
    ['qsub-badwalltime', 'refused', /^Illegal attribute or resource value Resource_List.walltime$/],
    ['qsub-special', 'refused', /^illegal -N value$/],
    ['qsub-nofile', 'refused', /No such file/],
    ['qsub-server-down', 'ambiguous', /cannot connect to server/],
  ]
  for (const [file, kind, words] of submits)
    it(`to a submit that fails: ${file}`, () => assert.throws(() => parseSubmit(recorded(file)), refusal(kind, words)))
  it('to submits that are taken', () => {
    assert.equal(parseSubmit(recorded('qsub-ok')), '1.pbs1')
    assert.equal(parseSubmit(recorded('qsub-array')), '7[].pbs1')
    const chatty = { exitCode: 0, stdout: 'Welcome!\n12.pbs1\nhave fun\n', stderr: '' }
    assert.equal(parseSubmit(chatty), '12.pbs1')
    assert.throws(() => parseSubmit({ exitCode: 0, stdout: 'queued\n', stderr: '' }), refusal('ambiguous', /queued/))
  })
  it('to cancels', () => {
    assert.equal(parseCancel(recorded('qdel-running')), true)
    assert.equal(parseCancel(recorded('qdel-unknown')), false)
    assert.throws(
      () => parseCancel(recorded('qdel-other-user')),
      refusal('refused', /^Unauthorized Request {2}2.pbs1$/),
    )
    assert.throws(() => parseCancel(recorded('qsub-server-down')), refusal('ambiguous', /cannot connect/))
  })
})

describe('a damaged list', () => {
  const { stdout } = recorded('qstat-fx-json-ended')
  const list = (text: string) => parseList({ exitCode: 0, stdout: text, stderr: '' })
  const whole = list(stdout)
  /** None where it can see that this is no list. */
  const listed = (text: string): readonly JobStatus[] => {
    try {
      return list(text).jobs
    } catch (error) {
      if (error instanceof SchedulerError && error.kind === 'unreadable') return []
      throw error
    }
  }
  const alive = whole.jobs.filter(({ phase }) => phase !== 'ended').map(({ id }) => id)

  it('that is cut off anywhere is not complete, and ends nobody who lives', () => {
    assert.equal(whole.complete, true)
    for (let length = 30; length < stdout.length - 2; length += 97) {
      const { complete, jobs } = list(stdout.slice(0, length))
      assert.equal(complete, false, String(length))
      for (const job of jobs) assert.notEqual(job.phase, 'ended')
    }
  })
  it('in which somebody’s variable holds the record of another job is believed about nobody’s end', () => {
    const [, forged = ''] = /^(\t\t"11\.pbs1":[\s\S]*?^\t\t\}),?$/m.exec(stdout) ?? []
    assert.ok(forged.includes('"Exit_status":\t127'))
    // As a PBS that does not escape line feeds would print `qsub -v X=<record>`.
    const text = stdout.replace('"PBS_O_LANG":\t"C.UTF-8"', `"X":\t"\n${forged.replace('11.pbs1', '5.pbs1')},\n"`)
    const { complete, jobs } = list(text)
    assert.equal(complete, false)
    for (const job of jobs) assert.notEqual(job.phase, 'ended')
    assert.ok(jobs.some(({ id, phase }) => id === '5.pbs1' && phase === 'unknown'))
  })
  it('in which every byte in turn is another ends nobody who lives, as long as their records are whole', () => {
    for (let place = 3; place < stdout.length; place += 211) {
      const text = `${stdout.slice(0, place)}\u0001${stdout.slice(place + 1)}`
      for (const job of listed(text))
        if (alive.includes(job.id)) assert.notEqual(job.phase, 'ended', `${job.id} with a change at ${place}`)
    }
  })
  it('that is none at all is unreadable', () => {
    for (const text of ['', 'qstat: hello', '{}', '[]', 'null', '<html>'])
      assert.throws(() => list(text), refusal('unreadable', /./), text)
  })
})

describe('a state of PBS', () => {
  for (const [phase, words] of [
    ['pending', 'Q T W'],
    ['held', 'H'],
    ['running', 'R B'],
    ['paused', 'S U'],
    ['ending', 'E'],
    ['ended', 'F X'],
    ['unknown', 'M C f Ended constructor'],
  ] as const)
    it(`is ${phase}: ${words}`, () => {
      for (const word of words.split(' ')) assert.equal(readState(word), phase, word)
    })

  // job.h, JOB_EXEC_*, and the statuses of a script.
  for (const [kind, statuses] of [
    ['completed', [0]],
    ['launch-failed', [-1, -2, -3]],
    ['node-failure', [-4, -5, -6, -7]],
    ['out-of-memory', [-26, -27]],
    ['walltime', [-28, -29]],
    ['failed', [1, 255, 256, 257, 271, 320, 321, -8]],
  ] as const)
    it(`is ${kind} for ${statuses.join(', ')}`, () => {
      for (const status of statuses) assert.equal(readEnd(status, '').kind, kind, String(status))
    })
  it('tells a signal between 256 and 320, and else an exit code', () => {
    assert.deepEqual(
      [257, 320].map((exit) => readEnd(exit, '').signal),
      [1, 64],
    )
    assert.deepEqual(
      [256, 321, 7].map((exit) => readEnd(exit, '').exitCode),
      [0, 65, 7],
    )
  })
  it('tells who ended a job, if somebody did', () => {
    assert.deepEqual(readEnd(271, 'Job run and terminated by alice@login1'), { kind: 'cancelled', by: 'alice' })
    assert.deepEqual(readEnd(0, 'it was not terminated by anyone, it says'), { kind: 'completed', exitCode: 0 })
    for (const [comment, kind] of [
      ['Job deleted before it ran', 'cancelled'],
      ['terminated', 'cancelled'],
      ['', 'unknown'],
    ] as const)
      assert.deepEqual(readEnd(null, comment), { kind }, comment)
  })

  for (const [comment, wait] of [
    ['Can Never Run: Insufficient amount of resource', 'never'],
    ['Not Running: Can Never Run', 'normal'],
    ['Job held by alice', 'held'],
    ['on hold', 'held'],
    ['would exceed the group limit', 'group-limit'],
    ['would exceed the project run limit', 'group-limit'],
    ['would exceed queue workq per-user limit', 'group-limit'],
    ['group has reached its limit', 'group-limit'],
    ['project has reached its limit', 'group-limit'],
    ['Not Running: user has reached server running limit.', 'user-limit'],
    ['limit on jobs of a user', 'user-limit'],
    ['per-user run count reached', 'user-limit'],
    ['Not Running: Insufficient amount of resource: ncpus', 'normal'],
    ['', 'normal'],
  ] as const)
    it(`waits ${wait}: ${comment}`, () => assert.equal(readComment(comment), wait))
})

describe('what PBS says', () => {
  // pbs_error.h; the words of the commands.
  for (const words of [
    'cannot connect to server pbs1 (errno=111)',
    'Connection refused',
    'Connection timed out',
    'No route to host',
    'End of File',
    'Protocol error',
    'errno=15010',
    'errno=15012',
    'errno=15031',
    'errno=15033',
    'errno=15079',
    'pbs_iff: error returned: 15031',
    'No server to connect to',
    'Could not connect',
    'Communication failure.',
  ])
    it(`is no answer: ${words}`, () => {
      const output = { ...recorded('qstat-fx-json-ended'), stderr: `qstat: ${words}\n` }
      assert.equal(isNoAnswer(output.stderr), true)
      for (const parse of [parseList, parseHistory]) assert.throws(() => parse(output), refusal('unavailable', /./))
    })
  it('is an answer, though it is an error', () => {
    for (const words of ['', 'Unknown queue', 'Unknown Job Id 5.pbs1', 'errno=15001', 'errno=15034'])
      assert.equal(isNoAnswer(words), false, words)
  })
  it('is no word about ids where it says more than that it has forgotten them', () => {
    const [unknown, finished] = ['qstat: Unknown Job Id 5.pbs1\n', 'qstat: 6.pbs1 Job has finished, use -x\n']
    const asked = (stderr: string) => () => parseHistory({ exitCode: 153, stdout: '', stderr })
    for (const stderr of [unknown, finished, unknown + finished]) assert.equal(asked(stderr)().size, 0)
    for (const stderr of [`${unknown}qstat: something new\n`, `something new\n${unknown}`, `so: ${unknown}`, ''])
      assert.throws(asked(stderr), refusal('unavailable', /./), stderr)
  })
  it('is told without programs and usage, each thing once', () => {
    for (const program of ['qsub', 'qstat', 'qdel', 'pbsnodes'])
      assert.equal(wordsOf(`${program}: no\n${program}: no \n \nusage: x\ny`), 'no')
    assert.equal(wordsOf('a\x1b\x07b\tc'), 'a b c')
    assert.equal(wordsOf('see usage: x\nask qsub: y'), 'see usage: x\nask qsub: y')
    assert.equal(wordsOf('x'.repeat(5_000)).length, 2_000)
  })
})

describe('a list of PBS', () => {
  const { stdout } = recorded('qstat-F-json-running')
  const { Jobs: _, ...rest } = JSON.parse(stdout)
  const list = (document: unknown) => () => parseList({ exitCode: 0, stdout: JSON.stringify(document), stderr: '' })

  it('is whole and empty where the server has no jobs', () =>
    assert.deepEqual(list(rest)(), { complete: true, jobs: [] }))
  it('is none where its jobs are no jobs', () => {
    for (const odd of [5, null, 'x']) assert.throws(list({ ...rest, Jobs: odd }), refusal('unreadable', /no list/))
    assert.throws(list({ Jobs: {} }), refusal('unreadable', /no list/))
  })
  it('that is cut off is still right about who lives, and tells nothing of an end', () => {
    const whole = recorded('qstat-fx-json-ended').stdout
    const { complete, jobs } = parseList({ exitCode: 0, stdout: whole.trimEnd().slice(0, -1), stderr: '' })
    assert.equal(complete, false)
    for (const job of parseList({ exitCode: 0, stdout: whole, stderr: '' }).jobs) {
      const found = jobs.find(({ id }) => id === job.id)
      assert.deepEqual([found?.phase, found?.end], [job.phase === 'ended' ? 'unknown' : job.phase, undefined], job.id)
    }
  })
})

describe('a record of PBS', () => {
  const { stdout } = recorded('qstat-F-json-running')
  const document: { Jobs: Record<string, Record<string, unknown>> } = JSON.parse(stdout)
  const record = document.Jobs['1.pbs1'] ?? {}
  const listed = (jobs: Record<string, unknown>) =>
    parseList({ exitCode: 0, stdout: JSON.stringify({ ...document, Jobs: jobs }), stderr: '' })
  const read = (changes: Record<string, unknown>) => listed({ '1.pbs1': { ...record, ...changes } }).jobs[0]

  it('is none under an id that is none, or without name, owner or state: then the list is not complete', () => {
    const fine = { '1.pbs1': record }
    assert.deepEqual([listed(fine).complete, listed(fine).jobs.length], [true, 1], 'positive control')
    for (const odd of [
      { 'x1.pbs1': record },
      { '1.pbs1 x': record },
      { '1': record },
      { '1.pbs1': { ...record, Job_Owner: undefined } },
      { '1.pbs1': { ...record, job_state: 5 } },
      { '1.pbs1': null },
    ])
      assert.deepEqual(listed(odd), { complete: false, jobs: [] })
  })
  it('may lack all that a job need not have', () => {
    const { Job_Name, Job_Owner, job_state } = record
    const { complete, jobs } = listed({ '1.pbs1': { Job_Name, Job_Owner, job_state } })
    const [job] = jobs
    assert.deepEqual(
      [complete, job?.phase, job?.host, job?.startedAt, job?.endsAt],
      [true, 'running', undefined, undefined, undefined],
    )
  })
  it('tells a node, a start and an end of the walltime only of a job that has them', () => {
    for (const [state, expected] of [
      ['Q', [false, false, false]],
      ['H', [false, false, false]],
      ['E', [true, true, false]],
      ['S', [true, true, false]],
      ['M', [false, false, false]],
      ['R', [true, true, true]],
    ] as const) {
      const { host, startedAt, endsAt } = read({ job_state: state }) ?? {}
      assert.deepEqual(
        [host, startedAt, endsAt].map((value) => value !== undefined),
        expected,
        state,
      )
    }
    assert.equal(read({ Resource_List: {} })?.endsAt, undefined)
    assert.equal(read({ exec_host: '-oProxyCommand=x' })?.host, undefined)
    assert.equal(read({ exec_host: ' pbs1/0' })?.host, undefined)
  })
  it('tells all of an end', () => {
    const end = read({
      job_state: 'F',
      Exit_status: 3,
      comment: 'a\u001bb\u007f',
      resources_used: { mem: '1025kb' },
    })?.end
    assert.deepEqual(end, {
      kind: 'failed',
      exitCode: 3,
      words: 'a\ufffdb\ufffd',
      startedAt: at('09:37:23'),
      host: 'pbs1',
      maxMemoryMiB: 2,
    })
    assert.equal(read({ job_state: 'F', Exit_status: 3, comment: '' })?.end?.words, 'Exit_status 3')
    assert.equal(read({ job_state: 'F', comment: '' })?.end?.words, 'Exit_status unknown')
  })
  it('tells when a job that waits may start', () =>
    assert.equal(
      read({ job_state: 'Q', estimated: { start_time: 'Sun Nov 22 10:00:00 2026' } })?.estimatedStartAt,
      at('10:00:00'),
    ))
})
