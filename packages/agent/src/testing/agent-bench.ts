/** Starts the real agent, as a process, from an installed folder. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { pskCipher } from '../guarded-socket.ts'
import { type InstalledAgent, installAgent } from '../install.ts'
import type { ClaimReply } from '../protocol.ts'
import type { FakeHub } from './fake-hub.ts'

export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

/** Whoever runs the tests, with a home of his own in `folder`: enough for all that is not between two users. */
export function ourselves(folder: string): Account {
  const home = join(folder, 'home')
  mkdirSync(home, { recursive: true })
  const { username: name, uid, gid } = userInfo()
  return { name, uid, gid, home }
}

/** An ordinary user of the machine, made if he is not there (needs root). */
export function account(name: string): Account {
  if (!lookUp(name)) execFileSync('useradd', ['-m', '-s', '/bin/bash', name])
  const entry = lookUp(name)
  if (!entry) throw new Error(`no account ${name}`)
  return entry
}

function lookUp(name: string): Account | null {
  try {
    const [, , uid, gid, , home] = execFileSync('getent', ['passwd', name], { encoding: 'utf8' }).split(':')
    return { name, uid: Number(uid), gid: Number(gid), home: home ?? '/' }
  } catch {
    return null
  }
}

/** A folder that other users can look into. */
export function sharedFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'batchway-agent-test-'))
  chmodSync(path, 0o755)
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

export const installForTests = (folder: string): InstalledAgent => installAgent({ target: join(folder, 'agents') })

export interface RunningAgent extends AsyncDisposable {
  readonly child: ChildProcess
  readonly output: () => string
  readonly ended: Promise<number | null>
}

/** @param command argv to start instead of the agent (a job script's shell); the ticket then is not written. */
export function startAgent(
  agent: InstalledAgent,
  hub: FakeHub,
  as: Account | null,
  environment: Record<string, string> = {},
  command?: readonly string[],
): RunningAgent {
  const [file = '', ...args] = command ?? [agent.node, join(agent.dir, 'dist/bin.js')]
  const child = spawn(file, args, {
    cwd: '/',
    env: {
      PATH: '/usr/bin:/bin',
      HOME: as?.home ?? '/root',
      BATCHWAY_LOCAL_JOB_ID: 'job-7',
      BATCHWAY_LOCAL_NODE: 'node1',
      ...environment,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(as && { uid: as.uid, gid: as.gid }),
  })
  let output = ''
  child.stdout?.on('data', (chunk) => (output += chunk))
  child.stderr?.on('data', (chunk) => (output += chunk))
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(command ? '' : JSON.stringify(hub.ticket))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return {
    child,
    output: () => output,
    ended,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await ended
    },
  }
}

/** Connect as the proxy does. */
export async function connectWithKey(port: number, { identity, key }: ClaimReply['psk']): Promise<TLSSocket> {
  const options: ConnectionOptions & { allowHalfOpen: true } = {
    host: '127.0.0.1',
    port,
    ciphers: pskCipher,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
    pskCallback: () => ({ identity, psk: Buffer.from(key, 'hex') }),
    checkServerIdentity: () => undefined,
    allowHalfOpen: true,
  }
  const socket = connect(options)
  await once(socket, 'secureConnect')
  socket.on('error', () => undefined)
  return socket
}

/** Send bytes and read until the other side ends (or the pattern shows up). */
export async function exchange(socket: TLSSocket, bytes: string, stopAt?: RegExp): Promise<string> {
  socket.write(bytes)
  return readUntil(socket, stopAt)
}

export async function readUntil(socket: Socket | TLSSocket, stopAt?: RegExp): Promise<string> {
  let text = ''
  return new Promise((resolve) => {
    const done = () => {
      socket.off('data', take)
      resolve(text)
    }
    const take = (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (stopAt?.test(text)) done()
    }
    socket.on('data', take)
    socket.once('end', done)
    socket.once('close', done)
  })
}

/** One request on a connection of its own. */
export async function ask(
  hub: FakeHub,
  port: number,
  path: string,
  {
    method = 'GET',
    headers = {},
    body = '',
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<{ status: number; headers: string; body: string; location: string; cookies: string[] }> {
  const socket = await connectWithKey(port, hub.claim.psk)
  const lines = Object.entries({
    host: 'gateway.test',
    connection: 'close',
    ...(body && { 'content-length': String(body.length) }),
    ...headers,
  })
  const text = await exchange(
    socket,
    `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
  )
  socket.destroy()
  const [head = '', ...rest] = text.split('\r\n\r\n')
  return {
    status: Number(head.split(' ')[1] ?? 0),
    headers: head,
    body: rest.join('\r\n\r\n'),
    location: /^location: (.*)$/im.exec(head)?.[1]?.trim() ?? '',
    cookies: [...head.matchAll(/^set-cookie: ([^;\r\n]*)/gim)].map((match) => match[1] ?? ''),
  }
}

/** Processes of a user whose environment or command line holds a text. Looked for from here: a command would find itself. */
export function processesWith(uid: number, text: string): number[] {
  const isFound = (pid: string): boolean => {
    try {
      const folder = `/proc/${pid}`
      if (statSync(folder).uid !== uid) return false
      return ['environ', 'cmdline'].some((file) => readFileSync(join(folder, file), 'latin1').includes(text))
    } catch {
      return false // gone
    }
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isFound(name))
    .map(Number)
}
