/** What two generations of Slurm printed about the same jobs (`testbench/record-slurm.sh`); a job's name says what was done to it. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { type JobEnd, type JobStatus, type Output, SchedulerError, type WaitKind } from '../driver.ts'
import { parseCancel } from './parse-cancel.ts'
import { parseHistory } from './parse-history.ts'
import { parseList } from './parse-list.ts'
import { parsePartitions } from './parse-partitions.ts'
import { parseSubmit } from './parse-submit.ts'

const read = (file: string): string => readFileSync(new URL(`./testdata/${file}`, import.meta.url), 'utf8')
const printed = (stdout: string) => ({ exitCode: 0, stdout, stderr: '' })

/** Job → class, and the words that Slurm has for it. */
const waits: readonly (readonly [name: string, wait: WaitKind, reason: RegExp])[] = [
  ['wait-heldowner', 'held', /^JobHeldUser$/],
  ['wait-heldadmin', 'held', /^JobHeldAdmin$/],
  ['wait-prolog', 'held', /^launch failed requeued held$/],
  ['wait-begin', 'normal', /^BeginTime$/],
  ['wait-requeued', 'normal', /^BeginTime$/],
  ['wait-depend', 'normal', /^Dependency$/],
  ['wait-depnever', 'never', /^DependencyNeverSatisfied$/],
  ['wait-parttime', 'never', /^PartitionTimeLimit$/],
  ['wait-partnodes', 'never', /^PartitionNodeLimit$/],
  ['wait-partdown', 'normal', /^PartitionDown$/],
  ['wait-asleep', 'normal', /^PartitionInactive$/],
  ['wait-reqnode', 'normal', /^ReqNodeNotAvail, (?:UnavailableNodes:n3|May be reserved for other job)$/],
  ['wait-nodesdown', 'normal', /^Nodes required for job are DOWN, DRAINED or reserved/],
  ['wait-license', 'normal', /^Licenses$/],
  ['wait-resv', 'normal', /^Reservation$/],
  ['wait-resources', 'normal', /^Resources$/],
  ['wait-priority', 'normal', /^Priority$/],
  ['wait-qonejob', 'user-limit', /^QOSMaxJobsPerUserLimit$/],
  ['wait-qcpuuser', 'user-limit', /^QOSMaxCpuPerUserLimit$/],
  ['wait-qmemuser', 'user-limit', /^QOSMaxMemoryPerUser$/],
  ['wait-amjobs', 'user-limit', /^AssocMaxJobsLimit$/],
  ['wait-array', 'user-limit', /^JobArrayTaskLimit$/],
  ['wait-qgrpjobs', 'group-limit', /^QOSGrpJobsLimit$/],
  ['wait-qgrpcpu', 'group-limit', /^QOSGrpCpuLimit$/],
  ['wait-qminutes', 'group-limit', /^QOSGrpCPUMinutesLimit$/],
  ['wait-agjobs', 'group-limit', /^AssocGrpJobsLimit$/],
  ['wait-agcpu', 'group-limit', /^AssocGrpCpuLimit$/],
  ['wait-agmin', 'group-limit', /^AssocGrpCPUMinutesLimit$/],
  ['wait-agwall', 'group-limit', /^AssocGrpWallLimit$/],
  ['wait-qcpujob', 'never', /^QOSMaxCpuPerJobLimit$/],
  ['wait-qmincpu', 'never', /^QOSMinCpuNotSatisfied$/],
  ['wait-qwall', 'never', /^QOSMaxWallDurationPerJobLimit$/],
  ['wait-amcpu', 'never', /^AssocMaxCpuPerJobLimit$/],
  ['wait-amwall', 'never', /^AssocMaxWallDurationPerJobLimit$/],
]

