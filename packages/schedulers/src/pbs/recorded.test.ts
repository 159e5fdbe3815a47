/** What OpenPBS 23.06.06 printed (`testdata/`: the call, its exit status, then both outputs). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { type JobStatus, type Output, SchedulerError, toJobId } from '../driver.ts'
import { parseCancel } from './parse-cancel.ts'
import { parseHistory, parseList } from './parse-jobs.ts'
import { parseSubmit } from './parse-submit.ts'

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
const refusal = (kind: SchedulerError['kind'], words: RegExp) => (error: unknown) =>
  error instanceof SchedulerError && error.kind === kind && words.test(error.message)
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
