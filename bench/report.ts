/**
 * `npm run bench:report`: a report over 100,000 sessions of 10,000 people, as the hub makes it for a page (in a thread) and as the command
 * does, while the process that holds the hub's connection goes on reading and writing. JSON lines.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join, resolve } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openReports } from '../packages/batchway/src/app/open-reports.ts'
import { gatherReport } from '../packages/batchway/src/report/gather-report.ts'
import type { Report, ReportQuery } from '../packages/batchway/src/report/report.ts'
import { plainOutcome } from '../packages/batchway/src/sessions/decide-outcome.ts'
import type { Facts } from '../packages/batchway/src/sessions/session.ts'
import { sampleAttempt, sampleSession } from '../packages/batchway/src/store/contract/samples.ts'
import { migrate } from '../packages/batchway/src/store/migrate.ts'
import { openDatabase } from '../packages/batchway/src/store/open.ts'
import { fromSession } from '../packages/batchway/src/store/session-rows.ts'
import { storesOf } from '../packages/batchway/src/store/stores.ts'

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '100000' },
    people: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '5' },
    database: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) {
  console.log(`npm run bench:report -- [options]

  --sessions N   ended ones in the database (100000), all in the period
  --people N     who asked for them (10000)
  --rounds N     reports of each kind (5)
  --database U   postgres://… with an empty database, instead of SQLite in a file

Goals: a report in at most 2 s; the event loop never blocked for more than 50 ms by it.`)
  process.exit(0)
}
const [sessions, people, rounds] = [Number(values.sessions), Number(values.people), Number(values.rounds)]
const print = (figure: object): void => console.log(JSON.stringify(figure))
const place = mkdtempSync('/var/tmp/batchway-bench-report-')
const url = values.database ?? `sqlite:${join(place, 'batchway.db')}`
const begin = Date.UTC(2026, 10, 1)
const query: ReportQuery = {
  period: { from: begin, to: begin + sessions * 10_000 },
  timeZone: 'Europe/Berlin',
  by: 'user',
}

/** As a site has them: four profiles, one in twenty fails, last lines of logs in each end. */
function rowOf(n: number) {
  const createdAt = begin + n * 10_000
  const isFailed = n % 20 === 0
  const outcome = {
    ...plainOutcome(isFailed ? 'queue-limit' : 'walltime'),
    log: Array.from({ length: 20 }, (_, line) => `[I 2026-11-01 12:00:00 ServerApp] line ${line} of what it said ${n}`),
    use: { cpuSeconds: n % 4_000, memoryPeakMiB: 900 },
  }
  const facts: Facts = { state: 'ended', outcome }
  const { spec } = sampleSession()
  const startedAt = isFailed ? null : createdAt + 20_000 + (n % 997) * 31
  return fromSession({
    ...sampleSession({
      id: `s${String(n).padStart(8, '0')}`,
      userName: `user${n % people}`,
      serverName: '',
      createdAt,
    }),
    userId: n % people,
    spec: { ...spec, profile: { key: `p${n % 4}`, title: '' }, resources: { ...spec.resources, cores: 1 + (n % 4) } },
    facts,
    startedAt,
    readyAt: startedAt === null ? null : startedAt + 8_000 + (n % 499) * 17,
    endedAt: createdAt + 3_600_000,
    version: 1,
  })
}

try {
  await using database = openDatabase(url)
  await migrate(database, 0)
  for (let first = 0; first < sessions; first += 200)
    await database.db
      .insertInto('session')
      .values(Array.from({ length: Math.min(200, sessions - first) }, (_, index) => rowOf(first + index)))
      .execute()
  const stores = storesOf(database)
  await stores.sessions.insert(sampleSession({ id: 'living' }), sampleAttempt({ sessionId: 'living' }))
  print({
    bench: 'report',
    database: url.startsWith('sqlite:') ? 'sqlite' : 'postgresql',
    sessions,
    people,
    ...(values.database === undefined && { fileMiB: Math.round(statSync(join(place, 'batchway.db')).size / 2 ** 20) }),
    load: loadavg()[0],
  })

  /** What a hub does all the time: a read, a write now and then. @returns the longest that either took, ms. */
  async function work(until: AbortSignal): Promise<number> {
    let longest = 0
    for (let count = 0; !until.aborted; count += 1) {
      const at = performance.now()
      await stores.sessions.findLatest(count % people, '')
      if (count % 5 === 0) await stores.sessions.touch('living', begin + count)
      longest = Math.max(longest, performance.now() - at)
      await delay(2)
    }
    return longest
  }

  async function measure(what: string, make: () => Promise<Report>): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      const stop = new AbortController()
      const lag = monitorEventLoopDelay({ resolution: 1 })
      const working = work(stop.signal)
      lag.enable()
      const at = performance.now()
      const cpu = process.cpuUsage()
      const report = await make()
      const ms = performance.now() - at
      const { user, system } = process.cpuUsage(cpu)
      lag.disable()
      stop.abort()
      print({
        what,
        round,
        seconds: Number((ms / 1_000).toFixed(3)),
        cpuSeconds: Number(((user + system) / 1e6).toFixed(3)),
        eventLoopMaxMs: Number((lag.max / 1e6).toFixed(1)),
        eventLoopP99Ms: Number((lag.percentile(99) / 1e6).toFixed(1)),
        othersWaitedMs: Number((await working).toFixed(1)),
        rows: report.rows.length,
        starts: report.total.count,
      })
    }
  }

  let clock = begin
  {
    const now = (): number => {
      // Nothing that was kept is of use an hour later.
      clock += 3_600_000
      return clock
    }
    await using reports = openReports({ database: url, clusters: [], now })
    await measure('page: in a thread', () => reports.make(query))
  }
  await measure('in turns, on the hub’s own connection', () => gatherReport(stores.reports, query, Date.now()))
  const control = await measureNothing()
  print({ what: 'control: no report', eventLoopMaxMs: control })

  // An address of PostgreSQL holds a password: nothing for a command line.
  if (values.database === undefined) {
    const program = resolve(import.meta.dirname, '../packages/batchway/bin/batchway')
    const period = ['--from', '2026-11-01', '--to', '2027-12-01']
    const at = performance.now()
    execFileSync(program, ['report', '--database', url, ...period, '--output', join(place, 'report.txt')])
    print({ what: 'command, with its own start', seconds: Number(((performance.now() - at) / 1_000).toFixed(3)) })
  }

  async function measureNothing(): Promise<number> {
    const lag = monitorEventLoopDelay({ resolution: 1 })
    const working = work(AbortSignal.timeout(2_000))
    lag.enable()
    await working
    lag.disable()
    return Number((lag.max / 1e6).toFixed(1))
  }
} finally {
  rmSync(place, { recursive: true, force: true })
}
