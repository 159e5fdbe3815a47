/** What Son of Grid Engine 8.1.9 printed (`testdata/`: the call, its exit status, then both outputs), and the same with damages. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { type JobEnd, type JobStatus, type Output, SchedulerError, toJobId } from '../driver.ts'
import { refusal } from '../testing-refusal.ts'
import { parseCancel } from './parse-cancel.ts'
import { parseHistory, parseHistoryByName } from './parse-history.ts'
import { parseList } from './parse-list.ts'
import { parseReasons } from './parse-reasons.ts'
import { parseSubmit } from './parse-submit.ts'

function recorded(file: string): Output {
  const text = readFileSync(new URL(`./testdata/${file}.txt`, import.meta.url), 'utf8')
  const [, exit, stdout = '', stderr = ''] =
    /^# exit: (\d+)\n# --- stdout\n([\s\S]*?)# --- stderr\n([\s\S]*)$/m.exec(text) ?? []
  return { exitCode: Number(exit), stdout, stderr }
}
const listed = (file: string): readonly JobStatus[] => {
  const { complete, jobs } = parseList(recorded(file))
  assert.equal(complete, true)
  return jobs
}
const named = (jobs: readonly JobStatus[], name: string): JobStatus => {
  const job = jobs.find((one) => one.name === name)
  assert.ok(job, name)
  return job
}

describe('a list of Grid Engine', () => {
  it('tells of a running job all there is', () => {
    const { submittedAt, startedAt = 0, endsAt = 0, ...job } = named(listed('qstat-states'), 'ge-running-14ch')
    assert.equal(submittedAt, undefined) // once it runs
    assert.equal(endsAt - startedAt, 300_000)
    assert.deepEqual(job, {
      id: job.id,
      name: 'ge-running-14ch',
      owner: 'alice',
      phase: 'running',
      rawState: 'r',
      restarts: 0,
      partition: 'all.q',
      host: 'vm',
    })
  })
  const phases: readonly (readonly [name: string, expected: Partial<JobStatus>])[] = [
    ['ge-suspended', { phase: 'paused', rawState: 's', host: 'vm' }],
    ['ge-restarted', { phase: 'running', restarts: 1 }],
    ['ge-queued', { phase: 'pending', wait: 'normal' }],
    ['ge-held', { phase: 'held', wait: 'held' }],
    ['ge-depends', { phase: 'held', wait: 'held' }],
    ['ge-error', { phase: 'pending', wait: 'never', rawState: 'Eqw' }],
    ['ge-held-error', { phase: 'pending', wait: 'never', rawState: 'Ehqw' }],
    // "<" is printed so, and cannot begin an element.
    [`ge-%lt;&">'`, { phase: 'pending' }],
  ]
  for (const [name, expected] of phases)
    it(`shows that ${name} is ${expected.phase}`, () => {
      const job = named(listed('qstat-states'), name)
      for (const [key, value] of Object.entries(expected)) assert.equal(Reflect.get(job, key), value, key)
      assert.equal(job.end, undefined)
    })
  it('shows an array by what runs and what waits of it', () => {
    const array = listed('qstat-states').filter(({ name }) => name === 'ge-array')
    const number = array[0]?.id.split('.')[0]
    assert.deepEqual(
      array.map(({ id, phase }) => `${id} ${phase}`),
      [`${number}.1 running`, `${number}.2,3 pending`],
    )
  })
  it('shows what runs in a queue that was suspended as paused', () => {
    const jobs = listed('qstat-queue-suspended')
    assert.equal(named(jobs, 'ge-running-14ch').phase, 'paused')
    assert.deepEqual(named(jobs, 'ge-restarted').phase, 'paused')
  })
  it('shows a job that was put back, and jobs that are being deleted', () => {
    const job = named(listed('qstat-requeued'), 'ge-restarted')
    assert.deepEqual([job.phase, job.restarts, job.host, job.wait], ['pending', 1, undefined, 'normal'])
    assert.equal(named(listed('qstat-deleting'), 'ge-deleted').phase, 'ending')
  })
  it('may be empty', () => assert.deepEqual(listed('qstat-empty'), []))
  it('holds times of the time zone of the call', () => {
    const utc = named(listed('qstat-states'), 'ge-running-14ch').startedAt ?? 0
    const alaskan = named(listed('qstat-other-zone'), 'ge-running-14ch').startedAt ?? 0
    assert.equal(utc - alaskan, 9 * 3_600_000)
  })
  it('without a queue master, or from one that is silent, is none', () => {
    assert.throws(() => parseList(recorded('qstat-down')), refusal('unavailable', /unable to send message to qmaster/))
    assert.throws(() => parseList(recorded('qstat-silent')), refusal('unavailable', /124/))
  })
})

describe('the reasons of errors in Grid Engine', () => {
  it('are sentences', () => {
    const sentences = [...parseReasons(recorded('qstat-reasons')).values()]
    assert.deepEqual(sentences, [
      "Can't chdir to /nosuch: No such file or directory.",
      'Can\'t open output file "/nosuch/x": No such file or directory.',
    ])
  })
  it('are told of those jobs that are known', () => {
    assert.equal(parseReasons(recorded('qstat-reasons-known-and-not')).size, 1)
    for (const file of ['qstat-reasons-none', 'qstat-reasons-one-unknown'])
      assert.equal(parseReasons(recorded(file)).size, 0, file)
  })
  it('cannot be had without a queue master, though qstat ends with 0', () => {
    assert.equal(recorded('qstat-reasons-down').exitCode, 0)
    assert.throws(() => parseReasons(recorded('qstat-reasons-down')), refusal('unreadable', /./))
  })
})

describe('the accounts of Grid Engine', () => {
  const ends: Readonly<Record<string, Partial<JobEnd>>> = {
    zero: { kind: 'completed', exitCode: 0, host: 'vm' },
    seven: { kind: 'failed', exitCode: 7 },
    'exit-137': { kind: 'failed', exitCode: 137 },
    segv: { kind: 'failed', signal: 11 },
    walltime: { kind: 'walltime' },
    'walltime-kill': { kind: 'walltime' },
    memory: { kind: 'failed', exitCode: 1 }, // malloc() failed, and tail said so
    cores: { kind: 'completed' },
    deleted: { kind: 'cancelled' },
    'deleted-kill': { kind: 'cancelled' },
    folder: { kind: 'launch-failed', words: 'failed 28: changing into working directory, exit status 0' },
    output: { kind: 'launch-failed' },
    again: { kind: 'failed', exitCode: 3 },
  }
  for (const [file, expected] of Object.entries(ends))
    it(`tell of an end: ${file}`, () => {
      const [job] = [...parseHistory(recorded(`qacct-${file}`)).values()]
      assert.equal(job?.phase, 'ended')
      assert.equal(job?.owner, 'alice')
      for (const [key, value] of Object.entries(expected)) assert.equal(Reflect.get(job?.end ?? {}, key), value, key)
      const { startedAt = 0, endedAt = 0 } = job?.end ?? {}
      assert.ok(expected.kind === 'launch-failed' ? endedAt === 0 : startedAt > 0 && endedAt >= startedAt)
    })
  it('hold a record for each run, of which the last one counts', () => {
    const { stdout } = recorded('qacct-again')
    const first = stdout.slice(0, stdout.lastIndexOf('====='.repeat(10)))
    const [job] = [...parseHistory({ exitCode: 0, stdout: first, stderr: '' }).values()]
    assert.deepEqual([job?.phase, job?.end], ['unknown', undefined]) // put back: it lives
  })
  it('tell the elements of an array apart', () =>
    assert.deepEqual(
      [...parseHistory(recorded('qacct-array')).values()].map(({ id, end }) => [id.split('.')[1], end?.exitCode]),
      [
        ['1', 1],
        ['2', 2],
      ],
    ))
  it('are asked by name, too', () => {
    assert.deepEqual(
      parseHistoryByName(recorded('qacct-by-name')).map(({ name }) => name),
      ['ge-again'],
    )
  })
  it('know nothing of some jobs, or nothing at all', () => {
    for (const file of ['qacct-unknown', 'qacct-unknown-name', 'qacct-no-accounts'])
      assert.equal(parseHistory(recorded(file)).size, 0, file)
    const broken = { exitCode: 1, stdout: '', stderr: 'qacct: cannot read /x: Input/output error\n' }
    assert.throws(() => parseHistory(broken), refusal('unavailable', /Input\/output/))
  })
})

describe('answers of Grid Engine', () => {
  const refusals: readonly (readonly [file: string, kind: SchedulerError['kind'], words: RegExp])[] = [
    ['bad-queue', 'refused', /^Job was rejected because job requests unknown queue "nosuch"$/],
    ['bad-resource', 'refused', /^unknown resource "nosuch"$/],
    ['bad-environment', 'refused', /^the requested parallel environment "nosuch" does not exist$/],
    ['bad-project', 'refused', /^the requested project "nosuch" does not exist$/],
    ['bad-name', 'refused', /not a valid object name/],
    ['never', 'refused', /^no suitable queues$/],
    ['no-option', 'refused', /^invalid option argument "-nosuch"$/],
    ['down', 'ambiguous', /unable to send message to qmaster/],
  ]
  for (const [file, kind, words] of refusals)
    it(`to a submit that fails: ${file}`, () =>
      assert.throws(() => parseSubmit(recorded(`qsub-${file}`)), refusal(kind, words)))
  it('to submits that are taken, warnings before the id', () => {
    assert.equal(parseSubmit(recorded('qsub-ok')), '1')
    assert.equal(parseSubmit(recorded('qsub-warning')), '2')
    assert.equal(parseSubmit(recorded('qsub-array')), '3.1-5:2')
    assert.throws(
      () => parseSubmit({ exitCode: 0, stdout: 'Your job\n', stderr: '' }),
      refusal('ambiguous', /Your job/),
    )
  })
  it('to cancels', () => {
    assert.equal(parseCancel(recorded('qdel-running')), true)
    assert.equal(parseCancel(recorded('qdel-again')), true)
    assert.equal(parseCancel(recorded('qdel-unknown')), false)
    assert.throws(
      () => parseCancel(recorded('qdel-foreign')),
      refusal('refused', /do not have the necessary privileges/),
    )
    assert.throws(() => parseCancel(recorded('qdel-down')), refusal('ambiguous', /unable to send message/))
  })
})

describe('a damaged answer of Grid Engine', () => {
  const { stdout } = recorded('qstat-states')
  const list = (text: string) => parseList({ exitCode: 0, stdout: text, stderr: '' })
  const whole = list(stdout).jobs
  const safely = <T>(read: () => T): T | null => {
    try {
      return read()
    } catch (error) {
      if (error instanceof SchedulerError && error.kind === 'unreadable') return null
      throw error
    }
  }
  const of = (jobs: readonly JobStatus[], id: string): JobStatus | undefined => jobs.find((job) => job.id === id)

  it('that is cut off anywhere is not complete, and right about what is whole', () => {
    for (let length = 0; length < stdout.trimEnd().length; length += 1) {
      const found = safely(() => list(stdout.slice(0, length)))
      if (found === null) continue
      assert.equal(found.complete, false, String(length))
      for (const job of found.jobs) assert.deepEqual(job, of(whole, job.id))
    }
  })
  it('in which a record stands twice leaves that job unknown, and the others right', () => {
    const records = stdout.match(/ {4}<job_list[\s\S]*?<\/job_list>\n/g) ?? []
    assert.equal(records.length, whole.length)
    for (const [index, record] of records.entries()) {
      const { complete, jobs } = list(stdout.replace(record, record + record))
      assert.equal(complete, false)
      for (const job of whole)
        if (job.id === whole[index]?.id) assert.equal(of(jobs, job.id)?.phase, 'unknown')
        else assert.deepEqual(of(jobs, job.id), job)
    }
  })
  it('that stands twice as a whole proves no absence', () => assert.equal(list(stdout + stdout).complete, false))
  it('in which any bit is another ends nobody, and is right about whose records are whole', () => {
    for (let place = 0; place < stdout.length; place += 1) {
      const flipped = String.fromCharCode(stdout.charCodeAt(place) ^ (1 << (place % 7)))
      const text = stdout.slice(0, place) + flipped + stdout.slice(place + 1)
      const found = safely(() => list(text))
      if (found === null) continue
      let hurt = 0
      for (const job of found.jobs) assert.notEqual(job.phase, 'ended')
      for (const job of whole) {
        const now = of(found.jobs, job.id)
        if (now === undefined || JSON.stringify(now) !== JSON.stringify(job)) hurt += 1
      }
      // A changed id may be that of another job, whose two records then contradict each other.
      assert.ok(hurt <= 2, `${hurt} jobs changed by the bit at ${place}`)
    }
  })
  it('in another language is none', () => {
    for (const text of [
      '',
      'Fehler: qmaster antwortet nicht\n',
      'job-ID  prior   name\n',
      '<html></html>',
      '{"jobs": []}',
    ])
      assert.throws(() => list(text), refusal('unreadable', /./), text)
    const text = 'error: job id 7 wurde nicht gefunden'
    assert.throws(() => parseHistory({ exitCode: 1, stdout: '', stderr: text }), refusal('unavailable', /nicht/))
  })
  it('of the accounts tells nothing of a block that is not whole, and nothing that is not there', () => {
    const { stdout: text } = recorded('qacct-again')
    const right = JSON.stringify([...parseHistory({ exitCode: 0, stdout: text, stderr: '' })])
    for (let length = 0; length < text.length; length += 1) {
      const [job] = [...parseHistory({ exitCode: 0, stdout: text.slice(0, length), stderr: '' }).values()]
      // Cut off after the first of two runs it says that the job was put back, which is not its end.
      assert.ok(
        job === undefined || job.phase === 'unknown' || JSON.stringify([[job.id, job]]) === right,
        String(length),
      )
    }
  })
  it('of the accounts cannot be forged by what a user may write into them', () => {
    const { stdout: text } = recorded('qacct-zero')
    const forged = text.replace(/^account +.*$/m, 'account x\nexit_status 137\nfailed 100 : assumedly after job')
    assert.equal(parseHistory({ exitCode: 0, stdout: forged, stderr: '' }).size, 0)
    const id = toJobId(/^jobnumber +(\d+)/m.exec(text)?.[1] ?? '')
    assert.equal(parseHistory({ exitCode: 0, stdout: text, stderr: '' }).get(id)?.end?.kind, 'completed')
  })
})
