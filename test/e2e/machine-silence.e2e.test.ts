/**
 * A slurmctld that answers nobody, and one that tells nothing about other accounts' jobs: sessions in every state go on, starts and
 * stops that fall into the time are carried out afterwards, once. Beside a Slurm of its own.
 * BATCHWAY_TEST_SILENCE says for how many seconds slurmctld is stopped (40), BATCHWAY_TEST_ROUNDS how often the hub is killed meanwhile (2),
 * BATCHWAY_TEST_SEED at which random moments.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { SessionView } from './support/api.ts'
import {
  assertExplained,
  assertOneApplication,
  isLive,
  slurmJobsLike,
  strangers,
  untilNothingIsLeft,
} from './support/machine-check.ts'
import { isBesideOwnSlurm, runBesideOwnSlurm, silenceController, withSetting } from './support/own-slurm.ts'
import { openRandom } from './support/random.ts'
import { openStubSite, type StubSite, type StubUser } from './support/stub-site.ts'
import { replayTraces } from './support/traces.ts'
import { until } from './support/until.ts'

const silenceSeconds = Number(process.env.BATCHWAY_TEST_SILENCE ?? 40)
const rounds = Number(process.env.BATCHWAY_TEST_ROUNDS ?? 2)
const random = openRandom()
const unanswered = /Larch has not answered since \d\d:\d\d/

if (!isBesideOwnSlurm)
  it('beside a Slurm of its own', { timeout: 1_000_000 }, () => runBesideOwnSlurm(import.meta.filename))
else
  describe('beside a scheduler', () => {
    let stub: StubSite
    before(async () => {
      console.log(JSON.stringify({ silenceSeconds, rounds, seed: random.seed }))
      const held = { resources: { cores: 1, memory: '301M', walltime: '20m' } }
      stub = await openStubSite({ instance: 'm7', profiles: { held } })
      stub.commands.fault('sbatch', 'case " $* " in *" --mem=301M "*) exec "$real" --hold "$@" ;; esac')
    })
    after(async () => {
      await stub?.[Symbol.asyncDispose]()
    })

    const isFailing = async (): Promise<boolean> => (await stub.clusterHealth('alice', 'slurm')).failing_since !== null
    const page = ({ id }: SessionView): Promise<string> => stub.page('alice', `sessions/${id}`)

    async function finish(session: SessionView, starts: number): Promise<void> {
      await stub.stop(session)
      const ended = await stub.untilState(session.user as StubUser, session.server, 'ended', 90_000)
      assert.equal(ended.outcome?.code, 'stopped-by-user')
      assertExplained(ended)
      assertOneApplication(stub, ended, { starts })
      await untilNothingIsLeft(stub, ended)
    }

    it(`that answers nobody for ${silenceSeconds} s no session ends`, async () => {
      for (const [server, profile] of [
        ['held', 'held'],
        ['gated', 'gated'],
        ['ready', 'stub'],
        ['stopped', 'stub'],
      ] as const)
        await stub.request('alice', server, profile)
      await stub.request('bob', 'here', 'here')
      const held = await stub.untilIs('alice', 'held', 'held', ({ waiting }) => waiting?.hold === 'held')
      const gated = await stub.untilState('alice', 'gated', 'starting')
      await until('the gated one starts', () => stub.startsOf(gated).length === 1)
      const stopped = await stub.untilState('alice', 'stopped', 'ready')
      const calm = [
        held,
        gated,
        await stub.untilState('alice', 'ready', 'ready'),
        await stub.untilState('bob', 'here', 'ready'),
      ]
      const same = ({ id, state, job_id: job, reachable }: SessionView) => ({ id, state, job, reachable })
      const untouched = async (): Promise<void> => {
        for (const { user, server, ...rest } of calm) {
          const now = await stub.session(user as StubUser, server)
          assert.ok(now)
          assert.deepEqual(same(now), same({ user, server, ...rest }), JSON.stringify(now))
          if (now.state === 'ready') assert.equal((await stub.open(now)).status, 200)
        }
      }

      {
        using _silence = silenceController()
        const from = Date.now()
        await stub.request('alice', 'during', 'stub')
        await stub.stop(stopped)
        await until('the hub notices', isFailing, 90_000)
        await until(
          'the silence has lasted',
          async () => {
            await untouched()
            return Date.now() - from > silenceSeconds * 1_000
          },
          silenceSeconds * 2_000 + 60_000,
        )
        const { failing_since: since, last_answer: last } = await stub.clusterHealth('alice', 'slurm')
        assert.ok(since && last && Date.parse(last) <= Date.parse(since), JSON.stringify({ since, last }))
        for (const session of calm.slice(0, 3)) assert.match(await page(session), unanswered)
        assert.equal((await stub.session('alice', 'during'))?.state, 'submitting')
        assert.notEqual((await stub.session('alice', 'stopped'))?.state, 'ready')
      }
      const from = performance.now()
      await until('the hub hears it again', async () => !(await isFailing()), 180_000)
      await untouched()
      const during = await stub.untilState('alice', 'during', 'ready', 180_000)
      assertOneApplication(stub, during, { starts: 1 })
      const ended = await stub.untilState('alice', 'stopped', 'ended', 90_000)
      assert.equal(ended.outcome?.code, 'stopped-by-user')
      await untilNothingIsLeft(stub, ended)
      console.log(JSON.stringify({ silenceSeconds, afterwardsMs: Math.round(performance.now() - from) }))
      assert.doesNotMatch(await page(held), unanswered)

      stub.gate.open()
      execFileSync('scontrol', ['release', held.job_id ?? ''])
      for (const server of ['gated', 'held']) await stub.untilState('alice', server, 'ready', 90_000)
      for (const session of [...calm, during]) await finish(session, 1)
    })

    it('that hides other accounts’ jobs from one moment on no session ends', async () => {
      await stub.request('alice', 'seen', 'stub')
      await stub.request('alice', 'waits', 'held')
      const seen = await stub.untilState('alice', 'seen', 'ready')
      const waits = await stub.untilIs('alice', 'waits', 'held', ({ waiting }) => waiting?.hold === 'held')
      const asHub = (): string =>
        execFileSync('setpriv', ['--reuid=batchway', '--clear-groups', '--regid=batchway', 'squeue', '-h'], {
          encoding: 'utf8',
        })
      assert.notEqual(asHub(), '')
      {
        using _privacy = withSetting('PrivateData=jobs')
        await until('the hub sees no job', () => asHub() === '')
        const calls = stub.commands.calls('squeue').length
        await until('several lists were read', () => stub.commands.calls('squeue').length > calls + 4, 240_000)
        assert.equal((await stub.session('alice', 'seen'))?.state, 'ready')
        assert.equal((await stub.session('alice', 'waits'))?.state, 'queued')
        assert.equal((await stub.open(seen)).status, 200)
        // The page says how old what it shows is, and that nothing follows from it.
        const page = await until(
          'the page says that the job is not shown',
          async () => {
            const text = await stub.page('alice', `sessions/${seen.id}`)
            return text.includes('has not shown this job since') ? text : null
          },
          240_000,
        )
        assert.match(page, /answers, and has not shown this job since \d\d:\d\d .*That alone does not end the session/)
        assert.equal((await stub.session('alice', 'seen'))?.state, 'ready')
        // A stop still works: the cancel goes out as the owner, who may see the job.
        await finish(waits, 0)
        await stub.request('alice', 'hidden', 'stub')
        const hidden = await until('it was asked for', () => stub.session('alice', 'hidden'))
        await until('its job runs', () => slurmJobsLike(`bm7${hidden.id}`).some(({ state }) => state === 'RUNNING'))
        // What sbatch printed is a hint: as long as nobody shows the job, the session waits, and so does the job's agent.
        const waiting = await stub.session('alice', 'hidden')
        assert.deepEqual([waiting?.id, waiting?.state, waiting?.job_id ?? null], [hidden.id, 'submitting', null])
      }
      const hidden = await stub.untilState('alice', 'hidden', 'ready', 120_000)
      assertOneApplication(stub, hidden, { starts: 1 })
      assert.doesNotMatch(await stub.page('alice', `sessions/${seen.id}`), /has not shown this job/)
      for (const session of [seen, hidden]) await finish(session, 1)
    })

    for (let round = 0; round < rounds; round++) {
      it(`that is silent from before the submit until a killed hub is back, one application starts (round ${round})`, async () => {
        const server = `s${round}`
        const before = stub.commands.calls('sbatch').length
        let asked: Promise<unknown>
        {
          using _silence = silenceController()
          asked = stub.request('alice', server, 'stub')
          await until('sbatch runs', () => stub.commands.calls('sbatch').length > before)
          await delay(random.whole(0, 1_500))
          const start = await stub.killHub()
          await start()
          if (random.next() < 0.5) await until('the next hub has asked in vain', isFailing, 120_000)
          await delay(random.whole(0, 3_000))
        }
        await asked
        const from = performance.now()
        const session = await stub.untilIs(
          'alice',
          server,
          'ready or ended',
          ({ state }) => state === 'ready' || state === 'ended',
          300_000,
        )
        const settledMs = Math.round(performance.now() - from)
        assert.equal(session.state, 'ready', JSON.stringify(session))
        assertOneApplication(stub, session, { starts: 1 })
        assert.equal((await stub.open(session)).status, 200)
        const jobs = slurmJobsLike(`bm7${session.id}`).length
        await finish(session, 1)
        console.log(JSON.stringify({ round, jobs, attempt: session.attempt, settledMs }))
      })
    }

    it('nothing is left that no session knows', () => {
      assert.deepEqual(strangers(stub), [])
      assert.deepEqual(slurmJobsLike('bm7').filter(isLive), [])
      assert.equal(replayTraces(stub.site), stub.rows('select id from session').length)
    })
  })
