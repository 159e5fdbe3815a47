/**
 * `npm run bench:hub`: what the hub's API answers by itself, beside a JupyterHub 5 with the same users in the same run: token check, user
 * model, pages of users, making users. Both on SQLite, each hub alone on one core and asked without a proxy before it. JSON lines.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { version } from '../packages/batchway/src/app/version.ts'
import { trixieRun } from '../test/e2e/support/trixie-run.ts'
import { openBareHub } from './support/bare-hub.ts'
import { inspect, rssMiB } from './support/inspect.ts'
import { openJupyterHub } from './support/jupyterhub.ts'
import { keptJupyterHubUsers } from './support/kept-peer.ts'
import { type Figures, openLoadGenerator } from './support/load.ts'
import { type Api, makeTokens, makeUsers, userName } from './support/users.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    connections: { type: 'string', default: '16' },
    ours: { type: 'boolean' },
    profile: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) {
  console.log(`npm run bench:hub -- [options]

  --quick          shorter loads, and 200 new users beside the 10,000 in place of 10,000 in an empty database (under 45 s)
  --connections N  that ask at once, each one request at a time (16)
  --ours           without the peer
  --profile F      writes what our hub did during each load to F-NAME.cpuprofile

Needs root and the trixie tree (testbench/trixie-up.sh). The first run makes the peer's 10,000 users, which takes minutes.
Goals: at least 20 times as much as JupyterHub; token check p99 at most 10 ms; event loop never blocked for more than 50 ms.`)
  process.exit(0)
}
const [quick, connections] = [values.quick === true, Number(values.connections)]
const [warmUpMs, measuredMs] = quick ? [1_000, 1_200] : [3_000, 10_000]
const numbers = { users: 10_000, tokens: 200 }
const [hubCore, loadCore] = [0, 1]
const pageType = 'application/jupyterhub-pagination+json'

// Whatever asks stays off the hubs' core; what this program starts from here on does so too, unless it says otherwise.
execFileSync('taskset', ['-cp', String(loadCore), String(process.pid)], { stdio: 'ignore' })

interface Side {
  readonly pid: number
  readonly port: number
  readonly token: string
  readonly tokens: readonly string[]
  readonly api: Api
}

interface Case {
  readonly name: string
  /** The whole requests, asked in turn. */
  requests(side: Side): readonly string[]
}

const request = (path: string, token: string, accept = 'application/json'): string =>
  `GET /hub/api${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: token ${token}\r\nAccept: ${accept}\r\n\r\n`
/** Spread over everything there is, so that nothing is asked for twice in a row. */
const pages = (side: Side, accept: string): string[] =>
  Array.from({ length: 97 }, (_, index) =>
    request(`/users?limit=100&offset=${(index * 3_700) % (numbers.users - 100)}`, side.token, accept),
  )
const cases: readonly Case[] = [
  { name: 'token check', requests: ({ token }) => [request('/user', token)] },
  // Each user's program by its own token, as applications ask about their visitors.
  { name: 'token check, of 200 users', requests: ({ tokens }) => tokens.map((token) => request('/user', token)) },
  {
    name: 'user model',
    requests: ({ token }) =>
      Array.from({ length: 200 }, (_, index) => request(`/users/${userName((index * 7_919) % numbers.users)}`, token)),
  },
  { name: 'page of 100 users', requests: (side) => pages(side, 'application/json') },
  { name: 'page of 100 users, wrapped', requests: (side) => pages(side, pageType) },
]

const say = (facts: object): void => console.log(JSON.stringify({ bench: 'hub', ...facts }))
const round = (value: number): number => Number(value.toPrecision(4))
const note = (words: string): void => console.error(`  ${words}`)

/** Processor time of the process so far, in all its threads (ms). */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

interface Measured extends Figures {
  readonly cpuUsPerRequest: number
}

await using stack = new AsyncDisposableStack()
const generator = stack.use(await openLoadGenerator(loadCore))

const kept = values.ours ? null : await keptJupyterHubUsers(trixieRun, numbers)
const ownHub = stack.use(await openBareHub({ core: hubCore }))
await delay(quick ? 0 : 5_000)
const idleRssMiB = rssMiB(ownHub.pid)
const making = { ours: quick ? [] : await makeUsers(ownHub.api, 0, numbers.users), theirs: [] as number[] }
if (quick) await makeUsers(ownHub.api, 0, numbers.users)
const ours: Side = { ...ownHub, tokens: await makeTokens(ownHub.api, numbers.tokens) }
const withUsersRssMiB = rssMiB(ownHub.pid)
if (kept && !quick) {
  note('making 10,000 users in JupyterHub')
  await using empty = await openJupyterHub(trixieRun, { port: 20_010, core: hubCore })
  making.theirs = await makeUsers(empty.api, 0, numbers.users)
}
const peer =
  kept && stack.use(await openJupyterHub(trixieRun, { port: 20_010, core: hubCore, database: kept.database }))
