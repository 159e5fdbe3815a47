/** A real saslauthd in front of real PAM: a service of its own in /etc/pam.d, accounts with passwords, all of it gone at the end. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { until } from './until.ts'

export interface RealPam extends AsyncDisposable {
  readonly service: string
  readonly socket: string
  readonly password: string
  /** Can sign in, and is in `group`. */
  readonly member: string
  /** Has the same password, and has expired. */
  readonly expired: string
  readonly group: string
  stop(): Promise<void>
  start(): Promise<void>
}

/** What a test that was killed left behind. */
function removeLeftOvers(): void {
  const lines = execFileSync('getent', ['passwd'], { encoding: 'utf8' }).split('\n')
  for (const line of lines) {
    const [, name, pid] = /^(bwpam(\d+)[ax]):/.exec(line) ?? []
    if (name !== undefined && !existsSync(`/proc/${pid}`)) execFileSync('userdel', [name], { stdio: 'ignore' })
  }
}

async function connects(socket: string): Promise<boolean> {
  const connection = connect(socket)
  try {
    await once(connection, 'connect')
    return true
  } catch {
    return false
  } finally {
    connection.destroy()
  }
}

/** @param hub the account that may use the socket. */
export async function realPam(hub: { readonly gid: number }): Promise<RealPam> {
  await using undo = new AsyncDisposableStack()
  const mark = `bwpam${process.pid}`
  const service = mark
  const [member, expired, group] = [`${mark}a`, `${mark}x`, `${mark}g`]
  const password = `pass word of ${mark}: ä€`
  const run = (file: string, args: readonly string[], input = '') =>
    execFileSync(file, args, { input, stdio: ['pipe', 'ignore', 'inherit'] })

  removeLeftOvers()
  run('groupadd', [group])
  undo.defer(() => void run('groupdel', [group]))
  for (const account of [member, expired]) {
    run('useradd', ['--no-create-home', '--no-user-group', '--shell=/usr/sbin/nologin', account])
    undo.defer(() => void run('userdel', [account]))
  }
  run('usermod', ['--append', '--groups', group, member])
  run('chpasswd', [], `${member}:${password}\n${expired}:${password}\n`)
  run('usermod', ['--expiredate=2020-01-01', expired])

  const file = `/etc/pam.d/${service}`
  undo.defer(() => rmSync(file, { force: true }))
  writeFileSync(file, 'auth required pam_unix.so nodelay\naccount required pam_unix.so\n', { mode: 0o644 })

  const directory = mkdtempSync('/var/tmp/batchway-saslauthd-')
  undo.defer(() => rmSync(directory, { recursive: true, force: true }))
  chownSync(directory, 0, hub.gid)
  chmodSync(directory, 0o710)
  const socket = join(directory, 'mux')

  let daemon: ChildProcess | null = null
  async function start(): Promise<void> {
    // In the foreground; no -c: right passwords are not kept anywhere. In a group of its own: it ends by a signal to its group.
    daemon = spawn('/usr/sbin/saslauthd', ['-d', '-a', 'pam', '-n', '2', '-m', directory], {
      stdio: 'ignore',
      detached: true,
    })
    // Its socket has a name before it listens: only a connection tells.
    await until('saslauthd listens', () => connects(socket))
  }
  async function stop(): Promise<void> {
    if (daemon === null || daemon.exitCode !== null || daemon.signalCode !== null) return
    const ended = once(daemon, 'exit')
    const group = -(daemon.pid ?? 0)
    daemon.kill('SIGTERM')
    // Told to end while it still forks its workers, it has waited for ever: once in hundreds of runs.
    const late = setTimeout(() => process.kill(group, 'SIGKILL'), 5_000)
    await ended
    clearTimeout(late)
    rmSync(socket, { force: true })
  }
  undo.defer(stop)
  await start()

  const keep = undo.move()
  return {
    service,
    socket,
    password,
    member,
    expired,
    group,
    start,
    stop,
    [Symbol.asyncDispose]: () => keep.disposeAsync(),
  }
}
