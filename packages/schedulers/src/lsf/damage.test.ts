/** Damaged lists: cut off, doubled, with other bits and in other languages. No job that lives may be taken for gone. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobList, SchedulerError } from '../driver.ts'
import { parseList } from './parse-list.ts'
import { printRecords } from './testing-emulator/bjobs.ts'

const jobs = [
  ['201', 'RUN', 'bw-a', ''],
  ['202', 'PEND', 'bw-b', 'New job is waiting for scheduling;'],
  ['203', 'EXIT', 'bw-c', ''],
  ['204', 'SSUSP', 'bw-d', ''],
  ['205', 'DONE', 'bw-e', ''],
  ['206', 'PSUSP', 'bw-f', 'Job was suspended by the user while pending;'],
] as const
const whole = printRecords(
  jobs.map(([JOBID, STAT, JOB_NAME, PEND_REASON]) => ({
    JOBID,
    JOBINDEX: '0',
    STAT,
    USER: 'alice',
    QUEUE: 'normal',
    JOB_NAME,
    EXEC_HOST: STAT === 'PEND' || STAT === 'PSUSP' ? '' : 'c012',
    SUBMIT_TIME: 'Nov 22 09:37 2026',
    START_TIME: '',
    FINISH_TIME: '',
    PEND_REASON,
    EXIT_CODE: STAT === 'EXIT' ? '7' : '',
    EXIT_REASON: '',
    MAX_MEM: '',
  })),
)
const living = jobs.filter(([, state]) => state !== 'EXIT' && state !== 'DONE')
const read = (stdout: string): JobList => parseList({ exitCode: 0, stdout, stderr: '' })

/** Whoever asks for his job by id, and by name if it is not there, never hears that it has ended. @returns null for an answer that is refused. */
function assertNobodyGone(text: string, what: string): JobList | null {
  try {
    const list = read(text)
    for (const [id, , name] of living) {
      const found = list.jobs.find((job) => job.id === id)
      assert.notEqual(found?.phase, 'ended', `${name} has ended: ${what}`)
      if (list.complete && found === undefined)
        assert.ok(
          list.jobs.some((job) => job.name === name),
          `${name} is gone: ${what}`,
        )
    }
    return list
  } catch (error) {
    if (error instanceof SchedulerError) return null
    throw error
  }
}

describe('a damaged list of LSF', () => {
  it('undamaged is whole and right', () => {
    const { complete, jobs: found } = read(whole)
    assert.equal(complete, true)
    assert.deepEqual(
      found.map(({ id, rawState }) => [id, rawState]),
      jobs.map(([id, state]) => [id, state]),
    )
  })
  it('that is cut off anywhere is not complete, and right about records that are whole', () => {
    for (let length = 0; length < whole.length - 3; length += 1) {
      const list = assertNobodyGone(whole.slice(0, length), `cut at ${length}`)
      assert.notEqual(list?.complete, true, String(length))
    }
    const half = read(whole.slice(0, whole.indexOf('"JOBID":"204"')))
    assert.deepEqual(
      half.jobs.map(({ id, phase }) => [id, phase]),
      [
        ['201', 'running'],
        ['202', 'pending'],
        ['203', 'unknown'],
      ],
    )
  })
  it('that comes twice, whole or in part, ends nobody', () => {
    for (let from = 0; from < whole.length; from += 7) {
      assertNobodyGone(whole + whole.slice(from), `again from ${from}`)
      assertNobodyGone(whole.slice(0, from) + whole, `anew at ${from}`)
      assertNobodyGone(whole.slice(0, from) + whole.slice(Math.max(0, from - 400)), `back from ${from}`)
    }
  })
  it('in which any bit is another ends nobody', () => {
    for (let place = 0; place < whole.length; place += 1)
      for (let bit = 0; bit < 7; bit += 1) {
        const changed = String.fromCharCode(whole.charCodeAt(place) ^ (1 << bit))
        assertNobodyGone(whole.slice(0, place) + changed + whole.slice(place + 1), `bit ${bit} at ${place}`)
      }
  })
  it('with times and reasons in another language is right about states', () => {
    const german = whole
      .replaceAll('Nov 22 09:37 2026', '22. Nov 09:37 2026')
      .replace('New job is waiting for scheduling;', 'Neuer Auftrag wartet auf Planung;')
    const list = assertNobodyGone(german, 'in German')
    assert.equal(list?.complete, true)
    assert.deepEqual(
      list?.jobs.map(({ rawState }) => rawState),
      jobs.map(([, state]) => state),
    )
  })
  it('into which a name wrote the record of another job is believed about nobody’s end', () => {
    // As a release that does not escape names would print it.
    const forged = `x","MAX_MEM":""\n    },\n    {\n      "JOBID":"201","JOBINDEX":"0","STAT":"EXIT","USER":"alice","JOB_NAME":"bw-a`
    const text = whole.replace('"JOB_NAME":"bw-b"', `"JOB_NAME":"${forged}"`)
    const list = assertNobodyGone(text, 'forged')
    assert.equal(list?.complete, false)
    assert.equal(
      list?.jobs.some(({ phase }) => phase === 'ended'),
      false,
    )
    assert.equal(list?.jobs.find(({ id }) => id === '201')?.phase, 'unknown')
  })
})
