import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ClaimRequest } from '@batchway/agent'
import type { JobId, JobList, JobStatus } from '@batchway/schedulers'
import type { Spec } from '../profiles/spec.ts'
import { ClaimRefused } from './claims.ts'
import type { SessionService } from './service.ts'
import type { SessionStore } from './session-store.ts'
import {
  type Bench,
  beatReport,
  exitReport,
  fakeAgent,
  insertSession,
  openBench,
  readyReport,
  sampleSpec,
} from './testing/bench.ts'
import { emptyList, failingList } from './testing/fake-cluster.ts'

const id = 'abcdefghj'
const tag = `b00${id}01`

interface Bed extends AsyncDisposable {
  readonly bench: Bench
  readonly hub: SessionService
  readonly jobId: JobId
  /** Claim as an agent of the job; time goes by until there is an answer. */
  claim(change?: Partial<ClaimRequest>): ReturnType<typeof answerOf>
  /** What the scheduler lists from now on. */
  answer(list: () => JobList): void
}

/** The refusal's word, or the reply. */
async function answerOf(bench: Bench, asked: ReturnType<ReturnType<typeof fakeAgent>['claim']>) {
  const settled = asked.then(
    (reply) => ({ reply, refusal: null }),
    (error: unknown) => {
      if (error instanceof ClaimRefused) return { reply: null, refusal: error.refusal }
      throw error
    },
  )
  await bench.clock.advance(5_000)
  return settled
}

/** A queued session whose job runs on n1, as the scheduler knows. */
async function openBed(job: Partial<JobStatus> = {}, spec: Spec = sampleSpec()): Promise<Bed> {
  const bench = await openBench()
  const jobId = bench.cluster.add(tag, 'alice', { phase: 'running', host: 'n1', ...job })
  await insertSession(bench, {
    jobId,
    spec,
    facts: { state: 'queued', jobId, waiting: { hold: 'none', reason: null, wait: 'normal', estimatedStartAt: null } },
  })
  const hub = await bench.hub()
  return {
    bench,
    hub,
    jobId,
    answer: (list) => {
      bench.cluster.answer = list
    },
    claim: (change) => answerOf(bench, fakeAgent(bench, hub, { session: id, jobId, ...change }).claim()),
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  }
}

const liveClaims = async ({ stores }: Bench) =>
  (await stores.sessions.listClaims(id)).filter(({ revokedAt }) => revokedAt === null)
const factsOf = async ({ stores }: Bench) => (await stores.sessions.find(id))?.facts

