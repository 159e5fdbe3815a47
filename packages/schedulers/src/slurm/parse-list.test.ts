import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type JobStatus, type Output, SchedulerError } from '../driver.ts'
import { listFormat, listSteps, parseList } from './parse-list.ts'

const bytes = readFileSync(new URL('./testdata/squeue-22.05.8-many.txt', import.meta.url))
const printed = (stdout: string, stderr = ''): Output => ({ exitCode: 0, stdout, stderr })
const recorded = parseList(printed(bytes.toString('utf8')))
const job = (id: string): JobStatus => {
  const found = recorded.jobs.find((one) => one.id === id)
  assert.ok(found, `job ${id} is in the list`)
  return found
}
const us = '\x1f'
const row = (id: string, state: string, name: string, reason = 'None', exit = '0'): string =>
  [id, state, 'alice', 'batch', 'n1', '0', '1', '2', '3', exit, reason, name.padEnd(16), '\n'].join(us)

describe('parseList, on what Slurm 22.05.8 printed', () => {
  it('reads every row, in spite of the job names of others', () => {
    assert.equal(recorded.complete, true)
    assert.equal(recorded.jobs.length, 49)
  })

  it('tells a running job with its node and the end of its walltime', () => {
    assert.deepEqual(job('64'), {
      id: '64',
      name: 'carolbig',
      owner: 'carol',
      phase: 'running',
      rawState: 'R',
      restarts: 0,
      partition: 'gpu',
      submittedAt: 1_795_347_046_000,
      startedAt: 1_795_347_046_000,
      host: 'n4',
      endsAt: 1_795_347_346_000,
    })
  })

  it('tells a pending job with its reason and its estimated start, and no node', () => {
    assert.deepEqual(job('65'), {
      id: '65',
      name: 'carolwait',
      owner: 'carol',
      phase: 'pending',
      rawState: 'PD',
      restarts: 0,
      partition: 'gpu',
      submittedAt: 1_795_347_046_000,
      wait: 'normal',
      reason: 'Resources',
      estimatedStartAt: 1_795_347_346_000,
    })
  })

  for (const [id, phase, kind, extra] of [
    ['46', 'ended', 'completed', { exitCode: 0 }],
    ['47', 'ended', 'failed', { exitCode: 127 }],
    ['48', 'ended', 'failed', { exitCode: 3 }],
    ['49', 'ended', 'failed', { signal: 9 }],
    ['51', 'ended', 'launch-failed', {}],
    ['50', 'ended', 'out-of-memory', {}],
    ['52', 'ended', 'node-failure', {}],
    ['68', 'ended', 'cancelled', {}],
    ['30', 'ended', 'walltime', {}],
  ] as const)
    it(`tells how job ${id} ended: ${kind} ${JSON.stringify(extra)}`, () => {
      const { end, ...status } = job(id)
      assert.equal(status.phase, phase)
      const { exitCode, signal } = end ?? {}
      assert.equal(end?.kind, kind)
      assert.deepEqual({ exitCode, signal }, { exitCode: undefined, signal: undefined, ...extra })
    })

  for (const [id, phase, wait] of [
    ['54', 'held', 'held'],
    ['55', 'pending', 'never'],
    ['56', 'pending', 'never'],
    ['63', 'pending', 'normal'],
    ['69', 'paused', undefined],
    ['66', 'ending', undefined],
  ] as const)
    it(`calls job ${id} ${phase}${wait ? `, wait ${wait}` : ''}`, () =>
      assert.deepEqual([job(id).phase, job(id).wait], [phase, wait]))

  it('follows a requeue: the same id, one restart', () => {
    assert.deepEqual([job('59').phase, job('59').restarts], ['pending', 1])
  })

  it('takes no node for an interactive job: squeue prints the submitting host', () => {
    assert.equal(job('75').host, undefined)
  })

  it('keeps the parts of arrays and of heterogeneous jobs apart', () => {
    for (const id of ['58_1', '58_3', '61+0', '61+1']) assert.ok(job(id))
    assert.equal(
      recorded.jobs.some(({ id }) => id === '58' || id === '61'),
      false,
    )
  })

  it('reads a name of 15 characters whole', () => assert.equal(job('53').name, 'bw-0123456789ab'))

  it('gives a name in another encoding back without its control characters', () =>
    assert.equal(job('59').name, 'J\ufffdrgen \ufffd näme'))

  it('is not deceived by a job name that forges a row about another job', () => {
    assert.equal(bytes.includes('\n1\x1fCA\x1falice\x1fbat'), true) // the attack is in the recording
    assert.equal(job('60').name.startsWith('x\ufffd1\ufffdCA'), true)
    assert.equal(
      recorded.jobs.some(({ id }) => id === '1'),
      false,
    )
  })

  it('owes that to the width of the name: without it the forged row would count', () => {
    assert.ok(listFormat.endsWith('Name:16\x1f'))
    const forged = row('60', 'PD', 'x').replace(/x *\x1f\n$/, `x\n${row('1', 'CA', 'bwrun')}`)
    assert.equal(
      parseList(printed(forged)).jobs.some(({ id, phase }) => id === '1' && phase === 'ended'),
      true,
    )
  })
})

