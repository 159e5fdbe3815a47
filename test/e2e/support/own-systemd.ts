/**
 * A systemd of a test's own: process 1 of namespaces of its own (processes, mounts, control groups), which runs the units it is given and
 * nothing else. Network, accounts and all other files are the machine's. Needs root and the package systemd.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { until } from './until.ts'

export interface OwnSystemd extends AsyncDisposable {
  /** @returns what systemctl printed. @throws if it fails. */
  systemctl(...args: string[]): string
  /** Give a unit another text, and let it be read. */
  replaceUnit(name: string, text: string): void
  /** Run a command in its namespaces, as root. */
  within(...argv: string[]): string
}

export interface OwnSystemdOptions {
  /** Name → text. `default.target` wants all services among them, unless `waits` names them. */
  readonly units: Readonly<Record<string, string>>
  /** Services that are there and not started. */
  readonly waits?: readonly string[]
  /** Unit → further settings, as an administrator adds them. */
  readonly dropIns?: Readonly<Record<string, string>>
  /** What lies over the machine's own: place → source. */
  readonly binds?: Readonly<Record<string, string>>
}

/** What units depend on by default, with nothing in it. */
const emptyTargets = 'sysinit basic shutdown multi-user network-online nss-user-lookup umount final exit'.split(' ')

/** Where a control group of this kernel may be made, and how the hierarchy is mounted: those that systemd keeps, beside others or alone. */
const hierarchies = (
  [
    ['/sys/fs/cgroup/systemd', '-t cgroup -o none,name=systemd cgroup'],
    ['/sys/fs/cgroup/unified', '-t cgroup2 cgroup2'],
  ] as const
).filter(([path]) => existsSync(path))
/** Others that it mounts by itself: it must find itself in a group of its own there, too. */
const controllers = ['devices', 'pids', 'memory', 'cpu', 'cpuacct', 'blkio']
  .map((name) => `/sys/fs/cgroup/${name}`)
  .filter((path) => existsSync(path) && hierarchies.length > 0)
const roots = hierarchies.length > 0 ? hierarchies : ([['/sys/fs/cgroup', '-t cgroup2 cgroup2']] as const)

export async function openSystemd({
  units,
  waits = [],
  dropIns = {},
  binds = {},
}: OwnSystemdOptions): Promise<OwnSystemd> {
  const folder = mkdtempSync('/var/tmp/batchway-systemd-')
  const services = Object.keys(units).filter((name) => name.endsWith('.service') && !waits.includes(name))
  const write = (name: string, text: string): void => writeFileSync(join(folder, 'units', name), text)
  mkdirSync(join(folder, 'units'))
  for (const name of emptyTargets)
    write(`${name}.target`, '[Unit]\nDescription=empty\nDefaultDependencies=no\nAllowIsolate=yes\n')
  write('default.target', `[Unit]\nDescription=all\nAllowIsolate=yes\nWants=${services.join(' ')}\n`)
  for (const [name, text] of Object.entries(units)) write(name, text)
  for (const [name, text] of Object.entries(dropIns)) {
    mkdirSync(join(folder, 'units', `${name}.d`))
    write(`${name}.d/test.conf`, text)
  }
  const groups = [...roots.map(([root]) => root), ...controllers].map((root) => join(root, basename(folder)))
  const steps = [
    'set -e',
    ...groups.map((group) => `mkdir '${group}'; echo $$ >'${group}/cgroup.procs'`),
    `exec unshare --pid --fork --mount --mount-proc --uts --ipc --cgroup --kill-child sh -c '
      set -e
      mount --make-rprivate /
      mkdir -p ${folder}/munge
      mount --bind /run/munge ${folder}/munge
      mount -t tmpfs -o mode=755 tmpfs /run
      mkdir -p /run/systemd /run/munge
      mount --move ${folder}/munge /run/munge
      # Of the control groups it sees its own alone: else it would make, and empty, groups of the same names at the top.
      ${hierarchies.length > 0 ? 'mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup' : ''}
      ${roots.map(([root, how]) => `mkdir -p ${root}; mount ${how} ${root}`).join('\n')}
      ${Object.entries(binds)
        .map(([place, source]) => `mount --bind "${source}" "${place}"`)
        .join('\n')}
      exec /lib/systemd/systemd --system --log-target=console --show-status=no'`,
  ]
  const child = spawn('sh', ['-c', steps.join('\n')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: '/',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', container: 'test', SYSTEMD_UNIT_PATH: join(folder, 'units') },
  })
  let words = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      words += chunk.toString()
    })
  const ended = once(child, 'exit')
  const children = (): string => readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1').trim()
  const within = (...argv: string[]): string =>
    execFileSync('nsenter', ['--target', children().split(' ')[0] ?? '', '--all', '--', ...argv], {
      encoding: 'utf8',
      timeout: 120_000,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const own: OwnSystemd = {
    within,
    systemctl: (...args) => within('systemctl', ...args),
    replaceUnit(name, text) {
      write(name, text)
      within('systemctl', 'daemon-reload')
    },
    async [Symbol.asyncDispose]() {
      // With it process 1 of the namespace is killed, and with that all there is in it.
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
      await until('its control groups are empty', () => groups.every(removeGroup), 60_000)
    },
  }
  try {
    await until('systemd answers', () => own.systemctl('list-units', '--no-legend').includes('default.target'), 60_000)
  } catch (error) {
    await own[Symbol.asyncDispose]()
    throw new Error(`systemd did not come up: ${words}`, { cause: error })
  }
  return own
}

/** @returns whether it is gone. Groups below go first. */
function removeGroup(group: string): boolean {
  if (!existsSync(group)) return true
  try {
    const below = execFileSync('find', [group, '-mindepth', '1', '-depth', '-type', 'd'], { encoding: 'utf8' })
    for (const path of [...below.split('\n').filter(Boolean), group]) rmdirSync(path)
    return true
  } catch {
    return false // somebody in it has not ended yet
  }
}
