import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobStatus, type Output, type SchedulerError, toJobId } from '../driver.ts'
import { refusal } from '../testing-refusal.ts'
import { parseCancel } from './parse-cancel.ts'
import { parseHistory, parseList } from './parse-jobs.ts'
import { parseSubmit } from './parse-submit.ts'
import { readComment, readEnd } from './states.ts'
import { recorded } from './testing-recorded.ts'

const one = (file: string): JobStatus => {
  const { complete, jobs } = parseList(recorded(file))
  assert.equal(complete, true)
  assert.equal(jobs.length, 1)
  return jobs[0] as JobStatus
}
const answer = (stdout: string): Output => ({ exitCode: 0, stdout, stderr: '' })

describe('a job of Torque', () => {
  it('runs on its node, until its walltime is over', () => {
    assert.deepEqual(one('qstat-x-running'), {
      id: '1.pbs1',
      name: 'bw-01jk2m3n',
      owner: 'alice',
      phase: 'running',
      rawState: 'R',
      restarts: 0,
      partition: 'small',
      submittedAt: 1_795_341_207_000,
      startedAt: 1_795_341_207_000,
      host: 'pbs1',
      endsAt: 1_795_341_507_000,
    })
  })
  const phases: readonly (readonly [file: string, expected: Partial<JobStatus>])[] = [
    ['qstat-x-held', { phase: 'held', wait: 'held' }],
    ['qstat-x-waiting', { phase: 'pending', wait: 'normal' }],
    ['qstat-x-completed', { phase: 'ended', rawState: 'C' }],
  ]
  for (const [file, expected] of phases)
    it(`is ${expected.phase}: ${file}`, () => {
      const job = one(file)
      for (const [key, value] of Object.entries(expected)) assert.equal(Reflect.get(job, key), value, key)
      assert.equal(job.host, undefined)
    })

  const ended = new Map(parseList(recorded('qstat-x-ended')).jobs.map((job) => [String(job.id), job]))
  const expected: Readonly<Record<string, object>> = {
    '0.pbs1': { kind: 'completed', exitCode: 0, maxMemoryMiB: 5, host: 'pbs1', endedAt: 1_795_341_257_000 },
    '1.pbs1': { kind: 'cancelled' },
    '11.pbs1': { kind: 'walltime', words: 'exit_status -11' },
    '12.pbs1': { kind: 'failed', exitCode: 127 },
  }
  for (const [id, end] of Object.entries(expected))
    it(`has ended: ${JSON.stringify(end)}`, () => {
      const job = ended.get(id)
      assert.equal(job?.phase, 'ended')
      for (const [key, value] of Object.entries(end)) assert.equal(Reflect.get(job?.end ?? {}, key), value, key)
    })
  it('waits, in the words of the scheduler', () => {
    const job = ended.get('5.pbs1')
    assert.equal(job?.reason, 'Not Running: Not enough of the right type of nodes are available')
    assert.equal(job?.wait, 'normal')
  })
  it('may be an array or an element of one, whose brackets belong to its id', () => {
    assert.equal(ended.get('7[].pbs1')?.phase, 'pending')
    const ids = parseList(recorded('qstat-x-array')).jobs.map(({ id, phase }) => `${id} ${phase}`)
    assert.deepEqual(ids, ['7[1].pbs1 held', '7[2].pbs1 held', '7[3].pbs1 held'])
  })

  const running = recorded('qstat-x-running').stdout
  const with_ = (change: (text: string) => string): JobStatus | undefined =>
    parseList({ exitCode: 0, stdout: change(running), stderr: '' }).jobs[0]
  const states =
    'Q pending T pending W pending H held R running S paused E ending X unknown C unknown constructor unknown'.split(
      ' ',
    )
  for (let index = 0; index < states.length; index += 2)
    it(`in state ${states[index]} is ${states[index + 1]}${states[index] === 'C' ? ', unless it says when or how it ended' : ''}`, () => {
      const job = with_((text) => text.replace('<job_state>R<', `<job_state>${states[index]}<`))
      assert.equal(job?.phase, states[index + 1])
      assert.equal(job?.end, undefined)
    })
  const hosts: readonly (readonly [text: string, host: string | undefined])[] = [
    ['n0163/2,7,10-11+n0205/0-11', 'n0163'],
    ['node/0', 'node'],
    ['node/0+node/1', 'node'],
    ['node-1.example.org/0-3+node2/0-3', 'node-1.example.org'],
    ['10.1.2.3/0', '10.1.2.3'],
    ['', undefined],
    ['-oProxyCommand=x', undefined],
  ]
  for (const [text, host] of hosts)
    it(`with exec_host ${text} runs on ${host}`, () =>
      assert.equal(with_((all) => all.replace('pbs1/2-3', text))?.host, host))
  const ids = ['123.mgmt01.cluster', '123', '123[].mgmt', '123[4].mgmt', '123[4]', '123-4.mgmt', '1.host.alias']
  for (const id of ids)
    it(`may be called ${id}`, () => {
      assert.equal(with_((all) => all.replace('>1.pbs1<', `>${id}<`))?.id, id)
      if (!/\d\]|-/.test(id)) assert.equal(parseSubmit({ exitCode: 0, stdout: `\n${id}\n`, stderr: '' }), id)
    })
  it('that was started again is told by when: a job does not know how often, so it cannot claim under a number', () => {
    const again = with_((all) =>
      all.replace('<start_count>1<', '<start_count>3<').replace('>1795341207<', '>1795349999<'),
    )
    assert.equal(again?.restarts, 0)
  })
  it('has a name and a comment with the entities of XML', () => {
    const job = with_((all) =>
      all.replace('>bw-01jk2m3n<', '>a&amp;b&lt;&#65;&#x42;<').replace('<job_state>R<', '<job_state>Q<'),
    )
    assert.equal(job?.name, 'a&b<AB')
  })
})

