/**
 * A login node for tests: an sshd of our own on a loopback port, in a mount namespace in which the account `batchway` has a shell and a home
 * that only root may change; sudo and the schedulers are this machine's. Needs root, and openssh-server.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { coverEtc } from './testing-etc.ts'

export interface TestSshd extends AsyncDisposable {
  readonly folder: string
  readonly port: number
  readonly pid: number
  /** Private keys of the gateway and of the host; public halves beside them. */
  readonly identityFile: string
  readonly knownHostsFile: string
  readonly rulesFile: string
  /** Say what the key may do: the options of its line in authorized_keys. */
  allow(options: string): void
  log(): string
}

export interface TestSshdOptions {
  /** Owner of the gateway's key. */
  readonly hub: { readonly uid: number; readonly gid: number }
  /** Of the installed `batchway-commands`. */
  readonly commands: string
  readonly rules: readonly string[]
  /** Further lines of sshd_config. */
  readonly config?: readonly string[]
}

const account = 'batchway'

function keyPair(path: string): string {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', path])
  return readFileSync(`${path}.pub`, 'utf8').trim()
}

/** Below the ports that the kernel gives to outgoing connections; another process may have it, so several are tried. */
const somePort = (): number => 10_000 + randomInt(20_000)

/** A line of /etc/passwd or /etc/shadow with other fields. */
const changed = (file: string, fields: Readonly<Record<number, string>>): string =>
  readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => {
      const parts = line.split(':')
      return parts[0] === account ? parts.map((part, index) => fields[index] ?? part).join(':') : line
    })
    .join('\n')

export async function openTestSshd({ hub, commands, rules, config = [] }: TestSshdOptions): Promise<TestSshd> {
  if (!existsSync('/usr/sbin/sshd')) throw new Error('There is no sshd here: apt-get install openssh-server')
  // Not in /tmp: sshd trusts no key file in a folder that everybody may write.
  const folder = mkdtempSync('/run/batchway-test-sshd-')
  chmodSync(folder, 0o755)
  const inside = (name: string): string => join(folder, name)
  const [home, holds, hubFolder] = [inside('home'), inside('holds'), inside('hub')]
  for (const path of [home, holds, hubFolder]) mkdirSync(path, { mode: 0o755 })
  if (!existsSync('/run/sshd')) mkdirSync('/run/sshd', { mode: 0o755 })
  const own = (path: string, { uid, gid }: { uid: number; gid: number }): unknown =>
    execFileSync('chown', ['-R', `${uid}:${gid}`, path])

  const publicKey = keyPair(join(hubFolder, 'key'))
  const hostKey = keyPair(inside('host-key'))
  const authorized = inside('authorized_keys')
  const allow = (options: string): void =>
    writeFileSync(authorized, `${options}${options === '' ? '' : ' '}${publicKey}\n`, { mode: 0o644 })
  const rulesFile = inside('rules')
  writeFileSync(rulesFile, [...rules, `holds ${holds}`, ''].join('\n'), { mode: 0o644 })
  allow(`command="${commands} --rules=${rulesFile}",restrict`)
  const knownHosts = join(hubFolder, 'known_hosts')
  writeFileSync(knownHosts, '', { mode: 0o644 })
  own(hubFolder, hub)
  const [uid, gid] = ['-u', '-g'].map((option) => Number(execFileSync('id', [option, account], { encoding: 'utf8' })))
  own(holds, { uid: uid ?? -1, gid: gid ?? -1 })

  const cover = coverEtc(folder, {
    passwd: changed('/etc/passwd', { 5: home, 6: '/bin/sh' }),
    // An account without a password is not a locked one.
    shadow: changed('/etc/shadow', { 1: '*' }),
  })
  const lines = [
    'ListenAddress 127.0.0.1',
    `HostKey ${inside('host-key')}`,
    `PidFile ${inside('pid')}`,
    `AuthorizedKeysFile ${authorized}`,
    `AllowUsers ${account}`,
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'Subsystem sftp internal-sftp',
    // Tests open many connections at once.
    'MaxStartups 100',
    'LogLevel VERBOSE',
    ...config,
  ]
  const script = `${cover} && exec /usr/sbin/sshd -D -e -f ${inside('sshd_config')}`
  let log = ''
  /** @returns null if somebody else has the port. */
  async function start(port: number): Promise<ChildProcess | null> {
    log = ''
    writeFileSync(inside('sshd_config'), `Port ${port}\n${lines.join('\n')}\n`)
    const child = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    child.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString()
    })
    const deadline = performance.now() + 60_000
    while (!log.includes('Server listening')) {
      if (child.exitCode !== null && /in use/.test(log)) return null
      if (child.exitCode !== null || performance.now() > deadline) {
        child.kill('SIGKILL')
        rmSync(folder, { recursive: true, force: true })
        throw new Error(`sshd does not start: ${log}`)
      }
      await delay(20)
    }
    return child
  }
  let port = somePort()
  let child = await start(port)
  for (let more = 9; child === null && more > 0; more -= 1) {
    port = somePort()
    child = await start(port)
  }
  if (child === null) throw new Error('no port is free')
  const running = child
  // The owner stays.
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${hostKey}\n`)
  const close = async (): Promise<void> => {
    if (running.exitCode === null && running.signalCode === null) {
      running.kill('SIGTERM')
      await once(running, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  }
  return {
    folder,
    port,
    pid: running.pid ?? 0,
    identityFile: join(hubFolder, 'key'),
    knownHostsFile: knownHosts,
    rulesFile,
    allow,
    log: () => log,
    [Symbol.asyncDispose]: close,
  }
}
