/**
 * A hub on a host without its users' accounts, without their homes, without sudo and without the scheduler's commands: it reaches the real
 * Slurm through a real sshd. Connections that are cut, and a hub that is killed during a submit, end nothing wrongly.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { coverEtc } from '../../packages/batchway/src/cli/setup/testing-etc.ts'
import { openTestSshd, type TestSshd } from '../../packages/batchway/src/cli/setup/testing-sshd.ts'
import { findAccount } from '../../packages/batchway/src/cli/start/served-account.ts'
import { assertOneApplication, slurmJobsLike, strangers, untilNothingIsLeft } from './support/machine-check.ts'
import { openStubSite, type StubSite } from './support/stub-site.ts'
import { until } from './support/until.ts'

const instance = 'y4'
const commands = `/var/tmp/batchway-bench/commands-${instance}`
const people = ['alice', 'bob', 'carol']

/** A view of this machine as a small host has it. @returns argv before the hub's own. */
function hostWithoutPeople(folder: string): readonly string[] {
  const without = (path: string): string =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => !people.some((name) => line.split(/[:,]/).includes(name)))
      .join('\n')
  const nothing = join(folder, 'nothing')
  writeFileSync(nothing, '', { mode: 0o644 })
  const hidden = ['sudo', 'sbatch', 'squeue', 'scancel', 'sacct', 'sinfo'].map((name) => `/usr/bin/${name}`)
  const script = [
    coverEtc(folder, { passwd: without('/etc/passwd'), group: without('/etc/group') }),
    'mount -t tmpfs none /home',
    ...hidden.map((path) => `mount --bind ${nothing} ${path}`),
    'exec "$@"',
  ].join(' && ')
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh']
}