describe('answers of Torque', () => {
  it('without a server, or from one that hangs, are none', () => {
    for (const parse of [parseList, parseHistory]) {
      assert.throws(() => parse(recorded('qstat-server-down')), refusal('unavailable', /cannot connect to server/))
      assert.throws(() => parse(recorded('qstat-server-hung')), refusal('unavailable', /124/))
    }
  })
  it('without jobs are complete', () => {
    const none = { complete: true, jobs: [] }
    assert.deepEqual(parseList(recorded('qstat-empty-queue')), none)
    assert.deepEqual(parseList({ exitCode: 0, stdout: '', stderr: '' }), none) // older versions
  })
  it('about ids that it has forgotten tell of the others', () => {
    assert.equal(parseHistory(recorded('qstat-unknown')).size, 0)
    const both = { ...recorded('qstat-unknown'), stdout: recorded('qstat-x-completed').stdout }
    assert.equal(parseHistory(both).get(toJobId('1.pbs1'))?.end?.kind, 'cancelled')
    assert.equal(parseHistory(recorded('qstat-x-running')).size, 0)
  })
  it('with an exit status that is not known are none', () => {
    const odd: Output = { exitCode: 15, stdout: '', stderr: 'qstat: something new\n' }
    assert.throws(() => parseList(odd), refusal('unavailable', /something new/))
    assert.throws(() => parseHistory(odd), refusal('unavailable', /something new/))
  })
  const submits: readonly (readonly [file: string, kind: SchedulerError['kind'], words: RegExp])[] = [
    ['qsub-badqueue', 'refused', /^submit error \(Unknown queue MSG=requested queue not found\)$/],
    ['qsub-badresource', 'refused', /Unknown resource type {2}Resource_List.nosuch/],
    ['qsub-badwalltime', 'refused', /Illegal attribute or resource value for Resource_List.walltime/],
    ['qsub-toobig', 'refused', /cannot locate feasible nodes/],
    ['qsub-nofile', 'refused', /No such file/],
    ['qsub-server-down', 'ambiguous', /cannot connect to server/],
  ]
  for (const [file, kind, words] of submits)
    it(`to a submit that fails: ${file}`, () => assert.throws(() => parseSubmit(recorded(file)), refusal(kind, words)))
  it('to submits that are taken', () => {
    for (const file of ['qsub-ok', 'qsub-hold', 'qsub-later', 'qsub-fill', 'qsub-queued', 'qsub-array'])
      assert.match(parseSubmit(recorded(file)), /^\d+(\[\])?\.pbs1$/)
    assert.throws(() => parseSubmit({ exitCode: 0, stdout: 'queued\n', stderr: '' }), refusal('ambiguous', /queued/))
  })
  it('to cancels', () => {
    assert.equal(parseCancel(recorded('qdel-running')), true)
    assert.equal(parseCancel(recorded('qdel-unknown')), false)
    assert.equal(parseCancel(recorded('qdel-completed')), false)
    const exiting = recorded('qdel-completed').stderr.replace('COMPLETE', 'EXITING')
    assert.equal(parseCancel({ exitCode: 170, stdout: '', stderr: exiting }), true)
    assert.throws(() => parseCancel(recorded('qdel-other-user')), refusal('refused', /operation not permitted/))
    assert.throws(() => parseCancel(recorded('qsub-server-down')), refusal('ambiguous', /cannot connect/))
  })
})

