/** What `sbatch` may do to a submit, each on the real Slurm behind a shell that misbehaves: exactly one application, or a clear end. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import type { SessionView } from './support/api.ts'
import { runAs } from './support/as-person.ts'
import {
  assertExplained,
  assertOneApplication,
  isLive,
  type SlurmJob,
  slurmJobsLike,
  strangers,
  untilNothingIsLeft,
} from './support/machine-check.ts'
import { openStubSite, type StubSite } from './support/stub-site.ts'
import { replayTraces } from './support/traces.ts'
import { until } from './support/until.ts'

const take = '"$real" "$@" >/dev/null 2>&1'
/** A submit dies with sbatch: what kills it kills the `sudo` before it too. */
const die = 'kill -9 $$'

interface Case {
  readonly title: string
  /** POSIX sh in the place of sbatch. `$before` is how often it was called for this session, `$other` a job of hers that she cancelled. */
  readonly fault: string
  /** Attempts that are submitted, and how the session ends if it does. */
  readonly attempts: number
  readonly ends?: { readonly code: string; readonly words: RegExp }
  readonly jobs: number
}

const cases: Readonly<Record<string, Case>> = {
  hangs: {
    title: 'hangs after the job was accepted',
    fault: `${take}; exec sleep 600`,
    attempts: 1,
    jobs: 1,
  },
  garbage: {
    title: 'prints garbage',
    fault: `${take}; printf '\\377\\376 <html>\\000 502 Bad gateway\\n'; exit 0`,
    attempts: 1,
    jobs: 1,
  },
  wrong: {
    title: 'prints the id of another job',
    fault: `${take}; echo "$other"; exit 0`,
    attempts: 1,
    jobs: 1,
  },
  wrongdropped: {
    title: 'prints the id of another job and has submitted nothing',
    fault: 'if [ "$before" = 0 ]; then cat >/dev/null; echo "$other"; exit 0; fi',
    attempts: 2,
    jobs: 1,
  },
  silent: { title: 'exits with 0 and no id', fault: `${take}; exit 0`, attempts: 1, jobs: 1 },
  unsure: {
    title: 'accepts the job and says that the controller did not answer',
    fault: `${take}; echo 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation' >&2; exit 1`,
    attempts: 1,
    jobs: 1,
  },
  dropped: {
    title: 'exits with 0 and has submitted nothing',
    fault: 'if [ "$before" = 0 ]; then cat >/dev/null; exit 0; fi',
    attempts: 2,
    jobs: 1,
  },
  cut: {
    title: 'submits half of the script and is killed',
    fault: `head -c 1200 | ${take}; ${die}`,
    attempts: 1,
    jobs: 1,
    ends: { code: 'job-failed', words: /./ },
  },
  killed: {
    title: 'is killed half-way through the script',
    fault: `if [ "$before" = 0 ]; then head -c 1200 >/dev/null; ${die}; fi`,
    attempts: 2,
    jobs: 1,
  },
  never: {
    title: 'never submits anything and always says that it did',
    fault: 'cat >/dev/null; exit 0',
    attempts: 3,
    jobs: 0,
    ends: { code: 'lost', words: /took the request 3 times without ever showing a job/ },
  },
}
const keys = Object.keys(cases)
/** Which session a submit is for stands in its command line. */
const memoryOf = (key: string): number => 301 + keys.indexOf(key)