describe('parseList, on what it has not seen', () => {
  it('reads nothing as a complete, empty list', () => {
    assert.deepEqual(parseList(printed('')), { complete: true, jobs: [] })
  })

  it('calls a failed squeue unavailable, whatever it printed', () => {
    const stderr = 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n'
    assert.throws(
      () => parseList({ exitCode: 1, stdout: row('1', 'CD', 'a'), stderr }),
      (error) =>
        error instanceof SchedulerError && error.kind === 'unavailable' && /Unable to contact/.test(error.message),
    )
  })

  it('is not complete when squeue does not know a column and leaves it out, with exit code 0', () => {
    const stdout = readFileSync(new URL('./testdata/squeue-22.05.8-bad-field.txt', import.meta.url), 'utf8')
    const [stderr = '', ...lines] = stdout.split(/(?<=\n)/)
    const list = parseList(printed(lines.join(''), stderr))
    assert.deepEqual(list, { complete: false, jobs: [] })
  })

  for (const [exit, expected] of [
    ['1792', { exitCode: 7 }],
    ['7:0', { exitCode: 7 }],
    ['9', { signal: 9 }],
    ['0:9', { signal: 9 }],
  ] as const)
    it(`reads the exit status ${exit} as ${JSON.stringify(expected)}`, () => {
      const [{ end } = { end: undefined }] = parseList(printed(row('1', 'F', 'a', 'NonZeroExitCode', exit))).jobs
      const { exitCode, signal } = end ?? {}
      assert.deepEqual({ exitCode, signal }, { exitCode: undefined, signal: undefined, ...expected })
    })

  /** What a row tells of a job whatever its state. */
  const plain = { id: '1', name: 'a', owner: 'alice', restarts: 0, partition: 'batch', submittedAt: 1_000 }

  it('calls a state it does not know unknown, never ended, and says no more of it', () => {
    const { jobs } = parseList(printed(row('1', 'ZZ', 'a')))
    assert.deepEqual(jobs, [{ ...plain, phase: 'unknown', rawState: 'ZZ' }])
  })

  it('tells all that it knows of an end', () => {
    const { jobs } = parseList(printed(row('1', 'F', 'a', 'NonZeroExitCode', '7:0')))
    const times = { startedAt: 2_000, endedAt: 3_000 }
    const end = { kind: 'failed', exitCode: 7, words: 'F NonZeroExitCode', host: 'n1', ...times }
    assert.deepEqual(jobs, [{ ...plain, phase: 'ended', rawState: 'F', startedAt: 2_000, end }])
  })

  it('knows no start and no node of a job that was cancelled while it waited', () => {
    const [job] = parseList(printed(row('1', 'CA', 'a').replace('n1', '(null)').replace('None', ''))).jobs
    assert.deepEqual(job?.end, { kind: 'cancelled', words: 'CA', endedAt: 3_000 })
  })

  for (const [state, extra] of [
    ['R', { phase: 'running', startedAt: 2_000, host: 'n1', endsAt: 3_000 }],
    ['CG', { phase: 'ending', startedAt: 2_000, host: 'n1' }],
    ['S', { phase: 'paused', startedAt: 2_000, host: 'n1' }],
    ['PD', { phase: 'pending', wait: 'normal', estimatedStartAt: 2_000 }],
    ['RH', { phase: 'held', wait: 'held', estimatedStartAt: 2_000 }],
  ] as const)
    it(`tells no more than it knows of a job that is ${extra.phase}`, () =>
      assert.deepEqual(parseList(printed(row('1', state, 'a'))).jobs, [{ ...plain, rawState: state, ...extra }]))

  it('leaves out what the scheduler leaves open', () => {
    const open = ['1', 'R', 'alice', '', '', '0', 'N/A', 'N/A', 'N/A', '0', 'None', 'a'.padEnd(16), '\n'].join(us)
    const { id, name, owner, restarts } = plain
    assert.deepEqual(parseList(printed(open)).jobs, [{ id, name, owner, restarts, phase: 'running', rawState: 'R' }])
  })

  it('is not complete when squeue had something to complain of, and tells what it printed', () => {
    const { complete, jobs } = parseList(printed(row('1', 'R', 'a'), 'squeue: error: something new\n'))
    assert.deepEqual([complete, jobs.length], [false, 1])
  })

  it('is not complete for what stands before the first row', () => {
    for (const before of ['x', '\n', 'slurm is busy\n']) {
      const { complete } = parseList(printed(before + row('1', 'R', 'a')))
      assert.equal(complete, false, JSON.stringify(before))
    }
    assert.equal(parseList(printed('slurm is busy\n')).complete, false)
  })

  it('reads no row whose name is longer than was asked for, nor one with an odd id', () => {
    for (const odd of [
      row('1', 'R', 'a'.repeat(17)),
      row('58_[1 2]', 'PD', 'a'),
      row(`58_[${'1,'.repeat(70)}2]`, 'PD', 'a'),
    ])
      assert.deepEqual(parseList(printed(odd)), { complete: false, jobs: [] })
    assert.equal(parseList(printed(row('1', 'R', 'a'.repeat(16)))).jobs[0]?.name, 'a'.repeat(16))
  })

  it('lets others have their turn after each thousand rows', () => {
    const many = Array.from({ length: 2_500 }, (_, index) => row(String(index + 1), 'R', 'a')).join('')
    assert.equal([...listSteps(printed(many))].length, 2)
    assert.equal(parseList(printed(many)).jobs.length, 2_500)
  })

  it('believes neither of two rows about one job', () => {
    const list = parseList(printed(row('1', 'R', 'a') + row('1', 'CA', 'a')))
    assert.equal(list.complete, false)
    assert.deepEqual(
      list.jobs.map(({ phase, end, host }) => [phase, end, host]),
      [['unknown', undefined, undefined]],
    )
  })

  it('throws nothing but a SchedulerError on any bytes', () => {
    const pieces = fc.array(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.constantFrom(us, '\n', 'PD', 'alice', '12', '58_[1-3]', row('7', 'R', 'q')),
      ),
    )
    fc.assert(
      fc.property(pieces, fc.integer({ min: 0, max: 2 }), (parts, exitCode) => {
        try {
          parseList({ exitCode, stdout: parts.join(''), stderr: '' })
        } catch (error) {
          assert.ok(error instanceof SchedulerError)
        }
      }),
    )
  })

  it('never says anything wrong about a job when its output is cut anywhere', () => {
    for (let length = 0; length < bytes.length; length += 1) {
      const { complete, jobs } = parseList(printed(bytes.subarray(0, length).toString('utf8')))
      for (const status of jobs) assert.deepEqual(status, job(status.id), `cut after ${length} bytes`)
      if (!complete) continue
      // Only a cut between two rows, or inside the hostile name behind "separator, newline", goes unnoticed: the rest is absent.
      assert.ok(
        length === 0 || bytes.subarray(0, length).toString('latin1').endsWith(`${us}\n`),
        `cut after ${length} bytes`,
      )
    }
  })
})
