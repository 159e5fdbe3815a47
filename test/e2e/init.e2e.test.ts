/**
 * `batchway init` on a real host: what it writes is a site. Two gateways beside each other on the real Slurm, each with what `init` wrote and
 * nothing else, from the first call to a notebook that is ready, under a real systemd.
 */
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import {
  agentFolder,
  commandAs,
  complaints,
  hubAccount,
  installAgentAndRules,
  linesOf,
  runDoctor,
} from './support/doctor-bed.ts'
import { freePort } from './support/free-port.ts'
import { lockInstance } from './support/instance-lock.ts'
import { type OwnSystemd, openSystemd } from './support/own-systemd.ts'
import { cancelJobs } from './support/site.ts'
import { until } from './support/until.ts'
import { openVisitor, startServer, stopServer, useLink, type Visitor } from './support/visitor.ts'

const root = resolve(import.meta.dirname, '../..')
const run = promisify(execFile)

/** An /etc of this test's own, without any sudo rule: nothing that `init` writes reaches the machine. */
function ownEtc(): { readonly folder: string; readonly around: (...more: string[]) => string[] } {
  const folder = mkdtempSync('/var/tmp/batchway-bench/init-')
  chmodSync(folder, 0o755)
  execFileSync('cp', ['-a', '/etc', join(folder, 'etc')])
  rmSync(join(folder, 'etc/sudoers.d'), { recursive: true })
  mkdirSync(join(folder, 'etc/sudoers.d'), { mode: 0o755 })
  mkdirSync(join(folder, 'none'), { mode: 0o755 })
  const bind = `mount --bind '${folder}/etc' /etc`
  return {
    folder,
    around: (...more) => [
      'unshare',
      '--mount',
      '--propagation=private',
      'sh',
      '-c',
      [bind, ...more, 'exec "$@"'].join(' && '),
      'sh',
    ],
  }
}

