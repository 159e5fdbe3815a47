/**
 * The generated units, run by a real systemd: hub, proxy and local scheduler work under all that the units forbid, sudo included, and what
 * the hub's unit leaves out is left out because sudo does not work under it.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { stringify } from 'yaml'
import { agentFolder, commandAs, hubAccount, installAgentAndRules } from './support/doctor-bed.ts'
import { withEcho } from './support/echo-profile.ts'
import { freePort } from './support/free-port.ts'
import { lockInstance } from './support/instance-lock.ts'
import { type OwnSystemd, openSystemd } from './support/own-systemd.ts'
import { cancelJobs } from './support/site.ts'
import { until } from './support/until.ts'
import { openVisitor, startServer, stopServer, useLink, type Visitor } from './support/visitor.ts'

const root = resolve(import.meta.dirname, '../..')
const instance = 'pu'
const names = ['proxy', 'hub', 'local'] as const

/** `batchway setup …`, as an administrator calls it. */
function setup(configFile: string, name: string, ...args: string[]): string {
  const [file, ...rest] = commandAs(hubAccount(), ['setup', name, `--config=${configFile}`, ...args])
  return execFileSync(file, rest, { encoding: 'utf8', cwd: '/' })
}

interface Place extends Disposable {
  readonly folder: string
  readonly state: string
  readonly configFile: string
  readonly port: number
}

/** A configuration whose state lies where systemd makes it. */
async function writeSite(): Promise<Place> {
  const folder = mkdtempSync('/var/tmp/batchway-bench/units-')
  chmodSync(folder, 0o755)
  const state = `/var/lib/batchway-test-${process.pid}`
  const [port, internal] = [await freePort(), await freePort()]
  const config: Record<string, unknown> = {
    url: `http://127.0.0.1:${port}/`,
    listen: [`127.0.0.1:${port}`],
    stateDirectory: state,
    instance,
    hub: { internal: [`127.0.0.1:${internal}`] },
    clusters: {
      // The hub sees no homes (its unit's drop-in): a rule says where they are.
      slurm: { driver: 'slurm', transport: 'sudo', agent: agentFolder, home: '/home/{account}' },
      local: { driver: 'local', transport: 'sudo', agent: agentFolder },
    },
    applications: {},
    profiles: [],
  }
  withEcho(config)
  const configFile = join(folder, 'batchway.yaml')
  writeFileSync(configFile, stringify(config), { mode: 0o644 })
  return {
    folder,
    state,
    configFile,
    port,
    [Symbol.dispose]() {
      rmSync(folder, { recursive: true, force: true })
      rmSync(state, { recursive: true, force: true })
    },
  }
}

/** The bench keeps in /var/tmp what a site has elsewhere, the checkout may lie in /tmp, which units have for themselves; and there is no journal. */
const bench = (log: string): string =>
  `[Service]\nBindReadOnlyPaths=/var/tmp/batchway-bench ${root}\nStandardOutput=append:${log}\nStandardError=inherit\n`
const withoutHomes = '[Service]\nProtectHome=tmpfs\n'

