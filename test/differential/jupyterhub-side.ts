/** The real JupyterHub of the trixie tree, with servers that are stubs and no proxy: what is compared is its API. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { freePort } from '../../packages/batchway/src/cli/start/free-port.ts'
import { until } from '../e2e/support/until.ts'
import { exchange } from './exchange.ts'
import type { OpenedSide } from './side.ts'
import { serviceTokens, world } from './world.ts'

/** Below the ports that systems give to connections. */
const portsFrom = 21_400

async function launch(
  trixieRun: string,
  state: string,
): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const port = await freePort(portsFrom)
  const output = openSync(join(state, 'log'), 'a')
  const config = join(import.meta.dirname, 'jupyterhub_config.py')
  const child = spawn(trixieRun, ['jupyterhub', `--config=/host${resolve(config)}`], {
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: '/root',
      LANG: 'C.UTF-8',
      DIFFERENTIAL_STATE: state,
      DIFFERENTIAL_PORT: String(port),
      DIFFERENTIAL_WORLD: JSON.stringify(world),
      ...Object.fromEntries(
        Object.entries(serviceTokens).map(([name, token]) => [`DIFFERENTIAL_TOKEN_${name}`, token]),
      ),
    },
    cwd: state,
    stdio: ['ignore', output, output],
    detached: true,
  })
  return { child, port }
}

/** @param trixieRun program that runs its arguments inside the trixie tree. @throws {Error} with its log, if it does not come up. */
export async function openJupyterHub(trixieRun: string): Promise<OpenedSide> {
  const state = mkdtempSync('/var/tmp/batchway-differential-')
  await using undo = new AsyncDisposableStack()
  undo.defer(() => rmSync(state, { recursive: true, force: true, maxRetries: 3 }))
  const { child, port } = await launch(trixieRun, state)
  undo.defer(async () => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    process.kill(-child.pid, 'SIGTERM')
    await ended
  })
  await until(
    'JupyterHub answers',
    async () => {
      if (child.exitCode !== null) throw new Error(readFileSync(join(state, 'log'), 'utf8').slice(-4_000))
      return (await exchange(port, { method: 'GET', path: '/hub/api', headers: {}, body: null })).status === 200
    },
    90_000,
  )
  const kept = undo.move()
  return {
    name: 'JupyterHub',
    port,
    signInFields: { password: 'any' },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