const ends: readonly (readonly [name: string, end: Pick<JobEnd, 'kind' | 'exitCode' | 'signal'>])[] = [
  ['end-ok', { kind: 'completed', exitCode: 0 }],
  ['end-127', { kind: 'failed', exitCode: 127 }],
  ['end-exit3', { kind: 'failed', exitCode: 3 }],
  ['end-kill9', { kind: 'failed', signal: 9 }],
  ['end-nooutput', { kind: 'launch-failed' }],
  ['end-oom', { kind: 'out-of-memory' }],
  ['end-walltime', { kind: 'walltime' }],
  ['end-byowner', { kind: 'cancelled' }],
  ['end-byroot', { kind: 'cancelled' }],
  ['end-pending', { kind: 'cancelled' }],
  ['end-preempted', { kind: 'preempted' }],
  ['end-nodefail', { kind: 'node-failure' }],
]

/** What the replies are read as: a value, or the kind of the error and its words. */
const replies: readonly (readonly [title: string, read: (output: Output) => unknown, answer: unknown])[] = [
  [
    'sbatch: partition unknown',
    parseSubmit,
    ['refused', 'invalid partition specified: nowhere\nInvalid partition name specified'],
  ],
  ['sbatch: account unknown', parseSubmit, ['refused', 'Invalid account or account/partition combination specified']],
  ['sbatch: qos unknown', parseSubmit, ['refused', 'Invalid qos specification']],
  ['sbatch: feature unknown', parseSubmit, ['refused', 'Invalid feature specification']],
  ['sbatch: reservation unknown', parseSubmit, ['refused', 'Requested reservation is invalid']],
  [
    'sbatch: too much memory',
    parseSubmit,
    ['refused', 'Memory specification can not be satisfied\nRequested node configuration is not available'],
  ],
  ['sbatch: too many GPUs', parseSubmit, ['refused', 'Requested node configuration is not available']],
  ['sbatch: type of GPU unknown', parseSubmit, ['refused', 'Requested node configuration is not available']],
  [
    'sbatch: refused by its QOS at once',
    parseSubmit,
    [
      'refused',
      "QOSMaxWallDurationPerJobLimit\nJob violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
    ],
  ],
  [
    'sbatch: more jobs than the QOS takes',
    parseSubmit,
    [
      'refused',
      "QOSMaxSubmitJobPerUserLimit\nJob violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
    ],
  ],
  ['sbatch: no association', parseSubmit, ['refused', 'Invalid account or account/partition combination specified']],
  ['sbatch: slurmctld is down', parseSubmit, ['ambiguous', 'Unable to contact slurm controller (connect failure)']],
  ['scancel: running job', parseCancel, true],
  ['scancel: unknown job', parseCancel, false],
  ['scancel: job that is over', parseCancel, false],
  ['scancel: job of someone else', parseCancel, ['refused', 'Access/permission denied']],
  ['scancel: slurmctld is down', parseCancel, ['ambiguous', 'Unable to contact slurm controller (connect failure)']],
  [
    'squeue: slurmctld is down',
    parseList,
    ['unavailable', 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)'],
  ],
]

