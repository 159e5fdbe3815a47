/** Whatever PBS, its hooks or a user's variables print: read, or refused in the driver's one way. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Output, SchedulerError, toJobId } from '../driver.ts'
import { parseCancel } from './parse-cancel.ts'
import { parseHistory, parseList } from './parse-jobs.ts'
import { parseSubmit } from './parse-submit.ts'
import { readRecord, toMiB, toSeconds, toTime } from './read-record.ts'

const real = readFileSync(new URL('./testdata/qstat-fx-json-ended.txt', import.meta.url), 'utf8').replace(
  /^[\s\S]*?stdout\n|# --- stderr[\s\S]*$/g,
  '',
)
const piece = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    '\n',
    '\t\t"5.pbs1":\t{\n',
    '\t\t},\n',
    '"job_state":\t"F",\n',
    '12.pbs1',
    'qstat: Unknown Job Id 5.pbs1\n',
    '\0',
  ),
)
const text = fc.array(piece, { maxLength: 12 }).map((all) => all.join(''))
/** The real list with something put in, or cut out. */
const damaged = fc
  .tuple(fc.nat(real.length), fc.nat(400), text)
  .map(([from, length, what]) => real.slice(0, from) + what + real.slice(from + length))
const output: fc.Arbitrary<Output> = fc.record({
  exitCode: fc.constantFrom(0, 0, 0, 35, 153, 255),
  stdout: fc.oneof(text, damaged, fc.json({ maxDepth: 4 })),
  stderr: text,
})
const hasControls = (words: string): boolean => /[\x00-\x09\x0b-\x1f\x7f]/.test(words)

describe('output of PBS', () => {
  for (const parse of [parseList, parseHistory, parseSubmit, parseCancel])
    it(`is read by ${parse.name} or is a SchedulerError whose words are printable`, () =>
      fc.assert(
        fc.property(output, (said) => {
          try {
            parse(said)
          } catch (error) {
            assert.ok(error instanceof SchedulerError)
            assert.ok(!hasControls(error.message))
            assert.ok(error.message.length < 3_000)
          }
        }),
      ))

  it('lists jobs whose ids, names and reasons are fit for a command line and a page', () =>
    fc.assert(
      fc.property(fc.oneof(damaged, text), (stdout) => {
        try {
          for (const job of parseList({ exitCode: 0, stdout, stderr: '' }).jobs) {
            assert.equal(toJobId(job.id), job.id)
            assert.ok(!hasControls(job.name + (job.reason ?? '') + (job.end?.words ?? '')))
            if (job.phase === 'unknown') assert.equal(job.end, undefined)
          }
        } catch (error) {
          if (!(error instanceof SchedulerError)) throw error
        }
      }),
    ))

  it('a record of any shape is a job or none; amounts and times are numbers or nothing', () =>
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), text, (value, words) => {
        const job = readRecord('5.pbs1', value)
        assert.ok(job === null || job.id === '5.pbs1')
        for (const read of [toTime, toSeconds, toMiB]) {
          const amount = read(words)
          assert.ok(amount === undefined || (Number.isFinite(amount) && amount >= 0) || read === toTime)
        }
      }),
    ))
})
