/** A site that runs from an installed release: an upgrade under running and waiting jobs, removal of what is in use, backup and restore. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { assertOneApplication } from './support/machine-check.ts'
import { buildRelease, unpack } from './support/release.ts'
import { openStubSite, type StubSite } from './support/stub-site.ts'
import { processesOfJob } from './support/traces.ts'
import { until } from './support/until.ts'
import { visitorOf } from './support/visitor.ts'

const hold = 'case " $* " in *" --mem=301M "*) exec "$real" --hold "$@" ;; esac'
const [first, second] = ['0.1.1', '0.1.2']
/** What a restore brings back; the rest of the state directory is the site's own. */
const routes = ['proxy-routes.json', 'proxy-routes.json.journal']
const state = ['batchway.db', 'batchway.db-wal', 'batchway.db-shm', 'hub.key', 'proxy.token', ...routes]

describe('a site on an installed release', () => {
  let folder: string
  let prefix: string
  let stub: StubSite
  const unpacked = new Map<string, string>()

  /** As root, as an administrator types it. */
  function run(...words: string[]): { readonly status: number | null; readonly output: string } {
    const program = words[0] === 'install' ? unpacked.get(words.pop() ?? '') : prefix
    const sites = words[1] === 'verify' ? [] : ['--config', stub?.site.configFile ?? '/nowhere']
    const all = [...words, '--prefix', prefix, ...(stub ? sites : [])]
    const { status, stdout, stderr } = spawnSync(`${program}/bin/batchway`, all, { encoding: 'utf8' })
    return { status, output: `${stdout}${stderr}` }
  }
  function ok(...words: string[]): string {
    const { status, output } = run(...words)
    assert.equal(status, 0, output)
    return output
  }

  const versionOf = (pid: number): string =>
    /\/versions\/([^/]+)\//.exec(readlinkSync(`/proc/${pid}/exe`))?.[1] ?? 'none'
  /** Versions of the agents of a job, by the programs that run. */
  const agentVersions = (job: string | null): string[] =>
    processesOfJob('slurm', job ?? '').flatMap(({ argv, pid }) =>
      argv.some((word) => word.endsWith('/@batchway/agent/dist/bin.js')) ? [versionOf(pid)] : [],
    )
  const wipe = (): void => {
    for (const name of state) rmSync(join(stub.site.stateDirectory, name), { force: true })
  }
  const release = (job: string | null): void => void execFileSync('scontrol', ['release', job ?? ''])
  async function held(server: string) {
    await stub.request('alice', server, 'held')
    return await stub.untilIs('alice', server, 'held', ({ waiting }) => waiting?.hold === 'held')
  }
  async function ready(server: string) {
    await stub.request('alice', server, 'stub')
    return await stub.untilState('alice', server, 'ready')
  }
  /** The same process of the same job answers at its address. */
  async function assertAnswers(server: string, body: string): Promise<void> {
    const session = await stub.untilState('alice', server, 'ready')
    const answer = await until(`${server} answers`, async () => {
      const given = await stub.open(session)
      return given.status === 200 && given.body === body ? given : null
    })
    assert.equal(answer.body, body)
  }

  before(async () => {
    folder = mkdtempSync('/var/tmp/batchway-release-')
    execFileSync('chmod', ['755', folder])
    prefix = join(folder, 'opt')
    for (const version of [first, second])
      unpacked.set(version, unpack(buildRelease(folder, version), join(folder, 'unpacked')))
    assert.match(ok('install', first), /opt\/current is 0\.1\.1/)
    stub = await openStubSite({
      instance: 'ta',
      program: join(prefix, 'bin/batchway'),
      profiles: { held: { resources: { cores: 1, memory: '301M', walltime: '20m' } } },
      change(config) {
        // The local scheduler outlives hubs, and so keeps the version that it was started with: not here.
        const { slurm } = config.clusters as Record<string, Record<string, unknown>>
        config.clusters = { slurm: { ...slurm, agent: prefix } }
        config.profiles = (config.profiles as { cluster: string }[]).filter(({ cluster }) => cluster === 'slurm')
      },
    })
    stub.commands.fault('sbatch', hold)
  })
  after(async () => {
    await stub?.[Symbol.asyncDispose]()
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  })

  it('is upgraded under a running and a waiting session, which keep their own version', async () => {
    const running = await ready('running')
    const waiting = await held('waiting')
    const { body } = await stub.open(running)
    assert.equal(versionOf(stub.site.pidOf('hub')), first)
    assert.deepEqual(agentVersions(running.job_id), [first])

    assert.match(ok('install', second), /0\.1\.1 is still the one that is used/)
    assert.equal(versionOf(stub.site.pidOf('hub')), first)
    ok('versions', 'use', second)
    await assertAnswers('running', body)
    await stub.site.stopAndStart(() => {})
    assert.deepEqual([versionOf(stub.site.pidOf('hub')), versionOf(stub.site.pidOf('proxy'))], [second, second])

    // Both are still of the old version, and go on.
    await assertAnswers('running', body)
    release(waiting.job_id)
    const started = await stub.untilState('alice', 'waiting', 'ready')
    assert.deepEqual(agentVersions(started.job_id), [first])
    assert.equal(started.job_id, waiting.job_id)
    for (const session of [running, started]) assertOneApplication(stub, session, { starts: 1 })
    const later = await ready('later')
    assert.deepEqual(agentVersions(later.job_id), [second])
    await stub.stop(later)
  })

  it('does not lose a version that a session may still begin with', async () => {
    const [running, waiting] = [await stub.session('alice', 'running'), await stub.session('alice', 'waiting')]
    assert.ok(running && waiting)
    const { status, output } = run('versions', 'remove', first)
    assert.equal(status, 1, output)
    assert.match(output, /0\.1\.1 is in use and stays until these have ended:/)
    for (const { id, job_id: job } of [running, waiting])
      assert.ok(output.includes(`session ${id} of alice/`) && output.includes(`job ${job}`), output)
    assert.ok(existsSync(join(prefix, 'versions', first)))
    assert.match(run('versions', 'remove', second).output, /0\.1\.2 is the one that is used/)

    for (const session of [running, waiting]) await stub.stop(session)
    for (const { server } of [running, waiting]) await stub.untilState('alice', server, 'ended')
    await until('no process of it is left', () => /0\.1\.1 +\S+ +not in use/.test(ok('versions', 'list')))
    assert.match(ok('versions', 'remove', first), /0\.1\.1 is no longer in/)
    assert.ok(!existsSync(join(prefix, 'versions', first)))
    assert.match(ok('versions', 'verify', second), /0\.1\.2 as it was built/)
  })

  it('comes back from a backup with its live sessions', async () => {
    const running = await ready('kept')
    const { body } = await stub.open(running)
    const waiting = await held('kept-waiting')
    const file = join(stub.site.stateDirectory, 'saved.tar.gz')
    const config = `--config=${stub.site.configFile}`
    stub.site.command('backup', file, config)
    assert.throws(() => stub.site.command('restore', file, config), 'a hub runs')

    await stub.site.stopAndStart(() => {
      wipe()
      stub.site.command('restore', file, config)
    })

    await assertAnswers('kept', body)
    const back = await stub.untilState('alice', 'kept', 'ready')
    assert.equal(back.id, running.id)
    assert.equal((await stub.session('alice', 'kept-waiting'))?.job_id, waiting.job_id)
    release(waiting.job_id)
    const started = await stub.untilState('alice', 'kept-waiting', 'ready')
    assert.equal(started.job_id, waiting.job_id)
    for (const session of [back, started]) assertOneApplication(stub, session, { starts: 1 })
  })

  it('would lose them with the version, or without the backup', async () => {
    // A version that somebody removes by force: its job can begin no longer.
    const doomed = await held('doomed')
    ok('install', '--use', first)
    ok('versions', 'remove', '--force', second)
    release(doomed.job_id)
    await stub.untilState('alice', 'doomed', 'ended')

    // A hub with an empty state knows nobody's session, though its job runs.
    const [kept] = (await stub.sessions('alice')).filter(({ server }) => server === 'kept')
    await stub.site.stopAndStart(wipe)
    const alice = await visitorOf(stub.site, 'alice')
    const answer = await alice.api('/users/alice/sessions?limit=10')
    assert.deepEqual(JSON.parse(answer.body).items, [])
    const state = execFileSync('squeue', ['-h', '-o', '%T', '-j', kept?.job_id ?? ''], { encoding: 'utf8' }).trim()
    assert.equal(state, 'RUNNING')
  })
})
