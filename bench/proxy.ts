/**
 * `npm run bench:proxy`: our proxy with all that a site has on, beside configurable-http-proxy, nginx, HAProxy and the least that Node needs,
 * in turn on one core before the same backend, asked from the other. JSON lines; a table at the end.
 */
import { existsSync, truncateSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { openBackend } from './proxy/backend.ts'
import { bareForwarder, type Contender, chp, haproxy, nginx, ours, type Stage } from './proxy/contender.ts'
import { echoes, type Figures, idleBytes, requests, type Tools, transfer } from './proxy/measure.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    only: { type: 'string', multiple: true },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) {
  console.log(`npm run bench:proxy -- [options]

  --quick      short loads, and the three that say most (under 45 s)
  --only NAME  only this proxy: ours, chp, bare, nginx, haproxy (repeatable)

Needs Debian's wrk, nginx-light, haproxy and curl, and configurable-http-proxy in the test bench's cache:
  npm install --ignore-scripts --prefix /var/cache/batchway-bench/chp configurable-http-proxy@5.3.0
Goals: 6 times the requests of CHP and 0.6 times those of nginx, p99 a fifth of CHP's; WebSockets 0.95 times nginx; 1 GiB as fast as nginx; at most 12 kB for an idle WebSocket.`)
  process.exit(0)
}
const quick = values.quick === true
const tools: Tools = { core: 1, measuredMs: quick ? 2_000 : 8_000 }
const all = { ours, chp, bare: bareForwarder, nginx, haproxy }
const chosen = Object.entries(all).filter(([key]) => !values.only || values.only.includes(key))

interface Result {
  readonly unit: string
  /** Whether more of it is better. */
  readonly isMore: boolean
  readonly value: number
  readonly details?: object
}
type Case = (contender: Contender, stage: Stage & { readonly echoPort: number }) => Promise<Record<string, Result>>

const round = (value: number): number => Number(value.toPrecision(4))
const rounded = (facts: object): object =>
  Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, round(Number(value))]))
function served(name: string, figures: Figures, unit = 'requests/s'): Record<string, Result> {
  const details = rounded(figures)
  return {
    [name]: { unit, isMore: true, value: figures.perSecond, details },
    [`${name}, p99`]: { unit: 'ms', isMore: false, value: figures.p99Ms },
  }
}

const asked = (name: string, path: string, connections: number): Case => {
  return async (contender) => served(name, await requests(contender, tools, { path, connections }))
}
const upload = '/var/tmp/batchway-bench-upload'
const httpCases: readonly Case[] = quick
  ? [asked('100 bytes, 64 connections', '/small', 64)]
  : [
      asked('100 bytes, 1 connection', '/small', 1),
      asked('100 bytes, 64 connections', '/small', 64),
      asked('100 bytes, 512 connections', '/small', 512),
      asked('64 KiB, 64 connections', '/large', 64),
      async (contender) => {
        const { seconds, grownMiB } = await transfer(contender, tools, [], '/huge')
        return {
          '1 GiB down': { unit: 's', isMore: false, value: seconds },
          '1 GiB down, memory grown': { unit: 'MiB', isMore: false, value: grownMiB },
        }
      },
    ]
const echoCases: readonly Case[] = quick
  ? [async (contender) => served('50 WebSockets, 128 bytes', await echoes(contender, tools, 50), 'round trips/s')]
  : [
      async (contender) => served('50 WebSockets, 128 bytes', await echoes(contender, tools, 50), 'round trips/s'),
      async (contender) =>
        served('1,000 WebSockets, 128 bytes', await echoes(contender, tools, 1_000), 'round trips/s'),
      async (contender) => {
        const value = await idleBytes(contender, tools, 5_000)
        return { 'idle WebSocket': { unit: 'bytes', isMore: false, value } }
      },
      async (contender) => {
        const { seconds, grownMiB } = await transfer(contender, tools, ['-T', upload], '/upload')
        return {
          '1 GiB up': { unit: 's', isMore: false, value: seconds },
          '1 GiB up, memory grown': { unit: 'MiB', isMore: false, value: grownMiB },
        }
      },
    ]
const routes = 50_000
const routeCases: readonly Case[] = quick
  ? []
  : [
      async (contender, { backendPort }) => {
        if (!contender.addRoutes) return {}
        const from = performance.now()
        await contender.addRoutes(routes, `http://127.0.0.1:${backendPort}`)
        const seconds = (performance.now() - from) / 1_000
        return {
          '50,000 routes made': { unit: 's', isMore: false, value: seconds },
          ...served(
            '50,000 routes, 64 connections',
            await requests(contender, tools, { path: '/', connections: 64, routes }),
          ),
        }
      },
    ]

const say = (facts: object): void => console.log(JSON.stringify({ bench: 'proxy', ...facts }))
if (!existsSync(upload)) writeFileSync(upload, '')
truncateSync(upload, 2 ** 30)

await using stack = new AsyncDisposableStack()
const backend = stack.use(await openBackend(tools.core))
const settings = { core: 0, cores: cpus().length, processor: cpus()[0]?.model, loadAverage: loadavg().map(round) }
const found = new Map<string, { readonly version: string; readonly results: Record<string, Result> }>()
for (const [, open] of chosen) {
  const results: Record<string, Result> = {}
  let [name, version] = ['', '']
  // Fresh for each kind of load: what one has left in memory is not measured with the next.
  for (const [cases, backendPort] of [
    [httpCases, backend.port],
    [echoCases, backend.echoPort],
    [routeCases, backend.port],
  ] as const) {
    if (cases.length === 0) continue
    const stage = { core: settings.core, backendPort, echoPort: backend.echoPort }
    await using contender = await open(stage)
    ;({ name, version } = contender)
    for (const each of cases) Object.assign(results, await each(contender, stage))
  }
  console.error(`  ${name} ${version} is through`)
  found.set(name, { version, results })
}

say({
  name: 'settings',
  quick,
  node: process.version,
  ...settings,
  measuredSeconds: tools.measuredMs / 1_000,
  versions: Object.fromEntries([...found].map(([name, { version }]) => [name, version])),
})
const [own, ...peers] = [...found]
const table: Record<string, Record<string, string | number>> = {}
for (const [name, mine] of Object.entries(own?.[1].results ?? {})) {
  table[name] = { [own?.[0] ?? '']: round(mine.value), unit: mine.unit }
  if (peers.length === 0)
    say({
      name,
      ours: round(mine.value),
      peer: null,
      peerName: null,
      ratio: null,
      unit: mine.unit,
      details: mine.details,
    })
  for (const [peerName, { results }] of peers) {
    const theirs = results[name]
    if (!theirs) continue
    const ratio = round(mine.isMore ? mine.value / theirs.value : theirs.value / mine.value)
    say({
      name,
      ours: round(mine.value),
      peer: round(theirs.value),
      peerName,
      ratio,
      unit: mine.unit,
      details: { ours: mine.details, peer: theirs.details },
    })
    table[name] = { ...table[name], [peerName]: `${round(theirs.value)} (${ratio})` }
  }
}
console.error('Ours, and how many times better it is than each of the others:')
console.error(
  Object.entries(table)
    .map(
      ([name, row]) =>
        `${name.padEnd(36)} ${Object.entries(row)
          .map(([key, value]) => `${key} ${value}`)
          .join('   ')}`,
    )
    .join('\n'),
)