describe('a claim', () => {
  it('that fits wins: one live claim, credentials that work, and what to run', async () => {
    await using bed = await openBed()
    const { reply } = await bed.claim()
    assert.ok(reply)
    const facts = await factsOf(bed.bench)
    assert.ok(facts?.state === 'starting' && facts.claim)
    assert.equal((await liveClaims(bed.bench)).length, 1)
    assert.equal(reply.application.environment.JUPYTERHUB_USER, 'alice')
    const caller = await bed.bench.people.callerOfToken(reply.application.environment.JUPYTERHUB_API_TOKEN ?? '')
    assert.ok(caller.kind === 'token' && caller.scopes.has('access:servers!server=alice/'))
    assert.ok(await bed.bench.people.findClient('jupyterhub-user-alice'))
    assert.equal(reply.psk.identity, bed.bench.parts.credentials.psk(id, facts.claim.id).identity)
  })

  for (const [place, protocol, expected] of [
    ['{port}', 1, null],
    ['{port}', 2, null],
    ['{socket}', 1, 'protocol'],
    ['{socket}', 2, null],
  ] as const)
    it(`of an agent of protocol ${protocol}, for an application at ${place}, is ${expected === null ? 'taken' : 'refused'}`, async () => {
      const spec = sampleSpec()
      const application = { ...spec.application, access: 'gated' as const, argv: ['app', place] }
      await using bed = await openBed({}, { ...spec, application })
      const { reply, refusal } = await bed.claim({ protocol })
      assert.equal(refusal, expected)
      assert.equal(reply === null, expected !== null)
      assert.equal((await liveClaims(bed.bench)).length, expected === null ? 1 : 0)
    })

  it('of a later start waits for the list, while the scheduler has told the start before to go', async () => {
    await using bed = await openBed()
    const { bench, hub, jobId } = bed
    const agent = fakeAgent(bench, hub, { session: id, jobId })
    await answerOf(bench, agent.claim())
    bed.answer(failingList)
    await agent.report(exitReport({ why: 'stopped' }))
    assert.equal((await factsOf(bench))?.state, 'stopping')
    assert.equal((await bed.claim({ restart: 1 })).refusal, 'later')
    assert.equal((await bed.claim({ restart: 0 })).refusal, 'ended', 'of the start that was told to go')

    bench.cluster.answer = null
    bench.cluster.change(jobId, { restarts: 1 })
    await bench.clock.advance(60_000)
    assert.ok((await bed.claim({ restart: 1 })).reply)
    assert.equal((await factsOf(bench))?.state, 'starting')
  })

  const table: readonly [
    what: string,
    wanted: ClaimRefused['refusal'],
    job: Partial<JobStatus>,
    change: Partial<ClaimRequest>,
    before?: (bed: Bed) => Promise<unknown>,
  ][] = [
    ['of an attempt that is not there', 'forbidden', {}, { attempt: 9 }],
    ['of a session that is not there', 'forbidden', {}, { session: 'zzzzzzzzz' }],
    ['of another job', 'superseded', {}, { jobId: '999' }],
    ['of a protocol that is not spoken yet', 'protocol', {}, { protocol: 3 }],
    ['of a protocol that is spoken no more', 'protocol', {}, { protocol: 0 }],
    ['from another node than the scheduler’s', 'forbidden', {}, { node: 'n2' }],
    ['of a job of another account', 'forbidden', { owner: 'mallory' }, {}],
    ['of a job of another name', 'forbidden', { name: 'mpi-run' }, {}],
    ['of a job that waits', 'later', { phase: 'pending' }, {}],
    ['of a job that is suspended', 'later', { phase: 'paused' }, {}],
    ['of a job in a state nobody can read', 'later', { phase: 'unknown' }, {}],
    ['of a life of the job that is over', 'superseded', { restarts: 1 }, { restart: 0 }],
    ['of a life of the job that the scheduler does not know yet', 'later', { restarts: 0 }, { restart: 1 }],
    ['while the scheduler does not answer', 'later', {}, {}, async (bed) => bed.answer(failingList)],
    ['of a job that is not shown', 'later', {}, {}, async (bed) => bed.answer(emptyList)],
    ['of a session that is stopping', 'ended', {}, {}, ({ hub }) => hub.stop(id, 'alice')],
    [
      'of a session that has ended',
      'ended',
      {},
      {},
      async ({ bench, hub, jobId }) => {
        bench.cluster.end(jobId, { kind: 'completed' })
        await bench.clock.advance(5_000)
        return hub
      },
    ],
    [
      'of an attempt before the current one',
      'superseded',
      {},
      {},
      async ({ bench }) => {
        const row = await bench.stores.sessions.find(id)
        assert.ok(row)
        await bench.stores.sessions.update({ ...row, attempt: 2 }, [])
      },
    ],
  ]
  for (const [what, wanted, job, change, before] of table) {
    it(`${what} is answered "${wanted}" and leaves nothing behind`, async () => {
      await using bed = await openBed(job)
      await before?.(bed)
      const { refusal } = await bed.claim(change)
      assert.equal(refusal, wanted)
      assert.deepEqual(await liveClaims(bed.bench), [])
    })
  }

  it('with another secret is forbidden', async () => {
    await using bed = await openBed()
    const { request } = fakeAgent(bed.bench, bed.hub, { session: id, jobId: bed.jobId })
    for (const secret of ['', 'x', bed.bench.parts.credentials.attemptSecret(id, 2)]) {
      const asked = bed.hub.claim(secret, request)
      assert.equal((await answerOf(bed.bench, asked)).refusal, 'forbidden')
    }
  })

  it('is compared by the first part of the node’s name', async () => {
    await using bed = await openBed({ host: 'N1' })
    assert.ok((await bed.claim({ node: 'n1.cluster.example.edu' })).reply)
  })

  it('wins without a node’s name: not every system tells the agent one', async () => {
    await using bed = await openBed()
    assert.ok((await bed.claim({ node: '' })).reply)
  })

  it('waits while its cluster is not configured: the admin may put it back', async () => {
    await using bed = await openBed()
    await bed.hub[Symbol.asyncDispose]()
    const hub = await bed.bench.hub({ clusters: new Map() })
    const { refusal } = await answerOf(bed.bench, fakeAgent(bed.bench, hub, { session: id, jobId: bed.jobId }).claim())
    assert.equal(refusal, 'later')
  })

  it('is refused in the words of the API, by which an agent asks again or leaves', () => {
    for (const [refusal, code] of [
      ['later', 'later'],
      ['forbidden', 'forbidden'],
      ['protocol', 'forbidden'],
      ['superseded', 'gone'],
      ['ended', 'gone'],
    ] as const)
      assert.equal(new ClaimRefused(refusal, '').code, code, refusal)
  })

  it('wins although the reply of the submit was lost: the job tells its id', async () => {
    await using bench = await openBench()
    await insertSession(bench)
    const jobId = bench.cluster.add(tag, 'alice', { phase: 'running', host: 'n1' })
    await bench.stores.sessions.updateAttempt(id, 1, { submit: 'unclear' })
    const hub = await bench.hub()
    const { reply } = await answerOf(bench, fakeAgent(bench, hub, { session: id, jobId }).claim())
    assert.ok(reply)
    assert.equal((await bench.stores.sessions.findAttempt(id, 1))?.jobId, jobId)
  })
})

