/** What HTCondor 23.9.6 said to the driver's own commands (testbench/record-htcondor.ts), and what is left of it when it is damaged. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { type JobId, type JobStatus, type Output, SchedulerError, toJobId } from '../driver.ts'
import { refusal } from '../testing-refusal.ts'
import { parseCancel } from './parse-cancel.ts'
import { parseHistory, parseHistoryByName, parseList } from './parse-jobs.ts'
import { parseSubmit } from './parse-submit.ts'
import { parseUnmatched } from './unmatched.ts'

function recorded(file: string): Output {
  const text = readFileSync(new URL(`./testdata/${file}.txt`, import.meta.url), 'utf8')
  const [, exit, stdout = '', stderr = ''] =
    /^# exit: (\d+)\n# --- stdout\n([\s\S]*?)# --- stderr\n([\s\S]*)$/.exec(text) ?? []
  return { exitCode: Number(exit), stdout, stderr }
}

const said = (stdout: string): Output => ({ exitCode: 0, stdout, stderr: '' })
const queue = recorded('condor_q-all')
const past = recorded('history-ended')
const byName = (jobs: Iterable<JobStatus>) => new Map([...jobs].map((job) => [job.name, job]))

describe('a job of HTCondor', () => {
  const list = parseList(queue)
  const jobs = byName(list.jobs)
  it('runs on its node, until its walltime is over', () => {
    assert.equal(list.complete, true)
    const at = 1795408935_000
    assert.deepEqual(jobs.get('bw-running'), {
      id: '9.0',
      name: 'bw-running',
      owner: 'alice',
      rawState: 'running',
      submittedAt: at - 1000,
      phase: 'running',
      restarts: 0,
      startedAt: at,
      host: 'vm',
      endsAt: at + 600_000,
    })
  })
  const phases: Readonly<Record<string, { readonly [K in keyof JobStatus]?: JobStatus[K] | undefined }>> = {
    'bw-big': { phase: 'pending', wait: 'normal', reason: 'no match found', restarts: 0, host: undefined },
    'bw-held': { phase: 'held', wait: 'held', reason: 'via condor_hold (by user alice)', restarts: 1, host: undefined },
    'bw-suspended': { phase: 'paused', host: 'vm', restarts: 0 },
    'bw-stubborn': { phase: 'ending', host: 'vm', rawState: 'removed' },
    'bw-again': { phase: 'running', restarts: 1, host: 'vm' },
  }
  for (const [name, expected] of Object.entries(phases))
    it(`is ${expected.phase}: ${name}`, () => {
      for (const [key, value] of Object.entries(expected))
        assert.equal(Reflect.get(jobs.get(name) ?? {}, key), value, key)
      assert.equal(jobs.get(name)?.end, undefined)
    })

  const ends: Readonly<Record<string, object>> = {
    'bw-three': { kind: 'failed', exitCode: 3, words: 'ExitCode 3' },
    'bw-killed': { kind: 'failed', signal: 9 },
    'bw-hungry': { kind: 'out-of-memory', words: 'memory usage exceeded request_memory', maxMemoryMiB: 733 },
    'bw-late': { kind: 'walltime', words: 'The job exceeded allowed job duration of 00:04' },
    'bw-vacated': { kind: 'preempted', words: 'The job lost its machine, and was not to be started again' },
    'bw-removed': { kind: 'cancelled', by: 'alice', words: 'via condor_rm (by user alice)' },
  }
  const history = byName(parseHistory(past).values())
  for (const [name, expected] of Object.entries(ends))
    it(`has ended: ${JSON.stringify(expected)}`, () => {
      const job = history.get(name)
      assert.equal(job?.phase, 'ended')
      assert.equal(job?.owner, 'alice')
      for (const [key, value] of Object.entries(expected)) assert.equal(Reflect.get(job?.end ?? {}, key), value, key)
      assert.ok((job?.end?.endedAt ?? 0) >= (job?.end?.startedAt ?? Number.POSITIVE_INFINITY))
      assert.equal(job?.end?.host, 'vm')
    })
  it('is found in the history by its name', () => {
    assert.deepEqual(
      parseHistoryByName(recorded('history-by-name')).map(({ name, end }) => [name, end?.kind]),
      [
        ['bw-late', 'walltime'],
        ['bw-three', 'failed'],
      ],
    )
  })
})

describe('answers of HTCondor', () => {
  it('about an empty queue', () =>
    assert.deepEqual(parseList(recorded('condor_q-empty')), { complete: true, jobs: [] }))
  it('about jobs that nobody remembers', () => assert.equal(parseHistory(recorded('history-unknown')).size, 0))
  it('without a schedd', () => assert.throws(() => parseList(recorded('condor_q-down')), refusal('unavailable', /./)))
  it('about jobs that no machine can run', () => {
    const { reason } = Object.fromEntries([
      ['reason', parseUnmatched(recorded('condor_q-unmatchable')).get(toJobId('8.0'))],
    ])
    assert.match(reason ?? '', /^No machine of the pool .*: 64 cores, 2000 MiB of memory, 2 GPUs, and/)
    assert.equal(parseUnmatched(said('')).size, 0)
    assert.throws(() => parseUnmatched(recorded('condor_q-down')), refusal('unavailable', /./))
  })
  const submits: readonly (readonly [file: string, kind: SchedulerError['kind'], words: RegExp])[] = [
    ['submit-refused', 'refused', /^No job may ask for more than 500000 MB of memory here$/],
    ['submit-bad-requirements', 'refused', /^Parse error in expression/],
    ['submit-no-folder', 'refused', /^cannot create \/nonexistent\/\S+: Directory nonexistent$/],
    ['submit-not-writable', 'refused', /^cannot create \S+: Permission denied$/],
    ['submit-down', 'ambiguous', /^Can't find address of local schedd$/],
  ]
  for (const [file, kind, words] of submits)
    it(`to a submit that fails: ${file}`, () => assert.throws(() => parseSubmit(recorded(file)), refusal(kind, words)))
  it('to a submit whose last reply was lost', () => {
    const stderr = '\nERROR: Failed to commit job submission into the queue.\n'
    assert.throws(() => parseSubmit({ exitCode: 1, stdout: '', stderr }), refusal('ambiguous', /./))
  })
  it('to submits that are taken', () => {
    assert.equal(parseSubmit(recorded('submit-ok')), '1.0')
    assert.equal(parseSubmit(said('Welcome!\n12.0 - 12.0\nhave fun\n')), '12.0')
    assert.throws(() => parseSubmit(said('12.0 - 13.0\n')), refusal('ambiguous', /12\.0 - 13\.0/))
    assert.throws(() => parseSubmit(said('')), refusal('ambiguous', /without printing a job id/))
  })
  it('to cancels', () => {
    assert.equal(parseCancel(recorded('rm-ok')), true)
    assert.equal(parseCancel(recorded('rm-unknown')), false)
    assert.equal(parseCancel(recorded('rm-again')), false)
    assert.throws(() => parseCancel(recorded('rm-other-user')), refusal('refused', /^Permission denied to remove/))
    assert.throws(() => parseCancel(recorded('rm-down')), refusal('ambiguous', /./))
  })
})

describe('what HTCondor has not been seen to say', () => {
  const base = {
    ClusterId: 4,
    ProcId: 0,
    Owner: 'alice',
    JobBatchName: 'bw-1',
    NumJobMatches: 1,
    JobCurrentStartDate: 9,
  }
  const one = (change: object) => parseList(said(JSON.stringify([{ ...base, ...change }]))).jobs[0]
  it('a state that is not in the table is unknown', () => {
    for (const JobStatus of [0, 8, 9, -1, 77]) assert.equal(one({ JobStatus })?.phase, 'unknown')
  })
  const holds: readonly (readonly [code: number, reason: string, phase: string, kind?: string])[] = [
    [1, 'by user', 'held'],
    [15, 'submitted on hold', 'held'],
    [16, 'Spooling input data files', 'held'],
    [999, 'of a later version', 'held'],
    [7, "Error from slot1@vm: Failed to open '/x' as standard output", 'ended', 'launch-failed'],
    [34, 'Job has gone over memory limit of 200 megabytes', 'ended', 'out-of-memory'],
    [47, 'The job exceeded allowed execute duration of 10:00', 'ended', 'walltime'],
    [26, 'The system macro SYSTEM_PERIODIC_HOLD expression was TRUE', 'ended', 'failed'],
  ]
  for (const [HoldReasonCode, HoldReason, phase, kind] of holds)
    it(`a hold of code ${HoldReasonCode} is ${phase}, in HTCondor’s words`, () => {
      const job = one({ JobStatus: 5, HoldReasonCode, HoldReason })
      assert.deepEqual([job?.phase, job?.end?.kind], [phase, kind])
      assert.equal(job?.reason ?? job?.end?.words, HoldReason.replace(/^Error from \S+: /, ''))
    })
  it('a hold without a code waits for a person', () => assert.equal(one({ JobStatus: 5 })?.phase, 'held'))
  it('a job that is about to be held, or has lost its machine for good, is on its way out', () => {
    assert.equal(one({ JobStatus: 2, HoldReasonCode: 46 })?.phase, 'ending')
    assert.equal(one({ JobStatus: 1, BatchwayOnce: true, NumJobStarts: 1 })?.phase, 'ending')
    assert.equal(one({ JobStatus: 1, BatchwayOnce: false, NumJobStarts: 1 })?.phase, 'pending')
  })
  it('a schedd that found a job again has not started it again', () => {
    assert.equal(one({ JobStatus: 2, JobRunCount: 3, NumShadowStarts: 3, NumJobMatches: 1 })?.restarts, 0)
  })
  it('an expression in place of a number is no number', () => {
    assert.equal(one({ JobStatus: 2, AllowedJobDuration: '/Expr(60 * 2)/' })?.endsAt, undefined)
  })
  it('a removal by the site’s policy is not a person’s', () => {
    const record = { ...base, JobStatus: 3, RemoveReason: 'The system macro SYSTEM_PERIODIC_REMOVE expression …' }
    assert.equal(parseHistory(said(JSON.stringify([record]))).get(toJobId('4.0'))?.end?.kind, 'failed')
  })
})

describe('a damaged list', () => {
  const whole = parseList(queue)
  const alive: ReadonlySet<JobId> = new Set(whole.jobs.map(({ id }) => id))
  /** None where it can see that this is no list. */
  const listed = (text: string): { complete: boolean; jobs: readonly JobStatus[] } => {
    try {
      return parseList(said(text))
    } catch (error) {
      if (error instanceof SchedulerError && error.kind === 'unreadable') return { complete: false, jobs: [] }
      throw error
    }
  }
  it('is whole to begin with, and all of it lives', () => {
    assert.equal(alive.size, 6)
    assert.ok(whole.jobs.every(({ phase }) => phase !== 'ended'))
  })
  it('that is cut off anywhere is not complete, and ends nobody', () => {
    for (let length = 1; length < queue.stdout.length - 2; length += 13) {
      const { complete, jobs } = listed(queue.stdout.slice(0, length))
      assert.deepEqual([complete, jobs.length], [false, 0], String(length))
    }
  })
  it('in which any bit is another ends nobody', () => {
    for (let place = 0; place < queue.stdout.length; place += 3)
      for (const bit of [1, 2, 4, 16, 64]) {
        const byte = String.fromCharCode(queue.stdout.charCodeAt(place) ^ bit)
        const text = queue.stdout.slice(0, place) + byte + queue.stdout.slice(place + 1)
        const { complete, jobs } = listed(text)
        const about = `bit ${bit} at ${place}`
        assert.ok(
          jobs.every(({ phase }) => phase !== 'ended'),
          about,
        )
        // Whoever is missing from a complete list has another id in it: then there is one that nobody knows.
        if (complete) assert.equal(jobs.length, alive.size, about)
      }
  })
  it('with records twice is not complete; where they differ, nothing is known', () => {
    const records: object[] = JSON.parse(queue.stdout)
    const twice = listed(JSON.stringify([...records, records[1]]))
    assert.equal(twice.complete, false)
    assert.deepEqual(twice.jobs, whole.jobs)
    const torn = listed(JSON.stringify([...records, { ...records[1], JobStatus: 4, ExitCode: 0 }]))
    const alone = listed(JSON.stringify([{ ...records[1], JobStatus: 4, ExitCode: 0 }]))
    assert.equal(alone.jobs[0]?.phase, 'ended') // the positive control: such a record tells an end
    assert.equal(torn.jobs.find(({ name }) => name === 'bw-running')?.phase, 'unknown')
  })
  it('with a record that cannot be read is not complete, and right about the others', () => {
    const records: object[] = JSON.parse(queue.stdout)
    const { complete, jobs } = listed(JSON.stringify([...records, { ClusterId: 'x' }]))
    assert.equal(complete, false)
    assert.deepEqual(jobs, whole.jobs)
  })
  it('of another locale reads the same: nothing in it is a word or a date', () => {
    const text = queue.stdout.replaceAll('no match found ', 'keine Übereinstimmung \u0007')
    const { complete, jobs } = listed(text.replace('\u0007', '\\u0007'))
    assert.equal(complete, true)
    assert.deepEqual(
      jobs.map(({ phase }) => phase),
      whole.jobs.map(({ phase }) => phase),
    )
  })
  it('that is none at all is unreadable', () => {
    for (const text of ['condor_q: hello', '{}', 'null', '<html>', '[', ']'])
      assert.throws(() => parseList(said(text)), refusal('unreadable', /./), text)
  })
  it('that is empty beside words about a failure proves nothing', () => {
    const output = { exitCode: 0, stdout: '', stderr: '-- Failed to fetch ads from: <127.0.0.1:1> : vm\n' }
    assert.throws(() => parseList(output), refusal('unavailable', /Failed to fetch/))
  })
})

describe('a damaged history', () => {
  it('is none', () => {
    for (let length = 1; length < past.stdout.length - 2; length += 41)
      assert.throws(() => parseHistory(said(past.stdout.slice(0, length))), refusal('unreadable', /./))
  })
  it('never tells the end of a job that was alive when it was written down', () => {
    const ids = [...parseHistory(queue).values()].map(({ name }) => name)
    assert.deepEqual(ids, ['bw-stubborn']) // it is being removed; nobody asks about it while the queue shows it
  })
})
