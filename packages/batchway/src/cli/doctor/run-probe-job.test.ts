import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobList, type JobRequest, type JobStatus, SchedulerError, toJobId } from '@batchway/schedulers'
import { type Collector, openCollector } from './collector.ts'
import { parseJobReport } from './job-report.ts'
import { type ProbeJob, type ProbeLimits, runProbeJob } from './run-probe-job.ts'

const id = toJobId('7')
const request: JobRequest = {
  name: 'b00-dr-abc',
  account: 'alice',
  script: '#!/bin/sh\n',
  resources: { cores: 1, memoryMiB: 100, gpus: 0, wallSeconds: 60 },
  workdir: '/home/alice',
  outputPath: '/dev/null',
  requeue: false,
  options: {},
}
const status = (phase: JobStatus['phase'], change: Partial<JobStatus> = {}): JobStatus => ({
  id,
  name: request.name,
  phase,
  rawState: '',
  restarts: 0,
  ...change,
})
const ended = (change: JobStatus['end']): JobStatus => status('ended', change ? { end: change } : {})

/** A scheduler whose answers are told one after the other; the last one stays. Cancelling makes the job end. */
function fakeCluster(answers: readonly (readonly JobStatus[] | Error)[], parts: Partial<ProbeJob['cluster']> = {}) {
  const cancelled: string[] = []
  let turn = 0
  const cluster: ProbeJob['cluster'] = {
    submit: async () => id,
    async list(): Promise<JobList> {
      const answer = answers[Math.min(turn++, answers.length - 1)] ?? []
      if (answer instanceof Error) throw answer
      if (cancelled.length > 0) return { complete: true, jobs: [ended({ kind: 'cancelled' })] }
      return { complete: true, jobs: answer }
    },
    async cancel(job) {
      cancelled.push(job)
      return true
    },
    history: async () => new Map([[id, ended({ kind: 'cancelled' })]]),
    ...parts,
  }
  return { cluster, cancelled }
}

const report = parseJobReport('batchway-doctor=1\nhost=n1\ncomplete=1\n')
const told: Collector = { latest: () => (report ? { facts: report, at: Date.now() } : null), take: () => false }
const silent: Collector = openCollector('/never', Date.now)
/** Short where a test waits for the limit, long where it must not be met. */
const limits: ProbeLimits = { poll: 1, start: 50, word: 50, complete: 50, gone: 50, accounting: 50 }
const patient: ProbeLimits = {
  poll: 1,
  start: 60_000,
  word: 60_000,
  complete: 60_000,
  gone: 60_000,
  accounting: 60_000,
}
const run = (cluster: ProbeJob['cluster'], change: Partial<ProbeJob> = {}) =>
  runProbeJob({
    cluster,
    request,
    log: null,
    collector: told,
    readComment: null,
    limits: patient,
    now: Date.now,
    signal: new AbortController().signal,
    say: () => {},
    ...change,
  })
async function storyOf(...args: Parameters<typeof run>) {
  const story = await run(...args)
  assert.ok(!(story instanceof SchedulerError))
  return story
}