describe('two jobs under one tag', () => {
  /** The list is answered in a second, so that its word is told from a claim's by the time at which it was asked for. */
  async function race(slow: 'list' | 'claim', printsSecond: boolean, asking: readonly number[]) {
    await using bench = await openBench()
    const { cluster, clock } = bench
    const wait = (ms: number): Promise<void> => clock.sleep(ms, new AbortController().signal)
    const jobs = [1, 2].map(() => cluster.add(tag, 'alice', { phase: 'running', host: 'n1' }))
    await insertSession(bench, printsSecond ? { jobId: jobs[1] ?? null, isShown: false } : {})
    await bench.stores.sessions.updateAttempt(id, 1, { submit: 'unclear' })
    cluster.answer = async () => {
      await wait(1_000)
      return { complete: true, jobs: [...cluster.jobs.values()] }
    }
    const { acceptAttempt } = bench.stores.sessions
    const store: SessionStore = {
      ...bench.stores.sessions,
      async acceptAttempt(...args) {
        const isClaim = args[3] === args[4]
        await wait(isClaim === (slow === 'claim') ? 2_000 : 500)
        return acceptAttempt(...args)
      },
    }
    const hub = await bench.hub({ store })
    const claims = asking.map((index) =>
      answerOf(bench, fakeAgent(bench, hub, { session: id, jobId: jobs[index] ?? '' }).claim()),
    )
    await clock.advance(20_000)
    const refusals = (await Promise.all(claims)).map(({ refusal }) => refusal)
    assert.ok((await liveClaims(bench)).length <= 1)
    return refusals.toSorted()
  }

  it('have one claim, whether the list or a claim is the first to say which is the session’s', async () => {
    for (const slow of ['list', 'claim'] as const)
      assert.deepEqual(await race(slow, false, [0, 1]), [null, 'superseded'])
  })

  it('are told apart by what the submit printed, once the list shows that one too', async () => {
    assert.deepEqual(await race('list', true, [0]), ['superseded'])
    assert.deepEqual(await race('list', true, [1]), [null])
  })
})