describe('an end that Torque tells', () => {
  // pbs_job.h of Torque 6.1, JOB_EXEC_*, and the statuses of a script.
  for (const [kind, statuses] of [
    ['completed', [0]],
    ['launch-failed', [-1, -2, -3, -7, -8, -9]],
    ['node-failure', [-4, -5, -6]],
    ['out-of-memory', [-10]],
    ['walltime', [-11, -12]],
    ['cancelled', [271]],
    ['failed', [1, 255, 256, 257, 265, 320, 321, -13]],
  ] as const)
    it(`is ${kind} for ${statuses.join(', ')}`, () => {
      for (const status of statuses) assert.equal(readEnd(status).kind, kind, String(status))
    })
  it('is a signal between 256 and 320, and else an exit code', () => {
    assert.deepEqual(
      [257, 320].map(readEnd),
      [1, 64].map((signal) => ({ kind: 'failed', signal })),
    )
    assert.deepEqual(
      [256, 321, 7].map(readEnd),
      [0, 65, 7].map((exitCode) => ({ kind: 'failed', exitCode })),
    )
  })
  it('is not known where it tells no status, or one that is no number', () => {
    assert.deepEqual(readEnd(null), { kind: 'unknown' })
    const { stdout } = recorded('qstat-x-completed')
    for (const status of ['x271', '271x', '2711111111', ''])
      assert.equal(parseList(answer(stdout.replace('>271<', `>${status}<`))).jobs[0]?.end?.kind, 'unknown', status)
  })
})

describe('a comment of the scheduler', () => {
  for (const [comment, wait] of [
    ['Job can never run', 'never'],
    ['It is held', 'held'],
    ['on hold by user limit', 'held'],
    ['group devs: limit of cores', 'group-limit'],
    ['over the queue limit', 'group-limit'],
    ['account x has a limit', 'group-limit'],
    ['the limit of the group', 'group-limit'],
    ['the limit of this queue', 'group-limit'],
    ['user alice: limit of jobs', 'user-limit'],
    ['a limit per user', 'user-limit'],
    ['not enough nodes upheld unlimited superuser', 'normal'],
  ] as const)
    it(`means ${wait}: ${comment}`, () => assert.equal(readComment(comment), wait))
})