/** A recorded reply; what programs say on standard error begins with a name. @throws {Error} if there is none of this title. */
function reply(version: string, title: string): Output {
  const all = read(`replies-${version}.txt`).split(/^### /m)
  const [, text = '', exitCode] =
    /^.*\n([\s\S]*)^# exit code (\d+)\n$/m.exec(all.find((one) => one.startsWith(`${title}\n`)) ?? '') ?? []
  assert.ok(exitCode, `${title} is recorded`)
  const lines = text.split(/(?<=\n)/)
  const isError = (line: string): boolean => /^(?:s[a-z]+: |slurm_)/.test(line)
  const join = (wanted: boolean): string => lines.filter((line) => isError(line) === wanted).join('')
  return { exitCode: Number(exitCode), stdout: join(false), stderr: join(true) }
}

function answerOf(parse: (output: Output) => unknown, output: Output): unknown {
  try {
    return parse(output)
  } catch (error) {
    assert.ok(error instanceof SchedulerError)
    return [error.kind, error.message]
  }
}

const endOf = ({ end }: Pick<JobStatus, 'end'>) => {
  const { kind, exitCode, signal } = end ?? {}
  return { kind, exitCode, signal }
}
const expected = (end: (typeof ends)[number][1]) => ({ exitCode: undefined, signal: undefined, ...end })

for (const version of ['22.05.8', '24.11.5']) {
  describe(`what Slurm ${version} printed`, () => {
    const list = parseList(printed(read(`squeue-${version}-waits.txt`)))
    const accounts = parseHistory(printed(read(`sacct-${version}-ends.txt`)))
    const job = (name: string): JobStatus => {
      const found = list.jobs
        .filter((one) => one.name === name)
        .sort((a, b) => Number(b.wait !== undefined) - Number(a.wait !== undefined))[0]
      assert.ok(found, `${name} is in the list`)
      return found
    }
    const accountOf = (name: string): JobStatus => {
      const found = accounts.get(job(name).id)
      assert.ok(found, `${name} is in the accounts`)
      return found
    }

    it('is read whole', () => {
      assert.equal(list.complete, true)
      assert.ok(list.jobs.length >= 60)
    })

    for (const [name, wait, reason] of waits)
      it(`${name} is ${wait}`, () => {
        const { phase, reason: said = '', wait: found, host } = job(name)
        assert.deepEqual([phase, found, host], [wait === 'held' ? 'held' : 'pending', wait, undefined])
        assert.match(said, reason)
      })

    for (const [name, end] of ends)
      it(`${name} is ${JSON.stringify(end)}, by squeue and by sacct`, () => {
        assert.deepEqual(endOf(job(name)), expected(end))
        assert.deepEqual(endOf(accountOf(name)), expected(end))
      })

    it('knows a prolog that failed from a cancel by root, by its accounts alone', () => {
      // It takes the node out of service, and Slurm cancels a job that may not be requeued, as root.
      assert.deepEqual([job('end-prolog').end?.kind, accountOf('end-prolog').end?.kind], ['cancelled', 'not-prepared'])
      assert.deepEqual([accountOf('end-prolog').end?.by, accountOf('end-prolog').end?.host], [undefined, 'n2'])
      assert.equal(accountOf('end-prolog').end?.words, 'CANCELLED by 0 before its script began')
      assert.deepEqual([accountOf('end-byroot').end?.kind, accountOf('end-byroot').end?.by], ['cancelled', '0'])
    })

    it('says who cancelled', () =>
      assert.deepEqual(
        ['end-byowner', 'end-byroot'].map((name) => accountOf(name).end?.by),
        ['1001', '0'],
      ))

    it('does not say that a job ran which was cancelled while it waited', () => {
      for (const status of [job('end-pending'), accountOf('end-pending')]) {
        assert.equal(status.end?.startedAt, undefined)
        assert.equal(status.end?.host, undefined)
      }
    })

    it('tells what runs and what is suspended', () =>
      assert.deepEqual(
        ['run-plain', 'run-suspended'].map((name) => [job(name).phase, job(name).host]),
        [
          ['running', 'n1'],
          ['paused', 'n1'],
        ],
      ))

    for (const [title, parse, answer] of replies)
      it(title, () => assert.deepEqual(answerOf(parse, reply(version, title)), answer))

    it('reads the id of what was taken', () =>
      assert.match(String(parseSubmit(reply(version, 'sbatch: accepted'))), /^\d+$/))

    it('counts restarts', () => assert.equal(job('wait-requeued').restarts, 1))
  })
}

describe('what Slurm 24.11.5 printed', () => {
  it('has failed a job that no node of its partition can take; it never ran, so it has no exit', () => {
    const { jobs } = parseList(printed(read('squeue-24.11.5-waits.txt')))
    const { end } = jobs.find(({ name }) => name === 'wait-partconf') ?? {}
    assert.deepEqual(
      [end?.kind, end?.exitCode, end?.signal, end?.words],
      ['impossible', undefined, undefined, 'BadConstraints'],
    )
  })

  it('tells which partitions are open', () => {
    const partitions = parsePartitions(printed(read('sinfo-24.11.5-partitions.txt')))
    assert.deepEqual(partitions.map(({ name, isUp, maxWallSeconds }) => [name, isUp, maxWallSeconds]).sort(), [
      ['asleep', false, null],
      ['batch', true, 172_800],
      ['broken', true, null],
      ['closed', false, null],
      ['debug', true, 1_800],
      ['gpu', true, 86_400],
      ['narrow', true, null],
    ])
  })
})
