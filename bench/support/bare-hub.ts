/** The hub alone, as its systemd unit runs it, without a batch system: for what its API answers by itself. */
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { stringify } from 'yaml'
import { hubMemory } from '../../packages/batchway/src/cli/hub-memory.ts'
import { freePort } from '../../test/e2e/support/free-port.ts'
import { until } from '../../test/e2e/support/until.ts'
import { favour } from './favour.ts'

export interface BareHub extends AsyncDisposable {
  readonly pid: number
  /** Of the internal listener on 127.0.0.1, without a proxy before it. */
  readonly port: number
  /** A service's, with an administrator's rights over users. */
  readonly token: string
  readonly inspectorPort: number
  api(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: unknown }>
}

const root = resolve(import.meta.dirname, '../..')

/** @param core that it runs on, alone. */
export async function openBareHub({ core }: { readonly core: number }): Promise<BareHub> {
  const state = mkdtempSync('/var/tmp/batchway-bare-hub-')
  chmodSync(state, 0o711)
  const [port, inspectorPort, publicPort] = [await freePort(), await freePort(), await freePort()]
  const token = randomBytes(32).toString('hex')
  writeFileSync(join(state, 'token'), token, { mode: 0o600 })
  const configFile = join(state, 'batchway.yaml')
  const config = {
    url: `http://127.0.0.1:${publicPort}/`,
    listen: [`127.0.0.1:${publicPort}`],
    stateDirectory: state,
    instance: 'b3',
    hub: { internal: [`127.0.0.1:${port}`] },
    signIn: [{ type: 'link' }],
    clusters: { slurm: { driver: 'slurm' } },
    applications: { lab: { kind: 'jupyterhub-singleuser', command: ['/usr/bin/jupyterhub-singleuser'] } },
    profiles: [
      {
        key: 'lab',
        title: 'Lab',
        cluster: 'slurm',
        application: 'lab',
        resources: { cores: 1, memory: '1G', walltime: '1h' },
      },
    ],
    services: { bench: { apiTokenFile: join(state, 'token') } },
    roles: { bench: { scopes: ['admin:users', 'admin:servers', 'tokens'], services: ['bench'] } },
  }
  writeFileSync(configFile, stringify(config), { mode: 0o600 })
  const log = join(state, 'log')
  const output = openSync(log, 'a')
  const { NODE_OPTIONS, ...memory } = hubMemory()
  const main = join(root, 'packages/batchway/src/cli/main.ts')
  const env = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'C.UTF-8',
    ...memory,
    NODE_OPTIONS: `${NODE_OPTIONS} --inspect-port=${inspectorPort}`,
    NODE_COMPILE_CACHE: join(state, 'compile-cache'),
  }
  const program = ['--conditions=source', main] as const
  // A hub that strips types is some 30 MB larger ever after: what is measured finds that done.
  execFileSync(process.execPath, [...program, '--version'], { env, stdio: 'ignore' })
  const words = ['-c', String(core), process.execPath, ...program, 'hub', `--config=${configFile}`]
  const child = spawn('taskset', words, { cwd: state, stdio: ['ignore', output, output], env, detached: true })
  await once(child, 'spawn')
  const pid = child.pid ?? 0
  favour(pid)
  const ended = once(child, 'exit')
  const end = async (): Promise<void> => {
    child.kill('SIGTERM')
    if (child.exitCode === null && child.signalCode === null) await ended
    rmSync(state, { recursive: true, force: true, maxRetries: 3 })
  }
  const told = (): string => readFileSync(log, 'utf8')
  try {
    await until('the hub listens', () => told().includes('"listening"') || child.exitCode !== null, 120_000)
    if (child.exitCode !== null) throw new Error(told())
  } catch (error) {
    await end()
    throw error
  }
  return {
    pid,
    port,
    token,
    inspectorPort,
    async api(method, path, body) {
      const answer = await fetch(`http://127.0.0.1:${port}/hub/api${path}`, {
        method,
        headers: { Authorization: `token ${token}`, 'Content-Type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
    },
    [Symbol.asyncDispose]: end,
  }
}
