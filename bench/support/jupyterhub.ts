/** JupyterHub of the trixie tree with its own proxy: the peer that starts (in front of the same Slurm) and the API are measured against. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { until } from '../../test/e2e/support/until.ts'
import { favour } from './favour.ts'

export interface JupyterHub extends AsyncDisposable {
  readonly version: string
  readonly pid: number
  /** Where the hub itself listens on 127.0.0.1, without its proxy before it. */
  readonly hubPort: number
  /** An administrator's. */
  readonly token: string
  /** Of the running hub. */
  readonly database: string
  api(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>
}

export interface Stub {
  readonly program: string
  /** File that gets a line for each start. */
  readonly started: string
}

export interface JupyterHubOptions {
  /** What its servers run; without it none can be started. */
  readonly stub?: Stub
  /** The first of three: proxy, hub, the proxy's own API. */
  readonly port?: number
  /** Begin with a copy of this file. */
  readonly database?: string
  /** The hub runs on this one alone. */
  readonly core?: number
}

export async function openJupyterHub(trixieRun: string, options: JupyterHubOptions): Promise<JupyterHub> {
  const { stub, port = 20_000, core } = options
  const [hubPort, apiPort] = [port + 1, port + 2]
  const state = mkdtempSync('/var/tmp/batchway-jupyterhub-')
  const token = randomBytes(32).toString('hex')
  const database = join(state, 'jupyterhub.sqlite')
  if (options.database !== undefined) copyFileSync(options.database, database)
  const output = openSync(join(state, 'log'), 'a')
  const environment = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: '/root',
    LANG: 'C.UTF-8',
    BENCH_STATE: state,
    BENCH_TOKEN: token,
    BENCH_PORT: String(port),
    ...(stub && { BENCH_STUB: stub.program, BENCH_STARTED: stub.started }),
    CONFIGPROXY_AUTH_TOKEN: token,
    NODE_PATH: '/usr/share/nodejs', // where Debian keeps the proxy's libraries
  }
  const children: ChildProcess[] = []
  const open = (file: string, ...args: string[]): ChildProcess => {
    const child = spawn(file, args, { env: environment, cwd: state, stdio: ['ignore', output, output], detached: true })
    if (child.pid !== undefined) favour(child.pid)
    children.push(child)
    return child
  }
  const config = resolve(import.meta.dirname, '../peer/jupyterhub_config.py')
  open(
    '/usr/bin/configurable-http-proxy',
    ...[
      '--ip=127.0.0.1',
      `--port=${port}`,
      '--api-ip=127.0.0.1',
      `--api-port=${apiPort}`,
      `--default-target=http://127.0.0.1:${hubPort}`,
    ],
  )
  // Both words replace themselves by what follows: the pid is the hub's.
  const pinned = core === undefined ? [] : ['taskset', '-c', String(core)]
  const [file = '', ...args] = [...pinned, trixieRun, 'jupyterhub', `--config=/host${config}`]
  const hub = open(file, ...args)

  async function api(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const answer = await fetch(`http://127.0.0.1:${hubPort}/hub/api${path}`, {
      method,
      headers: { Authorization: `token ${token}`, 'Content-Type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
  }
  const end = async (): Promise<void> => {
    for (const child of children.reverse()) {
      if (child.pid === undefined || child.exitCode !== null) continue
      const ended = once(child, 'exit')
      process.kill(-child.pid, 'SIGTERM')
      await ended
    }
    rmSync(state, { recursive: true, force: true, maxRetries: 3 })
  }
  try {
    const { body } = await until('JupyterHub answers', () => api('GET', ''), 120_000)
    if (stub) await api('POST', '/users/alice')
    return {
      version: String((body as { version: string }).version),
      pid: hub.pid ?? 0,
      hubPort,
      token,
      database,
      api,
      [Symbol.asyncDispose]: end,
    }
  } catch (error) {
    const words = readFileSync(join(state, 'log'), 'utf8').slice(-2_000)
    await end()
    throw new Error(`JupyterHub did not start: ${words}`, { cause: error })
  }
}
