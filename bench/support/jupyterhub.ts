/** JupyterHub of the trixie tree with its own proxy, in front of the same Slurm: the peer that starts are measured against. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, openSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { until } from '../../test/e2e/support/until.ts'
import { favour } from './favour.ts'

export interface JupyterHub extends AsyncDisposable {
  readonly version: string
  api(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>
}

export interface Stub {
  readonly program: string
  /** File that gets a line for each start. */
  readonly started: string
}

const port = 20_000

export async function openJupyterHub(trixieRun: string, stub: Stub): Promise<JupyterHub> {
  const state = mkdtempSync('/var/tmp/batchway-jupyterhub-')
  const token = randomBytes(32).toString('hex')
  const output = openSync(join(state, 'log'), 'a')
  const environment = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: '/root',
    LANG: 'C.UTF-8',
    BENCH_STATE: state,
    BENCH_TOKEN: token,
    BENCH_PORT: String(port),
    BENCH_STUB: stub.program,
    BENCH_STARTED: stub.started,
    CONFIGPROXY_AUTH_TOKEN: token,
    NODE_PATH: '/usr/share/nodejs', // where Debian keeps the proxy's libraries
  }
  const children: ChildProcess[] = []
  const open = (file: string, ...args: string[]): void => {
    const child = spawn(file, args, { env: environment, cwd: state, stdio: ['ignore', output, output], detached: true })
    if (child.pid !== undefined) favour(child.pid)
    children.push(child)
  }
  const config = resolve(import.meta.dirname, '../peer/jupyterhub_config.py')
  open(
    '/usr/bin/configurable-http-proxy',
    ...[
      '--ip=127.0.0.1',
      `--port=${port}`,
      '--api-ip=127.0.0.1',
      '--api-port=20002',
      '--default-target=http://127.0.0.1:20001',
    ],
  )
  open(trixieRun, 'jupyterhub', `--config=/host${config}`)

  async function api(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const answer = await fetch(`http://127.0.0.1:20001/hub/api${path}`, {
      method,
      headers: { Authorization: `token ${token}`, 'Content-Type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
  }
  const { body } = await until(`JupyterHub answers (see ${state}/log)`, () => api('GET', ''), 60_000)
  await api('POST', '/users/alice')
  return {
    version: String((body as { version: string }).version),
    api,
    async [Symbol.asyncDispose]() {
      for (const child of children.reverse()) {
        if (child.pid === undefined || child.exitCode !== null) continue
        const ended = once(child, 'exit')
        process.kill(-child.pid, 'SIGTERM')
        await ended
      }
      rmSync(state, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}
