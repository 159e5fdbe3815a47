/** Two gateways that were given one instance by mistake never touch each other's jobs: the names tell whose key made them. Real Slurm. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { SessionView } from './support/api.ts'
import { runAs } from './support/as-person.ts'
import { assertExplained, isLive, slurmJobsLike } from './support/machine-check.ts'
import { openStubSite, type StubSite } from './support/stub-site.ts'
import { until } from './support/until.ts'

const instance = 'n2'
const hold = 'case " $* " in *" --mem=301M "*) exec "$real" --hold "$@" ;; esac'
const profiles = { held: { resources: { cores: 1, memory: '301M', walltime: '20m' } } }
const countedByAnybody = (config: Record<string, unknown>) => Object.assign(config, { metrics: { anonymous: true } })

describe('two gateways with one instance', () => {
  let one: StubSite
  let two: StubSite
  before(async () => {
    one = await openStubSite({ instance, profiles, change: countedByAnybody })
    // Folders and sudo rule are the bench's own; what the jobs bear is the other's.
    two = await openStubSite({
      instance: 'n3',
      profiles,
      change: (config) => Object.assign(countedByAnybody(config), { instance }),
    })
    for (const stub of [one, two]) {
      stub.commands.fault('sbatch', hold)
      await stub.request('alice', 'runs', 'stub')
      await stub.request('alice', 'waits', 'held')
    }
  })
  after(async () => {
    await two?.[Symbol.asyncDispose]()
    await one?.[Symbol.asyncDispose]()
  })

  const sessionsOf = async (stub: StubSite): Promise<SessionView[]> => [
    await stub.untilState('alice', 'runs', 'ready'),
    await stub.untilIs('alice', 'waits', 'held', ({ waiting }) => waiting?.hold === 'held'),
  ]
  const isThere = (id: string | null): boolean =>
    slurmJobsLike(`b${instance}`).some((job) => job.id === id && isLive(job))
  const cancelled = (stub: StubSite): string[] =>
    stub.commands.calls('scancel').map((line) => line.split(' ').at(-1) ?? '')
  /** Jobs of which the log says that they are another gateway's. */
  const disowned = (stub: StubSite): string[] => {
    const lines = stub.site.log().split('\n')
    return lines.filter((line) => line.includes('the mark of another gateway')).map((line) => JSON.parse(line).job)
  }

  it('tell of each other’s jobs, and cancel those of their own that lost their session', async () => {
    const ours = await sessionsOf(one)
    const theirs = await sessionsOf(two)
    const ids = (sessions: readonly SessionView[]): string[] => sessions.map(({ job_id: job }) => job ?? '').sort()
    await until('both have told', () => disowned(one).length >= 2 && disowned(two).length >= 2, 90_000)
    assert.deepEqual([disowned(one).sort(), disowned(two).sort()], [ids(theirs), ids(ours)])

    for (const { site } of [one, two]) {
      const figures = await (await fetch(`${site.url}hub/metrics`)).text()
      assert.match(figures, /^batchway_foreign_jobs 2$/m)
      assert.match(figures, /^jupyterhub_running_servers 1$/m)
      assert.match(figures, /^batchway_session_starts_total\{cluster="slurm"\} 2$/m)
      assert.match(figures, /^batchway_scheduler_answer_age_seconds\{cluster="slurm"\} [0-9.]+$/m)
    }

    // Younger than those, so that they would have been cancelled first.
    const lost: string[] = []
    for (const [session] of [ours, theirs]) {
      const name = `--job-name=b${instance}${session?.id.slice(0, 3)}lost0101`
      const { stdout } = await runAs('alice', [
        'sbatch',
        '--parsable',
        name,
        '--mem=100M',
        '--time=20',
        '--chdir=/',
        '--output=/dev/null',
        '--wrap=sleep 900',
      ])
      lost.push(stdout.trim())
    }
    await until('lost jobs are gone', () => lost.every((id) => /^\d+$/.test(id) && !isThere(id)), 150_000)
    for (const [stub, own] of [
      [one, lost[0]],
      [two, lost[1]],
    ] as const)
      assert.deepEqual(new Set(cancelled(stub)), new Set([own]))
    for (const [stub, before] of [
      [one, ours],
      [two, theirs],
    ] as const) {
      const now = await sessionsOf(stub)
      assert.deepEqual(
        now.map(({ id }) => id),
        before.map(({ id }) => id),
      )
      for (const job of ids(now)) assert.ok(isThere(job))
      assert.equal((await stub.open(now[0] as SessionView)).status, 200)
    }
  })

  it('would, if one had the other’s key as well', async () => {
    for (const session of await sessionsOf(two)) {
      await two.stop(session)
      await two.untilState('alice', session.server, 'ended', 90_000)
    }
    const ours = await sessionsOf(one)
    const start = await two.killHub()
    const [from, to] = [one, two].map(({ site }) => join(site.stateDirectory, 'hub.key'))
    writeFileSync(to ?? '', readFileSync(from ?? ''))
    await start()
    await until(
      'the copy has cancelled them',
      () => ours.every(({ job_id: job }) => cancelled(two).includes(job ?? '') && !isThere(job)),
      150_000,
    )
    for (const { server } of ours) assertExplained(await one.untilState('alice', server, 'ended', 90_000))
  })
})
