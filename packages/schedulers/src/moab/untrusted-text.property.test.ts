/** Whatever Moab, a filter of its site or a user's names print: read, or refused in the driver's one way. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Output, SchedulerError, toJobId } from '../driver.ts'
import { hostOf, toSeconds, toTime } from './answer.ts'
import { parseCancel } from './parse-cancel.ts'
import { parseHistory, parseList } from './parse-jobs.ts'
import { parseSubmit } from './parse-submit.ts'
import { readReason, toSentence } from './states.ts'

const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    'Moab.5',
    '5',
    'Running',
    'Idle',
    'Completed',
    'Batch',
    '0',
    '1456830104',
    'CNCLD(271)',
    'n1:2,n2:2',
    '&#10;',
  ),
)
const attribute = fc
  .tuple(
    fc.constantFrom(
      'JobID',
      'State',
      'JobName',
      'User',
      'Hold',
      'BlockReason',
      'CompletionCode',
      'StartTime',
      'AllocNodeList',
    ),
    value,
  )
  .map(([name, text]) => ` ${name}="${text}"`)
const piece = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    '<Data>',
    '</Data>',
    '</job>',
    '<queue option="completed">',
    '</queue>',
    '\n',
    'Moab.5\n',
    'ERROR:    x\n',
    '\0',
  ),
  fc.array(attribute, { maxLength: 6 }).map((all) => `<job${all.join('')}/>`),
  fc
    .array(attribute, { maxLength: 4 })
    .map((all) => `<job JobID="Moab.7" State="Completed"${all.join('')}><req${all.join('')}/></job>`),
)
const text = fc.array(piece, { maxLength: 12 }).map((all) => all.join(''))
const stdout = fc.oneof(
  text,
  text.map((inner) => `<Data>${inner}</Data>`),
)
const output: fc.Arbitrary<Output> = fc.record({ exitCode: fc.constantFrom(0, 0, 0, 1), stdout, stderr: text })
const hasControls = (words: string): boolean => /[\x00-\x1f\x7f]/.test(words)

describe('output of Moab', () => {
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
        for (const parse of [parseList, parseHistory])
          try {
            const told = parse({ exitCode: 0, stdout: said, stderr: '' })
            const jobs = 'jobs' in told ? told.jobs : [...told.values()]
            for (const job of jobs) {
              assert.equal(toJobId(job.id), job.id)
              const shown = [job.name, job.owner, job.reason, job.partition, job.host, job.rawState, job.end?.words]
              assert.ok(!hasControls(shown.join('')))
              if (job.phase === 'unknown') assert.equal(job.end, undefined)
            }
            assert.equal(new Set(jobs.map(({ id }) => id)).size, jobs.length)
          } catch (error) {
            if (!(error instanceof SchedulerError)) throw error
          }
      }),
    ))

  it('has times, durations, hosts and reasons, or none', () =>
    fc.assert(
      fc.property(value, (words) => {
        assert.ok((toTime(words) ?? 1) > 0)
        assert.ok((toSeconds(words) ?? 0) >= 0)
        assert.match(hostOf(words) ?? 'x', /^[\w.-]+$/)
        assert.equal(typeof readReason(words), 'string')
        assert.ok(!hasControls(toSentence(words)))
      }),
    ))

  it('however long it is, is read in one go', () => {
    // What took the square of its length would take an hour: the runner's limit ends it.
    for (const shape of [
      '\n',
      ' ',
      '<job ',
      '<job JobID="5">',
      '</job>',
      'a="b" ',
      '<',
      '>',
      '"',
      '&',
      '<req/>',
      'limit of x ',
      'x:',
    ])
      for (const start of ['', '<Data>', '<Data><job ', '<Data><job JobID="5" BlockReason="']) {
        const long = start + shape.repeat(300_000 / shape.length)
        for (const parse of [parseList, parseHistory, parseSubmit, parseCancel])
          for (const said of [
            { exitCode: 0, stdout: long, stderr: '' },
            { exitCode: 1, stdout: '', stderr: long },
          ])
            try {
              parse(said)
            } catch (error) {
              if (!(error instanceof SchedulerError)) throw error
            }
        readReason(long)
        toSentence(long)
      }
  })
})