const theirs: Side | null = peer && kept && { ...peer, port: peer.hubPort, tokens: kept.tokens }
const peerName = peer ? `JupyterHub ${peer.version}` : null
const looking = stack.use(await inspect(ownHub.pid, ownHub.inspectorPort))

say({
  name: 'settings',
  batchway: version,
  node: process.version,
  peer: peerName,
  processor: cpus()[0]?.model,
  cores: cpus().length,
  loadAverage: loadavg().map(round),
  quick,
  connections,
  measuredSeconds: measuredMs / 1_000,
  ...numbers,
  database: 'SQLite',
  logging: 'as both do by default',
  ratio: 'how many times better than the peer',
})

for (const each of cases) {
  await check(each, ours)
  const own = await measure(each, ours, values.profile)
  if (theirs) await check(each, theirs)
  const other = theirs && (await measure(each, theirs))
  const facts = (side: Measured | null) =>
    side && Object.fromEntries(Object.entries(side).map(([key, value]) => [key, round(value)]))
  const line = { peerName, details: { ours: facts(own), peer: facts(other) } }
  say({ ...compare(each.name, own.perSecond, other?.perSecond, 'requests/s', 'more'), ...line })
  say({ ...compare(`${each.name}, p50`, own.p50Ms, other?.p50Ms, 'ms', 'less'), peerName })
  say({ ...compare(`${each.name}, p99`, own.p99Ms, other?.p99Ms, 'ms', 'less'), peerName })
}
const more = 200
if (quick) {
  making.ours = await makeUsers(ownHub.api, numbers.users, more)
  if (theirs) making.theirs = await makeUsers(theirs.api, numbers.users, more)
}
const seconds = (late: readonly number[]): number => late.reduce((sum, each) => sum + each, 0) / 1_000
say({
  ...compare(
    `making ${quick ? more : numbers.users} users, 500 a call at most`,
    seconds(making.ours),
    theirs ? seconds(making.theirs) : undefined,
    's',
    'less',
  ),
  peerName,
})
const { maxDelayMs, p99DelayMs } = await looking.read()
say({
  name: 'event loop, longest delay',
  ours: maxDelayMs,
  peer: null,
  peerName: null,
  ratio: null,
  unit: 'ms',
  p99DelayMs,
})
say({
  ...compare(
    'resident memory after the loads',
    rssMiB(ownHub.pid),
    theirs ? rssMiB(theirs.pid) : undefined,
    'MiB',
    'less',
  ),
  peerName,
  idleRssMiB,
  withUsersRssMiB,
})

/** @param better whether more of it is better, or less. */
function compare(name: string, own: number, other: number | undefined, unit: string, better: 'more' | 'less') {
  const ratio = other === undefined ? null : round(better === 'more' ? own / other : other / own)
  return { name, ours: round(own), peer: other === undefined ? null : round(other), ratio, unit }
}

/** That both sides do the same work: the figures are worth nothing otherwise. */
async function check({ name, requests }: Case, side: Side): Promise<void> {
  const [first = ''] = requests(side)
  const [, path = ''] = /^GET (\S+) /.exec(first) ?? []
  const headers = Object.fromEntries(
    [...first.matchAll(/^(Authorization|Accept): (.*?)\r$/gm)].map(([, key, text]) => [key, text]),
  )
  const answer = await fetch(`http://127.0.0.1:${side.port}${path}`, { headers })
  const body = (await answer.json()) as
    | { kind?: string; name?: string; items?: unknown[]; _pagination?: { total: number } }
    | unknown[]
  const items = Array.isArray(body) ? body : body.items
  const isRight = path.includes('limit=100')
    ? items?.length === 100 && (Array.isArray(body) || (body._pagination?.total ?? 0) >= numbers.users)
    : !Array.isArray(body) && (body.name === userName(0) || (path === '/hub/api/user' && body.kind === 'service'))
  if (answer.status !== 200 || !isRight)
    throw new Error(`${name}: ${answer.status} ${JSON.stringify(body).slice(0, 300)}`)
}

async function measure(each: Case, side: Side, profile?: string): Promise<Measured> {
  const load = { port: side.port, requests: each.requests(side), connections }
  // Everything has been asked for once: JupyterHub writes down each token's first use, and remembers users it has seen.
  await generator.run({ ...load, leastMs: warmUpMs, atLeast: load.requests.length })
  const end =
    profile === undefined ? null : await looking.profile(`${profile}-${each.name.replaceAll(/\W+/g, '-')}.cpuprofile`)
  const before = cpuMs(side.pid)
  const figures = await generator.run({ ...load, leastMs: measuredMs })
  const used = cpuMs(side.pid) - before
  await end?.()
  return { ...figures, cpuUsPerRequest: (used * 1_000) / figures.requests }
}
