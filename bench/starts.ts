/**
 * `npm run bench:starts`: many starts at once against real Slurm with a stub application, each with a real agent; beside JupyterHub with the
 * same stub. How long until all are ready, how many applications were started. JSON lines.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openSite } from '../test/e2e/support/site.ts'
import { trixieRun } from '../test/e2e/support/trixie-run.ts'
import { until } from '../test/e2e/support/until.ts'
import { countCpu } from './support/cpu-by-part.ts'
import { favour } from './support/favour.ts'
import { followSessions } from './support/follow-sessions.ts'
import { inspect } from './support/inspect.ts'
import { openJupyterHub, type Stub } from './support/jupyterhub.ts'
import { eachOf, signInHeaders, uidOf } from './support/sleepers.ts'

const { values } = parseArgs({
  options: {
    starts: { type: 'string', multiple: true },
    peer: { type: 'string', multiple: true },
    quick: { type: 'boolean', default: false },
    profile: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) {
  console.log(`npm run bench:starts -- [options]

  --starts N   how many at once; may be given several times (90 and 200)
  --peer N     the same with JupyterHub 5 of the trixie tree (90), and with sbatch alone; 0: none
  --quick      20 of each, for a machine that others use as well: then only cpuMsPerStart means something
  --profile F  writes what the hub did while they started to F-N.cpuprofile

Needs root and the trixie tree (testbench/trixie-up.sh). Starts a Slurm of its own.`)
  process.exit(0)
}
const say = (facts: object): void => console.log(JSON.stringify({ bench: 'starts', ...facts }))

const folder = mkdtempSync('/var/tmp/batchway-stub-')
chmodSync(folder, 0o755)
const stub: Stub = { program: join(folder, 'stub-server.py'), started: join(folder, 'started') }
copyFileSync(join(import.meta.dirname, 'peer/stub-server.py'), stub.program)
chmodSync(stub.program, 0o755)
/** One line for each application that was started, whoever asked. */
function started(): string[] {
  return existsSync(stub.started) ? readFileSync(stub.started, 'utf8').trim().split('\n').filter(Boolean) : []
}
function forget(): void {
  writeFileSync(stub.started, '')
  chmodSync(stub.started, 0o666)
}

const starts = (values.starts ?? (values.quick ? ['20'] : ['90', '200'])).map(Number)
const peers = (values.peer ?? (values.quick ? ['20'] : ['90'])).map(Number).filter((count) => count > 0)
const ours = new Map<number, number>()
for (const count of starts) ours.set(count, await startOurs(count))
for (const count of peers) await startBare(count)
for (const count of peers) {
  const readySeconds = await startTheirs(count)
  const own = ours.get(count)
  if (own !== undefined) say({ who: 'ratio', starts: count, timesFaster: Math.round((readySeconds / own) * 100) / 100 })
}
rmSync(folder, { recursive: true })

/** @returns seconds until all were ready. */
async function startOurs(count: number): Promise<number> {
  forget()
  await using site = await openSite({
    instance: 'b2',
    change(config) {
      const { slurm } = config.clusters as Record<string, object>
      // Jobs of the peer get no login environment either, which costs a login shell of the user's for each start.
      config.clusters = { slurm: { ...slurm, transport: 'sudo', settings: { environment: 'clean' } } }
      config.applications = { stub: { kind: 'command', command: [stub.program, '{port}', stub.started] } }
      config.profiles = [
        {
          key: 'stub',
          title: 'Stub',
          cluster: 'slurm',
          application: 'stub',
          resources: { cores: 1, memory: '200M', walltime: '1h' },
          options: { partition: 'many' },
        },
      ]
    },
  })
  const headers = await signInHeaders(site, 'alice')
  using page = await followSessions(site.url, headers)
  for (const part of ['hub', 'proxy'] as const) favour(site.pidOf(part))
  using hub = await inspect(site.pidOf('hub'))
  const endProfile = values.profile === undefined ? null : await hub.profile(`${values.profile}-${count}.cpuprofile`)
  const cpu = countCpu()
  const from = performance.now()
  const statuses = await Promise.all(
    numbers(count).map(async (index) => {
      const answer = await fetch(`${site.url}hub/api/users/alice/servers/s${index}`, {
        method: 'POST',
        headers: { ...headers, 'Content-Type': 'application/json' },
        body: JSON.stringify({ profile: 'stub' }),
      })
      await answer.body?.cancel()
      return answer.status
    }),
  )
  const asked = performance.now()
  const inState = (state: string): number =>
    [...page.sessions.values()].filter(({ view }) => view.state === state).length
  await until(`${count} are ready or ended`, () => inState('ready') + inState('ended') === count, 300_000)
  const readyAt = performance.now()
  const cpuMsPerStart = cpu(count)
  const figures = await hub.read()
  await endProfile?.()
  const ready = inState('ready')
  const ended = [...page.sessions.values()].flatMap(({ view }) =>
    view.outcome === null ? [] : [`${view.outcome.code}: ${view.outcome.words ?? ''} ${view.outcome.log.at(-1) ?? ''}`],
  )
  await Promise.all(
    numbers(count).map((index) =>
      fetch(`${site.url}hub/api/users/alice/servers/s${index}`, { method: 'DELETE', headers }).then((answer) =>
        answer.body?.cancel(),
      ),
    ),
  )
  await until(`${count} have ended`, () => inState('ended') === count, 300_000)
  say({
    who: 'batchway',
    starts: count,
    accepted: statuses.filter((status) => status === 202).length,
    ready,
    ended,
    applicationsStarted: started().length,
    jobsWithTwo: started().length - new Set(started()).size,
    requestsSeconds: seconds(asked - from),
    readySeconds: seconds(readyAt - from),
    stopSeconds: seconds(performance.now() - readyAt),
    ...figures,
    cpuMsPerStart,
  })
  return seconds(readyAt - from)
}

