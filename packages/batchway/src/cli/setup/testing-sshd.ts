/**
 * A login node for tests: an sshd of our own on a loopback port, in a mount namespace in which the account `batchway` has a shell and a home
 * that only root may change; sudo and the schedulers are this machine's. Needs root, and openssh-server.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

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
  const port = await freePort()
  writeFileSync(join(hubFolder, 'known_hosts'), `[127.0.0.1]:${port} ${hostKey}\n`, { mode: 0o644 })
  own(hubFolder, hub)
  const [uid, gid] = ['-u', '-g'].map((option) => Number(execFileSync('id', [option, account], { encoding: 'utf8' })))
  own(holds, { uid: uid ?? -1, gid: gid ?? -1 })

  writeFileSync(inside('passwd'), changed('/etc/passwd', { 5: home, 6: '/bin/sh' }), { mode: 0o644 })
  // An account without a password is not a locked one.
  writeFileSync(inside('shadow'), changed('/etc/shadow', { 1: '*' }), { mode: 0o600 })
  const lines = [
    'ListenAddress 127.0.0.1',
    `Port ${port}`,
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
  writeFileSync(inside('sshd_config'), `${lines.join('\n')}\n`)
  const script = `mount --bind ${inside('passwd')} /etc/passwd && mount --bind ${inside('shadow')} /etc/shadow && exec /usr/sbin/sshd -D -e -f ${inside('sshd_config')}`
  const child: ChildProcess = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    log += chunk.toString()
  })
  const close = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  }
  const deadline = performance.now() + 60_000
  while (!log.includes('Server listening')) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await close()
      throw new Error(`sshd does not start: ${log}`)
    }
    await delay(20)
  }
  return {
    folder,
    port,
    pid: child.pid ?? 0,
    identityFile: join(hubFolder, 'key'),
    knownHostsFile: join(hubFolder, 'known_hosts'),
    rulesFile,
    allow,
    log: () => log,
    [Symbol.asyncDispose]: close,
  }
}
