import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openTurns } from './ask-in-turn.ts'
import { type JobStatus, type KnownJob, toJobId } from './driver.ts'

const job = (number: number, isUrgent = false): KnownJob => ({
  id: toJobId(String(number)),
  name: `j${number}`,
  account: 'alice',
  isUrgent,
})
const status = ({ id, name }: KnownJob, phase: JobStatus['phase'] = 'running'): JobStatus => ({
  id,
  name,
  phase,
  rawState: phase,
  restarts: 0,
})

describe('jobs that are asked about one at a time', () => {
  it('have their turn each, in one call each', async () => {
    const asked: string[] = []
    const turns = openTurns(async (one) => {
      asked.push(one.id)
      return status(one)
    })
    const known = [1, 2, 3].map((number) => job(number))
    for (let call = 0; call < 6; call += 1) {
      const list = await turns(known)
      assert.deepEqual([list.complete, list.jobs.length, list.about?.length], [false, 1, 1])
    }
    assert.deepEqual(asked, ['1', '2', '3', '1', '2', '3'])
  })
  it('of which somebody waits for word come first, and the others are not forgotten', async () => {
    const asked: string[] = []
    const turns = openTurns(async (one) => {
      asked.push(one.id)
      return status(one)
    })
    const known = [1, 2, 3].map((number) => job(number))
    for (let call = 0; call < 12; call += 1) await turns([...known, job(9, true)])
    assert.equal(asked[0], '9')
    for (const id of ['1', '2', '3']) assert.ok(asked.includes(id), id)
  })
  it('have ended when two answers say so', async () => {
    const turns = openTurns(async (one) => ({ ...status(one, 'ended'), end: { kind: 'completed' } }))
    assert.equal((await turns([job(1), job(2)])).jobs[0]?.phase, 'unknown')
    const [second] = (await turns([job(1), job(2)])).jobs // at once, before the other's turn
    assert.deepEqual([second?.id, second?.phase, second?.end?.kind], ['1', 'ended', 'completed'])
  })
  it('have not ended when one answer says so, and the next that they run', async () => {
    const answers: JobStatus['phase'][] = ['ended', 'running', 'ended', 'running']
    const turns = openTurns(async (one) => status(one, answers.shift()))
    const phases = []
    for (let call = 0; call < 4; call += 1) phases.push((await turns([job(1)])).jobs[0]?.phase)
    assert.deepEqual(phases, ['unknown', 'running', 'unknown', 'running'])
  })
  it('that are not there are named, and nothing is said of the others', async () => {
    const turns = openTurns(async () => null)
    assert.deepEqual(await turns([job(1), job(2)]), { complete: false, jobs: [], about: ['1'] })
    assert.deepEqual(await turns([]), { complete: false, jobs: [], about: [] })
  })
})
