import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobEnd, toJobId } from '@batchway/schedulers'
import { hashSecret } from './credentials.ts'
import { plainOutcome } from './decide-outcome.ts'
import type { Facts } from './session.ts'
import { type Bench, fakeAgent, insertSession, openBench, sampleSpec } from './testing/bench.ts'

const id = 'abcdefghj'
const nonce = 'a'.repeat(32)
const waiting = { hold: 'none', reason: null, wait: 'normal', estimatedStartAt: null } as const

/** The rows that a hub left which died after the claim was written down and its credentials were made. */
async function insertClaimed(bench: Bench, facts: (jobId: string) => Facts, endedAt: number | null = null) {
  const jobId = bench.cluster.add(`b00${id}01`, 'alice', { phase: 'running', host: 'n1' })
  await insertSession(bench, { facts: facts(jobId), jobId, endedAt })
  const { credentials } = bench.parts
  await bench.stores.sessions.insertClaim({
    id: nonce,
    sessionId: id,
    attempt: 1,
    jobId,
    restart: 0,
    node: 'n1',
    tokenHash: hashSecret(credentials.claimToken(nonce)),
    createdAt: bench.clock.now(),
    revokedAt: null,
  })
  await bench.people.insertToken(credentials.apiToken(nonce), {
    kind: 'server',
    userId: bench.alice.id,
    scopes: [],
    note: '',
    clientId: null,
    signInId: null,
    sessionId: id,
    expiresAt: null,
  })
  const isRevoked = async (): Promise<boolean> => (await bench.stores.sessions.findClaim(nonce))?.revokedAt !== null
  const caller = async (): Promise<string> => (await bench.people.callerOfToken(credentials.apiToken(nonce))).kind
  return { jobId, isRevoked, caller }
}

const queued = (jobId: string): Facts => ({ state: 'queued', jobId: toJobId(jobId), waiting })

describe('a hub that comes after one that was killed', () => {
  it('between the end of a session and the end of its claim: revokes it before anybody is heard', async () => {
    await using bench = await openBench()
    const ended: Facts = { state: 'ended', outcome: plainOutcome('finished') }
    const { isRevoked, caller } = await insertClaimed(bench, () => ended, bench.clock.now())
    assert.equal(await isRevoked(), false)
    await bench.hub()
    assert.deepEqual([await isRevoked(), await caller()], [true, 'anonymous'])
  })

  it('between a requeue and the end of the old claim: takes the credentials at once, and the claim at the job’s first word', async () => {
    await using bench = await openBench()
    const { jobId, isRevoked, caller } = await insertClaimed(bench, queued)
    assert.notEqual(await caller(), 'anonymous', 'the old application could go on')
    bench.cluster.change(jobId, { phase: 'pending', restarts: 1 })
    const hub = await bench.hub()
    await bench.clock.settle()
    assert.equal(await caller(), 'anonymous')
    await bench.clock.advance(5_000)
    assert.equal(await isRevoked(), true)

    bench.cluster.change(jobId, { phase: 'running', host: 'n2', restarts: 1 })
    const zombie = fakeAgent(bench, hub, { session: id, jobId, nonce })
    await assert.rejects(zombie.claim(), { refusal: 'superseded' })
    const next = fakeAgent(bench, hub, { session: id, jobId, restart: 1, node: 'n2' })
    const claimed = next.claim()
    await bench.clock.advance(10_000)
    await claimed
    assert.equal((await hub.find(id))?.facts.state, 'starting')
  })

  it('between a claim’s row and the session that names it: gives the same agent the same claim', async () => {
    await using bench = await openBench()
    const { jobId, isRevoked, caller } = await insertClaimed(bench, queued)
    const hub = await bench.hub()
    await bench.clock.advance(5_000)
    assert.equal(await isRevoked(), false)
    const agent = fakeAgent(bench, hub, { session: id, jobId, nonce })
    const claimed = agent.claim()
    await bench.clock.advance(10_000)
    await claimed
    assert.notEqual(await caller(), 'anonymous')
    const { facts } = (await hub.find(id)) ?? {}
    assert.ok(facts?.state === 'starting' && facts.claim?.id === nonce)
  })

  it('while accounting was waited for: asks again, but not about what is long past', async () => {
    const end: JobEnd = { kind: 'walltime', maxMemoryMiB: 7 }
    for (const [ago, kind] of [
      [3_600_000, 'walltime'],
      [3 * 24 * 3_600_000, undefined],
    ] as const) {
      await using bench = await openBench()
      const jobId = bench.cluster.add(`b00${id}01`, 'alice', { phase: 'running', host: 'n1' })
      bench.cluster.end(jobId, end)
      bench.cluster.hide(jobId)
      await insertSession(bench, {
        jobId,
        facts: { state: 'ended', outcome: plainOutcome('lost') },
        endedAt: bench.clock.now() - ago,
      })
      const hub = await bench.hub()
      await bench.clock.advance(30_000)
      const { facts } = (await hub.find(id)) ?? {}
      assert.ok(facts?.state === 'ended')
      assert.equal(facts.outcome.accounting?.kind, kind)
    }
  })
})

describe('two hundred starts at once', () => {
  it('are one job each, sixteen submits at a time, and other people wait for no more than their turn', async () => {
    await using bench = await openBench()
    let running = 0
    let most = 0
    const order: string[] = []
    bench.cluster.beforeReply = async (_, { account }) => {
      order.push(account)
      running += 1
      most = Math.max(most, running)
      await bench.clock.sleep(500, new AbortController().signal)
      running -= 1
    }
    const hub = await bench.hub()
    for (let n = 0; n < 200; n += 1) await hub.start(bench.alice, `s${n}`, sampleSpec())
    await hub.start(bench.bob, '', sampleSpec())
    await bench.clock.advance(15_000)
    assert.deepEqual([bench.cluster.requests.length, most], [201, 16])
    assert.equal(new Set(bench.cluster.requests.map(({ name }) => name)).size, 201)
    assert.ok(order.indexOf('bob') <= 20, `bob came as number ${order.indexOf('bob')}`)
    assert.ok((await hub.listActive()).every(({ facts }) => facts.state === 'queued'))
  })
})
