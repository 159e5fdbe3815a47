/** Cancel or Stop pressed in every phase of a session, on real Slurm and on the local cluster: answered at once, and no job is left. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { SessionView } from './support/api.ts'
import {
  assertExplained,
  assertOneApplication,
  isLive,
  slurmJobsLike,
  strangers,
  untilNothingIsLeft,
} from './support/machine-check.ts'
import { openStubSite, type StubSite, type StubUser } from './support/stub-site.ts'
import { replayTraces } from './support/traces.ts'
import { until } from './support/until.ts'

interface Phase {
  readonly title: string
  readonly user?: StubUser
  readonly profile?: Readonly<Record<string, unknown>>
  /** POSIX sh in the place of sbatch. */
  readonly sbatch?: string
  /** How often the application has been started when Cancel is pressed; null: it may or may not have. */
  readonly starts: number | null
  /** Wait for the phase, from outside. */
  readonly reach: (stub: StubSite, session: SessionView) => Promise<unknown>
  /** What is done between the press and the end. */
  readonly afterwards?: (stub: StubSite, session: SessionView) => Promise<unknown>
}

const state =
  (wanted: SessionView['state']) =>
  (stub: StubSite, { user, server }: SessionView): Promise<SessionView> =>
    stub.untilState(user as StubUser, server, wanted)
const claimed = (stub: StubSite, { id, server }: SessionView): Promise<unknown> =>
  until(`${server} is claimed`, () => stub.rows('select id from claim where session_id = ?', id).length > 0)
const scontrol = (what: string, { job_id: job }: SessionView): void => void execFileSync('scontrol', [what, job ?? ''])

/** An sbatch that begins in earnest when the test lets it go. */
const waitsFor = (name: string): string => `until [ -e "\${calls%/calls}/go-${name}" ]; do sleep 0.1; done`
const letGo = (stub: StubSite, name: string): void => writeFileSync(join(stub.commands.directory, `go-${name}`), '')
const sbatchRuns = (stub: StubSite, { id }: SessionView): Promise<unknown> =>
  until('sbatch runs', () => stub.commands.calls('sbatch').some((line) => line.includes(`bm3${id}`)))

const here = { user: 'bob', profile: { cluster: 'local' } } as const
const waitsBeforeTheAgent = { application: 'slow' }
/** The scheduler answers nobody: neither the list nor the cancel. */
const silence = "echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' >&2; exit 1"

const phases: Readonly<Record<string, Phase>> = {
  'at-once': { title: 'at once', starts: null, reach: async () => undefined },
  'at-once-here': { ...here, title: 'at once', starts: null, reach: async () => undefined },
  sbatch: {
    title: 'while sbatch runs',
    sbatch: waitsFor('sbatch'),
    starts: 0,
    reach: sbatchRuns,
    afterwards: async (stub) => letGo(stub, 'sbatch'),
  },
  queued: {
    title: 'queued',
    sbatch: 'exec "$real" --begin=now+1hour "$@"',
    starts: 0,
    reach: (stub, { server }) =>
      stub.untilIs('alice', server, 'in the queue', ({ waiting }) => waiting !== null && waiting.reason !== null),
  },
  held: {
    title: 'held',
    sbatch: 'exec "$real" --hold "$@"',
    starts: 0,
    reach: (stub, { server }) => stub.untilIs('alice', server, 'held', ({ waiting }) => waiting?.hold === 'held'),
  },
  unclaimed: {
    title: 'that runs, before its agent has claimed it',
    profile: waitsBeforeTheAgent,
    starts: 0,
    reach: state('starting'),
  },
  'unclaimed-here': {
    user: 'bob',
    profile: { cluster: 'local', application: 'slow' },
    title: 'that runs, before its agent has claimed it',
    starts: 0,
    reach: state('starting'),
  },
  claimed: { title: 'that is claimed', starts: null, reach: claimed },
  starting: {
    title: 'whose application does not answer yet',
    profile: { application: 'gated' },
    starts: 1,
    reach: (stub, session) => until('the application runs', () => stub.startsOf(session).length === 1),
  },
  'starting-here': {
    user: 'bob',
    profile: { cluster: 'local', application: 'gated' },
    title: 'whose application does not answer yet',
    starts: 1,
    reach: (stub, session) => until('the application runs', () => stub.startsOf(session).length === 1),
  },
  ready: { title: 'that is ready', starts: 1, reach: state('ready') },
  'ready-here': { ...here, title: 'that is ready', starts: 1, reach: state('ready') },
  suspended: {
    title: 'that is suspended',
    starts: 1,
    async reach(stub, { server }) {
      scontrol('suspend', await stub.untilState('alice', server, 'ready'))
      await stub.untilIs('alice', server, 'paused', ({ paused }) => paused, 90_000)
    },
  },
  stopping: {
    title: 'that is stopping already, and is pressed again and again',
    profile: { application: 'stubborn' },
    starts: 1,
    reach: state('ready'),
    async afterwards(stub, session) {
      for (let times = 0; times < 5; times++) await stub.stop(session)
    },
  },
}

