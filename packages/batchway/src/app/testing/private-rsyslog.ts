/** A real rsyslog of a test's own: its configuration, sockets and files lie in one folder, and the machine's is not touched. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** One message as rsyslog understood it. */
export interface Received {
  readonly program: string
  readonly messageId: string
  readonly severity: string
  readonly text: string
}

export interface PrivateRsyslog extends AsyncDisposable {
  readonly folder: string
  readonly socket: (name: 'local' | 'rfc' | 'stream') => string
  readonly port: { readonly udp: number; readonly tcp: number; readonly tls: number }
  /** Authority of its certificate, whose name is `localhost`. */
  readonly caFile: string
  readonly pid: () => number
  received(): readonly Received[]
  start(): Promise<void>
  /** End it in order. */
  stop(): Promise<void>
}

const patienceMs = 60_000
const separator = '\x1f'

function makeCertificate(folder: string): void {
  const args =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost'
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')]
  const { status, stderr } = spawnSync('openssl', [...args.split(' '), ...files], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`openssl: ${stderr}`)
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  return port
}

/** Everything that came in is kept: buffers hold all that a test sends, however long this process waits for its turn. */
const configuration = (folder: string, { udp, tcp, tls }: { udp: number; tcp: number; tls: number }): string => `
global(workDirectory="${folder}" defaultNetstreamDriverCAFile="${folder}/cert.pem"
  defaultNetstreamDriverCertFile="${folder}/cert.pem" defaultNetstreamDriverKeyFile="${folder}/key.pem"
  maxMessageSize="128k" parser.escapeControlCharactersOnReceive="off")
main_queue(queue.size="200000" queue.timeoutEnqueue="60000" queue.discardMark="200000" queue.workerThreads="1")
module(load="imuxsock" SysSock.Use="off")
module(load="imptcp")
module(load="imudp")
module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
template(name="all" type="list") {
  property(name="app-name") constant(value="${separator}")
  property(name="msgid") constant(value="${separator}") property(name="syslogseverity-text") constant(value="${separator}")
  property(name="msg") constant(value="\\n")
}
ruleset(name="keep") { action(type="omfile" file="${folder}/received" template="all") }
input(type="imuxsock" Socket="${folder}/local" ruleset="keep" RateLimit.Interval="0")
input(type="imuxsock" Socket="${folder}/rfc" ruleset="keep" RateLimit.Interval="0" UseSpecialParser="off" ParseHostname="on")
input(type="imptcp" path="${folder}/stream" unlink="on" ruleset="keep")
input(type="imudp" address="127.0.0.1" port="${udp}" ruleset="keep" rcvbufSize="32m")
input(type="imptcp" address="127.0.0.1" port="${tcp}" listenPortFileName="${folder}/tcp.port" ruleset="keep")
input(type="imtcp" address="127.0.0.1" port="${tls}" listenPortFileName="${folder}/tls.port" ruleset="keep")
`

async function until<T>(what: string, find: () => T | null): Promise<T> {
  for (const end = Date.now() + patienceMs; Date.now() < end; await delay(20)) {
    const found = find()
    if (found !== null) return found
  }
  throw new Error(`${what} did not come`)
}

const readNumber = (file: string): number | null => {
  const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
  return /^\d+$/.test(text) ? Number(text) : null
}

/** A unix datagram or stream socket that somebody has bound. @see proc_net_unix(5) */
const isBound = (path: string): true | null =>
  readFileSync('/proc/net/unix', 'utf8').includes(`${path}\n`) ? true : null

/** @see proc_pid_net(5), tcp: state 0A listens */
const isListening = (port: number): boolean =>
  new RegExp(`:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A `).test(
    readFileSync('/proc/net/tcp', 'utf8'),
  )

/** It listens where it listened before when it is started again. */
export async function openPrivateRsyslog(): Promise<PrivateRsyslog> {
  // Not below a folder that only we can enter, should it give up its rights; short, for the paths of sockets.
  const folder = mkdtempSync(join(tmpdir(), 'rsyslog-'))
  makeCertificate(folder)
  const port = { udp: await freeUdpPort(), tcp: 0, tls: 0 }
  let child: ChildProcess | null = null

  async function stop(): Promise<void> {
    if (child === null) return
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null
    child.kill('SIGCONT')
    child.kill('SIGTERM')
    await ended
    child = null
  }

  async function start(): Promise<void> {
    for (const name of ['tcp.port', 'tls.port', 'stream']) rmSync(join(folder, name), { force: true })
    writeFileSync(join(folder, 'conf'), configuration(folder, port))
    const fresh = spawn('/usr/sbin/rsyslogd', ['-n', '-f', join(folder, 'conf'), '-iNONE'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    child = fresh
    let words = ''
    fresh.stderr?.setEncoding('utf8').on('data', (text: string) => {
      words += text
    })
    const ready = <T>(what: string, find: () => T | null): Promise<T> =>
      until(what, () => {
        if (fresh.exitCode !== null || fresh.signalCode !== null) throw new Error(`rsyslogd ended: ${words}`)
        return find()
      })
    for (const name of ['tcp', 'tls'] as const) {
      // It writes down only a port that it chose itself.
      const known = port[name]
      port[name] = await ready(`its port for ${name}`, () =>
        known === 0 ? readNumber(join(folder, `${name}.port`)) : isListening(known) ? known : null,
      )
    }
    for (const name of ['local', 'rfc', 'stream']) await ready(`its socket ${name}`, () => isBound(join(folder, name)))
  }

  await start()
  return {
    folder,
    socket: (name) => join(folder, name),
    port,
    caFile: join(folder, 'cert.pem'),
    pid: () => child?.pid ?? 0,
    received() {
      const file = join(folder, 'received')
      const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
      // The last one may be on its way.
      return lines.slice(0, -1).map((line): Received => {
        const [program = '', messageId = '', severity = '', ...text] = line.split(separator)
        return { program, messageId, severity, text: text.join(separator).trimStart() }
      })
    },
    start,
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