describe('a hub without the accounts of its people', () => {
  const folder = mkdtempSync('/var/tmp/batchway-host-')
  let sshd: TestSshd
  let stub: StubSite
  before(async () => {
    chmodSync(folder, 0o755)
    const hub = findAccount('batchway')
    assert.ok(hub, 'there is an account batchway')
    const inside = hostWithoutPeople(folder)
    sshd = await openTestSshd({
      hub,
      commands: '/var/tmp/batchway-bench/installed/batchway-commands',
      rules: [
        ...['sbatch', 'scancel', 'squeue'].map((name) => `users ${commands}/${name}`),
        ...['squeue', 'sacct', 'sinfo'].map((name) => `itself ${commands}/${name}`),
        'users /var/tmp/batchway-bench/installed/batchway-read-log',
        'variable SLURM_TIME_FORMAT',
        ...(process.env.SLURM_CONF === undefined ? [] : [`set SLURM_CONF=${process.env.SLURM_CONF}`]),
      ],
    })
    const { port, identityFile, knownHostsFile } = sshd
    stub = await openStubSite({
      instance,
      inside,
      change(config) {
        const slurm = {
          driver: 'slurm',
          title: 'Larch',
          transport: 'ssh',
          ssh: { host: '127.0.0.1', port, identityFile, knownHostsFile },
          settings: { commandDirectory: commands },
        }
        config.clusters = { slurm: { ...slurm, home: '/home/{account}' }, asked: slurm }
        const all = config.profiles as { key: string; cluster: string }[]
        config.profiles = [
          ...all.filter(({ cluster }) => cluster === 'slurm'),
          ...all.filter(({ key }) => key === 'stub').map((one) => ({ ...one, key: 'asked', cluster: 'asked' })),
        ]
      },
    })
  })
  after(async () => {
    await stub?.[Symbol.asyncDispose]()
    await sshd?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  /** The hub's ends of its connections. */
  const connections = (): number[] => {
    const words = ['-o', 'pid=,comm=', '--ppid', String(stub.site.pidOf('hub'))]
    return [...execFileSync('ps', words, { encoding: 'utf8' }).matchAll(/^ *(\d+) ssh$/gm)].map(([, pid]) =>
      Number(pid),
    )
  }
  function cut(): void {
    const found = connections()
    assert.ok(found.length > 0, 'there is a connection to cut')
    for (const pid of found) process.kill(pid, 'SIGKILL')
  }

  it('has neither accounts nor homes, neither sudo nor a scheduler', () => {
    const hub = stub.site.pidOf('hub')
    const seen = (path: string): string => readFileSync(`/proc/${hub}/root${path}`, 'latin1')
    assert.doesNotMatch(seen('/etc/passwd'), /^(alice|bob|carol):/m)
    assert.equal(seen('/usr/bin/sudo') + seen('/usr/bin/sbatch'), '')
    assert.throws(() => seen('/home/alice/.bashrc'))
  })

  for (const [profile, title] of [
    ['stub', 'with a rule for homes'],
    ['asked', 'with homes that the login node tells'],
  ] as const)
    it(`runs a session on Slurm ${title}: ready, answered, stopped, nothing left`, async () => {
      await stub.request('alice', profile, profile)
      const session = await stub.untilState('alice', profile, 'ready', 120_000)
      assert.equal((await stub.open(session)).status, 200)
      assertOneApplication(stub, session, { starts: 1 })
      const job = slurmJobsLike(`b${instance}${session.id}`).find(({ state }) => state === 'RUNNING')
      assert.equal(job?.owner, 'alice')
      await stub.stop(session)
      const ended = await stub.untilState('alice', profile, 'ended', 60_000)
      assert.equal(ended.outcome?.code, 'stopped-by-user')
      await untilNothingIsLeft(stub, session)
    })

  it('ends nothing when the connection is cut while a session starts, and while it is ready', async () => {
    await stub.request('alice', 'cut', 'gated')
    await stub.untilState('alice', 'cut', 'starting', 120_000)
    cut()
    stub.gate.open()
    const session = await stub.untilState('alice', 'cut', 'ready', 120_000)
    await until('it is connected again', () => connections().length > 0, 60_000)
    cut()
    const before = stub.commands.calls('squeue').length
    await until('the list was asked for again', () => stub.commands.calls('squeue').length > before + 1, 60_000)
    assert.equal((await stub.session('alice', 'cut'))?.state, 'ready')
    assert.equal((await stub.open(session)).status, 200)
    assertOneApplication(stub, session, { starts: 1 })
    await stub.stop(session)
    await stub.untilState('alice', 'cut', 'ended', 60_000)
    await untilNothingIsLeft(stub, session)
    stub.gate.close()
  })

  it('starts one application when the connection is cut while sbatch runs', async () => {
    const go = join(commands, 'go')
    const calls = stub.commands.calls('sbatch').length
    stub.commands.fault('sbatch', `while ! [ -e ${go} ]; do sleep 0.1; done`)
    await stub.request('alice', 'lost', 'stub')
    await until('sbatch runs', () => stub.commands.calls('sbatch').length > calls, 60_000)
    cut()
    writeFileSync(go, '')
    const session = await stub.untilState('alice', 'lost', 'ready', 180_000)
    assertOneApplication(stub, session, { starts: 1 })
    assert.equal(stub.commands.calls('sbatch').length, calls + 1, 'it was not repeated')
    await stub.stop(session)
    await stub.untilState('alice', 'lost', 'ended', 60_000)
    await untilNothingIsLeft(stub, session)
    rmSync(go)
    stub.commands.mend('sbatch')
  })

  it('starts one application when the hub is killed while sbatch runs', async () => {
    const go = join(commands, 'go')
    const calls = stub.commands.calls('sbatch').length
    stub.commands.fault('sbatch', `while ! [ -e ${go} ]; do sleep 0.1; done`)
    await stub.request('bob', 'killed', 'stub')
    await until('sbatch runs', () => stub.commands.calls('sbatch').length > calls, 60_000)
    const start = await stub.killHub()
    await start()
    const lists = stub.commands.calls('squeue').length
    await until('the new hub has asked twice', () => stub.commands.calls('squeue').length > lists + 1, 60_000)
    assert.equal((await stub.session('bob', 'killed'))?.state, 'submitting', 'it knows that sbatch lives')
    writeFileSync(go, '')
    const session = await stub.untilState('bob', 'killed', 'ready', 180_000)
    assertOneApplication(stub, session, { starts: 1 })
    assert.equal(stub.commands.calls('sbatch').length, calls + 1, 'it was not repeated')
    await stub.stop(session)
    await stub.untilState('bob', 'killed', 'ended', 60_000)
    await untilNothingIsLeft(stub, session)
    stub.commands.mend('sbatch')
    assert.deepEqual(strangers(stub), [])
  })

  // Last: its job is of no session.
  it('is examined by the doctor: the way, the agent there, a job that finds its home', () => {
    let told = ''
    try {
      told = stub.site.command('doctor', '--as', 'alice', '--cluster', 'asked', `--config=${stub.site.configFile}`)
    } catch (error) {
      // It has found something; what, is looked at below.
      told = String(error instanceof Error && 'stdout' in error ? error.stdout : error)
    }
    assert.match(told, /answers as batchway, version/, told)
    assert.match(told, /beside the program that answers on the login node/, told)
    assert.match(told, /lists \d+ jobs/, told)
    for (const part of ['submit', 'start', 'home', 'hub address', 'clocks', 'cancel'])
      assert.match(told, new RegExp(`^ok +asked: Job: ${part}:`, 'm'), told)
  })
})