describe('batchway init', () => {
  const etc = ownEtc()
  const locks: AsyncDisposable[] = []
  const made = (name: string): string => readFileSync(join(etc.folder, 'etc', name), 'utf8')
  const state = (name: string): string => `/var/lib/batchway-test-${process.pid}-${name}`
  const logOf = (unit: string): string => join(etc.folder, `${unit}.log`)
  const gateways = [
    { instance: 'in', name: null, file: 'batchway', suffix: '', person: 'alice' },
    { instance: 'io', name: 'second', file: 'batchway-second', suffix: '@second', person: 'bob' },
  ] as const
  const ports = new Map<string, number>()
  let systemd: OwnSystemd

  /** As root calls it on a host without single sign-on. */
  async function init(...args: string[]) {
    const [, entry] = commandAs(hubAccount(), []).slice(-2)
    const argv = [
      process.execPath,
      '--conditions=source',
      entry ?? '',
      'init',
      '--front=none',
      `--agent=${agentFolder}`,
      ...args,
    ]
    const [file = '', ...rest] = [...etc.around(), ...argv]
    return run(file, rest, {
      encoding: 'utf8',
      cwd: '/',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' },
      timeout: 300_000,
    })
  }

  before(async () => {
    for (const { instance } of gateways) locks.push(await lockInstance(instance))
    installAgentAndRules()
  })
  after(async () => {
    await systemd?.[Symbol.asyncDispose]()
    for (const { instance } of gateways) cancelJobs(instance)
    for (const name of ['one', 'two']) rmSync(state(name), { recursive: true, force: true })
    rmSync(etc.folder, { recursive: true, force: true })
    for (const lock of locks) await lock[Symbol.asyncDispose]()
  })

  it('writes a site, and beside it another that shares nothing with it', async () => {
    // Other tests take the ports that it would choose.
    const free = async (): Promise<string[]> => [`--port=${await freePort()}`, `--internal-port=${await freePort()}`]
    const first = await init('--letters=in', `--state=${state('one')}`, ...(await free()))
    assert.match(first.stdout, /^\+ \/etc\/batchway\/batchway\.yaml {2}0644/m)
    assert.match(first.stdout, /systemctl enable --now batchway\.target/)
    const second = await init('--instance=second', '--letters=io', `--state=${state('two')}`, ...(await free()))
    assert.match(second.stdout, /^\+ \/etc\/sudoers\.d\/batchway-second {2}0440/m)
    assert.deepEqual(readdirSync(join(etc.folder, 'etc/sudoers.d')).sort(), ['batchway', 'batchway-second'])
    for (const { file } of gateways) {
      const text = made(`${file}/batchway.yaml`)
      ports.set(file, Number(/^listen: \[127\.0\.0\.1:(\d+)\]$/m.exec(text)?.[1]))
      assert.match(text, /^ {2}bench:\n {4}driver: slurm$/m)
    }
    assert.notEqual(ports.get('batchway'), ports.get('batchway-second'))
    assert.equal(statSync(state('one')).mode & 0o777, 0o700)
    assert.equal(statSync(state('one')).uid, hubAccount().uid)
  })

  it('changes nothing when it is called again', async () => {
    const again = await init('--instance=second')
    assert.doesNotMatch(again.stdout, /^[+~] /m)
    assert.equal(again.stdout.match(/^= \/etc\//gm)?.length, 7)
  })

  it('writes what systemd and visudo take', () => {
    const units = readdirSync(join(etc.folder, 'etc/systemd/system')).filter((name) => name.startsWith('batchway'))
    assert.equal(units.length, 10)
    const [file = '', ...rest] = etc.around()
    const words = execFileSync(
      file,
      [
        ...rest,
        'sh',
        '-c',
        'cd /etc/systemd/system; systemd-analyze verify $(ls -d $PWD/batchway*) 2>&1; visudo -c 2>&1',
      ],
      { encoding: 'utf8' },
    )
    assert.deepEqual(
      words.split('\n').filter((line) => !/: parsed OK$/.test(line)),
      [''],
    )
    assert.match(words, /\/etc\/sudoers\.d\/batchway-second: parsed OK/)
  })

  it('leaves a doctor nothing to mend; without the rule that it wrote there is', async () => {
    const args = ['--config=/etc/batchway/batchway.yaml', '--json', '--as=alice']
    const doctor = await runDoctor(args, { around: etc.around() })
    assert.deepEqual(
      complaints(doctor).map((line) => line.split(':')[0]),
      ['skipped  proxy', 'skipped  routes'],
      complaints(doctor).join('\n'),
    )
    const bare = await runDoctor([...args, '--no-job'], {
      around: etc.around(`mount --bind '${etc.folder}/none' /etc/sudoers.d`),
    })
    assert.match(linesOf(bare, 'sudo').join(), /^problem: no rule lets batchway run \/usr\/bin\/sbatch as alice/)
  })

  it('runs both at once, each with a session of its own on one Slurm', async () => {
    const folder = join(etc.folder, 'etc/systemd/system')
    const names = readdirSync(folder).filter((name) => /^batchway.*\.(?:service|target)$/.test(name))
    const services = names.filter((name) => name.endsWith('.service'))
    // What a site has elsewhere lies in /var/tmp here, or in /tmp, which units have for themselves; and there is no journal.
    const bench = (log: string): string =>
      `[Service]\nBindReadOnlyPaths=/var/tmp/batchway-bench ${root}\nStandardOutput=append:${log}\nStandardError=inherit\n`
    for (const name of services) writeFileSync(logOf(name), '', { mode: 0o644 })
    systemd = await openSystemd({
      units: Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')])),
      waits: services,
      dropIns: Object.fromEntries(services.map((name) => [name, bench(logOf(name))])),
      binds: { '/etc': join(etc.folder, 'etc') },
    })
    const withLogs = (error: unknown): never => {
      const logs = services.map((name) => `${name}\n${readFileSync(logOf(name), 'utf8').slice(-3_000)}`).join('\n')
      throw new Error(`${error}\n${logs}`, { cause: error })
    }
    const visitors = new Map<string, Visitor>()
    for (const { suffix } of gateways) systemd.systemctl('start', `batchway${suffix}.target`)
    for (const { file, person } of gateways) {
      const visitor = openVisitor(`http://127.0.0.1:${ports.get(file)}`, '/', person)
      visitors.set(file, visitor)
      await until('the hub answers', async () => (await visitor.ask('/hub/login')).status === 200, 120_000).catch(
        withLogs,
      )
      const [program, ...args] = [
        ...etc.around(),
        ...commandAs(hubAccount(), ['link', person, `--config=/etc/${file}/batchway.yaml`]),
      ]
      await useLink(visitor, { base: '/' }, execFileSync(program ?? '', args, { encoding: 'utf8', cwd: '/' }).trim())
    }
    const of = (file: string): Visitor => visitors.get(file) ?? assert.fail(file)
    await Promise.all(gateways.map(({ file }) => startServer(of(file), 'bench-debug', { limitMs: 180_000 }))).catch(
      withLogs,
    )
    const jobs = execFileSync('squeue', ['--noheader', '--format=%j %u'], { encoding: 'utf8' }).split('\n')
    for (const { instance, person } of gateways)
      assert.deepEqual(
        jobs
          .filter((line) => line.startsWith(`b${instance}`) && !line.startsWith(`b${instance}-dr-`))
          .map((line) => line.split(' ')[1]),
        [person],
      )
    const opened = async (file: string, person: string): Promise<number> =>
      (await of(file).open(`/user/${person}/`)).status
    for (const { file, person } of gateways)
      await until(`${person} has the notebook`, async () => (await opened(file, person)) === 200, 60_000).catch(
        withLogs,
      )

    // The end of one is nothing to the other.
    systemd.systemctl('stop', 'batchway.target')
    assert.equal(
      systemd
        .systemctl('list-units', '--no-legend', '--state=active', 'batchway-*')
        .match(/batchway-(?:hub|proxy)@second/g)?.length,
      2,
    )
    const isGone = (): Promise<boolean> =>
      of('batchway')
        .ask('/hub/login')
        .then(
          () => false,
          (error: unknown) => /ECONNREFUSED/.test(String(error)),
        )
    await until('the first proxy is gone', isGone, 60_000)
    assert.equal(await opened('batchway-second', 'bob'), 200)
    await stopServer(of('batchway-second'), '')
  })
})
