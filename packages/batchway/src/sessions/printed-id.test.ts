/** What a submit prints is a hint: the scheduler says, by our tag, which job is ours. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobId, type JobStatus, SchedulerError, toJobId } from '@batchway/schedulers'
import { ClaimRefused } from './claims.ts'
import type { SessionService } from './service.ts'
import { type Bench, fakeAgent, openBench, readyReport, sampleSpec } from './testing/bench.ts'
import { emptyList, failingList } from './testing/fake-cluster.ts'
import { openBed, outcome, id as sessionId, stopped } from './testing/submitter-bed.ts'

/** The job whose id the submit prints in place of its own. */
const strangers: Readonly<Record<string, Partial<JobStatus> & { readonly isListed?: false }>> = {
  'another job of hers that runs': { phase: 'running', host: 'n9' },
  'another job of hers that was cancelled': { phase: 'ended', end: { kind: 'cancelled', by: '1001' } },
  'an old job of hers that only accounting knows': { phase: 'ended', end: { kind: 'cancelled' }, isListed: false },
  'somebody else’s job under our name': { phase: 'running', owner: 'mallory', name: 'tag' },
  'a job that nobody knows': { isListed: false, rawState: '' },
}

interface Bed extends AsyncDisposable {
  readonly bench: Bench
  readonly hub: SessionService
  readonly session: string
  readonly stranger: JobId
  readonly own: () => JobId
}

async function openSite(change: (typeof strangers)[string], prepare: (bench: Bench) => void = () => {}): Promise<Bed> {
  const bench = await openBench()
  const { cluster } = bench
  const { isListed, ...job } = change
  const stranger = cluster.add('mpi-run', 'alice', job)
  if (job.phase === 'ended') cluster.end(stranger, job.end ?? { kind: 'failed' })
  if (isListed === false) cluster.hide(stranger)
  cluster.prints = () => stranger
  cluster.beforeReply = (_, { name }) => {
    if (job.name === 'tag') cluster.change(stranger, { name })
  }
  prepare(bench)
  const hub = await bench.hub()
  const { id } = await hub.start(bench.alice, '', sampleSpec())
  await bench.clock.settle()
  return {
    bench,
    hub,
    session: id,
    stranger,
    own: () =>
      [...cluster.jobs.values()].find(({ name, owner }) => name === `b00${id}01` && owner === 'alice')?.id ??
      toJobId('none'),
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  }
}

const stateOf = async ({ hub, session }: Bed) => (await hub.find(session))?.facts.state
const attemptOf = async ({ bench, session }: Bed, number = 1) => bench.stores.sessions.findAttempt(session, number)

