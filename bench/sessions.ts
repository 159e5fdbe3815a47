/**
 * `npm run bench:sessions`: many quiet sessions on real Slurm. How many list calls, how long from a job's end, failure or suspension to the
 * page when no agent says a word, how much memory, how long the event loop stood still. JSON lines.
 */
import { execFileSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { SessionView } from '../packages/batchway/src/api/session-view.ts'
import { openSite } from '../test/e2e/support/site.ts'
import { openFleet, type SleepingJob } from './support/agent-fleet.ts'
import { favour } from './support/favour.ts'
import { followSessions } from './support/follow-sessions.ts'
import { inspect, rssMiB } from './support/inspect.ts'
import { openPaperSlurm } from './support/paper-slurm.ts'
import { countCommands, eachOf, percentile, signInHeaders, uidOf } from './support/sleepers.ts'
import { makeStubAgent } from './support/stub-agent.ts'

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '1000' },
    users: { type: 'string', default: '0' },
    own: { type: 'string', default: '200' },
    changes: { type: 'string', default: '90' },
    every: { type: 'string', default: '2' },
    paper: { type: 'boolean' },
    profile: { type: 'string' },
    snapshot: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) {
  console.log(`npm run bench:sessions -- [options]

  --sessions N   sleeping sessions (1000)
  --users N      users that the hub knows besides, made before (as many as the sessions need)
  --own N        sessions of the one person whose page is watched and whose jobs change; all others have one each (200)
  --changes N    jobs that are ended, killed or suspended behind the hub's back (90)
  --every S      seconds between two of them (2)
  --paper        no Slurm: its commands, with nothing behind them, for more sessions than one machine can hold jobs (see support/paper-slurm.ts)
  --profile F    writes what the hub did to F-start.cpuprofile and F-quiet.cpuprofile
  --snapshot F   writes all that lives in the hub's memory to F at the end: the figures before it are not touched by it

Needs root. Starts a Slurm of its own. JSON lines: "start" (until all are ready), "quiet" (a minute of heartbeats), "change-to-page" for each
kind of change, "changing" (all of these), "goals" (what was reached, and what is to be). Words on the way go to standard error.`)
  process.exit(0)
}
const [count, changes] = [Number(values.sessions), Number(values.changes)]
/** Nobody has a thousand servers: what a hub does about one person's would be measured a thousand times over. */
const own = Math.min(count, Number(values.own))
const users = Math.max(Number(values.users), count - own)
const everyMs = Number(values.every) * 1_000
const say = (figure: string, facts: object): void =>
  console.log(
    JSON.stringify({ bench: 'sessions', figure, sessions: count, users, paper: values.paper === true, ...facts }),
  )
const note = (words: string): void => console.error(`  ${words}`)

using agent = makeStubAgent()
using counted = values.paper ? openPaperSlurm(agent.spool) : countCommands()
await using site = await openSite({
  instance: 'b1',
  change(config) {
    config.admins = ['carol']
    config.clusters = {
      slurm: {
        driver: 'slurm',
        transport: 'sudo',
        agent: agent.folder,
        account: 'alice',
        listen: { advertise: '127.0.0.1' },
        // As in production: no login shell of Slurm's for each job.
        settings: { commandDirectory: counted.folder, environment: 'clean' },
      },
    }
    config.applications = { sleep: { kind: 'command', command: ['/bin/sleep', '{port}'] } }
    config.profiles = [
      {
        key: 'sleep',
        title: 'Sleeping',
        cluster: 'slurm',
        application: 'sleep',
        resources: { cores: 1, memory: '20M', walltime: '4h' },
        options: { partition: 'many' },
        limits: { boot: '1h', ready: '1h' },
      },
    ]
  },
})
const headers = await signInHeaders(site, 'alice')
const admin = await signInHeaders(site, 'carol')
await makeUsers()
await site.killAndWait('hub') // the first one strips types: what it makes of them the next ones find
await delay(5_000)
const idleRssMiB = rssMiB(site.pidOf('hub'))
await using fleet = await openFleet(agent.spool, uidOf('alice'))
using page = await followSessions(site.url, headers)
for (const part of ['hub', 'proxy'] as const) favour(site.pidOf(part))
using hub = await inspect(site.pidOf('hub'))

