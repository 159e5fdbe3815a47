/** Whatever Grid Engine, a site's checks or a user's names print: read, or refused in the driver's one way. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Output, SchedulerError, toJobId } from '../driver.ts'
import { toSeconds, toTime } from './amounts.ts'
import { parseCancel } from './parse-cancel.ts'
import { parseHistory, parseHistoryByName } from './parse-history.ts'
import { parseList } from './parse-list.ts'
import { parseReasons } from './parse-reasons.ts'
import { parseSubmit } from './parse-submit.ts'

const real = ['qstat-states', 'qstat-reasons', 'qacct-again'].map((file) =>
  readFileSync(new URL(`./testdata/${file}.txt`, import.meta.url), 'utf8').replace(
    /^[\s\S]*?stdout\n|# --- stderr[\s\S]*$/g,
    '',
  ),
)
const piece = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    '\n',
    '<job_list state="running">\n',
    '</job_list>\n',
    '<JB_job_number>5</JB_job_number>',
    '<state>dr</state>',
    '</job_info>\n',
    `${'='.repeat(62)}\n`,
    'qname all.q\njobnumber 5\nfailed 0\nexit_status 0\ncategory NONE\n',
    'error: job id 5 not found\n',
    '\0',
  ),
)
const text = fc.array(piece, { maxLength: 12 }).map((all) => all.join(''))
/** A real answer with something put in, or cut out. */
const damaged = fc
  .tuple(fc.constantFrom(...real), fc.nat(20_000), fc.nat(400), text)
  .map(([all, place, length, what]) => {
    const from = place % all.length
    return all.slice(0, from) + what + all.slice(from + length)
  })
const output: fc.Arbitrary<Output> = fc.record({
  exitCode: fc.constantFrom(0, 0, 0, 1, 2),
  stdout: fc.oneof(text, damaged),
  stderr: text,
})
const hasControls = (words: string): boolean => /[\x00-\x09\x0b-\x1f\x7f]/.test(words)

describe('output of Grid Engine', () => {
  for (const parse of [parseList, parseHistory, parseHistoryByName, parseReasons, parseSubmit, parseCancel])
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

  it('lists and accounts jobs whose ids, names and reasons are fit for a command line and a page', () =>
    fc.assert(
      fc.property(fc.oneof(damaged, text), (stdout) => {
        for (const read of [(said: Output) => parseList(said).jobs, (said: Output) => [...parseHistory(said).values()]])
          try {
            for (const job of read({ exitCode: 0, stdout, stderr: '' })) {
              assert.equal(toJobId(job.id), job.id)
              assert.ok(!hasControls(job.name + job.rawState + (job.owner ?? '') + (job.reason ?? '')))
              assert.ok(!hasControls((job.end?.words ?? '') + (job.partition ?? '') + (job.host ?? '')))
              if (job.phase !== 'ended') assert.equal(job.end, undefined)
            }
          } catch (error) {
            if (!(error instanceof SchedulerError)) throw error
          }
      }),
    ))

  it('has reasons that fit on a page', () =>
    fc.assert(
      fc.property(text, (message) => {
        const escaped = message.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
        const stdout = `<?xml version='1.0'?>\n<detailed_job_info><djob_info><element><JB_job_number>5</JB_job_number><JB_ja_tasks><t><JAT_message_list><m><QIM_message>${escaped}</QIM_message></m></JAT_message_list></t></JB_ja_tasks></element></djob_info></detailed_job_info>`
        const reason = parseReasons({ exitCode: 0, stdout, stderr: '' }).get(toJobId('5')) ?? ''
        assert.ok(!/[\x00-\x1f\x7f]/.test(reason))
        assert.ok(reason.length <= 501)
      }),
    ))

  it('amounts and times are numbers or nothing', () =>
    fc.assert(
      fc.property(text, (words) => {
        for (const read of [toTime, toSeconds]) {
          const amount = read(words)
          assert.ok(amount === undefined || (Number.isFinite(amount) && amount >= 0))
        }
      }),
    ))
})
