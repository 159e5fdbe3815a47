import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Output, SchedulerError } from '../driver.ts'
import { refusal } from '../testing-refusal.ts'
import { parseCancel } from './parse-cancel.ts'
import { parseSubmit } from './parse-submit.ts'

const output = (exitCode: number, stdout: string, stderr = ''): Output => ({ exitCode, stdout, stderr })

describe('parseSubmit', () => {
  for (const [what, stdout, id] of [
    ['a plain id', '4711\n', '4711'],
    ['an id with its cluster', '4711;alpha\n', '4711'],
    ['an id after the chatter of a plugin', 'Setting account: x\n12 nodes idle\n4711\n', '4711'],
    ['an id before chatter', '4711\nthank you\n', '4711'],
    ['the last of two', '12\n 4711;alpha;beta \n', '4711'],
    ['an id between lines that begin or end with a number', '4711\n12 nodes\nroom 12\n', '4711'],
  ] as const)
    it(`reads ${what}`, () => assert.equal(parseSubmit(output(0, stdout, 'sbatch: lua: hello')), id))

  it('calls success without an id ambiguous: the job may exist', () => {
    assert.throws(() => parseSubmit(output(0, 'thank you\n')), refusal('ambiguous', /without printing a job id/))
  })

  it('says so when Slurm refuses without a word', () =>
    assert.throws(() => parseSubmit(output(3, '', '')), refusal('refused', /^sbatch ended with exit code 3$/)))

  // Recorded with Slurm 22.05.8.
  for (const [stderr, words] of [
    [
      'sbatch: error: invalid partition specified: nosuch\nsbatch: error: Batch job submission failed: Invalid partition name specified\n',
      /^invalid partition specified: nosuch\nInvalid partition name specified$/,
    ],
    [
      'sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified\n',
      /^Invalid account or account\/partition combination specified$/,
    ],
    [
      'sbatch: error: Memory specification can not be satisfied\nsbatch: error: Batch job submission failed: Requested node configuration is not available\n',
      /^Memory specification can not be satisfied\nRequested node/,
    ],
    ['sbatch: error: Invalid --time specification\n', /^Invalid --time specification$/],
  ] as const)
    it(`passes on why Slurm refuses: ${words.source.slice(1, 40)}`, () =>
      assert.throws(() => parseSubmit(output(1, '', stderr)), refusal('refused', words)))

  for (const stderr of [
    'sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)\n',
    'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation\n',
    'sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received\n',
  ])
    it(`calls "${stderr.slice(38, -1)}" ambiguous`, () =>
      assert.throws(() => parseSubmit(output(1, '', stderr)), refusal('ambiguous', /./)))
})

describe('parseCancel', () => {
  // Recorded with scancel --verbose of Slurm 22.05.8: the exit code alone says nothing.
  for (const [what, exitCode, stderr, answer] of [
    ['a job that was cancelled', 0, 'scancel: Terminating job 18\n', true],
    [
      'an unknown job',
      0,
      'scancel: Terminating job 99999\nscancel: error: Kill job error on job id 99999: Invalid job id specified\n',
      false,
    ],
    [
      'a job that is over',
      0,
      'scancel: Terminating job 12\nscancel: error: Kill job error on job id 12: Job/step already completing or completed\n',
      false,
    ],
    [
      'a job of another name',
      0,
      'scancel: error: No active jobs match ALL job filters, including: job_name=b00abcdefghj01 \n',
      false,
    ],
  ] as const)
    it(`answers ${answer} for ${what}`, () => assert.equal(parseCancel(output(exitCode, '', stderr)), answer))

  it('does not take what went wrong for a cancel, whatever the exit code', () => {
    const stderr = 'scancel: error: something new\n'
    assert.throws(() => parseCancel(output(0, '', stderr)), refusal('refused', /^something new$/))
    assert.throws(() => parseCancel(output(1, '', '')), refusal('refused', /^scancel ended with exit code 1$/))
  })

  it("is refused another user's job", () => {
    const stderr =
      'scancel: Terminating job 29\nscancel: error: Kill job error on job id 29: Access/permission denied\n'
    assert.throws(() => parseCancel(output(210, '', stderr)), refusal('refused', /^Access\/permission denied$/))
  })

  it('cannot know when the controller does not answer', () => {
    const stderr = 'scancel: error: Kill job error on job id 12: Unable to contact slurm controller (connect failure)\n'
    assert.throws(() => parseCancel(output(8, '', stderr)), refusal('ambiguous', /Unable to contact/))
  })
})

describe('replies of any bytes', () => {
  for (const parse of [parseSubmit, parseCancel])
    it(`make ${parse.name} throw a SchedulerError or nothing`, () => {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 255 }), fc.string({ unit: 'binary' }), fc.string(), (code, out, err) => {
          try {
            parse(output(code, out, err))
          } catch (error) {
            assert.ok(error instanceof SchedulerError)
          }
        }),
      )
    })
})