describe('runProbeJob', () => {
  it('follows a job from the queue to its end', async () => {
    const waiting = status('pending', { reason: 'Priority', wait: 'normal', submittedAt: 5_000 })
    const { cluster, cancelled } = fakeCluster([
      [waiting],
      new SchedulerError('unavailable', 'busy'),
      [status('running')],
    ])
    const story = await storyOf(cluster)

    assert.equal(story.listed?.submittedAt, 5_000)
    assert.notEqual(story.ranAt, null)
    assert.equal(story.report?.by, 'network')
    assert.deepEqual(cancelled, ['7'])
    assert.notEqual(story.cancel?.goneAfterMs, null)
    assert.ok(story.accounting && 'kind' in story.accounting)
  })
  it('cancels a job that it does not see', async () => {
    const { cluster, cancelled } = fakeCluster([[]])
    const story = await storyOf(cluster)
    assert.deepEqual([story.listed, cancelled], [null, ['7']])
    assert.ok(story.listAnswers > 0)
  })
  it('takes lists that never come for no answer', async () => {
    const { cluster } = fakeCluster([new SchedulerError('unavailable', 'down')])
    assert.equal((await storyOf(cluster, { limits })).listAnswers, 0)
  })
  it('reads what the job left with the scheduler where the network does not lead back', async () => {
    const { cluster } = fakeCluster([[status('running')]])
    const comment = `batchway-doctor:${Buffer.from('batchway-doctor=1\nhost=n2\ncomplete=1\n').toString('base64')}`
    const story = await storyOf(cluster, { collector: silent, readComment: async () => comment })
    assert.deepEqual([story.report?.facts.host, story.report?.by], ['n2', 'scheduler'])
  })
  it('does not cancel what has ended, and tells how', async () => {
    const { cluster, cancelled } = fakeCluster([[ended({ kind: 'launch-failed', words: 'no log' })]])
    const story = await storyOf(cluster, { collector: silent })
    assert.deepEqual([story.earlyEnd?.kind, story.cancel, cancelled], ['launch-failed', null, []])
  })
  it('gives up at once on a job that can never run, and in time on one that waits or is silent', async () => {
    const never = status('pending', { wait: 'never', reason: 'PartitionConfig' })
    const first = fakeCluster([[never]])
    assert.equal((await storyOf(first.cluster, { collector: silent })).waits?.kind, 'never')
    for (const phase of ['pending', 'running'] as const) {
      const { cluster, cancelled } = fakeCluster([[status(phase)]])
      const story = await storyOf(cluster, { collector: silent, limits })
      assert.deepEqual([story.report, cancelled], [null, ['7']])
    }
    assert.deepEqual(first.cancelled, ['7'])
  })
  it('says that a cancel failed, and tries once more', async () => {
    let tries = 0
    const { cluster } = fakeCluster([[status('running')]], {
      async cancel() {
        tries += 1
        throw new SchedulerError('unavailable', 'no rule')
      },
    })
    assert.equal((await storyOf(cluster)).cancel?.words, 'no rule')
    assert.equal(tries, 2)
  })
  it('says that accounting was silent or broken', async () => {
    for (const [history, words] of [
      [async () => new Map(), null],
      [async () => Promise.reject(new SchedulerError('unavailable', 'slurmdbd is away')), 'slurmdbd is away'],
    ] as const) {
      const { cluster } = fakeCluster([[status('running')]], { history })
      const { accounting } = await storyOf(cluster, { limits: { ...patient, accounting: 20 } })
      assert.ok(accounting && 'words' in accounting)
      assert.equal(accounting.words, words)
    }
  })
  it('cancels when it is interrupted, wherever it is', async () => {
    const controller = new AbortController()
    const { cluster, cancelled } = fakeCluster([[status('pending')]])
    const list = cluster.list
    const interrupted = run(
      {
        ...cluster,
        list() {
          queueMicrotask(() => controller.abort())
          return list()
        },
      },
      { signal: controller.signal, collector: silent },
    )
    await assert.rejects(interrupted, { name: 'AbortError' })
    assert.deepEqual(cancelled, ['7'])
  })
  it('looks for the job of a submit whose reply was lost, and cancels that', async () => {
    const { cluster, cancelled } = fakeCluster([[], [], [status('pending')]], {
      submit: async () => Promise.reject(new SchedulerError('ambiguous', 'timed out')),
    })
    const result = await run(cluster)
    assert.ok(result instanceof SchedulerError)
    assert.deepEqual(cancelled, ['7'])
  })
  it('leaves alone what was refused', async () => {
    const { cluster, cancelled } = fakeCluster([[status('pending')]], {
      submit: async () => Promise.reject(new SchedulerError('refused', 'no')),
    })
    assert.ok((await run(cluster)) instanceof SchedulerError)
    assert.deepEqual(cancelled, [])
  })
})
