/** Stolen claims against a hub that lacks one of its checks: each attack gets through there, and only there. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ClaimRequest, claimMark } from '@batchway/agent'
import type { JobId, JobStatus } from '@batchway/schedulers'
import { ClaimRefused } from './claims.ts'
import type { SessionStore } from './session-store.ts'
import { type Bench, fakeAgent, insertSession, openBench } from './testing/bench.ts'

const id = 'abcdefghj'
const tag = `b00${id}01`

/** `won`, or the word of the refusal; time goes by until there is one. */
async function outcomeOf({ clock }: Bench, asked: Promise<unknown>): Promise<string> {
  const settled = asked.then(
    () => 'won',
    (error: unknown) => {
      if (error instanceof ClaimRefused) return error.refusal
      throw error
    },
  )
  await clock.advance(5_000)
  return settled
}

interface Weakening {
  /** Where the job's secret is: in a script that others on its node can read, or in one that is private. */
  readonly secretChannel?: 'script' | 'log'
  /** The scheduler's list lacks a column. */
  readonly hidden?: 'owner' | 'host'
  readonly store?: (store: SessionStore) => SessionStore
  /** Her own job is not there yet: its submit has not come back. */
  readonly isEarly?: boolean
}

/** Alice's job is queued on n1, bob's runs on n2 under the name of hers. */
async function attack(off: Weakening, change: (jobs: { hers: JobId; his: JobId }) => readonly Partial<ClaimRequest>[]) {
  await using bench = await openBench()
  const hers = bench.cluster.add(tag, 'alice', { phase: 'running', host: 'n1' })
  const waiting = { hold: 'none', reason: null, wait: 'normal', estimatedStartAt: null } as const
  if (off.isEarly) bench.cluster.hide(hers)
  await insertSession(bench, off.isEarly ? {} : { jobId: hers, facts: { state: 'queued', jobId: hers, waiting } })
  if (off.isEarly) await bench.stores.sessions.updateAttempt(id, 1, { submit: 'unclear' })
  const his = bench.cluster.add(tag, 'bob', { phase: 'running', host: 'n2' })
  const { hidden } = off
  if (hidden !== undefined)
    bench.cluster.answer = () => {
      const jobs = [...bench.cluster.jobs.values()].map((job): JobStatus => {
        const { [hidden]: _, ...rest } = job
        return rest
      })
      return { jobs, complete: true }
    }
  if (off.secretChannel)
    Object.assign(bench.cluster, { driver: { ...bench.cluster.driver, secretChannel: off.secretChannel } })
  const hub = await bench.hub({ store: (off.store ?? ((store) => store))(bench.stores.sessions) })
  const outcomes: string[] = []
  for (const each of change({ hers, his })) {
    const claim = fakeAgent(bench, hub, { session: id, jobId: hers, node: 'n1', ...each }).claim()
    outcomes.push(await outcomeOf(bench, claim))
  }
  return outcomes
}

describe('a claim that was stolen', () => {
  it('has no second beside it; in a hub that does not see the first it has', async () => {
    const twice = () => [{}, {}]
    assert.deepEqual(await attack({}, twice), ['won', 'superseded'])
    const blind: Weakening = { store: (store) => ({ ...store, listClaims: async () => [] }) }
    assert.deepEqual(await attack(blind, twice), ['won', 'won'])
  })
  it('is worth nothing on another node; where the scheduler does not tell the node it is', async () => {
    const elsewhere = () => [{ node: 'n2' }]
    assert.deepEqual(await attack({}, elsewhere), ['forbidden'])
    assert.deepEqual(await attack({ hidden: 'host' }, elsewhere), ['won'])
  })
  it('is worth nothing in a job of his own under her tag; where the scheduler does not tell the owner it is', async () => {
    const own = ({ his }: { his: JobId }) => [{ jobId: his, node: 'n2' }]
    assert.deepEqual(await attack({ isEarly: true }, own), ['forbidden'])
    assert.deepEqual(await attack({ isEarly: true, hidden: 'owner' }, own), ['won'])
    // Beside a job of hers it would not even then be taken for the session's.
    assert.deepEqual(await attack({ hidden: 'owner' }, own), ['superseded'])
  })
  it('from a script that others can read is worth nothing without her log; where scripts are taken for private it is', async () => {
    const fromHerNode = () => [{ nonce: 'f'.repeat(32) }]
    assert.deepEqual(await attack({ secretChannel: 'log' }, fromHerNode), ['later'])
    assert.deepEqual(await attack({ secretChannel: 'script' }, fromHerNode), ['won'])
  })
})

describe('the mark of a claim', () => {
  const path = `/home/alice/.batchway-${id}.log`
  const nonce = 'a'.repeat(32)
  /** Her own agent asks; what her log holds is the test's. */
  async function ask(log: ReadonlyMap<string, string> | null): Promise<string> {
    await using bench = await openBench()
    const jobId = bench.cluster.add(tag, 'alice', { phase: 'running', host: 'n1' })
    Object.assign(bench.cluster, { driver: { ...bench.cluster.driver, secretChannel: 'log' } })
    const waiting = { hold: 'none', reason: null, wait: 'normal', estimatedStartAt: null } as const
    await insertSession(bench, { jobId, facts: { state: 'queued', jobId, waiting } })
    bench.cluster.logs = log && new Map(log)
    const hub = await bench.hub()
    return await outcomeOf(bench, fakeAgent(bench, hub, { session: id, jobId, node: 'n1', nonce }).claim())
  }
  it('lets her agent in, among other lines', async () =>
    assert.equal(await ask(new Map([[path, `hello\n${claimMark(nonce)}\nworld\n`]])), 'won'))
  it('is hers alone: not that of another process, not a part of a line, not in another file', async () => {
    const mark = claimMark(nonce)
    for (const [file, text] of [
      [path, ''],
      [path, `${claimMark('b'.repeat(32))}\n`],
      [path, `he says ${mark}\n`],
      [path, `batchway: asks as ${nonce}\n`],
      ['/tmp/other.log', `${mark}\n`],
    ] as const)
      assert.equal(await ask(new Map([[file, text]])), 'later', text)
  })
  it('must be seen: a log that cannot be read lets nobody in', async () => assert.equal(await ask(null), 'later'))
})