note(`starting ${count} sessions; the idle hub has ${idleRssMiB} MiB`)
const endStartProfile = values.profile === undefined ? null : await hub.profile(`${values.profile}-start.cpuprofile`)
const startedAt = performance.now()
await eachOf(
  Array.from({ length: count }, (_, index) => index),
  16,
  async (index) => {
    const isOwn = index < own
    const path = isOwn ? `users/alice/servers/s${index}` : `users/user${index - own}/server`
    const answer = await fetch(`${site.url}hub/api/${path}`, {
      method: 'POST',
      headers: { ...(isOwn ? headers : admin), 'Content-Type': 'application/json' },
      body: JSON.stringify({ profile: 'sleep' }),
    })
    if (answer.status !== 202) throw new Error(`starting ${path}: ${answer.status} ${await answer.text()}`)
    await answer.body?.cancel()
  },
)
const askedAt = performance.now()
note(`all were asked for within ${seconds(askedAt - startedAt)} s`)
const ready = (): SessionView[] =>
  [...page.sessions.values()].map(({ view }) => view).filter(({ state }) => state === 'ready')
await untilReady(1_800_000)
await endStartProfile?.()
const starting = await hub.read()
say('start', {
  requestsSeconds: seconds(askedAt - startedAt),
  readySeconds: seconds(performance.now() - startedAt),
  listCalls: counted.listCalls().length,
  agents: fleet.sent,
  idleRssMiB,
  ...starting,
})

note('quiet, agents beating')
const quietMs = 60_000
await hub.restart()
const endQuietProfile = values.profile === undefined ? null : await hub.profile(`${values.profile}-quiet.cpuprofile`)
let from = Date.now()
await delay(quietMs)
await endQuietProfile?.()
const quiet = await hub.read()
say('quiet', { listCallsPerMinute: callsPerMinute(from), agents: fleet.sent, ...quiet })

note(`${changes} changes, agents silent`)
fleet.silence()
await delay(15_000) // what was on its way has arrived
await hub.restart()
from = Date.now()
const kinds = {
  end: { act: counted.end, shows: ({ state }) => state === 'ended' },
  failure: { act: counted.fail, shows: ({ state }) => state === 'ended' },
  suspension: { act: counted.suspend, shows: ({ paused }) => paused },
} satisfies Record<string, Change>
const lateMs: Record<keyof typeof kinds, number[]> = { end: [], failure: [], suspension: [] }
const waiting: Promise<void>[] = []
const chosen = ready()
  .toSorted(() => Math.random() - 0.5)
  .slice(0, changes)
for (const [index, { id }] of chosen.entries()) {
  const kind = (['end', 'failure', 'suspension'] as const)[index % 3] ?? 'end'
  const job = fleet.jobs.get(id)
  if (!job) throw new Error(`no job of session ${id}`)
  const changedAt = performance.now()
  kinds[kind].act(job)
  waiting.push(page.until(id, kinds[kind].shows).then((at) => void lateMs[kind].push(Math.max(0, at - changedAt))))
  // Not in step with the hub's interval.
  await delay(everyMs * (0.5 + Math.random()))
}
const patience = new AbortController()
await Promise.race([
  Promise.all(waiting),
  delay(120_000, undefined, { signal: patience.signal }).catch(() => undefined),
])
patience.abort() // else the timer would keep the bench alive
const all = Object.values(lateMs).flat()
for (const [kind, list] of [...Object.entries(lateMs), ['all', all] as const])
  say('change-to-page', {
    kind,
    changes: list.length,
    p50Seconds: seconds(percentile(list, 0.5)),
    p95Seconds: seconds(percentile(list, 0.95)),
    maxSeconds: seconds(Math.max(...list)),
  })
