/** Whatever LSF, its hooks or a user's names print: read, or refused in the driver's one way. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Output, SchedulerError, toJobId } from '../driver.ts'
import { hostOf, toMiB, toTime } from './answer.ts'
import { parseCancel } from './parse-cancel.ts'
import { parseHistory } from './parse-history.ts'
import { parseList } from './parse-list.ts'
import { parseSubmit } from './parse-submit.ts'
import { readRecord } from './read-record.ts'
import { readReason, toSentences } from './states.ts'

const piece = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    '\n',
    '{\n  "COMMAND":"bjobs",\n  "JOBS":1,\n  "RECORDS":[\n',
    '    {\n',
    '      "JOBID":"5",\n',
    '      "STAT":"EXIT",\n',
    '      "JOB_NAME":"x"\n',
    '    }\n',
    'Job <5> is submitted to queue <x>.\n',
    'Job <5>, Job Name <x>, User <alice>,\n',
    'Sun Nov 22 09:38:00 2026: Done successfully.;\n',
    '-'.repeat(78),
    'TERM_OWNER: x',
    '\0',
  ),
)
const text = fc.array(piece, { maxLength: 14 }).map((all) => all.join(''))
const cell = fc.oneof(text, fc.constantFrom('5', 'RUN', 'EXIT', 'DONE', '-', ''))
const records = fc.array(
  fc.record({ JOBID: cell, STAT: cell, JOB_NAME: cell, EXEC_HOST: cell, PEND_REASON: cell, EXIT_REASON: cell }),
  { maxLength: 4 },
)
const stdout = fc.oneof(
  text,
  records.map((all) => JSON.stringify({ COMMAND: 'bjobs', JOBS: all.length, RECORDS: all }, null, 2)),
)
const output: fc.Arbitrary<Output> = fc.record({ exitCode: fc.constantFrom(0, 0, 0, 255), stdout, stderr: text })
const hasControls = (words: string): boolean => /[\x00-\x1f\x7f]/.test(words)

describe('output of LSF', () => {
  for (const parse of [parseList, parseHistory, parseSubmit, parseCancel])
    it(`is read by ${parse.name} or is a SchedulerError whose words are printable`, () =>
      fc.assert(
        fc.property(output, (said) => {
          try {
            parse(said)
          } catch (error) {
            assert.ok(error instanceof SchedulerError)
            assert.ok(!hasControls(error.message.replaceAll('\n', '')))
            assert.ok(error.message.length < 3_000)
          }
        }),
      ))

  it('lists jobs whose ids, names and reasons are fit for a command line and a page', () =>
    fc.assert(
      fc.property(stdout, (said) => {
        try {
          const { jobs } = parseList({ exitCode: 0, stdout: said, stderr: '' })
          const told = parseHistory({ exitCode: 0, stdout: said, stderr: '' })
          for (const job of [...jobs, ...told.values()]) {
            assert.equal(toJobId(job.id), job.id)
            const shown = [job.name, job.owner, job.reason, job.partition, job.host, job.end?.words, job.end?.host]
            assert.ok(!hasControls(shown.join('')))
            if (job.phase === 'unknown') assert.equal(job.end, undefined)
          }
          assert.equal(new Set(jobs.map(({ id }) => id)).size, jobs.length)
        } catch (error) {
          if (!(error instanceof SchedulerError)) throw error
        }
      }),
    ))

  it('a record of any shape is a job or none; amounts, times and hosts are values or nothing', () =>
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), text, (value, words) => {
        assert.ok(readRecord(value) === null || typeof value === 'object')
        assert.ok((toMiB(words) ?? 1) >= 0)
        assert.ok(Number.isFinite(toTime(words) ?? 0))
        assert.match(hostOf(words) ?? 'x', /^[\w.-]+$/)
        assert.equal(typeof readReason(words), 'string')
        assert.ok(!hasControls(toSentences(words)))
      }),
    ))

  it('however long it is, is read in one go', () => {
    // What took the square of its length would take an hour: the runner's limit ends it.
    for (const shape of [
      '\n',
      ' ',
      '    {\n',
      '      "A":"x",\n',
      '-',
      'Job <5>, ',
      'Completed <exit>',
      'TERM_A',
      '"',
      '<',
    ])
      for (const start of ['', '{\n  "COMMAND":"bjobs",\n', 'Job <5>, Job Name <']) {
        const stdout = start + shape.repeat(300_000 / shape.length)
        for (const parse of [parseList, parseHistory, parseSubmit, parseCancel])
          for (const said of [
            { exitCode: 0, stdout, stderr: '' },
            { exitCode: 255, stdout: '', stderr: stdout },
          ])
            try {
              parse(said)
            } catch (error) {
              if (!(error instanceof SchedulerError)) throw error
            }
      }
  })
})
