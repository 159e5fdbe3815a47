/**
 * `npm run bench:proxy`: our proxy with all that a site has on, beside configurable-http-proxy, nginx, HAProxy and the least that Node needs,
 * in turn on one core before the same backend, asked from the other. JSON lines; a table at the end.
 */
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { openBackend } from './proxy/backend.ts'
import { type Kind, kinds, type Result, round } from './proxy/cases.ts'
import { bareForwarder, chp, haproxy, nginx, ours, type Stage } from './proxy/contender.ts'
import type { Tools } from './proxy/measure.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    only: { type: 'string', multiple: true },
    case: { type: 'string', multiple: true },
    seconds: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})
const all = { ours, chp, bare: bareForwarder, nginx, haproxy }
if (values.help) {
  console.log(`npm run bench:proxy -- [options]

  --quick      short loads, and the two cases that say most (under 45 s)
  --only NAME  only this proxy: ${Object.keys(all).join(', ')} (repeatable)
  --case WORDS only cases with these words in their name (repeatable): ${kinds.flatMap(({ cases }) => cases.map(({ name }) => name)).join('; ')}
  --seconds N  how long each load is measured: 8, or 2 with --quick

Needs Debian's wrk, nginx-light, haproxy, openssl and curl, and configurable-http-proxy in the test bench's cache:
  npm install --ignore-scripts --prefix /var/cache/batchway-bench/chp configurable-http-proxy@5.3.0
Goals: 6 times the requests of CHP and 0.6 times those of nginx, p99 a fifth of CHP's; WebSockets 0.95 times nginx; 1 GiB as fast as nginx; at most 12 kB for an idle WebSocket.`)
  process.exit(0)
}
const quick = values.quick === true
const seconds = Number(values.seconds ?? (quick ? 2 : 8))
const tools: Tools = { core: 1, measuredMs: seconds * 1_000 }
const isChosen = (name: string): boolean => !values.case || values.case.some((words) => name.includes(words))
const chosenKinds = kinds
  .map(
    (kind): Kind => ({ ...kind, cases: kind.cases.filter((each) => isChosen(each.name) && (!quick || each.isQuick)) }),
  )
  .filter(({ cases }) => cases.length > 0)
const contenders = Object.entries(all).filter(([key]) => !values.only || values.only.includes(key))
if (!(seconds >= 1) || chosenKinds.length === 0 || contenders.length === 0) {
  console.error('nothing to measure: --seconds is 1 or more, and --help has the names of proxies and cases')
  process.exit(2)
}

const say = (facts: object): void => console.log(JSON.stringify({ bench: 'proxy', ...facts }))

await using stack = new AsyncDisposableStack()
const backend = stack.use(await openBackend(tools.core))
const settings = { core: 0, cores: cpus().length, processor: cpus()[0]?.model, loadAverage: loadavg().map(round) }
const stageOf = (kind: Kind['backend']): Stage => ({
  core: settings.core,
  backendPort: kind === 'echoes' ? backend.echoPort : backend.port,
  tls: kind === 'tls' ? backend : null,
})
const found = new Map<string, { readonly version: string; readonly results: Record<string, Result> }>()
for (const [, open] of contenders) {
  const results: Record<string, Result> = {}
  let [name, version] = ['', '']
  for (const kind of chosenKinds) {
    // It would speak plainly all the same.
    if (kind.backend === 'tls' && open === bareForwarder) continue
    await using contender = await open(stageOf(kind.backend))
    ;({ name, version } = contender)
    for (const each of kind.cases) Object.assign(results, await each.run(contender, tools, backend))
  }
  if (name === '') continue
  console.error(`  ${name} ${version} is through`)
  found.set(name, { version, results })
}

say({
  name: 'settings',
  quick,
  node: process.version,
  ...settings,
  measuredSeconds: seconds,
  versions: Object.fromEntries([...found].map(([name, { version }]) => [name, version])),
})
const [own, ...peers] = [...found]
const table: Record<string, Record<string, string | number>> = {}
for (const [name, mine] of Object.entries(own?.[1].results ?? {})) {
  const value = round(mine.value)
  const theirs = peers.filter(([, { results }]) => results[name])
  table[name] = { [own?.[0] ?? '']: value, unit: mine.unit }
  if (theirs.length === 0)
    say({ name, ours: value, peer: null, peerName: null, ratio: null, unit: mine.unit, details: mine.details })
  for (const [peerName, { results }] of theirs) {
    const peer = results[name]
    if (!peer) continue
    const ratio = round(mine.isMore ? mine.value / peer.value : peer.value / mine.value)
    const details = { ours: mine.details, peer: peer.details }
    say({ name, ours: value, peer: round(peer.value), peerName, ratio, unit: mine.unit, details })
    table[name] = { ...table[name], [peerName]: `${round(peer.value)} (${ratio})` }
  }
}
console.error('Ours, and how many times better it is than each of the others:')
for (const [name, row] of Object.entries(table)) {
  const cells = Object.entries(row).map(([key, value]) => `${key} ${value}`)
  console.error(`${name.padEnd(44)} ${cells.join('   ')}`)
}
