/**
 * A scheduler whose list is empty, cut, garbled, full of others' jobs, or not there at all, while sessions are in every state: none ends,
 * none is started again, applications go on, and the page says what is known and how old it is.
 * BATCHWAY_TEST_LISTS says how many lists of each kind are read (1); with more than one, all kinds are tried.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { SessionView } from './support/api.ts'
import { assertExplained, assertOneApplication, strangers, untilNothingIsLeft } from './support/machine-check.ts'
import { openStubSite, type StubSite, type StubUser } from './support/stub-site.ts'
import { replayTraces } from './support/traces.ts'
import { until } from './support/until.ts'

const lists = Number(process.env.BATCHWAY_TEST_LISTS ?? 1)
const real = '"$real" "$@"'
const separator = '\\x1f'

/** POSIX sh in the place of squeue. */
const faults: Readonly<Record<string, string>> = {
  'an empty list': 'exit 0',
  'a list that is cut within a row': `${real} | head -c 170; exit 0`,
  'a list that is no text': `${real} | tr '0-9A-Z' '\\200-\\243'; exit 0`,
  // A scheduler that was set up anew counts from 1 again.
  'the jobs of another account under the same numbers, all of them over': `${real} | sed -E 's/^([0-9]+)${separator}[A-Z]+${separator}alice${separator}/\\1${separator}CA${separator}carol${separator}/'; exit 0`,
  'jobs of another account with our names, all of them over': `${real} | sed -E 's/^([0-9]+)${separator}[A-Z]+${separator}alice${separator}/99\\1${separator}F${separator}carol${separator}/'; exit 0`,
  'half an answer and a failure': `${real} | head -n 2; echo 'slurm_load_jobs error: Socket timed out on send/recv operation' >&2; exit 1`,
}
const moreFaults: Readonly<Record<string, string>> = {
  'a list that is cut after a row': `${real} | head -n 1; exit 0`,
  'a list that begins with garbage': `printf '\\377\\376\\000\\n'; ${real}; exit 0`,
  'two rows for each job, one of them over': `${real} | sed -E 'p; s/^([0-9]+)${separator}[A-Z]+/\\1${separator}CD/'; exit 0`,
  'no answer': "echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' >&2; exit 1",
}

interface Seat {
  readonly user: StubUser
  readonly server: string
  readonly state: SessionView['state']
  readonly starts: number
}
const seats: readonly Seat[] = [
  { user: 'alice', server: 'held', state: 'queued', starts: 0 },
  { user: 'alice', server: 'waiting', state: 'queued', starts: 0 },
  { user: 'alice', server: 'gated', state: 'starting', starts: 1 },
  { user: 'alice', server: 'stub', state: 'ready', starts: 1 },
  { user: 'alice', server: 'other', state: 'ready', starts: 1 },
  { user: 'bob', server: 'here', state: 'ready', starts: 1 },
]

const unanswered = /Larch has not answered since \d\d:\d\d/

describe('with', () => {
  let stub: StubSite
  const seated = new Map<Seat, SessionView>()
  before(async () => {
    const sized = (memory: string) => ({ resources: { cores: 1, memory, walltime: '20m' } })
    stub = await openStubSite({
      instance: 'm4',
      profiles: { held: sized('301M'), waiting: sized('302M'), other: {} },
    })
    const branches = [
      '*" --mem=301M "*) exec "$real" --hold "$@" ;;',
      '*" --mem=302M "*) exec "$real" --begin=now+1hour "$@" ;;',
    ]
    stub.commands.fault('sbatch', `case " $* " in ${branches.join('\n')}\nesac`)
    for (const { user, server } of seats) await stub.request(user, server, server)
    for (const seat of seats) {
      const { user, server, state, starts } = seat
      const session = await stub.untilIs(
        user,
        server,
        `${state}, with a job that was seen`,
        (now) =>
          now.state === state &&
          stub.startsOf(now).length === starts &&
          stub.rows('select number from attempt where session_id = ? and first_seen_at is not null', now.id).length ===
            1,
      )
      seated.set(seat, session)
    }
  })
  after(async () => {
    await stub?.[Symbol.asyncDispose]()
  })

  async function assertUntouched(): Promise<void> {
    for (const [seat, earlier] of seated) {
      const now = await stub.session(seat.user, seat.server)
      assert.ok(now)
      const same = ({ id, state, attempt, job_id: job, reachable, paused }: SessionView) => ({
        id,
        state,
        attempt,
        job,
        reachable,
        paused,
      })
      assert.deepEqual(same(now), same(earlier), JSON.stringify(now))
      assert.equal(stub.startsOf(now).length, seat.starts)
      if (seat.state === 'ready') assert.equal((await stub.open(now)).status, 200)
    }
  }

  const listed = (): number => stub.commands.calls('squeue').length
  /** Lists that begin from now on: the one after shows that they were digested. */
  async function untilListed(times: number): Promise<void> {
    const from = listed()
    await until(`${times} more lists were read`, () => listed() > from + times, 60_000 + times * 60_000)
  }

  for (const [name, fault] of Object.entries(lists > 1 ? { ...moreFaults, ...faults } : faults)) {
    it(`${name} no session ends`, async () => {
      const words = (stub.commands.calls('squeue').at(-1) ?? '').split(' ').slice(2)
      const ask = (command: string): string => spawnSync(command, words, { encoding: 'latin1' }).stdout
      stub.commands.fault('squeue', fault)
      assert.notEqual(ask(join(stub.commands.directory, 'squeue')), ask('squeue'), 'the list is not what it should be')
      await untilListed(lists)
      await assertUntouched()
      const health = await stub.clusterHealth('alice', 'slurm')
      const fails = /exit 1$/.test(fault)
      assert.equal(health.failing_since !== null, fails, JSON.stringify(health))
      if (fails) assert.match(await stub.page('alice', `sessions/${seated.get(seats[3] as Seat)?.id}`), unanswered)
    })
  }

  it('good lists again they go on', async () => {
    stub.commands.mend('squeue')
    await untilListed(1)
    await assertUntouched()
    const health = await stub.clusterHealth('alice', 'slurm')
    assert.equal(health.failing_since, null)
    assert.doesNotMatch(await stub.page('alice', `sessions/${seated.get(seats[3] as Seat)?.id}`), unanswered)
  })

  it('a list that is empty and an accounting that knows better a session does end', async () => {
    const [seat] = seats as [Seat, ...Seat[]]
    const session = seated.get(seat)
    stub.commands.fault('squeue', 'exit 0')
    try {
      execFileSync('scancel', [session?.job_id ?? ''])
      const ended = await stub.untilState(seat.user, seat.server, 'ended', 120_000)
      assert.equal(ended.outcome?.code, 'cancelled-outside')
      assertExplained(ended)
      seated.delete(seat)
      await assertUntouched()
    } finally {
      stub.commands.mend('squeue')
    }
  })

  it('good lists all ends well', async () => {
    stub.gate.open()
    await stub.untilState('alice', 'gated', 'ready')
    for (const [seat, session] of seated) {
      await stub.stop(session)
      const ended = await stub.untilState(seat.user, seat.server, 'ended')
      assertOneApplication(stub, ended, { starts: seat.starts })
      await untilNothingIsLeft(stub, ended)
    }
    assert.deepEqual(strangers(stub), [])
    assert.equal(replayTraces(stub.site), seats.length)
  })
})