describe('the generated systemd units', () => {
  let lock: AsyncDisposable
  let place: Place
  let systemd: OwnSystemd
  let alice: Visitor
  const units: Record<string, string> = {}
  const withLogs = (error: unknown): never => {
    const logs = names.map((name) => readFileSync(logOf(name), 'utf8').slice(-4_000)).join('\n')
    throw new Error(`${error}\n${logs}`, { cause: error })
  }
  const logOf = (name: string): string => join(place.folder, `${name}.log`)
  before(async () => {
    lock = await lockInstance(instance)
    installAgentAndRules()
    place = await writeSite()
    for (const name of names) {
      units[`batchway-${name}.service`] = setup(place.configFile, name)
      writeFileSync(logOf(name), '', { mode: 0o644 })
    }
    const sudoers = join(place.folder, 'sudoers.d')
    mkdirSync(sudoers, { mode: 0o755 })
    writeFileSync(join(sudoers, 'batchway'), setup(place.configFile, 'sudoers'), { mode: 0o440 })
    systemd = await openSystemd({
      units,
      dropIns: Object.fromEntries(
        names.map((name) => [
          `batchway-${name}.service`,
          name === 'hub' ? `${bench(logOf(name))}${withoutHomes}` : bench(logOf(name)),
        ]),
      ),
      binds: { '/etc/sudoers.d': sudoers },
    })
    const origin = `http://127.0.0.1:${place.port}`
    alice = openVisitor(origin, '/', 'alice')
    await until('the hub answers', async () => (await alice.ask('/hub/login')).status === 200, 120_000).catch(withLogs)
    const [file, ...args] = commandAs(hubAccount(), ['link', 'alice', `--config=${place.configFile}`])
    await useLink(alice, { base: '/' }, execFileSync(file, args, { encoding: 'utf8', cwd: '/' }).trim())
  })
  after(async () => {
    await systemd?.[Symbol.asyncDispose]()
    cancelJobs(instance)
    place?.[Symbol.dispose]()
    await lock?.[Symbol.asyncDispose]()
  })

  it('pass systemd-analyze verify', () => {
    const folder = join(place.folder, 'verify')
    mkdirSync(folder)
    const files = names.map((name) => join(folder, `batchway-${name}.service`))
    for (const file of files) writeFileSync(file, units[file.slice(folder.length + 1)] ?? '')
    const words = execFileSync('sh', ['-c', 'systemd-analyze verify "$@" 2>&1', 'sh', ...files], { encoding: 'utf8' })
    assert.equal(words, '')
  })

  it('lets sysusers and tmpfiles be read', () => {
    const conf = join(place.folder, 'sysusers.conf')
    writeFileSync(conf, setup(place.configFile, 'sysusers'))
    const tree = join(place.folder, 'tree')
    for (const name of ['etc', 'var/lib']) mkdirSync(join(tree, name), { recursive: true })
    execFileSync('systemd-sysusers', [`--root=${tree}`, conf], { stdio: 'pipe' })
    assert.match(
      readFileSync(join(tree, 'etc/passwd'), 'utf8'),
      /^batchway:x:\d+:\d+:Batchway:\/var\/lib\/\S+:\/usr\/sbin\/nologin$/m,
    )
    assert.match(readFileSync(join(tree, 'etc/group'), 'utf8'), /^batchway-users:/m)
    const tmpfiles = join(place.folder, 'tmpfiles.conf')
    writeFileSync(tmpfiles, setup(place.configFile, 'tmpfiles'))
    execFileSync('systemd-tmpfiles', [`--root=${tree}`, '--create', tmpfiles], { stdio: 'pipe' })
    assert.ok(existsSync(join(tree, place.state)))
  })

  it('run hub and proxy as the hub’s account, in a private state directory, under what they forbid', () => {
    const status = (name: string): string => {
      const pid = systemd.systemctl('show', '--property=MainPID', '--value', `batchway-${name}`).trim()
      return systemd.within('cat', `/proc/${pid}/status`)
    }
    const { uid } = hubAccount()
    for (const name of names) assert.match(status(name), new RegExp(`^Uid:\t${uid}\t${uid}\t`, 'm'))
    assert.match(status('proxy'), /^NoNewPrivs:\t1$/m)
    assert.match(status('proxy'), /^Seccomp:\t2$/m)
    assert.match(status('proxy'), /^CapBnd:\t0+$/m)
    assert.match(status('hub'), /^NoNewPrivs:\t0$/m)
    const hub = systemd.systemctl('show', '--property=MainPID', '--value', 'batchway-hub').trim()
    assert.equal(systemd.within('nsenter', `--target=${hub}`, '--mount', 'ls', '/home'), '')
    // CAP_KILL 5, SETGID 6, SETUID 7, SYS_RESOURCE 24, AUDIT_WRITE 29; a container may lack some.
    const bounds = (text: string): bigint => BigInt(`0x${/^CapBnd:\t(\w+)$/m.exec(text)?.[1]}`)
    assert.equal(bounds(status('hub')), 0x21_00_00_e0n & bounds(readFileSync('/proc/self/status', 'utf8')))
    assert.equal(execFileSync('stat', ['-c', '%U %a', place.state], { encoding: 'utf8' }), 'batchway 711\n')
  })

  for (const cluster of ['slurm', 'local'])
    it(`start a session on ${cluster}, which outlives the restart of all three`, async () => {
      await startServer(alice, `${cluster}-echo`, { server: cluster, limitMs: 180_000 })
      // Through the visitor check, which asks the hub.
      const opened = async (): Promise<number> => (await alice.open(`/user/alice/${cluster}/`)).status
      await until('the application answers', async () => (await opened()) === 200, 60_000)
      const idOf = async (): Promise<unknown> => {
        const { items } = JSON.parse((await alice.api('/users/alice/sessions?limit=200')).body)
        return items.find(
          (item: { server: string; state: string }) => item.server === cluster && item.state === 'ready',
        )?.id
      }
      const session = await idOf()
      assert.ok(session)
      systemd.systemctl('restart', ...names.map((name) => `batchway-${name}`))
      await until('the same session is there again', async () => (await idOf()) === session, 120_000).catch(withLogs)
      await until('the application answers again', async () => (await opened()) === 200, 120_000).catch(withLogs)
      await stopServer(alice, cluster)
    })
})

