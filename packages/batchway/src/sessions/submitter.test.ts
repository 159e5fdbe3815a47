import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SchedulerError } from '@batchway/schedulers'
import type { SessionStore } from './session-store.ts'
import { insertSession, openBench, sampleSite, sampleSpec } from './testing/bench.ts'
import { emptyList } from './testing/fake-cluster.ts'
import { id, openBed, openLife, stopped } from './testing/submitter-bed.ts'

const lost = new SchedulerError('ambiguous', 'sbatch did not answer within 30 s')

const answer = { askedAt: 0, steadySince: 0, showsOthers: false }

describe('submit', () => {
  it('writes first, then sends one job, named by the tag, and keeps its id', async () => {
    await using bed = await openBed()
    const { bench, submitter } = bed
    const during: string[] = []
    bench.cluster.beforeReply = async () => {
      const { submit, agentDirectory } = await bed.attemptOf()
      during.push(submit, String(agentDirectory))
    }

    await submitter.submit(await bed.session())

    const [request] = bench.cluster.requests
    assert.equal(request?.name, `b00${id}01`)
    assert.equal(request.workdir, '/home/alice')
    assert.ok(request.script.includes(bench.parts.credentials.attemptSecret(id, 1)))
    // Which agent the script names, too: it must stay where it is from here on.
    assert.deepEqual(during, ['running', '/opt/agent/1'])
    const { submit, jobId } = await bed.attemptOf()
    assert.deepEqual([submit, jobId], ['accepted', '101'])
    // What was printed is a hint, until the scheduler shows the job.
    assert.equal((await bed.session()).facts.state, 'submitting')
    assert.deepEqual(bed.nudges, ['main'])
  })

  it('has the agent leave its mark where others can read the script, and only there', async () => {
    for (const secretChannel of ['script', 'log'] as const) {
      await using bed = await openBed()
      const { cluster } = bed.bench
      Object.assign(cluster, { driver: { ...cluster.driver, secretChannel } })
      await bed.submitter.submit(await bed.session())
      assert.equal(cluster.requests[0]?.script.includes('"mark":true'), secretChannel === 'log')
    }
  })

  it('sends one job, however often it is asked at once', async () => {
    await using bed = await openBed()
    const session = await bed.session()
    await Promise.all([1, 2, 3].map(() => bed.submitter.submit(session)))
    await bed.submitter.submit(session)
    assert.equal(bed.bench.cluster.requests.length, 1)
  })

  it('that could not leave ends nothing: it begins anew when the cluster answers, and a stop takes it back', async () => {
    await using bed = await openBed()
    const { bench } = bed
    const closed = new SchedulerError('unavailable', 'The login node login1 cannot be reached', { wasSent: false })
    bench.cluster.accepts = false
    bench.cluster.beforeReply = () => {
      throw closed
    }
    await bed.submitter.submit(await bed.session())
    assert.deepEqual([(await bed.attemptOf()).submit, (await bed.session()).facts.state], ['prepared', 'submitting'])

    bench.cluster.accepts = true
    bench.cluster.beforeReply = null
    await bed.absent()
    assert.equal((await bed.attemptOf()).submit, 'accepted')
    assert.deepEqual([bench.cluster.requests.length, (await bed.attemptOf()).number], [2, 1], 'the same attempt')
  })

  it('ends a refused session with the scheduler’s words', async () => {
    for (const kind of ['refused', 'unavailable'] as const) {
      await using bed = await openBed()
      bed.bench.cluster.beforeReply = () => {
        throw new SchedulerError(kind, 'Invalid partition name specified')
      }
      await bed.submitter.submit(await bed.session())
      const { facts } = await bed.session()
      assert.ok(facts.state === 'ended')
      assert.deepEqual([facts.outcome.code, facts.outcome.words], ['rejected', 'Invalid partition name specified'])
      assert.equal((await bed.attemptOf()).submit, 'refused')
    }
  })

  it('does not call its own failure before the scheduler heard of it ambiguous', async () => {
    await using bed = await openBed()
    const cluster = { ...sampleSite(bed.bench.cluster), homeOf: () => Promise.reject(new Error('alice has no home')) }
    await using other = await openBed({ clusters: new Map([['main', cluster]]) })
    await other.submitter.submit(await other.session())
    const { facts } = await other.session()
    assert.ok(facts.state === 'ended' && facts.outcome.words === 'alice has no home')
    assert.equal(bed.bench.cluster.requests.length, 0)
  })

  it('does not wait for proof that nothing came of what was not sent, however its own failure is called', async () => {
    await using bed = await openBed()
    const failing = () => Promise.reject(new SchedulerError('unreadable', 'getent said nonsense'))
    const cluster = { ...sampleSite(bed.bench.cluster), homeOf: failing }
    await using other = await openBed({ clusters: new Map([['main', cluster]]) })
    await other.submitter.submit(await other.session())
    const { facts } = await other.session()
    assert.ok(facts.state === 'ended' && facts.outcome.words === 'getent said nonsense')
  })

  it('makes no script before its turn: thousands that wait would fill the memory', async () => {
    await using bench = await openBench()
    const replies: PromiseWithResolvers<void>[] = []
    bench.cluster.beforeReply = () => {
      const reply = Promise.withResolvers<void>()
      replies.push(reply)
      return reply.promise
    }
    let asked = 0
    const homeOf = async (): Promise<string> => {
      asked += 1
      return '/home/alice'
    }
    const hub = await bench.hub({ clusters: new Map([['main', { ...sampleSite(bench.cluster), homeOf }]]) })
    for (let n = 0; n < 40; n += 1) await hub.start(bench.alice, `s${n}`, sampleSpec())
    await bench.clock.settle()
    const before = asked
    bench.cluster.beforeReply = null
    for (const { resolve } of replies) resolve()
    await bench.clock.advance(5_000)
    // Once for the row of each attempt, and once for each script.
    assert.equal(before, 40 + 16)
    assert.equal(bench.cluster.requests.length, 40)
  })

  it('ends a session whose cluster is no longer configured, and says so', async () => {
    await using bed = await openBed({ clusters: new Map() })
    await bed.submitter.submit(await bed.session())
    const { facts } = await bed.session()
    assert.ok(facts.state === 'ended')
    assert.match(facts.outcome.words ?? '', /main is no longer configured/)
  })

  it('keeps the id that was written first, by the list or a claim', async () => {
    await using bed = await openBed()
    bed.bench.cluster.beforeReply = async () => {
      await bed.bench.stores.sessions.acceptAttempt(id, 1, '900', 1, 1)
    }
    await bed.submitter.submit(await bed.session())
    assert.equal((await bed.attemptOf()).jobId, '900')
  })

  it('takes up again a submit that the store kept from beginning', async () => {
    await using bench = await openBench()
    await insertSession(bench)
    let isBroken = true
    const store = {
      ...bench.stores.sessions,
      findAttempt: (...args: [string, number]) =>
        isBroken ? Promise.reject(new Error('disk I/O error')) : bench.stores.sessions.findAttempt(...args),
    }
    const life = openLife(bench, { store })
    await life.take()
    await assert.rejects(life.submitter.submit(await life.session()), /disk/)
    isBroken = false
    await life.absent()
    assert.equal((await life.attemptOf()).submit, 'accepted')
    assert.equal(bench.cluster.requests.length, 1)
  })

  it('takes up again a submit before which the store failed to write that it begins', async () => {
    await using bench = await openBench()
    await insertSession(bench)
    const { updateAttempt } = bench.stores.sessions
    let isBroken = true
    const store: SessionStore = {
      ...bench.stores.sessions,
      updateAttempt: (...args) =>
        isBroken && args[2].submit === 'running' ? Promise.reject(new Error('disk I/O error')) : updateAttempt(...args),
    }
    const life = openLife(bench, { store })
    await life.take()
    await assert.rejects(life.submitter.submit(await life.session()), /disk/)
    assert.deepEqual([(await life.session()).facts.state, bench.cluster.requests.length], ['submitting', 0])
    isBroken = false
    await life.absent()
    assert.deepEqual([(await life.attemptOf()).submit, bench.cluster.requests.length], ['accepted', 1])
  })

  it('that fails in a way nobody knows, once it was sent, may have left a job: its tag is looked for', async () => {
    await using bed = await openBed()
    bed.bench.cluster.beforeReply = () => {
      throw new TypeError('undefined is not a function')
    }
    await bed.submitter.submit(await bed.session())
    assert.deepEqual([(await bed.attemptOf()).submit, (await bed.session()).facts.state], ['unclear', 'submitting'])
  })

  it('keeps a job whose id could not be written: the tag finds it', async () => {
    await using bench = await openBench()
    await insertSession(bench)
    let isBroken = true
    const store = {
      ...bench.stores.sessions,
      acceptAttempt: (...args: [string, number, string, number]) =>
        isBroken ? Promise.reject(new Error('disk I/O error')) : bench.stores.sessions.acceptAttempt(...args),
    }
    const hub = await bench.hub({ store })
    await bench.clock.settle()
    isBroken = false
    await bench.clock.advance(5_000)
    const found = await bench.stores.sessions.find(id)
    assert.ok(found?.facts.state === 'queued' && found.facts.jobId === '101')
    await bench.clock.advance(300_000)
    assert.equal(bench.cluster.requests.length, 1)
    await hub.stop(id, 'alice')
  })
})

