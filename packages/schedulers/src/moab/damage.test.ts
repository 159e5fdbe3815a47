/** Damaged lists: cut off, doubled, with other bits and in other languages. No job that lives may be taken for gone. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobList, SchedulerError } from '../driver.ts'
import { parseList } from './parse-jobs.ts'
import type { MoabJob } from './testing-emulator/job-table.ts'
import { printDiagnosis } from './testing-emulator/print-jobs.ts'

const states = ['Running', 'Idle', 'Completed', 'Running', 'Removed', 'Idle'] as const
const jobs = states.map(
  (state, index): MoabJob => ({
    number: 201 + index,
    name: `bw-${'abcdef'.charAt(index)}`,
    owner: 'alice',
    home: '/home/alice',
    state,
    class: 'batch',
    account: '',
    directory: '/home/alice',
    output: '/dev/null',
    hold: '',
    environment: {},
    blockReason: state === 'Idle' ? 'ActivePolicy:job violates a limit of 3 for user alice' : '',
    cores: 2,
    wallSeconds: 600,
    slot: index,
    completionCode: '',
    pid: 0,
    deletedBy: '',
    createdAt: 1_456_830_004,
    modifiedAt: 0,
    startedAt: state === 'Running' ? 1_456_830_104 : 0,
    endedAt: 0,
  }),
)
const whole = printDiagnosis(jobs)
const ids = jobs.map(({ number }) => `Moab.${number}`)
const living = jobs.filter(({ state }) => state === 'Running' || state === 'Idle')
const read = (stdout: string): JobList => parseList({ exitCode: 0, stdout, stderr: '' })

/** Whoever asks for his job by id, and by name if it is not there, never hears that it has ended. @returns null for an answer that is refused. */
function assertNobodyGone(text: string, what: string): JobList | null {
  try {
    const list = read(text)
    for (const { number, name } of living) {
      const found = list.jobs.find((job) => job.id === `Moab.${number}`)
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

describe('a damaged list of Moab', () => {
  it('undamaged is whole and right', () => {
    const { complete, jobs: found } = read(whole)
    assert.equal(complete, true)
    assert.deepEqual(
      found.map(({ id, rawState }) => [id, rawState]),
      ids.map((id, index) => [id, states[index]]),
    )
  })
  it('that is cut off anywhere is not complete, and right about jobs that are whole', () => {
    for (let length = 0; length < whole.length - 1; length += 1) {
      const list = assertNobodyGone(whole.slice(0, length), `cut at ${length}`)
      assert.notEqual(list?.complete, true, String(length))
    }
    const half = read(whole.slice(0, whole.indexOf('JobID="Moab.204"')))
    assert.deepEqual(
      half.jobs.map(({ id, phase }) => [id, phase]),
      [
        ['Moab.201', 'running'],
        ['Moab.202', 'pending'],
        ['Moab.203', 'unknown'],
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
  it('with reasons in another language is right about states', () => {
    const list = assertNobodyGone(
      whole.replaceAll(/BlockReason="[^"]*"/g, 'BlockReason="Gr\u00f6\u00dfe fehlt"'),
      'in German',
    )
    assert.equal(list?.complete, true)
    assert.deepEqual(
      list?.jobs.map(({ rawState }) => rawState),
      [...states],
    )
  })
  it('into which a name wrote another job is believed about nobody’s end', () => {
    // As a release that does not escape names would print it.
    const forged = `x" User="bob"></job><job JobID="Moab.201" State="Completed" User="alice" JobName="bw-a`
    const list = assertNobodyGone(whole.replace('JobName="bw-b"', `JobName="${forged}"`), 'forged')
    assert.equal(list?.complete, false)
    assert.equal(list?.jobs.find(({ id }) => id === 'Moab.201')?.phase, 'unknown')
  })
})