describe('a claim that is repeated', () => {
  it('after a lost reply gets the same credentials, also from a hub that was restarted', async () => {
    await using bed = await openBed()
    const agent = fakeAgent(bed.bench, bed.hub, { session: id, jobId: bed.jobId })
    const first = await answerOf(bed.bench, agent.claim())
    bed.answer(failingList) // it needs no scheduler any more
    const second = await answerOf(bed.bench, agent.claim())
    assert.ok(first.reply)
    assert.deepEqual(second.reply, { ...first.reply, now: second.reply?.now }, 'all but the time of day')

    await bed.hub[Symbol.asyncDispose]()
    const next = await bed.bench.hub()
    const third = await answerOf(bed.bench, next.claim(bed.bench.parts.credentials.attemptSecret(id, 1), agent.request))
    assert.deepEqual(third.reply?.psk, first.reply.psk)
    assert.equal((await liveClaims(bed.bench)).length, 1)
  })

  it('is finished when the hub died between the claim’s row and the session’s', async () => {
    await using bed = await openBed()
    const { bench } = bed
    const { attemptSecret, claimToken } = bench.parts.credentials
    const agent = fakeAgent(bench, bed.hub, { session: id, jobId: bed.jobId })
    const { nonce } = agent.request
    await bench.stores.sessions.insertClaim({
      id: nonce,
      sessionId: id,
      attempt: 1,
      jobId: bed.jobId,
      restart: 0,
      node: 'n1',
      tokenHash: claimToken(nonce),
      createdAt: bench.clock.now(),
      revokedAt: null,
    })
    const { reply } = await answerOf(bench, bed.hub.claim(attemptSecret(id, 1), agent.request))
    assert.ok(reply)
    const facts = await factsOf(bench)
    assert.ok(facts?.state === 'starting' && facts.claim?.id === nonce)
    const caller = await bench.people.callerOfToken(reply.application.environment.JUPYTERHUB_API_TOKEN ?? '')
    assert.equal(caller.kind, 'token')
  })

  it('at the same time, by an impatient agent, is one claim', async () => {
    await using bed = await openBed()
    const agent = fakeAgent(bed.bench, bed.hub, { session: id, jobId: bed.jobId })
    const [first, second] = await Promise.all([answerOf(bed.bench, agent.claim()), answerOf(bed.bench, agent.claim())])
    assert.ok(first.reply)
    assert.deepEqual(second.reply, { ...first.reply, now: second.reply?.now }, 'all but the time of day')
  })

  it('by another process of the same job loses, at once or in a race', async () => {
    await using bed = await openBed()
    const race = await Promise.all([bed.claim(), bed.claim(), bed.claim()])
    assert.deepEqual(race.map(({ refusal }) => refusal).toSorted(), [null, 'superseded', 'superseded'])
    assert.equal((await bed.claim()).refusal, 'superseded')
  })

  it('by another process loses although the first is silent: a cut network is no proof', async () => {
    for (const job of [{ startedAt: 1_700_000_000_000 }, {}]) {
      await using bed = await openBed(job)
      await bed.claim()
      await bed.bench.clock.advance(90_000)
      assert.equal((await bed.claim()).refusal, 'superseded')
    }
  })

  it('by another process wins when the first is silent and the scheduler says that the job runs anew', async () => {
    await using bed = await openBed({ startedAt: 1_700_000_000_000 })
    const { bench } = bed
    const agent = fakeAgent(bench, bed.hub, { session: id, jobId: bed.jobId })
    const first = await answerOf(bench, agent.claim())
    bench.cluster.change(bed.jobId, { startedAt: bench.clock.now() + 60_000 })
    assert.equal((await bed.claim()).refusal, 'superseded', 'the first may still be heard')
    await bench.clock.advance(50_000)
    await agent.report(beatReport({ state: 'starting' }))
    await bench.clock.advance(50_000)
    assert.equal((await bed.claim()).refusal, 'superseded', 'the first was heard a minute ago')
    await bench.clock.advance(30_000)
    const second = await bed.claim()
    assert.ok(first.reply && second.reply)
    assert.notEqual(second.reply.psk.key, first.reply.psk.key)

    const [live] = await liveClaims(bench)
    assert.equal((await answerOf(bench, agent.claim())).refusal, 'superseded', 'what was revoked does not come back')
    assert.deepEqual(await liveClaims(bench), [live])
  })

  it('under the number of another claim gets nothing: neither that of another session nor that of another start', async () => {
    await using bed = await openBed()
    const { bench, hub } = bed
    const { nonce } = fakeAgent(bench, hub, { session: id, jobId: bed.jobId }).request
    assert.ok((await bed.claim({ nonce })).reply)
    assert.equal((await bed.claim({ nonce, restart: 1 })).refusal, 'superseded')

    const { jobId } = bed // of another cluster, which counts for itself
    const facts = { state: 'starting', jobId, node: 'n2', claim: null, paused: false } as const
    const { id: userId, name: userName } = bench.bob
    await insertSession(bench, { id: 'kbobbobbo', userId, userName, account: userName, jobId, facts })
    const thief = fakeAgent(bench, hub, { session: 'kbobbobbo', jobId, node: 'n2', nonce })
    assert.equal((await answerOf(bench, thief.claim())).refusal, 'superseded')
  })

  it('does not take the silence of a restarted hub for the agent’s', async () => {
    await using bed = await openBed({ startedAt: 1_700_000_000_000 })
    const first = await bed.claim()
    assert.ok(first.reply)
    await bed.hub[Symbol.asyncDispose]()
    await bed.bench.clock.advance(600_000)
    bed.bench.cluster.change(bed.jobId, { startedAt: bed.bench.clock.now() })
    const hub = await bed.bench.hub()
    const second = fakeAgent(bed.bench, hub, { session: id, jobId: bed.jobId })
    assert.equal((await answerOf(bed.bench, second.claim())).refusal, 'superseded')
  })
})