describe('what Torque does not say as it should', () => {
  const { stdout } = recorded('qstat-x-ended')
  const [, ended = ''] = /(<Job><Job_Id>0\.pbs1[\s\S]*?<\/Job>)/.exec(stdout) ?? []
  const running = recorded('qstat-x-running').stdout
  const [, alive = ''] = /(<Job>[\s\S]*?<\/Job>)/.exec(running) ?? []
  const phasesOf = (text: string) => {
    const { complete, jobs } = parseList(answer(text))
    return [complete, ...jobs.map(({ id, phase, end, host }) => [id, phase, end?.kind, host])]
  }
  const lives = ['1.pbs1', 'running', undefined, 'pbs1']

  it('is no answer, whatever the exit status, where it speaks of the connection', () => {
    const stderr = 'qstat: cannot connect to server pbs1 (errno=111) Connection refused\n'
    for (const parse of [parseList, parseHistory])
      assert.throws(() => parse({ exitCode: 0, stdout: running, stderr }), refusal('unavailable', /cannot connect/))
  })
  it('is no word about ids where it says more than that it has forgotten them, or not with that status', () => {
    const forgotten = 'qstat: Unknown Job Id 5.pbs1\n'
    assert.equal(parseHistory({ exitCode: 153, stdout: '', stderr: forgotten + forgotten }).size, 0)
    for (const [exitCode, stderr] of [
      [1, forgotten],
      [153, `${forgotten}qstat: something new\n`],
      [153, `something new: ${forgotten}`],
      [153, ''],
    ] as const)
      assert.throws(() => parseHistory({ exitCode, stdout: '', stderr }), refusal('unavailable', /./), stderr)
  })
  it('is no empty list where it says something instead', () => {
    assert.deepEqual(parseList({ exitCode: 0, stdout: ' \n', stderr: '\n' }), { complete: true, jobs: [] })
    for (const [text, stderr] of [
      ['', 'qstat: something new'],
      ['something new', ''],
      ['<html></html>', ''],
    ] as const)
      assert.throws(() => parseList({ exitCode: 0, stdout: text, stderr }), refusal('unreadable', /no list/))
  })
  it('is whole with both jobs, as a control', () =>
    assert.deepEqual(phasesOf(`<Data>${ended}${alive}</Data>`), [
      true,
      ['0.pbs1', 'ended', 'completed', undefined],
      lives,
    ]))
  for (const [title, text] of [
    ['is cut off', `<Data>${ended}${alive}`],
    ['is cut off within a record', `<Data>${ended}${alive}<Job><Job_Id>7`],
    ['has lost its beginning', `${ended}${alive}</Data>`],
    ['holds other text', `<Data>busy${ended}${alive}</Data>`],
    ['is another document', `<Other>${ended}${alive}</Other>`],
  ] as const)
    it(`is not complete where it ${title}, and ends nobody`, () =>
      assert.deepEqual(phasesOf(text), [false, ['0.pbs1', 'unknown', undefined, undefined], lives]))
  it('is not complete where a record is none, and believed about the others', () => {
    for (const odd of [
      '<Job></Job>',
      alive.replaceAll('Job>', 'Task>'),
      alive.replace('>1.pbs1<', '>x1.pbs1<'),
      alive.replace('>1.pbs1<', '>1.pbs1 x<'),
      alive.replace(/<Job_Name>.*?<\/Job_Name>/, ''),
      alive.replace(/<job_state>.*?<\/job_state>/, ''),
      alive.replace(/<Job_Owner>.*?<\/Job_Owner>/, ''),
      alive.replace('<job_state>R<', '<job_state>C</job_state><job_state>R<'),
      alive.replace('<Resource_List>', '<Resource_List><walltime>1</walltime>'),
    ])
      assert.deepEqual(
        phasesOf(`<Data>${odd}${ended}</Data>`),
        [false, ['0.pbs1', 'ended', 'completed', undefined]],
        odd,
      )
  })
  it('is not known about a job that it tells in two ways; twice the same is once', () => {
    const twin = alive.replace('<job_state>R<', '<job_state>E<')
    for (const [one, two] of [
      [alive, twin],
      [twin, alive],
    ])
      assert.deepEqual(phasesOf(`<Data>${one}${two}</Data>`), [false, ['1.pbs1', 'unknown', undefined, undefined]])
    assert.deepEqual(phasesOf(`<Data>${alive}${alive}</Data>`), [true, lives])
  })
  it('holds no control character, and no more than a page of a text', () => {
    const queued = alive
      .replace('<job_state>R<', '<job_state>Q<')
      .replace(/<comment>.*?<\/comment>/, '')
      .replace('</Job>', `<comment>a&#x1b;b&#x7f;${'x'.repeat(5_000)}</comment></Job>`)
      .replace('>bw-01jk2m3n<', '>a&#7;&#8;b<')
    const [job] = parseList(answer(`<Data>${queued}</Data>`)).jobs
    assert.deepEqual(
      [job?.name, job?.reason?.slice(0, 5), job?.reason?.length],
      ['a\ufffd\ufffdb', 'a\ufffdb\ufffdx', 2_000],
    )
  })
})
