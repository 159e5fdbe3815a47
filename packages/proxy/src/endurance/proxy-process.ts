/** The real command as a process of its own, and what the kernel knows of it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type ControlClient, openControlClient } from '../control-client.ts'
import { token } from '../testing.ts'

const bin = fileURLToPath(new URL('../bin.ts', import.meta.url))

export interface ProxyProcess extends AsyncDisposable {
  readonly pid: number
  readonly port: number
  readonly client: ControlClient
  /** Further ones, closed with it. */
  readonly clients: readonly ControlClient[]
  kill(): Promise<void>
}

/** @param at the public port, 0 takes a free one. @throws if it ends before it listens. */
export async function startProxyProcess(snapshot: string, at = 0): Promise<ProxyProcess> {
  const args = [
    '--listen',
    `127.0.0.1:${at}`,
    '--control',
    '127.0.0.1:0',
    '--snapshot',
    snapshot,
    '--log-level',
    'error',
  ]
  const child = spawn(process.execPath, ['--conditions=source', bin, ...args], {
    env: { CONFIGPROXY_AUTH_TOKEN: token },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { listen, control } = await readyLine(child)
  const clients = Array.from({ length: 4 }, () => openControlClient({ address: control, token, timeoutMs: 60_000 }))
  const [client] = clients as [ControlClient]
  const kill = async (): Promise<void> => {
    for (const each of clients) each.close()
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  const port = Number(listen[0]?.split(':').at(-1))
  return { pid: child.pid ?? 0, port, client, clients, kill, [Symbol.asyncDispose]: kill }
}

async function readyLine(child: ChildProcess): Promise<{ listen: readonly string[]; control: string }> {
  if (child.stdout === null) throw new Error('no stdout')
  for await (const line of createInterface({ input: child.stdout })) {
    const { msg, ...ready } = JSON.parse(line)
    if (msg !== 'listening') continue
    child.stdout.resume()
    return ready
  }
  throw new Error('the proxy ended before it listened')
}

/** What a process holds now. */
export interface Held {
  readonly descriptors: number
  readonly sockets: number
  /** Sockets whose other side has gone, and that nobody has closed: each is a leak. */
  readonly closeWait: number
  readonly residentBytes: number
}

/** @see proc(5): `fd`, `status`, and `net/tcp`, where state 08 is CLOSE_WAIT. */
export function heldBy(pid: number): Held {
  const links = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => linkOf(`/proc/${pid}/fd/${fd}`))
  const sockets = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []))
  const rows = ['tcp', 'tcp6'].flatMap((name) => readFileSync(`/proc/${pid}/net/${name}`, 'utf8').split('\n').slice(1))
  const closeWait = rows.filter((row) => {
    const words = row.trim().split(/\s+/)
    return words[3] === '08' && sockets.has(words[9] ?? '')
  }).length
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return { descriptors: links.length, sockets: sockets.size, closeWait, residentBytes: Number(resident) * 1024 }
}

function linkOf(path: string): string[] {
  try {
    return [readlinkSync(path)]
  } catch {
    return [] // closed since the folder was listed
  }
}