/** The floor: no gateway at all, `sbatch` as the user, sixteen at a time; until the last application has said that it started. */
async function startBare(count: number): Promise<void> {
  forget()
  const identity = { uid: uidOf('alice'), gid: uidOf('alice') }
  const cpu = countCpu()
  const from = performance.now()
  await eachOf(numbers(count), 16, async (index) => {
    const script = `#!/bin/sh\nexec ${stub.program} ${21_000 + index} ${stub.started}\n`
    const child = spawn('sbatch', ['--partition=many', '--mem=200M', '--chdir=/tmp', '--output=/dev/null'], {
      ...identity,
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    child.stdin.end(script)
    await once(child, 'exit')
  })
  const asked = performance.now()
  await until(`${count} have started`, () => started().length === count, 300_000)
  const readyAt = performance.now()
  const cpuMsPerStart = cpu(count)
  execFileSync('scancel', ['--user=alice'])
  await until(
    'none is left',
    () => execFileSync('squeue', ['--noheader', '--user=alice'], { encoding: 'utf8' }) === '',
    300_000,
  )
  say({
    who: 'sbatch alone',
    starts: count,
    requestsSeconds: seconds(asked - from),
    readySeconds: seconds(readyAt - from),
    cpuMsPerStart,
  })
}

/** @returns seconds until all were ready. */
async function startTheirs(count: number): Promise<number> {
  forget()
  await using hub = await openJupyterHub(trixieRun, { stub })
  const cpu = countCpu()
  const from = performance.now()
  const statuses = await Promise.all(
    numbers(count).map((index) => hub.api('POST', `/users/alice/servers/s${index + 10}`, {})),
  )
  const ready = async (): Promise<number> => {
    const { body } = await hub.api('GET', '/users/alice')
    const { servers = {} } = body as { servers?: Record<string, { ready: boolean }> }
    return Object.values(servers).filter((server) => server.ready).length
  }
  await until(`JupyterHub has ${count} ready`, async () => (await ready()) === count, 300_000)
  const readyAt = performance.now()
  const cpuMsPerStart = cpu(count)
  await Promise.all(numbers(count).map((index) => hub.api('DELETE', `/users/alice/servers/s${index + 10}`, {})))
  await until('JupyterHub has none', async () => (await ready()) === 0, 300_000)
  say({
    who: `jupyterhub ${hub.version}`,
    starts: count,
    accepted: statuses.filter(({ status }) => status === 201 || status === 202).length,
    ready: count,
    applicationsStarted: started().length,
    jobsWithTwo: started().length - new Set(started()).size,
    readySeconds: seconds(readyAt - from),
    stopSeconds: seconds(performance.now() - readyAt),
    cpuMsPerStart,
  })
  execFileSync('scancel', ['--user=alice'])
  return seconds(readyAt - from)
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

function seconds(ms: number): number {
  return Math.round(ms / 10) / 100
}