/** These stop the hub or the scheduler for everybody, so they come by themselves. */
const alone: Readonly<Record<string, Phase>> = {
  silent: {
    title: 'while the scheduler is silent',
    starts: 1,
    async reach(stub, { server }) {
      await stub.untilState('alice', server, 'ready')
      stub.commands.fault('squeue', silence)
      stub.commands.fault('sacct', silence)
      stub.commands.fault('scancel', silence)
    },
    async afterwards(stub, { id, server }) {
      await until('a cancel has failed', () => stub.site.log().includes('cancel failed, will be tried again'))
      const now = await stub.session('alice', server)
      assert.equal(now?.state, 'stopping', 'nobody has said that it is over')
      assert.ok(slurmJobsLike(`bm3${id}`).every(({ id: job }) => job === now?.job_id))
      for (const name of ['squeue', 'sacct', 'scancel'] as const) stub.commands.mend(name)
    },
  },
  late: {
    title: 'that sbatch submits after the next hub has looked for it',
    sbatch: waitsFor('late'),
    starts: 0,
    async reach(stub, session) {
      await sbatchRuns(stub, session)
      const start = await stub.killHub()
      await start()
      const calls = stub.commands.calls('squeue').length
      await until('the next hub has looked', () => stub.commands.calls('squeue').length > calls + 1)
    },
    async afterwards(stub, { id }) {
      assert.deepEqual(slurmJobsLike(`bm3${id}`), [], 'not submitted yet')
      letGo(stub, 'late')
      await until('its job is there', () => slurmJobsLike(`bm3${id}`).length === 1)
    },
  },
  restart: {
    title: 'while the hub is being restarted',
    starts: 1,
    async reach(stub, { server }) {
      await stub.untilState('alice', server, 'ready')
      const start = await stub.killHub()
      void start().catch(() => undefined)
    },
  },
}

describe('Cancel', () => {
  let stub: StubSite
  const all = { ...phases, ...alone }
  const keys = Object.keys(all)
  const memoryOf = (key: string): number => 301 + keys.indexOf(key)
  before(async () => {
    stub = await openStubSite({
      instance: 'm3',
      change({ applications }) {
        const own = applications as Record<string, Record<string, unknown>>
        own.slow = { ...own.stub, prologue: 'sleep 300' }
        own.stubborn = { ...own.stub, environment: { STUB_STUBBORN: '1' } }
      },
      profiles: Object.fromEntries(
        Object.entries(all).map(([key, { profile }]) => [
          key,
          {
            ...profile,
            resources: { cores: 1, memory: `${memoryOf(key)}M`, walltime: '20m' },
            limits: { stop: '5s' },
          },
        ]),
      ),
    })
    const branches = Object.entries(all).flatMap(([key, { sbatch }]) =>
      sbatch === undefined ? [] : [`*" --mem=${memoryOf(key)}M "*) ${sbatch} ;;`],
    )
    stub.commands.fault('sbatch', `case " $* " in ${branches.join('\n')}\nesac`)
  })
  after(async () => {
    await stub?.[Symbol.asyncDispose]()
  })

  async function press(key: string, { user = 'alice', starts, reach, afterwards }: Phase): Promise<void> {
    const asked = await stub.request(user, key, key)
    assert.equal(asked?.status, 202, asked?.body)
    const session = await stub.session(user, key)
    assert.ok(session)
    await reach(stub, session)
    const from = performance.now()
    await stub.stop(session)
    const pressed = await stub.session(user, key)
    assert.ok(pressed?.state === 'stopping' || pressed?.state === 'ended', JSON.stringify(pressed))
    await afterwards?.(stub, session)
    const ended = await stub.untilState(user, key, 'ended', 90_000)
    await untilNothingIsLeft(stub, ended)
    console.log(JSON.stringify({ cancel: key, leftMs: Math.round(performance.now() - from) }))
    assert.equal(ended.outcome?.code, 'stopped-by-user')
    assert.equal(ended.outcome?.by, user)
    assertExplained(ended)
    assertOneApplication(stub, ended, { starts: starts ?? stub.startsOf(ended).length })
    if (ended.cluster === 'slurm') assert.ok(slurmJobsLike(`bm3${ended.id}`).length <= 1)
  }

  describe('of a session', { concurrency: 5 }, () => {
    for (const [key, phase] of Object.entries(phases))
      it(`${phase.title} leaves no job (${phase.profile?.cluster ?? 'slurm'})`, () => press(key, phase))
  })
  describe('of a session, alone,', () => {
    for (const [key, phase] of Object.entries(alone)) it(`${phase.title} leaves no job`, () => press(key, phase))
  })

  it('would be seen to leave a job', async () => {
    await stub.request('alice', 'ready', 'ready')
    const session = await stub.untilState('alice', 'ready', 'ready')
    await assert.rejects(untilNothingIsLeft(stub, session, 1_000), /nothing is left/)
    assert.equal(slurmJobsLike(`bm3${session.id}`).filter(isLive).length, 1)
    await stub.stop(session)
    await untilNothingIsLeft(stub, await stub.untilState('alice', 'ready', 'ended'))
    assert.deepEqual(strangers(stub), [])
    assert.equal(replayTraces(stub.site), stub.rows('select id from session').length)
  })
})
