/**
 * What takes its time or changes its mind, on real Slurm: a hub that is away while jobs start, a wait in the queue that is longer than
 * every limit, a job on hold, or suspended. BATCHWAY_TEST_ABSENCE says for how many seconds the hub is away (30).
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import type { SessionView } from './support/api.ts'
import { assertOneApplication, isLive, slurmJobsLike, strangers, untilNothingIsLeft } from './support/machine-check.ts'
import { openStubSite, type StubSite } from './support/stub-site.ts'
import { replayTraces } from './support/traces.ts'
import { until } from './support/until.ts'

const absenceSeconds = Number(process.env.BATCHWAY_TEST_ABSENCE ?? 30)
const scontrol = (...words: string[]): string => execFileSync('scontrol', words, { encoding: 'utf8' })

/** A job that waits on hold from its first moment. */
const onHold = { hold: 301, patient: 302, impatient: 303, late: 304 } as const
const sized = (mebibytes: number) => ({ resources: { cores: 1, memory: `${mebibytes}M`, walltime: '20m' } })
/** Every limit that there is but the one for the queue, and how long the wait is. */
const shortLimits = { boot: '15s', ready: '15s', stop: '5s' }
const waitMs = 25_000

describe('patience', () => {
  let stub: StubSite
  before(async () => {
    stub = await openStubSite({
      instance: 'm5',
      profiles: {
        hold: sized(onHold.hold),
        late: sized(onHold.late),
        patient: { ...sized(onHold.patient), limits: shortLimits },
        impatient: { ...sized(onHold.impatient), limits: { ...shortLimits, queue: '5s' } },
        slow: { application: 'gated', limits: { ready: '1h' } },
      },
    })
    const branches = Object.values(onHold).map((memory) => `*" --mem=${memory}M "*) exec "$real" --hold "$@" ;;`)
    stub.commands.fault('sbatch', `case " $* " in ${branches.join('\n')}\nesac`)
  })
  after(async () => {
    await stub?.[Symbol.asyncDispose]()
  })

  const start = async (profile: string, user: 'alice' | 'bob' = 'alice', server = profile): Promise<void> => {
    const answer = await stub.request(user, server, profile)
    assert.equal(answer?.status, 202, answer?.body)
  }
  const pageOf = ({ id }: SessionView): Promise<string> => stub.page('alice', `sessions/${id}`)
  /** The answer of the application that runs now, by way of the proxy. */
  const answerOf = async (session: SessionView): Promise<string> => {
    const { status, body } = await stub.open(session)
    return `${status} ${body.split(' ')[0]}`
  }

  async function finish(session: SessionView, starts: number): Promise<void> {
    await stub.stop(session)
    const ended = await stub.untilState(session.user as 'alice', session.server, 'ended')
    assertOneApplication(stub, ended, { starts })
    await untilNothingIsLeft(stub, ended)
  }

  describe('with jobs', { concurrency: true }, () => {
    it('a wait in the queue that is longer than every limit is a success', async () => {
      await start('patient')
      const held = await stub.untilIs('alice', 'patient', 'held', ({ waiting }) => waiting?.hold === 'held')
      await until('it has waited', () => Date.now() - Date.parse(held.created) > waitMs)
      assert.equal((await stub.session('alice', 'patient'))?.state, 'queued')
      scontrol('release', held.job_id ?? '')
      const ready = await stub.untilState('alice', 'patient', 'ready')
      assertOneApplication(stub, ready, { starts: 1 })
      await finish(ready, 1)
    })

    it('the same wait is an end where the profile limits it', async () => {
      await start('impatient')
      const ended = await stub.untilState('alice', 'impatient', 'ended')
      assert.equal(ended.outcome?.code, 'queue-limit')
      await untilNothingIsLeft(stub, ended)
    })

    it('a job on hold is shown as such, and so is its release', async () => {
      await start('hold')
      const held = await stub.untilIs('alice', 'hold', 'held', ({ waiting }) => waiting?.hold === 'held')
      assert.match(held.waiting?.sentence ?? '', /^On hold/)
      assert.match(await pageOf(held), /\bHeld\b/)
      scontrol('release', held.job_id ?? '')
      const ready = await stub.untilState('alice', 'hold', 'ready')
      assert.doesNotMatch(await pageOf(ready), /\bHeld\b|[Oo]n hold/)
      await finish(ready, 1)
    })

    it('a suspended job is shown as such, keeps its place, and goes on where it was', async () => {
      await start('stub')
      const ready = await stub.untilState('alice', 'stub', 'ready')
      const answer = await until('it answers', async () => /^200 \d+$/.exec(await answerOf(ready))?.[0])
      scontrol('suspend', ready.job_id ?? '')
      const paused = await stub.untilIs('alice', 'stub', 'paused', (session) => session.paused, 90_000)
      assert.equal(paused.state, 'ready')
      assert.match(await pageOf(paused), /\bPaused\b/)
      scontrol('resume', ready.job_id ?? '')
      const resumed = await stub.untilIs(
        'alice',
        'stub',
        'resumed and reached',
        (session) => !session.paused && session.reachable,
        90_000,
      )
      assert.doesNotMatch(await pageOf(resumed), /\bpaused\b/i)
      assert.equal(resumed.job_id, ready.job_id)
      await until('the same application answers', async () => (await answerOf(resumed)) === answer)
      await finish(resumed, 1)
    })
  })

  it(`a hub that is away for ${absenceSeconds} s while jobs wait, start and run is waited for`, async () => {
    await start('stub', 'alice', 'running')
    for (const profile of ['slow', 'late'] as const) await start(profile)
    for (const profile of ['here', 'here-gated'] as const) await start(profile, 'bob')
    const running = await stub.untilState('alice', 'running', 'ready')
    const here = await stub.untilState('bob', 'here', 'ready')
    const answers = await until('both answer', async () => {
      const all = [await answerOf(running), await answerOf(here)]
      return all.every((answer) => answer.startsWith('200')) ? all : null
    })
    const slow = await stub.untilState('alice', 'slow', 'starting')
    await until('the slow one starts', () => stub.startsOf(slow).length === 1)
    const late = await stub.untilIs('alice', 'late', 'held', ({ waiting }) => waiting?.hold === 'held')

    const bringBack = await stub.killHub()
    const goneAt = Date.now()
    // Meanwhile one job leaves the queue, and one application begins to answer; the ready ones go on.
    scontrol('release', late.job_id ?? '')
    stub.gate.open()
    await until('the late job runs', () =>
      slurmJobsLike(`bm5${late.id}`).some((job) => job.state === 'RUNNING' && isLive(job)),
    )
    await until(
      'the hub has been away',
      () => Date.now() - goneAt > absenceSeconds * 1_000,
      absenceSeconds * 2_000 + 30_000,
    )
    assert.deepEqual([await answerOf(running), await answerOf(here)], answers)
    const backAt = performance.now()
    await bringBack()

    const sessions = [
      await stub.untilState('alice', 'late', 'ready', 120_000),
      await stub.untilState('alice', 'slow', 'ready', 120_000),
      await stub.untilState('alice', 'running', 'ready'),
      await stub.untilState('bob', 'here', 'ready'),
      await stub.untilState('bob', 'here-gated', 'ready'),
    ]
    console.log(JSON.stringify({ absenceSeconds, allReadyMs: Math.round(performance.now() - backAt) }))
    assert.deepEqual([await answerOf(running), await answerOf(here)], answers)
    for (const session of sessions) assertOneApplication(stub, session, { starts: 1 })
    for (const session of sessions) await finish(session, 1)
    assert.deepEqual(strangers(stub), [])
    assert.equal(replayTraces(stub.site), stub.rows('select id from session').length)
  })
})