const changing = await hub.read()
const missed = chosen.length - all.length
const listCalls = callsPerMinute(from)
say('changing', { missed, listCallsPerMinute: listCalls, agents: fleet.sent, ...changing })
say('goals', {
  reached: {
    idleRssMiB,
    peakRssMiB: changing.memory.peakRssMiB,
    quietRssMiB: quiet.rssMiB,
    maxDelayMs: Math.max(...[starting, quiet, changing].map(({ maxDelayMs }) => maxDelayMs)),
    listCallsPerMinute: listCalls,
    p95Seconds: seconds(percentile(all, 0.95)),
    missed,
  },
  goals: {
    idleRssMiB: 120,
    peakRssMiB: 250,
    quietRssMiB: 250,
    maxDelayMs: 50,
    listCallsPerMinute: 20,
    p95Seconds: 5,
    missed: 0,
  },
})
if (values.snapshot !== undefined) await hub.snapshot(values.snapshot)
if (!values.paper) execFileSync('scancel', ['--user=alice'], { stdio: ['ignore', 'ignore', 'inherit'] })

interface Change {
  act(job: SleepingJob): void
  shows(view: SessionView): boolean
}

/** In requests of a thousand. */
async function makeUsers(): Promise<void> {
  const names = Array.from({ length: users }, (_, index) => `user${index}`)
  for (let at = 0; at < names.length; at += 1_000) {
    const body = JSON.stringify({ usernames: names.slice(at, at + 1_000) })
    const headers = { ...admin, 'Content-Type': 'application/json' }
    const answer = await fetch(`${site.url}hub/api/users`, { method: 'POST', headers, body })
    if (answer.status !== 201) throw new Error(`making users: ${answer.status} ${await answer.text()}`)
  }
}

/** Sessions that have not ended, by state. Asked seldom: the hub counts them anew for each who asks. */
async function states(): Promise<Readonly<Record<string, number>>> {
  const answer = await fetch(`${site.url}hub/metrics`, { headers: admin })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`the hub's figures: ${answer.status} ${text}`)
  const rows = text.matchAll(/^batchway_sessions\{cluster="slurm",state="(\w+)"\} (\d+)$/gm)
  return Object.fromEntries([...rows].map(([, state = '', many]) => [state, Number(many)]))
}

/** Says every few seconds how far they are. @throws {Error} at once when there is nothing left to wait for. */
async function untilReady(limitMs: number): Promise<void> {
  const giveUpAt = performance.now() + limitMs
  for (;;) {
    const now = await states()
    const told = `${now.ready} of ${count} are ready, ${rssMiB(site.pidOf('hub'))} MiB; states ${JSON.stringify(now)}; messages of the agents ${JSON.stringify(fleet.sent)}`
    if (now.ready === count) return
    const lost = page.lost()
    if (lost) throw new Error(told, { cause: lost })
    const living = Object.values(now).reduce((sum, each) => sum + each, 0)
    const ended = [...page.sessions.values()].find(({ view }) => view.state === 'ended')?.view.outcome
    if (living < count || ended)
      throw new Error(`some have ended (${ended?.code} ${ended?.words}); ${told}\n${lastWarnings()}`)
    if (performance.now() > giveUpAt) throw new Error(`after ${seconds(limitMs)} s ${told}\n${lastWarnings()}`)
    note(told)
    await delay(3_000)
  }
}

/** What the hub itself said of it. */
const lastWarnings = (): string =>
  site
    .log()
    .split('\n')
    .filter((line) => /"level":"?(?:warn|error|40|50)/.test(line))
    .slice(-5)
    .join('\n')

function seconds(ms: number): number {
  return Math.round(ms / 10) / 100
}

/** The busiest minute counts. */
function callsPerMinute(since: number): number {
  const times = counted.listCalls().filter((at) => at >= since)
  return Math.max(0, ...times.map((first) => times.filter((at) => at >= first && at < first + 60_000).length))
}