describe('a submit that prints the id of another job', () => {
  for (const [title, change] of Object.entries(strangers)) {
    it(`starts its own all the same, and leaves the other alone: ${title}`, async () => {
      await using bed = await openSite(change)
      const { bench, hub, session, stranger, own } = bed
      assert.equal((await attemptOf(bed))?.jobId, stranger)
      assert.equal(await stateOf(bed), 'submitting')
      await bench.clock.advance(5_000)
      assert.equal((await attemptOf(bed))?.jobId, own())
      assert.equal(await stateOf(bed), 'queued')

      bench.cluster.change(own(), { phase: 'running', host: 'n1', startedAt: bench.clock.now() })
      const agent = fakeAgent(bench, hub, { session, jobId: own() })
      await Promise.all([agent.claim(), bench.clock.advance(5_000)])
      await agent.report(readyReport)
      assert.equal(await stateOf(bed), 'ready')
      await bench.clock.advance(600_000)
      assert.equal(await stateOf(bed), 'ready')

      const before = bench.cluster.jobs.get(stranger)
      await hub.stop(session, 'alice')
      await bench.clock.advance(20_000)
      const { facts } = (await hub.find(session)) ?? assert.fail()
      assert.ok(facts.state === 'ended')
      assert.equal(facts.outcome.code, 'stopped-by-user')
      assert.equal(facts.outcome.accounting?.by, undefined)
      assert.deepEqual(bench.cluster.jobs.get(stranger), before)
      assert.deepEqual([...new Set(bench.cluster.cancels)], [own()])
      assert.equal(bench.cluster.requests.length, 1)
    })
  }

  it('is corrected by the claim, if that is faster than the poll', async () => {
    await using bed = await openSite({ phase: 'running', host: 'n1' })
    const { bench, hub, session, own, stranger } = bed
    bench.cluster.change(own(), { phase: 'running', host: 'n1', startedAt: bench.clock.now() })
    const asked = fakeAgent(bench, hub, { session, jobId: own() }).claim()
    await bench.clock.advance(300)
    await asked
    const { facts } = (await hub.find(session)) ?? assert.fail()
    assert.ok(facts.state === 'starting' && facts.claim?.jobId === own())
    assert.equal((await attemptOf(bed))?.jobId, own())
    assert.notEqual(own(), stranger)
  })

  it('has claims wait until the list shows them, and no other job claims for it', async () => {
    await using bed = await openSite({ phase: 'running', host: 'n1' })
    const { bench, hub, session, own, stranger } = bed
    const ours = own()
    bench.cluster.change(ours, { phase: 'running', host: 'n1', startedAt: bench.clock.now() })
    const refusalOf = async (jobId: JobId): Promise<string> => {
      const asked = fakeAgent(bench, hub, { session, jobId })
        .claim()
        .then(
          () => 'granted',
          (error: unknown) => (error instanceof ClaimRefused ? error.refusal : String(error)),
        )
      await bench.clock.advance(5_000)
      return asked
    }
    bench.cluster.answerOwner = noOwner
    for (const list of [emptyList, failingList]) {
      bench.cluster.answer = list
      assert.equal(await refusalOf(ours), 'later')
      await bench.clock.advance(15_000)
    }
    bench.cluster.answer = () => ({
      complete: true,
      jobs: [...bench.cluster.jobs.values()].filter(({ id }) => id !== ours),
    })
    await bench.clock.advance(30_000)
    assert.equal(await refusalOf(stranger), 'forbidden')
    assert.equal(await refusalOf(ours), 'later')
    bench.cluster.answer = null
    await bench.clock.advance(30_000)
    assert.equal(await refusalOf(stranger), 'superseded')
    assert.equal(await refusalOf(ours), 'granted')
  })

  it('is told apart from a surplus job: the one that the submit named is the session’s, if it bears the tag', async () => {
    await using bench = await openBench()
    const { cluster } = bench
    let surplus = toJobId('none')
    cluster.beforeReply = (id, { name }) => {
      surplus = cluster.add(name, 'alice', { phase: 'running', host: 'n1' })
      cluster.change(id, { phase: 'running', host: 'n1' })
    }
    const hub = await bench.hub()
    const { id } = await hub.start(bench.alice, '', sampleSpec())
    await bench.clock.settle()
    const asked = fakeAgent(bench, hub, { session: id, jobId: surplus }).claim()
    await Promise.all([assert.rejects(asked, { refusal: 'superseded' }), bench.clock.advance(5_000)])
    assert.deepEqual(cluster.cancels, [surplus])
    const { facts } = (await hub.find(id)) ?? assert.fail()
    assert.ok(facts.state === 'starting' && facts.jobId === '101')
  })

  it('cancels its own job when it is stopped before the list has shown any', async () => {
    for (const [title, change] of Object.entries(strangers)) {
      await using bed = await openSite(change)
      const { bench, hub, session, own, stranger } = bed
      const before = bench.cluster.jobs.get(stranger)
      const ours = own()
      await hub.stop(session, 'alice')
      assert.equal(await stateOf(bed), 'stopping')
      await bench.clock.advance(10_000)
      const { facts } = (await hub.find(session)) ?? assert.fail()
      assert.ok(facts.state === 'ended' && facts.outcome.code === 'stopped-by-user', title)
      assert.equal(bench.cluster.jobs.get(ours)?.phase, 'ended')
      assert.deepEqual(bench.cluster.jobs.get(stranger), before)
    }
  })

  it('is believed by no later hub either', async () => {
    await using bed = await openSite({ phase: 'ended', end: { kind: 'cancelled' } })
    const { bench, session, own } = bed
    await using again = { hub: await bench.hub(), async [Symbol.asyncDispose]() {} }
    await bench.clock.advance(5_000)
    const { facts } = (await again.hub.find(session)) ?? assert.fail()
    assert.ok(facts.state === 'queued' && facts.jobId === own())
  })

  it('and whose job came, failed and left the list unseen, ends as that job did', async () => {
    await using bed = await openSite({ phase: 'ended', end: { kind: 'cancelled' } }, ({ cluster }) => {
      const before = cluster.beforeReply
      cluster.beforeReply = async (id, request) => {
        await before?.(id, request)
        cluster.end(id, { kind: 'failed', exitCode: 3 })
        cluster.hide(id)
      }
    })
    await bed.bench.clock.advance(60_000)
    const { facts } = (await bed.hub.find(bed.session)) ?? assert.fail()
    assert.ok(facts.state === 'ended')
    assert.deepEqual([facts.outcome.code, facts.outcome.exitCode], ['job-failed', 3])
    assert.equal(bed.bench.cluster.requests.length, 1)
  })

  it('and has submitted nothing is submitted again, as one that printed nothing', async () => {
    for (const [title, change] of Object.entries(strangers)) {
      await using bed = await openSite(change, ({ cluster }) => {
        cluster.accepts = false
      })
      const { bench } = bed
      await bench.clock.advance(14_000)
      assert.equal(bench.cluster.requests.length, 1, title)
      await bench.clock.advance(300_000)
      const { facts } = (await bed.hub.find(bed.session)) ?? assert.fail()
      assert.ok(facts.state === 'ended' && facts.outcome.code === 'lost', title)
      assert.equal(bench.cluster.requests.length, 3, title)
      assert.deepEqual(bench.cluster.cancels, [])
    }
  })
})