/** Directives that come with "no new privileges" for a unit with `User=` (systemd 252), as the comment in the hub's unit says. */
const forbidsSudo = [
  'NoNewPrivileges=yes',
  'SystemCallFilter=@system-service',
  'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
  'RestrictNamespaces=yes',
  'RestrictRealtime=yes',
  'RestrictSUIDSGID=yes',
  'LockPersonality=yes',
  'PrivateDevices=yes',
  'ProtectClock=yes',
  'ProtectHostname=yes',
  'ProtectKernelLogs=yes',
  'ProtectKernelModules=yes',
  'ProtectKernelTunables=yes',
  'SystemCallArchitectures=native',
  'MemoryDenyWriteExecute=yes',
]

describe('what a unit may forbid beside sudo', () => {
  it('is in the hub’s unit as far as sudo bears it; each of the others ends sudo', async () => {
    const folder = mkdtempSync('/var/tmp/batchway-bench/forbid-')
    try {
      chmodSync(folder, 0o755)
      const sudoers = join(folder, 'sudoers.d')
      mkdirSync(sudoers, { mode: 0o755 })
      writeFileSync(join(sudoers, 'batchway'), 'batchway ALL=(%batchway-users) NOPASSWD: /usr/bin/true\n', {
        mode: 0o440,
      })
      const unitText = readFileSync(join(root, 'packages/batchway/src/cli/setup/units.ts'), 'utf8')
      const borne = [
        ...(/besideSudo: Line\[\] = \[([^\]]*)\]/.exec(unitText)?.[1] ?? '').matchAll(/'([A-Z]\w+=[^']*)'/g),
      ]
      const all = [...borne.map(([, line = '']) => line), ...forbidsSudo]
      assert.ok(borne.length > 5)
      const told = (index: number): string => join(folder, `${index}.out`)
      for (const index of all.keys()) writeFileSync(told(index), '', { mode: 0o666 })
      await using systemd = await openSystemd({
        binds: { '/etc/sudoers.d': sudoers },
        units: Object.fromEntries(
          all.map((line, index) => [
            `try-${index}.service`,
            `[Service]\nType=oneshot\nUser=batchway\n${line}\nStandardOutput=append:${told(index)}\nStandardError=inherit\nExecStart=/bin/sh -c "sudo -n -u alice -- /usr/bin/true && echo ran || echo refused"\n`,
          ]),
        ),
      })
      await until(
        'all have tried',
        () => [...all.keys()].every((index) => /^(?:ran|refused)$/m.test(readFileSync(told(index), 'utf8'))),
        120_000,
      )
      void systemd
      for (const [index, line] of all.entries()) {
        const words = readFileSync(told(index), 'utf8')
        if (forbidsSudo.includes(line)) assert.match(words, /no new privileges[\s\S]*refused/, line)
        else assert.match(words, /^ran$/m, `${line}: ${words}`)
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