describe('a lost reply', () => {
  it('is answered by the tag, and no second job is sent', async () => {
    await using bench = await openBench()
    await insertSession(bench)
    bench.cluster.beforeReply = () => {
      throw lost
    }
    await bench.hub()
    await bench.clock.advance(5_000)
    const found = await bench.stores.sessions.find(id)
    assert.ok(found?.facts.state === 'queued' && found.facts.jobId === '101')
    await bench.clock.advance(300_000)
    assert.equal(bench.cluster.requests.length, 1)
  })

  it('leads to exactly one more attempt, when the scheduler has answered long enough after the process died', async () => {
    await using bed = await openBed()
    const { bench } = bed
    bench.cluster.accepts = false
    bench.cluster.beforeReply = () => {
      throw lost
    }
    await bed.submitter.submit(await bed.session())
    bench.cluster.accepts = true
    bench.cluster.beforeReply = null

    await bench.clock.advance(14_000)
    await bed.absent()
    assert.equal(bench.cluster.requests.length, 1)
    await bench.clock.advance(1_000)
    await Promise.all([bed.absent(), bed.absent()])
    await bed.absent()

    assert.deepEqual(
      bench.cluster.requests.map(({ name }) => name),
      [`b00${id}01`, `b00${id}02`],
    )
    const { attempt, facts } = await bed.session()
    assert.deepEqual([attempt, facts.state], [2, 'submitting'])
    assert.equal((await bed.attemptOf(2)).jobId, '101')
  })

  it('does not count answers that were asked for before', async () => {
    await using bed = await openBed()
    bed.bench.cluster.beforeReply = () => {
      throw lost
    }
    await bed.submitter.submit(await bed.session())
    const before = bed.bench.clock.now()
    await bed.bench.clock.advance(60_000)
    await bed.submitter.tagAbsent(await bed.session(), await bed.attemptOf(), { ...answer, askedAt: before + 14_999 })
    assert.equal(bed.bench.cluster.requests.length, 1)
  })

  it('is no reason to send again while the hold says that the process lives, however long', async () => {
    await using bed = await openBed()
    const { bench } = bed
    bench.cluster.accepts = false
    bench.cluster.beforeReply = () => {
      throw new SchedulerError('ambiguous', 'sbatch holds its output', { mayStillRun: true })
    }
    bench.holds.states.set(`b00${id}01`, 'held')
    await bed.submitter.submit(await bed.session())
    for (let poll = 0; poll < 20; poll += 1) {
      await bench.clock.advance(60_000)
      await bed.absent()
    }
    assert.equal(bench.cluster.requests.length, 1)

    bench.cluster.beforeReply = null
    bench.holds.states.set(`b00${id}01`, 'free')
    await bed.absent()
    await bench.clock.advance(14_000)
    await bed.absent()
    assert.equal(bench.cluster.requests.length, 1)
    await bench.clock.advance(1_000)
    await bed.absent()
    assert.equal(bench.cluster.requests.length, 2)
  })

  it('is waited out much longer where nothing tells whether the process lives', async () => {
    for (const how of ['no hold', 'an output that is held'] as const) {
      await using bed = await openBed()
      bed.bench.cluster.accepts = false
      bed.bench.cluster.beforeReply = () => {
        throw new SchedulerError('ambiguous', 'lost', { mayStillRun: how !== 'no hold' })
      }
      if (how === 'no hold') bed.bench.holds.states.set(`b00${id}01`, 'absent')
      await bed.submitter.submit(await bed.session())
      await bed.bench.clock.advance(119_000)
      await bed.absent()
      assert.equal(bed.bench.cluster.requests.length, 1, how)
      await bed.bench.clock.advance(1_000)
      await bed.absent()
      assert.equal(bed.bench.cluster.requests.length, 2, how)
    }
  })

  it('is not settled by the first answers of a scheduler that was silent: it may take up later what was sent before', async () => {
    await using bed = await openBed()
    const { bench } = bed
    bench.cluster.accepts = false
    bench.cluster.beforeReply = () => {
      throw lost
    }
    await bed.submitter.submit(await bed.session())
    await bench.clock.advance(600_000)
    const answersSince = bench.clock.now()
    const look = async () =>
      bed.submitter.tagAbsent(await bed.session(), await bed.attemptOf(), {
        ...answer,
        askedAt: bench.clock.now(),
        steadySince: answersSince,
      })
    await look()
    await bench.clock.advance(14_999)
    await look()
    assert.equal(bench.cluster.requests.length, 1)
    await bench.clock.advance(1)
    await look()
    await bed.wait()
    assert.equal(bench.cluster.requests.length, 2)
  })

  it('gives up in words after three attempts', async () => {
    await using bed = await openBed()
    bed.bench.cluster.accepts = false
    bed.bench.cluster.beforeReply = () => {
      throw lost
    }
    await bed.submitter.submit(await bed.session())
    for (let poll = 0; poll < 20; poll += 1) {
      await bed.bench.clock.advance(15_000)
      await bed.absent()
    }
    const { facts } = await bed.session()
    assert.ok(facts.state === 'ended')
    assert.equal(bed.bench.cluster.requests.length, 3)
    assert.match(facts.outcome.words ?? '', /Main cluster took the request 3 times/)
  })

  it('looks in accounting before it sends again: the job may have come and failed while nobody looked', async () => {
    await using bed = await openBed()
    const { bench } = bed
    bench.cluster.beforeReply = (jobId) => {
      bench.cluster.end(jobId, { kind: 'failed', exitCode: 1 })
      bench.cluster.hide(jobId)
      throw lost
    }
    await bed.submitter.submit(await bed.session())
    await bench.clock.advance(15_000)
    await bed.absent()
    const { facts } = await bed.session()
    assert.ok(facts.state === 'ended' && facts.outcome.code === 'job-failed')
    assert.equal((await bed.attemptOf()).jobId, '101')
    assert.equal(bench.cluster.requests.length, 1)
  })

  it('asks as the owner before it sends again or ends: the list may hide his jobs from the hub', async () => {
    for (const stops of [false, true]) {
      await using bed = await openBed()
      const { bench } = bed
      bench.cluster.beforeReply = () => {
        throw lost
      }
      await bed.submitter.submit(await bed.session())
      if (stops) await bed.room.apply(id, stopped)
      await bed.absent()
      await bench.clock.advance(20_000)
      await bed.absent()
      assert.equal((await bed.attemptOf()).jobId, '101')
      assert.equal((await bed.session()).facts.state, stops ? 'stopping' : 'queued')
      assert.equal(bench.cluster.requests.length, 1)
    }
  })

  it('believes the list where the owner may not ask', async () => {
    await using bed = await openBed()
    const { bench } = bed
    bench.cluster.accepts = false
    bench.cluster.beforeReply = () => {
      throw lost
    }
    bench.cluster.answerOwner = () => {
      throw new SchedulerError('refused', 'sudo: a password is required')
    }
    await bed.submitter.submit(await bed.session())
    await bench.clock.advance(15_000)
    await bed.absent()
    assert.equal(bench.cluster.requests.length, 2)
  })

  it('leaves the word of the submit to stand beside a cut list of the owner', async () => {
    await using bed = await openBed()
    const { bench } = bed
    await bed.submitter.submit(await bed.session())
    bench.cluster.answerOwner = () => ({ complete: false, jobs: [] })
    for (let poll = 0; poll < 3; poll += 1) {
      await bed.absent()
      await bench.clock.advance(120_000)
    }
    assert.equal(bench.cluster.requests.length, 1)
    bench.cluster.answerOwner = emptyList
    await bed.absent()
    assert.equal(bench.cluster.requests.length, 2)
  })

  it('does not wait for an accounting that does not answer', async () => {
    await using bed = await openBed()
    bed.bench.cluster.accepts = false
    bed.bench.cluster.beforeReply = () => {
      throw lost
    }
    await bed.submitter.submit(await bed.session())
    bed.bench.cluster.accounting = null
    await bed.bench.clock.advance(15_000)
    await bed.absent()
    assert.equal(bed.bench.cluster.requests.length, 2)
  })
})
