/** Damaged answers end nobody who lives; what is intact in them is told as it is. Whatever is printed is read, or refused in one way. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type JobStatus, type Output, SchedulerError, toJobId } from '../driver.ts'
import { readXml } from '../read-xml.ts'
import { parseCancel } from './parse-cancel.ts'
import { parseHistory, parseList } from './parse-jobs.ts'
import { parseSubmit } from './parse-submit.ts'
import { recorded } from './testing-recorded.ts'

const { stdout: real } = recorded('qstat-x-ended')
const said = (stdout: string): Output => ({ exitCode: 0, stdout, stderr: '' })
const whole = parseList(said(real)).jobs
const alive = new Map(whole.filter(({ phase }) => phase !== 'ended').map((job) => [job.id, job]))

/** None where it can be seen that this is no list. */
function listed(text: string): { readonly complete: boolean; readonly jobs: readonly JobStatus[] } {
  try {
    return parseList(said(text))
  } catch (error) {
    if (error instanceof SchedulerError && error.kind === 'unreadable') return { complete: false, jobs: [] }
    throw error
  }
}

function endsNobody(text: string): void {
  for (const { id, phase } of listed(text).jobs) if (alive.has(id)) assert.notEqual(phase, 'ended', id)
}

const flip = (text: string, place: number, bit: number): string => {
  const bytes = Buffer.from(text)
  bytes[place] = (bytes[place] ?? 0) ^ (1 << bit)
  return bytes.toString('utf8')
}

/** Records of jobs that the damage has not touched. */
const intact = (text: string): string[] =>
  (real.match(/<Job>.*?<\/Job>/g) ?? []).flatMap((record) =>
    text.split(record).length === 2 ? [/<Job_Id>(.*?)</.exec(record)?.[1] ?? ''] : [],
  )

function tellsTheIntact(text: string): void {
  const { jobs } = listed(text)
  for (const id of intact(text)) {
    const [before, after] = [alive.get(toJobId(id)), jobs.find((job) => job.id === id)]
    // A second record of this id, made by the damage, leaves it in doubt.
    if (before !== undefined && after !== undefined && after.phase !== 'unknown') assert.deepEqual(after, before)
  }
}

describe('a damaged list of Torque', () => {
  it('undamaged is right', () => {
    assert.equal(alive.size, 5)
    assert.equal(whole.length, 9)
    assert.equal(listed(real).complete, true)
  })
  it('cut off anywhere is not complete, and ends nobody', () => {
    for (let length = 25; length < real.trimEnd().length; length += 41) {
      const text = real.slice(0, length)
      assert.equal(listed(text).complete, false, String(length))
      for (const { phase } of listed(text).jobs) assert.notEqual(phase, 'ended')
      tellsTheIntact(text)
    }
  })
  it('cut off at the front or in the middle ends nobody, and tells of what is intact', () =>
    fc.assert(
      fc.property(fc.nat(real.length), fc.nat(3_000), (from, length) => {
        const text = real.slice(0, from) + real.slice(from + length)
        endsNobody(text)
        tellsTheIntact(text)
      }),
    ))
  it('with any bit of states, ids and tags beside them turned ends nobody who lives', () => {
    const places = [...real.matchAll(/<Job_Id>.*?<\/Job_Id>|<job_state>.<\/job_state>|<comp_time>|<exit_status>/g)]
    for (const { index, 0: text } of places)
      for (let place = index; place < index + text.length; place += 3)
        for (let bit = 0; bit < 8; bit += 1) if ((place + bit) % 5 === 0) endsNobody(flip(real, place, bit))
  })
  it('with any bits turned ends nobody who lives', () =>
    fc.assert(
      fc.property(fc.nat(real.length - 1), fc.nat(7), (place, bit) => {
        const text = flip(real, place, bit)
        endsNobody(text)
        tellsTheIntact(text)
      }),
      { numRuns: 300 },
    ))
  it('printed twice, whole or in part, is the same', () => {
    assert.deepEqual(listed(real.replace(/(<Job>.*<\/Job>)/, '$1$1')).jobs, whole)
    endsNobody(real + real)
    endsNobody(real.slice(0, 6_000) + real)
  })
  it('in which somebody else’s record bears the id of a living job says nothing of that job', () => {
    const forged = (real.match(/<Job>.*?<\/Job>/)?.[0] ?? '').replace('0.pbs1', '6.pbs1')
    assert.match(forged, /<exit_status>0</)
    const { complete, jobs } = listed(real.replace('<Data>', `<Data>${forged}`))
    assert.equal(complete, false)
    assert.equal(jobs.find(({ id }) => id === '6.pbs1')?.phase, 'unknown')
  })
  it('in another language or none at all is unreadable', () => {
    for (const text of ['qstat: Serveur inconnu', '<html>', '{}', '<?xml version="1.0"?>'])
      assert.throws(() => parseList(said(text)), { name: 'SchedulerError', kind: 'unreadable' })
  })
})

const piece = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    '<Data>',
    '</Data>',
    '<Job>',
    '</Job>',
    '<Job_Id>5.pbs1</Job_Id>',
    '<job_state>C</job_state>',
    '&#0;',
    '&#x110000;',
    '\n',
    '12.pbs1',
    'qstat: Unknown Job Id Error 5\n',
    '\0',
  ),
)
const text = fc.array(piece, { maxLength: 14 }).map((all) => all.join(''))
const hasControls = (words: string): boolean => /[\x00-\x09\x0b-\x1f\x7f]/.test(words)
const output: fc.Arbitrary<Output> = fc.record({
  exitCode: fc.constantFrom(0, 0, 0, 111, 153, 170),
  stdout: text,
  stderr: fc.oneof(fc.constant(''), text),
})

describe('output of Torque', () => {
  for (const parse of [parseList, parseHistory, parseSubmit, parseCancel])
    it(`is read by ${parse.name} or is a SchedulerError whose words are printable`, () =>
      fc.assert(
        fc.property(output, (one) => {
          try {
            parse(one)
          } catch (error) {
            assert.ok(error instanceof SchedulerError)
            assert.ok(!hasControls(error.message))
            assert.ok(error.message.length < 3_000)
          }
        }),
      ))
  it('lists jobs whose ids, names and reasons are fit for a command line and a page', () =>
    fc.assert(
      fc.property(text, fc.nat(real.length), (what, from) => {
        for (const job of listed(real.slice(0, from) + what + real.slice(from)).jobs) {
          assert.equal(toJobId(job.id), job.id)
          assert.ok(!hasControls(job.name + (job.reason ?? '') + (job.end?.words ?? '') + (job.owner ?? '')))
          if (job.phase === 'unknown') assert.equal(job.end, undefined)
        }
      }),
    ))
  it('of any shape is XML or is not', () => fc.assert(fc.property(text, (what) => void readXml(what))))
})
