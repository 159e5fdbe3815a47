import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SchedulerError } from '@batchway/schedulers'
import { clockDifference } from './clock-difference.ts'
import { type JobReport, parseJobReport } from './job-report.ts'
import {
  type JobSetting,
  type JobStory,
  judgeAccounting,
  judgeCancel,
  judgeClocks,
  judgeStart,
  judgeSubmit,
  judgeVisible,
} from './judge-job.ts'

const noon = 1_795_000_000_000
const facts = (change: Partial<JobReport> = {}): JobReport => {
  const report = parseJobReport(`batchway-doctor=1\nclock=${noon / 1_000 + 1}\nhost=n1\n`)
  assert.ok(report)
  return { ...report, ...change }
}
const healthy: JobStory = {
  id: '7',
  submit: { beganAt: noon, endedAt: noon + 50 },
  listed: { at: noon + 100, submittedAt: noon },
  listAnswers: 3,
  waits: null,
  ranAt: noon + 800,
  lastPendingAt: noon + 100,
  report: { facts: facts(), at: noon + 1_500, by: 'network' },
  log: 'hidden',
  earlyEnd: null,
  cancel: { words: null, goneAfterMs: 2_000 },
  accounting: { afterMs: 300, kind: 'cancelled' },
}
const setting: JobSetting = {
  hub: 'batchway',
  account: 'alice',
  profile: 'small',
  isKnownInAccounting: false,
  slurm: {
    version: '22.05.8',
    privateData: ['jobs'],
    minJobAgeSeconds: 300,
    accounting: 'accounting_storage/slurmdbd',
  },
}
const story = (change: Partial<JobStory>): JobStory => ({ ...healthy, ...change })

describe('a probe job without trouble', () => {
  it('is well in every respect', () => {
    const verdicts = [
      judgeSubmit({ id: '7' }, setting),
      judgeVisible(healthy, setting),
      judgeStart(healthy, 120),
      judgeCancel(healthy),
      judgeAccounting(healthy, setting),
      judgeClocks(healthy),
    ]
    assert.deepEqual(
      verdicts.filter(({ status }) => status !== 'ok'),
      [],
    )
  })
})

describe('judgeSubmit', () => {
  it('quotes a refusal, and does not take silence for one', () => {
    const refused = judgeSubmit(new SchedulerError('refused', 'Invalid account'), setting)
    assert.equal(refused.status, 'problem')
    assert.match(refused.words, /refuses .* alice .* small: Invalid account/)
    assert.match(judgeSubmit(new SchedulerError('ambiguous', 'timed out'), setting).words, /no clear answer/)
  })
})

describe('judgeVisible', () => {
  it('names the grant where lists came without the job', () => {
    const verdict = judgeVisible(story({ listed: null, listAnswers: 12 }), setting)
    assert.equal(verdict.status, 'problem')
    assert.match(verdict.words, /batchway does not see job 7 of alice: the list came 12 times/)
    assert.ok(verdict.remedy.includes('  sacctmgr --immediate add user name=batchway account=root adminlevel=Operator'))
    assert.ok(verdict.remedy.includes('  PrivateData=none'))
  })
  it('does not take lists that never came for hidden jobs', () => {
    const verdict = judgeVisible(story({ listed: null, listAnswers: 0 }), setting)
    assert.match(verdict.words, /no list of jobs came/)
    assert.doesNotMatch(verdict.remedy.join(), /sacctmgr/)
  })
  it('offers no operator where there is no accounting', () => {
    const slurm = { ...setting.slurm, version: null, privateData: ['jobs', 'nodes'], minJobAgeSeconds: 300 }
    const { remedy } = judgeVisible(story({ listed: null }), {
      ...setting,
      slurm: { ...slurm, accounting: 'accounting_storage/none' },
    })
    assert.doesNotMatch(remedy.join(), /sacctmgr/)
    assert.ok(remedy.includes('  PrivateData=nodes'))
  })
})

