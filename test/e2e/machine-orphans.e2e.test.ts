/** Jobs that no session stands for any more are ended by the instance whose tag they carry, and by no other. On real Slurm and `local`. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { SessionView } from './support/api.ts'
import { runAs } from './support/as-person.ts'
import { assertOneApplication, isLive, slurmJobsLike, untilNothingIsLeft } from './support/machine-check.ts'
import { openStubSite, type StubSite, type StubUser } from './support/stub-site.ts'
import { processesOfJob } from './support/traces.ts'
import { until } from './support/until.ts'

/** Deletes every trace of sessions from the store, as whoever restores an old copy of it does. */
const dropProgram = `
import sqlite3, sys
store = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
store.execute("begin immediate")
for session in sys.argv[2:]:
    for table in ("session_event", "claim", "attempt", "token"):
        store.execute(f"delete from {table} where session_id = ?", (session,))
    store.execute("delete from session where id = ?", (session,))
store.execute("commit")
`

const hold = 'case " $* " in *" --mem=301M "*) exec "$real" --hold "$@" ;; esac'
/** Takes the job and says that it did not. */
const lie = `case " $* " in *" --mem=302M "*)
  "$real" --hold "$@" >/dev/null; echo 'sbatch: error: Batch job submission failed: Invalid qos specification' >&2; exit 1 ;; esac`
const sized = (mebibytes: number) => ({ resources: { cores: 1, memory: `${mebibytes}M`, walltime: '20m' } })

