/** Our real hub and proxy as processes of their own, with sessions on this machine that are nobody's but the hub's own account's. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { stringify } from 'yaml'
import { asAccount } from '../../packages/batchway/src/cli/start/as-account.ts'
import { freePort } from '../../packages/batchway/src/cli/start/free-port.ts'
import { readableProgram } from '../../packages/batchway/src/cli/start/readable-program.ts'
import { findAccount } from '../../packages/batchway/src/cli/start/served-account.ts'
import { stopLocalScheduler } from '../e2e/support/site.ts'
import { endLocalJobs } from '../e2e/support/traces.ts'
import { until } from '../e2e/support/until.ts'
import { run } from '../wire/site.ts'
import type { OpenedSide } from './side.ts'
import { serviceTokens, world } from './world.ts'

const root = resolve(import.meta.dirname, '../..')
const account = findAccount('batchway')
/** Below the ports that systems give to connections. */
const portsFrom = 21_700

const configOf = (state: string, agent: string, internal: number) => ({
  url: world.url,
  insecureHttp: true,
  development: true,
  listen: ['127.0.0.1:0'],
  stateDirectory: state,
  instance: 'v3',
  hub: { internal: [`127.0.0.1:${internal}`] },
  signIn: [{ type: 'dev' }],
  admins: [...world.admins],
  namedServers: { enabled: true, perUser: world.namedServers },
  roles: world.roles,
  services: Object.fromEntries(
    Object.entries(world.services).map(([name, { url, display, info }]) => [
      name,
      { apiTokenVariable: `TOKEN_${name}`, display, info, ...(url !== null && { url }) },
    ]),
  ),
  // Nobody of the world has an account: their sessions run as the hub's own.
  clusters: { local: { driver: 'local', title: 'This machine', agent, account: account?.name } },
  applications: {
    web: {
      kind: 'command',
      title: 'Web',
      command: ['/usr/bin/python3', '-m', 'http.server', '--bind', '127.0.0.1', '{port}'],
      health: '',
    },
    never: { kind: 'command', title: 'Never', command: ['/bin/sh', '-c', 'exec sleep 3600', 'never', '{port}'] },
    fails: { kind: 'command', title: 'Fails', command: ['/bin/false', '{port}'] },
  },
  profiles: [
    ['small', 'web'],
    ['slow', 'never'],
    ['fails', 'fails'],
  ].map(([key, application]) => ({
    key,
    title: key,
    cluster: 'local',
    application,
    resources: { cores: 1, memory: '100M', walltime: '10m' },
    limits: { stop: '5s' },
  })),
})

export async function openBatchway(): Promise<OpenedSide> {
  if (account === null) throw new Error('there is no account batchway here')
  await using undo = new AsyncDisposableStack()
  const state = mkdtempSync('/var/tmp/batchway-differential-')
  undo.defer(() => rmSync(state, { recursive: true, force: true }))
  undo.defer(async () => {
    stopLocalScheduler(state)
    if (existsSync(join(state, 'batchway.db'))) await endLocalJobs({ stateDirectory: state })
  })
  const configFile = join(state, 'batchway.yaml')
  const agent = join(state, 'agents')
  writeFileSync(configFile, stringify(configOf(state, agent, await freePort(portsFrom))), { mode: 0o600 })
  const main = join(root, 'packages/batchway/src/cli/main.ts')
  execFileSync(process.execPath, ['--conditions=source', main, 'agent', 'install', agent])
  for (const path of [state, configFile]) chownSync(path, account.uid, account.gid)
  const placed = readableProgram(account, main, '/var/tmp/batchway-bench/programs')
  const program = (file: string, ...args: readonly string[]): readonly [string, ...string[]] => {
    const argv = [placed(process.execPath), '--conditions=source', placed(join(root, file)), ...args]
    const [first = '', ...rest] = asAccount(account, argv)
    return [first, ...rest]
  }
  const [scheduler, ...schedulerArgs] = program(
    'packages/schedulers/src/local/bin.ts',
    ...['serve', `--state=${state}/local`, '--cores=8', '--memory=4096', '--slots=8', '--grace=1'],
  )
  const served = spawn(scheduler, schedulerArgs, { cwd: '/', stdio: 'ignore' })
  await until(
    'the local scheduler listens',
    () => served.exitCode !== null || existsSync(`${state}/local/scheduler.sock`),
  )
  const start = async (name: string, ...args: readonly string[]) => {
    const started = await run(name, program('packages/batchway/src/cli/main.ts', name, ...args), {
      HOME: state,
      PATH: '/usr/local/bin:/usr/bin:/bin',
      LANG: 'C.UTF-8',
      ...Object.fromEntries(Object.entries(serviceTokens).map(([service, token]) => [`TOKEN_${service}`, token])),
    })
    undo.defer(async () => {
      if (!started.isAlive()) return
      const ended = once(started.child, 'exit')
      started.child.kill('SIGTERM')
      await ended
    })
    return started
  }
  const proxy = await start('proxy', `--config=${configFile}`)
  await start('hub', `--config=${configFile}`)
  const [front] = Array.isArray(proxy.said.listen) ? proxy.said.listen : []
  const kept = undo.move()
  return {
    name: 'Batchway',
    port: Number(/:(\d+)$/.exec(String(front))?.[1]),
    signInFields: { login: 'dev' },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