describe('a submit', { concurrency: true }, () => {
  let stub: StubSite
  let other: string
  before(async () => {
    stub = await openStubSite({
      instance: 'm2',
      profiles: Object.fromEntries(
        keys.map((key) => [key, { resources: { cores: 1, memory: `${memoryOf(key)}M`, walltime: '20m' } }]),
      ),
    })
    const branches = Object.entries(cases).map(([key, { fault }]) => {
      const before = `before=$(($(grep -c -e '--mem=${memoryOf(key)}M' "$calls") - 1))`
      return `*" --mem=${memoryOf(key)}M "*) ${before}; ${fault} ;;`
    })
    other = await cancelledJob()
    stub.commands.fault('sbatch', `other=${other}; case " $* " in ${branches.join('\n')}\nesac`)
    for (const key of [...keys, 'stub']) await stub.request('alice', key, key)
  })
  after(async () => {
    await stub?.[Symbol.asyncDispose]()
  })

  const jobsOf = ({ id }: SessionView): SlurmJob[] => slurmJobsLike(`bm2${id}`)
  const isOver = ({ state }: SessionView): boolean => state === 'ready' || state === 'ended'

  for (const [key, { title, attempts, jobs, ends }] of Object.entries(cases)) {
    it(`that ${title} ${ends ? `ends as ${ends.code}` : 'starts one application'}`, async () => {
      let session = await stub.untilIs('alice', key, 'ready or ended', isOver, 180_000)
      if (ends === undefined) {
        assert.equal(session.state, 'ready', JSON.stringify(session))
        assertOneApplication(stub, session, { starts: 1 })
        // Nothing more comes of it when the submit has been given up, or was never one.
        await until(`${key}'s sbatch is gone`, () => sbatchesOf(key).length === 0, 90_000)
        session = await stub.untilState('alice', key, 'ready')
        assert.equal((await stub.open(session)).status, 200)
        assertOneApplication(stub, session, { starts: 1 })
        await stub.stop(session)
        session = await stub.untilState('alice', key, 'ended')
        assert.equal(session.outcome?.code, 'stopped-by-user')
      } else {
        assert.equal(session.outcome?.code, ends.code, JSON.stringify(session))
        assert.match(session.outcome?.words ?? '', ends.words)
        assertOneApplication(stub, session, { starts: 0 })
      }
      assertExplained(session)
      assert.equal(session.attempt, attempts)
      assert.equal(jobsOf(session).length, jobs, JSON.stringify(jobsOf(session)))
      await untilNothingIsLeft(stub, session)
    })
  }

  /** A job that would end the session as cancelled by alice, were it taken for the session's. */
  async function cancelledJob(): Promise<string> {
    const words = ['sbatch', '--parsable', '--hold', '--job-name=other', '--mem=50M', '--output=/dev/null']
    const { stdout, stderr } = await runAs('alice', [...words, '--chdir=/home/alice'], '#!/bin/sh\n')
    assert.match(stdout, /^\d+$/m, stderr)
    await runAs('alice', ['scancel', stdout.trim()])
    return until('the other job is cancelled, by its accounts', () => {
      const args = [
        '--noheader',
        '--parsable2',
        '--allocations',
        '--format=State,User,JobName',
        `--jobs=${stdout.trim()}`,
      ]
      const told = execFileSync('sacct', args, { encoding: 'utf8' })
      return /^CANCELLED by \d+\|alice\|other$/m.test(told) ? stdout.trim() : null
    })
  }

  /** Processes of a submit for this profile: the shell in sbatch's place, what it runs, and the sudo before it. */
  function sbatchesOf(key: string): string[] {
    const lines = execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' }).split('\n')
    return lines.filter((line) => line.includes('sbatch') && line.includes(` --mem=${memoryOf(key)}M `))
  }

  it('that is repeated by somebody else starts nothing, though its job runs', async () => {
    const session = await stub.untilState('alice', 'stub', 'ready')
    assertOneApplication(stub, session, { starts: 1 })
    const script = execFileSync('scontrol', ['write', 'batch_script', session.job_id ?? '', '-'], { encoding: 'utf8' })
    const words = [
      'sbatch',
      '--parsable',
      `--job-name=bm2${session.id}01`,
      '--partition=debug',
      '--mem=300M',
      '--time=5',
      '--export=NONE', // with a login environment, as ours
    ]
    const { stdout, stderr } = await runAs('alice', [...words, '--chdir=/home/alice', '--output=/dev/null'], script)
    assert.match(stdout, /^\d+$/m, stderr)
    const surplus = await until('the other job has run', () => {
      const found = jobsOf(session).find(({ id }) => id === stdout.trim())
      return found && !isLive(found) ? found : null
    })
    // It is refused and leaves without an error, if it is not cancelled before.
    assert.match(surplus.state, /^(COMPLETED|CANCELLED)$/)
    assert.equal(jobsOf(session).length, 2)
    assertOneApplication(stub, await stub.untilState('alice', 'stub', 'ready'), { starts: 1 })
    assert.deepEqual(strangers(stub), [])
    await stub.stop(session)
    await stub.untilState('alice', 'stub', 'ended')
    await untilNothingIsLeft(stub, session)
  })

  it('that is cut is one that Slurm takes for whole', async () => {
    const session = await stub.untilState('alice', 'cut', 'ended')
    const [job] = jobsOf(session)
    const script = execFileSync('scontrol', ['write', 'batch_script', job?.id ?? '', '-'], { encoding: 'utf8' })
    assert.equal(Buffer.byteLength(script), 1_200)
    assert.equal(job?.state, 'FAILED')
  })

  it('that names another job has done nothing to that job', () => {
    const args = ['--noheader', '--parsable2', '--allocations', '--format=State', `--jobs=${other}`]
    assert.match(execFileSync('sacct', args, { encoding: 'utf8' }), /^CANCELLED by \d+$/m)
  })

  it('leaves histories that the table of the machine can tell', async () => {
    for (const key of [...keys, 'stub']) await stub.untilState('alice', key, 'ended', 180_000)
    assert.equal(replayTraces(stub.site), keys.length + 1)
  })
})