describe('jobs that no session stands for', () => {
  let one: StubSite
  let other: StubSite
  /** Its policy is to leave such jobs alone. */
  let lenient: StubSite
  /** Of the other instance, and of one that no gateway has: nobody may touch them. */
  let bystanders: readonly SessionView[]
  let stranger: string

  before(async () => {
    const profiles = { held: sized(301), lied: sized(302) }
    one = await openStubSite({ instance: 'm8', profiles })
    other = await openStubSite({ instance: 'm9', profiles })
    lenient = await openStubSite({
      instance: 'n4',
      profiles,
      change: (config) => Object.assign(config, { orphans: 'leave' }),
    })
    for (const stub of [one, other, lenient]) stub.commands.fault('sbatch', `${hold}\n${lie}`)
    // The same names at both, so that nothing but the instance tells them apart.
    for (const stub of [one, other]) {
      for (const [server, profile] of [
        ['calm', 'stub'],
        ['calm-held', 'held'],
      ] as const)
        await stub.request('alice', server, profile)
    }
    await one.untilState('alice', 'calm', 'ready')
    await one.untilIs('alice', 'calm-held', 'held', ({ waiting }) => waiting?.hold === 'held')
    bystanders = [
      await other.untilState('alice', 'calm', 'ready'),
      await other.untilIs('alice', 'calm-held', 'held', ({ waiting }) => waiting?.hold === 'held'),
    ]
    stranger = await submitByHand('bmxstrangers01')
  })
  after(async () => {
    if (stranger) await runAs('alice', ['scancel', stranger])
    await one?.[Symbol.asyncDispose]()
    await other?.[Symbol.asyncDispose]()
    await lenient?.[Symbol.asyncDispose]()
  })

  /** A job of alice's under any name. @returns its id. */
  async function submitByHand(name: string): Promise<string> {
    const words = ['sbatch', '--parsable', `--job-name=${name}`, '--partition=debug', '--mem=100M', '--time=20']
    const { stdout, stderr } = await runAs('alice', [...words, '--chdir=/', '--output=/dev/null', '--wrap=sleep 900'])
    assert.match(stdout, /^\d+$/m, stderr)
    return stdout.trim()
  }

  /** The tag of a session that this gateway may have had. */
  async function unknownTag(stub: StubSite): Promise<string> {
    const mark = (await stub.untilState('alice', 'calm', 'ready')).id.slice(0, 3)
    return `b${stub.instance}${mark}lost0101`
  }

  const isThere = (id: string): boolean => slurmJobsLike('b').some((job) => job.id === id && isLive(job))

  /** @returns after how many milliseconds the jobs were gone. */
  async function untilGone(what: string, ids: readonly string[], local: readonly string[] = []): Promise<void> {
    const from = performance.now()
    await until(
      `${what}: gone`,
      () => ids.every((id) => !isThere(id)) && local.every((id) => processesOfJob('local', id).length === 0),
      150_000,
    )
    console.log(JSON.stringify({ what, goneMs: Math.round(performance.now() - from) }))
  }

  /** The sessions that a test is not about go on, and the scancel of each site named its own jobs only. */
  async function assertOthersUntouched(): Promise<void> {
    for (const session of bystanders) {
      const now = await other.session('alice', session.server)
      assert.deepEqual([now?.id, now?.state, now?.job_id], [session.id, session.state, session.job_id])
      assert.ok(isThere(session.job_id ?? ''))
    }
    assert.equal((await other.open(bystanders[0] as SessionView)).status, 200)
    assert.ok(isThere(stranger), 'a job of no instance of ours goes on')
    for (const stub of [one, other]) {
      const own = slurmJobsLike(`b${stub.instance}`).map(({ id }) => id)
      for (const line of stub.commands.calls('scancel')) assert.ok(own.includes(line.split(' ').at(-1) ?? ''), line)
    }
  }

  async function drop(ids: readonly string[], stub = one): Promise<void> {
    const store = join(stub.site.stateDirectory, 'batchway.db')
    const { code, stderr } = await runAs('batchway', ['/usr/bin/python3', '-I', '-c', dropProgram, store, ...ids])
    assert.equal(code, 0, stderr)
    for (const id of ids) assert.equal(stub.rows('select id from session where id = ?', id).length, 0)
  }

  async function startThree(name: string): Promise<SessionView[]> {
    await one.request('alice', `${name}-ready`, 'stub')
    await one.request('alice', `${name}-held`, 'held')
    await one.request('bob', `${name}-here`, 'here')
    return [
      await one.untilState('alice', `${name}-ready`, 'ready'),
      await one.untilIs('alice', `${name}-held`, 'held', ({ waiting }) => waiting?.hold === 'held'),
      await one.untilState('bob', `${name}-here`, 'ready'),
    ]
  }
  const jobsOf = (sessions: readonly SessionView[], cluster: string): string[] =>
    sessions.filter((session) => session.cluster === cluster).map(({ job_id: job }) => job ?? '')

  it('are ended when the rows vanish while the hub runs', async () => {
    const sessions = await startThree('live')
    await drop(sessions.map(({ id }) => id))
    await untilGone('rows dropped, hub running', jobsOf(sessions, 'slurm'), jobsOf(sessions, 'local'))
    // The server is free again.
    for (const [user, server, profile] of [
      ['alice', 'live-ready', 'stub'],
      ['bob', 'live-here', 'here'],
    ] as const) {
      await until(`${server} is taken on`, async () => (await one.request(user, server, profile))?.status === 202)
      await finish(await one.untilState(user, server, 'ready'))
    }
    await assertOthersUntouched()
  })

  it('would stay where the policy is to leave them: the log tells of them, and an administrator ends them', async () => {
    const isHeld = ({ waiting }: SessionView): boolean => waiting?.hold === 'held'
    for (const stub of [one, lenient]) await stub.request('alice', 'kept', 'held')
    const gone = await one.untilIs('alice', 'kept', 'held', isHeld)
    const kept = await lenient.untilIs('alice', 'kept', 'held', isHeld)
    // The lenient site first: it has had more time than the other needs.
    await drop([kept.id], lenient)
    await until('the log tells of it', () => told(lenient, kept.job_id).length > 0, 60_000)
    await drop([gone.id])
    await untilGone('rows dropped, beside a lenient site', jobsOf([gone], 'slurm'))
    assert.ok(isThere(kept.job_id ?? ''), 'the job stays')
    assert.deepEqual(lenient.commands.calls('scancel'), [])
    assert.deepEqual(
      told(lenient, kept.job_id).map(({ level, why, tag, account }) => ({ level, why, tag, account })),
      [{ level: 40, why: 'unknown', tag: `bn4${kept.id}01`, account: 'alice' }],
      'once, with what an administrator needs to end it',
    )
    await runAs('alice', ['scancel', kept.job_id ?? ''])
    await until('it has ended', () => !isThere(kept.job_id ?? ''))
    await assertOthersUntouched()
  })

  /** What the log says of a job that no session stands for. */
  function told(stub: StubSite, job: string | null): Record<string, unknown>[] {
    const lines = stub.site.log().split('\n')
    const found = lines.filter((line) => line.includes('"job without a living attempt"'))
    return found.map((line) => JSON.parse(line)).filter((line) => line.job === job)
  }

  it('are ended when the rows vanish while there is no hub', async () => {
    const sessions = await startThree('dead')
    const start = await one.killHub()
    await drop(sessions.map(({ id }) => id))
    await start()
    await untilGone('rows dropped, hub away', jobsOf(sessions, 'slurm'), jobsOf(sessions, 'local'))
    await assertOthersUntouched()
  })

  it('are ended when sbatch said that it had refused them', async () => {
    await one.request('alice', 'lied', 'lied')
    const ended = await one.untilState('alice', 'lied', 'ended')
    assert.equal(ended.outcome?.code, 'rejected')
    const jobs = slurmJobsLike(`bm8${ended.id}`)
    assert.equal(jobs.length, 1, 'Slurm did take it')
    await untilGone(
      'refused and taken',
      jobs.map(({ id }) => id),
    )
    await assertOthersUntouched()
  })

  it('are ended when they carry the tag of a session that runs another, which goes on', async () => {
    const session = await one.untilState('alice', 'calm', 'ready')
    const surplus = await submitByHand(`bm8${session.id}01`)
    await untilGone('surplus', [surplus])
    assertOneApplication(one, await one.untilState('alice', 'calm', 'ready'), { starts: 1 })
    assert.equal((await one.open(session)).status, 200)
    await assertOthersUntouched()
  })

  it('are ended by the instance that they name, each by its own', async () => {
    const ours = await submitByHand(await unknownTag(one))
    const theirs = await submitByHand(await unknownTag(other))
    await untilGone('of unknown sessions', [ours, theirs])
    const cancelledBy = (stub: StubSite, id: string): boolean =>
      stub.commands.calls('scancel').some((line) => line.endsWith(` ${id}`))
    assert.deepEqual(
      [cancelledBy(one, ours), cancelledBy(one, theirs), cancelledBy(other, ours), cancelledBy(other, theirs)],
      [true, false, false, true],
    )
    await assertOthersUntouched()
  })

  async function finish(session: SessionView): Promise<void> {
    const stub = session.id === bystanders[0]?.id || session.id === bystanders[1]?.id ? other : one
    await stub.stop(session)
    await untilNothingIsLeft(stub, await stub.untilState(session.user as StubUser, session.server, 'ended', 90_000))
  }

  it('are told from those of a gateway that stops all of its sessions', async () => {
    for (const server of ['calm', 'calm-held']) {
      const session = await one.session('alice', server)
      if (session) await finish(session)
    }
    await assertOthersUntouched()
    for (const session of bystanders) await finish(session)
    assert.ok(isThere(stranger))
    assert.deepEqual([...slurmJobsLike('bm8'), ...slurmJobsLike('bm9')].filter(isLive), [])
  })
})