const noOwner = (): never => {
  throw new SchedulerError('refused', 'sudo: a password is required')
}

/** The list is emptied for us, and the owner may not be asked: the word of the submit is all there is. */
describe('an id that the submit printed, where nobody shows anything', () => {
  const settled = async (bed: Awaited<ReturnType<typeof openBed>>, showsOthers = false): Promise<void> => {
    bed.bench.cluster.answerOwner = noOwner
    await bed.submitter.submit(await bed.session())
    await bed.absent({ showsOthers })
    await bed.bench.clock.advance(15_000)
    await bed.absent({ showsOthers })
  }

  for (const accounting of ['alive', 'nothing', 'no answer'] as const)
    it(`stands, whether accounting says ${accounting}`, async () => {
      await using bed = await openBed()
      const { cluster } = bed.bench
      cluster.beforeReply = (id) => {
        const job = cluster.jobs.get(id)
        if (accounting === 'alive' && job) cluster.accounting?.set(id, job)
        if (accounting === 'no answer') cluster.accounting = null
      }
      await settled(bed)
      for (let poll = 0; poll < 50; poll += 1) {
        await bed.bench.clock.advance(60_000)
        await bed.absent()
      }
      assert.equal(cluster.requests.length, 1)
      assert.equal((await bed.session()).facts.state, 'submitting')
    })

  it('falls, when accounting says that it is another job, or the list shows others of ours', async () => {
    for (const showsOthers of [false, true]) {
      await using bed = await openBed()
      const { cluster } = bed.bench
      cluster.accepts = false
      const other = cluster.add('mpi-run', 'alice')
      cluster.prints = () => other
      if (!showsOthers) cluster.end(other, { kind: 'completed' })
      await settled(bed, showsOthers)
      assert.equal(cluster.requests.length, 2)
    }
  })

  it('is cancelled by name when the session is stopped, and the session ends when there is none', async () => {
    await using bed = await openBed()
    const { cluster } = bed.bench
    const other = cluster.add('mpi-run', 'alice', { phase: 'running' })
    cluster.answerOwner = noOwner
    await bed.submitter.submit(await bed.session())
    const own = toJobId((await bed.attemptOf()).jobId ?? '')
    await bed.room.apply(sessionId, stopped)
    await bed.absent()
    await bed.bench.clock.advance(15_000)
    cluster.accounting = null // it does not tell of the end either
    await bed.absent()
    assert.deepEqual([cluster.cancels, cluster.jobs.get(own)?.phase], [[own], 'ended'])
    assert.equal((await bed.session()).facts.state, 'stopping')
    await bed.absent()
    assert.deepEqual((await bed.session()).facts, {
      state: 'ended',
      outcome: { ...outcome('stopped-by-user'), by: 'alice' },
    })
    assert.equal(cluster.jobs.get(other)?.phase, 'running')
  })
})
