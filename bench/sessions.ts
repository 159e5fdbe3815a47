/**
 * `npm run bench:sessions`: many quiet sessions on real Slurm. How many list calls, how long from a job's end, failure or suspension to the
 * page when no agent says a word, how much memory, how long the event loop stood still. JSON lines.
 */
import { execFileSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { SessionView } from '../packages/batchway/src/api/session-view.ts'
import { openSite } from '../test/e2e/support/site.ts'
import { until } from '../test/e2e/support/until.ts'
import { openFleet } from './support/agent-fleet.ts'
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
    changes: { type: 'string', default: '90' },
    every: { type: 'string', default: '2' },
    paper: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) {
  console.log(`npm run bench:sessions -- [options]

  --sessions N   sleeping sessions (1000)
  --users N      users that the hub knows besides, made before (0)
  --changes N    jobs that are ended, killed or suspended behind the hub's back (90)
  --every S      seconds between two of them (2)
  --paper        no Slurm: its commands, with nothing behind them, for more sessions than one machine can hold jobs (see support/paper-slurm.ts)

Needs root. Starts a Slurm of its own. Goals: at most 20 list calls a minute, p95 from change to page at most 5 s, event loop never
blocked for more than 50 ms, at most 250 MB.`)
  process.exit(0)
}
const [count, users, changes] = [Number(values.sessions), Number(values.users), Number(values.changes)]
const everyMs = Number(values.every) * 1_000
const say = (figure: string, facts: object): void =>
  console.log(JSON.stringify({ bench: 'sessions', figure, ...facts }))
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
await makeUsers(await signInHeaders(site, 'carol'))
await site.killAndWait('hub') // the first one strips types: what it makes of them the next ones find
await delay(5_000)
const idleRssMiB = rssMiB(site.pidOf('hub'))
await using fleet = await openFleet(agent.spool, uidOf('alice'))
using page = await followSessions(site.url, headers)
for (const part of ['hub', 'proxy'] as const) favour(site.pidOf(part))
using hub = await inspect(site.pidOf('hub'))

note(`starting ${count} sessions`)
const startedAt = performance.now()
await eachOf(
  Array.from({ length: count }, (_, index) => `s${index}`),
  16,
  async (name) => {
    const answer = await fetch(`${site.url}hub/api/users/alice/servers/${name}`, {
      method: 'POST',
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: JSON.stringify({ profile: 'sleep' }),
    })
    if (answer.status !== 202) throw new Error(`starting ${name}: ${answer.status} ${await answer.text()}`)
  },
)
const askedAt = performance.now()
const ready = (): SessionView[] =>
  [...page.sessions.values()].map(({ view }) => view).filter(({ state }) => state === 'ready')
const hasEnded = (): SessionView | undefined =>
  [...page.sessions.values()].map(({ view }) => view).find(({ state }) => state === 'ended')
await until(
  `${count} sessions are ready`,
  () => {
    const ended = hasEnded()
    if (ended) throw new Error(`one has ended: ${ended.outcome?.code} ${ended.outcome?.words}`)
    return ready().length === count
  },
  1_800_000,
).catch((error: unknown) => {
  note(`${ready().length} are ready; messages of the agents: ${JSON.stringify(fleet.sent)}`)
  throw error
})
const starting = await hub.read()
say('start', {
  sessions: count,
  users,
  requestsSeconds: seconds(askedAt - startedAt),
  readySeconds: seconds(performance.now() - startedAt),
  listCalls: counted.listCalls().length,
  idleRssMiB,
  ...starting,
})

note('quiet, agents beating')
const quietMs = 60_000
await hub.restart()
let from = Date.now()
await delay(quietMs)
say('quiet', { sessions: count, listCallsPerMinute: callsPerMinute(from), ...(await hub.read()) })

note(`${changes} changes, agents silent`)
fleet.silence()
await delay(15_000) // what was on its way has arrived
await hub.restart()
from = Date.now()
const kinds = {
  end: { act: ({ jobId }) => run('scancel', jobId), shows: ({ state }) => state === 'ended' },
  failure: { act: ({ pid }) => process.kill(pid, 'SIGKILL'), shows: ({ state }) => state === 'ended' },
  suspension: { act: ({ jobId }) => run('scontrol', 'suspend', jobId), shows: ({ paused }) => paused },
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
await Promise.race([Promise.all(waiting), delay(120_000)])
const all = Object.values(lateMs).flat()
for (const [kind, list] of [...Object.entries(lateMs), ['all', all] as const])
  say('change-to-page', {
    kind,
    changes: list.length,
    p50Seconds: seconds(percentile(list, 0.5)),
    p95Seconds: seconds(percentile(list, 0.95)),
    maxSeconds: seconds(Math.max(...list)),
  })
say('changing', {
  sessions: count,
  missed: chosen.length - all.length,
  listCallsPerMinute: callsPerMinute(from),
  goals: { listCallsPerMinute: 20, p95Seconds: 5, maxDelayMs: 50, idleRssMiB: 120, rssMiB: 250 },
  ...(await hub.read()),
})
run('scancel', '--user=alice')

interface Change {
  act(job: { readonly jobId: string; readonly pid: number }): void
  shows(view: SessionView): boolean
}

/** In requests of a thousand. */
async function makeUsers(admin: Record<string, string>): Promise<void> {
  const names = Array.from({ length: users }, (_, index) => `user${index}`)
  for (let at = 0; at < names.length; at += 1_000) {
    const body = JSON.stringify({ usernames: names.slice(at, at + 1_000) })
    const headers = { ...admin, 'Content-Type': 'application/json' }
    const answer = await fetch(`${site.url}hub/api/users`, { method: 'POST', headers, body })
    if (answer.status !== 201) throw new Error(`making users: ${answer.status} ${await answer.text()}`)
  }
}

function run(file: string, ...args: string[]): void {
  execFileSync(file, args, { stdio: ['ignore', 'ignore', 'inherit'] })
}

function seconds(ms: number): number {
  return Math.round(ms / 10) / 100
}

/** The busiest minute counts. */
function callsPerMinute(since: number): number {
  const times = counted.listCalls().filter((at) => at >= since)
  return Math.max(0, ...times.map((first) => times.filter((at) => at >= first && at < first + 60_000).length))
}
