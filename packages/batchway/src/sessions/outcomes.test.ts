import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Spec } from '../profiles/spec.ts'
import { outcomeWords, type Say, waitingWords } from './outcomes.ts'
import { type Outcome, outcomeCodes, type Session, type Waiting } from './session.ts'

const say: Say = {
  clock: (at) => new Date(at).toISOString().slice(11, 16),
  memory: (mib) => `${mib / 1024} GB`,
  duration: (seconds) => `${seconds / 3600} h`,
}
const spec: Spec = {
  profile: { key: 'lab', title: 'Lab' },
  cluster: 'larch',
  clusterTitle: 'larch',
  application: {
    key: 'jupyter',
    title: 'JupyterLab',
    access: 'hub-aware',
    argv: [],
    environment: {},
    directory: '~',
    healthPath: '',
    openPath: '',
    modules: [],
    prologue: '',
  },
  resources: { cores: 4, memoryMiB: 16_384, gpus: 0, wallSeconds: 14_400 },
  jobOptions: { partition: 'batch' },
  requeue: false,
  limits: { queueSeconds: 7200, bootSeconds: 60, readySeconds: 3600, stopSeconds: 30 },
  origin: {},
}
const end = Date.parse('2026-11-19T11:26:00Z')
const plain: Outcome = {
  code: 'finished',
  words: null,
  exitCode: null,
  signal: null,
  by: null,
  log: [],
  logPlace: null,
  accounting: null,
}
const ended = (outcome: Partial<Outcome>, more: Partial<Session> = {}): Session => ({
  id: 's1',
  userId: 1,
  userName: 'alice',
  serverName: '',
  account: 'alice',
  spec,
  facts: { state: 'ended', outcome: { ...plain, ...outcome } },
  attempt: 1,
  version: 1,
  createdAt: 0,
  submittedAt: 0,
  startedAt: 0,
  readyAt: 0,
  endedAt: end,
  endsAt: null,
  lastActivityAt: null,
  ...more,
})
const tell = (outcome: Partial<Outcome>, more: Partial<Session> = {}) =>
  outcomeWords({ ...plain, ...outcome }, ended(outcome, more), say)

describe('outcomeWords', () => {
  for (const code of outcomeCodes) {
    it(`has all words for ${code}, in the voice of the pages`, () => {
      for (const more of [{}, { endedAt: null, readyAt: null }]) {
        const { title, sentence, cause, next, safe } = tell({ code }, more)
        for (const text of [sentence, cause, next, safe]) {
          assert.match(text, /^(\p{Lu}|larch ).*\.$/su, text)
          assert.doesNotMatch(text, /undefined|null|oops|please|!| {2}/i, text)
        }
        assert.ok(title.length > 2 && title.length <= 30, title)
      }
    })
  }
  it('says why what was asked for can never run, where the scheduler gave a reason', () => {
    const advice = (words: string | null) => {
      const { cause, next } = tell({ code: 'can-never-run', words })
      return [cause, next]
    }
    assert.deepEqual(advice('PartitionTimeLimit'), ['It asks for more time than allowed there.', 'Ask for less time.'])
    assert.deepEqual(advice('BadConstraints'), ['It asks for more than is allowed there.', 'Ask for less.'])
    const general = advice(null)
    assert.match(general[0] ?? '', /larger than a node/)
    for (const words of ['DependencyNeverSatisfied', 'SomethingNew']) assert.deepEqual(advice(words), general)
  })

  it('gives no two outcomes the same title', () =>
    assert.equal(new Set(outcomeCodes.map((code) => tell({ code }).title)).size, outcomeCodes.length))

  const table: readonly [Partial<Outcome>, string][] = [
    [{ code: 'out-of-memory' }, 'It needed more than the 16 GB it had, so the node stopped it at 11:26.'],
    [{ code: 'walltime' }, 'Its time of 4 h was over at 11:26.'],
    [{ code: 'idle' }, 'Nobody used it for a while, so it was stopped at 11:26.'],
    [{ code: 'stopped-by-admin', by: 'root' }, 'root stopped it at 11:26.'],
    [
      { code: 'cancelled-outside', accounting: { kind: 'cancelled', by: 'carol' } },
      'carol cancelled its job on larch at 11:26.',
    ],
    [{ code: 'application-failed', exitCode: 127 }, 'JupyterLab ended with an error (exit code 127) at 11:26.'],
    [{ code: 'job-failed', exitCode: 1, signal: 'SIGSEGV' }, 'The job ended with an error (signal SIGSEGV) at 11:26.'],
    [{ code: 'never-ready' }, 'JupyterLab did not answer within 1 h.'],
  ]
  for (const [outcome, sentence] of table)
    it(`says ${JSON.stringify(sentence)}`, () => assert.equal(tell(outcome).sentence, sentence))

  it('says how long an idle session was given', () => {
    const idle = { seconds: 7_200, warnSeconds: 600, counts: 'all' } as const
    const limited = { ...spec, limits: { ...spec.limits, idle } }
    assert.match(tell({ code: 'idle' }, { spec: limited }).sentence, /^Nobody used it for 2 h, so/)
  })

  it('is red for what failed and never for a walltime end or a stop', () => {
    const red = outcomeCodes.filter((code) => tell({ code }).tone === 'bad')
    for (const code of ['walltime', 'preempted', 'finished', 'stopped-by-user', 'idle', 'queue-limit'] as const)
      assert.ok(!red.includes(code), code)
    for (const code of ['out-of-memory', 'lost', 'rejected', 'node-failure'] as const)
      assert.ok(red.includes(code), code)
  })

  it('promises saved files only for a session that had become ready', () => {
    assert.match(tell({ code: 'walltime' }).safe, /^Files saved before 11:26 are in your home folder/)
    assert.match(tell({ code: 'rejected' }, { readyAt: null }).safe, /nothing is lost/)
  })
})