describe('judgeStart', () => {
  const silent = { ranAt: null, report: null }
  for (const [name, change, status, words] of [
    [
      'never',
      { ...silent, waits: { kind: 'never', reason: 'PartitionConfig' } },
      'problem',
      /never run .*: PartitionConfig/,
    ],
    ['not yet', { ...silent, waits: { kind: 'normal', reason: 'Priority' } }, 'warning', /within 120 s \(Priority\)/],
    [
      'lost its log',
      { ...silent, earlyEnd: { kind: 'failed', signal: 53, words: 'FAILED' } },
      'problem',
      /before its script/,
    ],
    ['is not seen', { ...silent, listed: null }, 'skipped', /cannot be seen/],
    ['ran and was silent', { report: null }, 'ok', /it runs/],
    ['was seen, and that is all', silent, 'warning', /sent no word/],
  ] as const)
    it(`calls a job that ${name} ${status}`, () => {
      const verdict = judgeStart(story(change), 120)
      assert.equal(verdict.status, status)
      assert.match(verdict.words, words)
    })
})

describe('judgeCancel', () => {
  for (const [cancel, status] of [
    [{ words: 'sudo did not run', goneAfterMs: null }, 'problem'],
    [{ words: null, goneAfterMs: null }, 'warning'],
    [null, 'skipped'],
  ] as const)
    it(`calls ${JSON.stringify(cancel)} ${status}`, () => assert.equal(judgeCancel(story({ cancel })).status, status))
})

describe('judgeCancel of a job that is not shown', () => {
  const hidden = { listed: null, cancel: { words: null, goneAfterMs: null } }
  it('believes accounting', () => assert.equal(judgeCancel(story(hidden)).status, 'ok'))
  it('claims nothing without it', () =>
    assert.equal(judgeCancel(story({ ...hidden, accounting: { words: null, waitedMs: 1 } })).status, 'skipped'))
})

describe('judgeAccounting', () => {
  it('says what is lost without it, and who may look', () => {
    const slurm = { version: null, privateData: [], minJobAgeSeconds: null, accounting: 'accounting_storage/none' }
    const without = judgeAccounting(healthy, { ...setting, slurm })
    assert.equal(without.status, 'warning')
    assert.match(without.remedy.join(), /out of memory/)
    const silent = judgeAccounting(story({ accounting: { words: null, waitedMs: 30_000 } }), setting)
    assert.match(silent.words, /does not tell batchway how job 7 ended, 30\.0 s/)
    assert.match(silent.remedy.join(), /slurmdbd\.conf/)
    const broken = judgeAccounting(story({ accounting: { words: 'Connection refused', waitedMs: 1 } }), setting)
    assert.match(broken.words, /does not answer: Connection refused/)
  })
})

describe('clockDifference', () => {
  for (const [reading, from, to, difference] of [
    [100, 100.9, 101.5, 0],
    [102, 100.9, 101.5, 0],
    [99, 100.9, 101.5, -1],
    [103, 100.9, 101.5, 1],
    [400, 100, 101, 299],
  ] as const)
    it(`puts ${reading} between ${from} and ${to} at ${difference}`, () =>
      assert.equal(clockDifference(reading, from, to), difference))
})

describe('judgeClocks', () => {
  const node = (seconds: number): Partial<JobStory> => ({
    report: { facts: facts({ clock: noon / 1_000 + seconds }), at: noon + 1_500, by: 'network' },
  })
  for (const [name, change, status, words] of [
    ['a node a little ahead', node(5), 'ok', /agree/],
    ['a node that is half a minute ahead', node(32), 'warning', /clock of n1 is 30 s ahead of/],
    ['a node that is five minutes behind', node(-300), 'problem', /n1 is 300 s behind .*MUNGE/],
    [
      'a scheduler an hour ahead',
      { listed: { at: noon, submittedAt: noon + 3_601_000 } },
      'problem',
      /the scheduler is 3600 s ahead/,
    ],
    ['no clock at all', { listed: null, report: null }, 'skipped', /neither/],
  ] as const)
    it(`calls ${name} ${status}`, () => {
      const verdict = judgeClocks(story(change))
      assert.equal(verdict.status, status)
      assert.match(verdict.words, words)
    })
  it('takes a wait in the queue for no difference', () => {
    const waited = story({
      lastPendingAt: noon + 100_000,
      report: { facts: facts({ clock: noon / 1_000 + 101 }), at: noon + 102_000, by: 'network' },
    })
    assert.equal(judgeClocks(waited).status, 'ok')
  })
})