describe('a job that is started again', () => {
  // CVE-2025-58437 (Coder): a workspace that was prepared for somebody kept the token of the one before.
  it('claims anew: the claim before it is revoked, its token and reports refused, and the route is gone', async () => {
    await using bed = await openBed()
    const { bench, hub, jobId } = bed
    const old = fakeAgent(bench, hub, { session: id, jobId })
    const { reply } = await answerOf(bench, old.claim())
    await old.report(readyReport)
    await bench.clock.settle()
    assert.ok(reply && bench.proxy.table.has('/jupyter/user/alice'))

    bench.cluster.change(jobId, { restarts: 1, host: 'n2' })
    const next = fakeAgent(bench, hub, { session: id, jobId, restart: 1, node: 'n2' })
    assert.ok((await answerOf(bench, next.claim())).reply)

    assert.equal(bench.proxy.table.has('/jupyter/user/alice'), false)
    await assert.rejects(old.report(beatReport()), { code: 'gone' })
    const token = reply.application.environment.JUPYTERHUB_API_TOKEN ?? ''
    assert.equal((await bench.people.callerOfToken(token)).kind, 'anonymous')
    assert.equal((await liveClaims(bench)).length, 1)
    const facts = await factsOf(bench)
    assert.ok(facts?.state === 'starting' && facts.claim?.restart === 1)
    assert.equal((await answerOf(bench, old.claim())).refusal, 'superseded')
  })

  it('keeps its new claim although the revocation of the old one comes late', async () => {
    await using bed = await openBed()
    const { bench, jobId } = bed
    const slow = Promise.withResolvers<void>()
    let isSlow = false
    const people = {
      ...bench.people,
      revokeTokensOfSession: async (sessionId: string) => {
        if (isSlow) await slow.promise
        return bench.people.revokeTokensOfSession(sessionId)
      },
    }
    await bed.hub[Symbol.asyncDispose]()
    const hub = await bench.hub({ people })
    await answerOf(bench, fakeAgent(bench, hub, { session: id, jobId }).claim())
    isSlow = true
    bench.cluster.change(jobId, { phase: 'pending', restarts: 1 })
    await bench.clock.advance(8_000)
    assert.equal((await factsOf(bench))?.state, 'queued')

    bench.cluster.change(jobId, { phase: 'running', restarts: 1 })
    const claiming = fakeAgent(bench, hub, { session: id, jobId, restart: 1 }).claim()
    await bench.clock.advance(8_000)
    isSlow = false
    slow.resolve()
    const { reply } = await answerOf(bench, claiming)

    assert.ok(reply)
    assert.equal((await liveClaims(bench)).length, 1)
    const caller = await bench.people.callerOfToken(reply.application.environment.JUPYTERHUB_API_TOKEN ?? '')
    assert.equal(caller.kind, 'token')
  })
})

describe('a stop while a claim is decided', () => {
  it('wins: the claim is refused, and no credential of it is left', async () => {
    await using bed = await openBed()
    const { bench } = bed
    let token = ''
    const people = {
      ...bench.people,
      insertToken: async (...args: Parameters<typeof bench.people.insertToken>) => {
        ;[token] = args
        const inserted = await bench.people.insertToken(...args)
        await hub.stop(id, 'alice')
        return inserted
      },
    }
    await bed.hub[Symbol.asyncDispose]()
    bench.cluster.onCancel = () => true // and the job takes its time
    const hub = await bench.hub({ people })
    const { refusal } = await answerOf(bench, fakeAgent(bench, hub, { session: id, jobId: bed.jobId }).claim())
    assert.equal(refusal, 'ended')
    assert.equal((await factsOf(bench))?.state, 'stopping')
    assert.deepEqual(await liveClaims(bench), [])
    assert.ok(token !== '')
    assert.equal((await bench.people.callerOfToken(token)).kind, 'anonymous')
  })
})

describe('many claims at once', () => {
  it('of 60 sessions share a few calls of the scheduler', async () => {
    await using bench = await openBench()
    const jobs: [string, JobId][] = []
    for (let index = 0; index < 60; index += 1) {
      const session = `s${String(index).padStart(8, '0')}`
      const jobId = bench.cluster.add(`b00${session}01`, 'alice', { phase: 'running', host: 'n1' })
      await insertSession(bench, {
        id: session,
        serverName: session,
        jobId,
        facts: { state: 'starting', jobId, node: 'n1', claim: null, paused: false },
      })
      jobs.push([session, jobId])
    }
    const hub = await bench.hub()
    const claims = jobs.map(([session, jobId]) => answerOf(bench, fakeAgent(bench, hub, { session, jobId }).claim()))
    const answers = await Promise.all(claims)
    assert.ok(answers.every(({ reply }) => reply))
    assert.ok(bench.cluster.calls.list <= 4, `${bench.cluster.calls.list}`)
  })
})