describe('waitingWords', () => {
  const wait = (waiting: Partial<Waiting>, resources: Partial<Spec['resources']> = {}) =>
    waitingWords(
      { hold: 'none', reason: null, wait: 'normal', estimatedStartAt: null, ...waiting },
      { ...spec, resources: { ...spec.resources, ...resources } },
      say,
    )
  it('names what it waits for, where, and the expected start', () => {
    assert.equal(wait({ estimatedStartAt: end }).sentence, 'Waiting for 4 cores in batch. Expected start: 11:26.')
    assert.match(wait({}, { gpus: 1, gpuType: 'a100' }).sentence, /^Waiting for 1 A100 in batch\./)
    assert.match(wait({}, { gpus: 2 }).sentence, /^Waiting for 2 GPUs /)
    assert.match(wait({}, { cores: 1 }).sentence, /^Waiting for 1 core /)
  })
  it('never invents an estimate', () => assert.match(wait({}).sentence, /larch gives no estimate now\.$/))

  const reasons: readonly [reason: string, cause: RegExp][] = [
    ['Priority', /ahead of yours/],
    ['Resources', /You are next/],
    ['QOSMaxJobsPerUserLimit', /as many jobs as you are allowed/],
    ['AssocGrpCpuLimit', /Your project/],
    ['QOSGrpGRES', /Your project/],
    ['ReqNodeNotAvail, UnavailableNodes:n[1-4]', /reserved, down or kept/],
    ['BeginTime', /put back/],
    ['PartitionDown', /closed/],
    ['PartitionTimeLimit', /more time than allowed/],
    ['JobHeldAdmin', /administrator/],
    ['JobHeldUser', /on hold/],
    ['Nodes_required_for_job_are_DOWN,_DRAINED', /down or being drained/],
    ['Licenses', /licences/],
  ]
  for (const [reason, cause] of reasons)
    it(`explains ${reason} and keeps the raw word`, () => {
      const words = wait({ reason })
      assert.match(words.cause, cause)
      assert.match(words.next, /\.$/)
      assert.equal(words.raw, reason)
    })
  it('does not know why before the scheduler has said so', () => {
    assert.equal(wait({}).cause, 'larch has taken it and has not said yet why it waits.')
    assert.match(wait({ wait: 'never' }).cause, /never run/)
  })
  it('falls back to the class for a reason nobody knows', () => {
    assert.match(wait({ reason: 'FluxCapacitor' }).cause, /Other jobs/)
    assert.match(wait({ reason: 'FluxCapacitor', wait: 'never' }).cause, /never run/)
    assert.match(wait({ reason: 'FluxCapacitor', wait: 'user-limit' }).cause, /You run as much/)
    assert.match(wait({ reason: 'FluxCapacitor', hold: 'held' }).cause, /on hold/)
  })
  it('says on hold, and paused', () => {
    assert.match(wait({ hold: 'held', reason: 'JobHeldUser' }).sentence, /^On hold for 4 cores in batch\.$/)
    assert.match(wait({ hold: 'paused' }).sentence, /^Paused for/)
  })
})
