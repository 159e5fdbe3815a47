/**
 * The day behind the founding talk's table: three people, driven through the real machine on a clock that stands still between steps. The
 * talk's means and longest starts are whole milliseconds only if 24 of balc0022's 26 starts became ready, none of jj's 4, and all ten of
 * yminato's.
 */
import assert from 'node:assert/strict'
import type { Spec } from '../../profiles/spec.ts'
import type { Period } from '../../report/report.ts'
import type { SessionService } from '../../sessions/service.ts'
import {
  type Bench,
  type BenchParts,
  exitReport,
  fakeAgent,
  openBench,
  readyReport,
  sampleSite,
  sampleSpec,
} from '../../sessions/testing/bench.ts'
import { fakeCluster } from '../../sessions/testing/fake-cluster.ts'
import { followEvents } from './follow-events.ts'

const spread = (count: number, sum: number, longest: number): number[] => {
  const rest = count - 1
  const share = Math.floor((sum - longest) / rest)
  // Some earlier, some later, by the same: a day is not even.
  const times = Array.from({ length: rest }, (_, i) => share + (i % 2 === 0 ? 1 : -1) * Math.floor(i / 2) * 911)
  const off = sum - longest - times.reduce((all, ms) => all + ms, 0)
  times[0] = (times[0] ?? 0) + off
  times.splice(Math.floor(rest / 2), 0, longest)
  return times
}
/** Milliseconds from the click to ready: 24 with a mean of 46.565667 s, ten with one of 34.327 s. */
export const startTimes = { balc0022: spread(24, 1_117_576, 117_146), yminato: spread(10, 343_270, 86_152) }

/** Turns of the event loop after which everything rests; generous, for a busy machine gives each statement a turn of its own. */
const patience = 40
const hours = 3_600
const limits = { queueSeconds: 300, bootSeconds: 300, readySeconds: 120, stopSeconds: 30 }
const specOf = (queue: string, memoryGiB: number, wallHours: number, cores: number): Spec =>
  sampleSpec({
    profile: { key: queue === 'mesabi' ? 'mesabi2c4g12h' : 'mesabi128gb', title: queue },
    cluster: 'mesabim3',
    clusterTitle: 'Mesabi',
    resources: { cores, memoryMiB: memoryGiB * 1_024, gpus: 0, wallSeconds: wallHours * hours },
    jobOptions: { queue },
    limits,
  })
const large = specOf('ram256g', 125, 4, 12)
const small = specOf('mesabi', 4, 8, 2)

export interface FoundingDay extends AsyncDisposable {
  readonly bench: Bench
  /** What was written about it. */
  readonly lines: readonly string[]
  readonly period: Period
}

/** What differs for a site that looks back on this day. */
export interface DayParts extends Omit<BenchParts, 'turns'> {
  /** Nothing is left in the queue at its end. */
  readonly isOver?: boolean
}

export async function openFoundingDay({ isOver = false, ...parts }: DayParts = {}): Promise<FoundingDay> {
  await using undo = new AsyncDisposableStack()
  const bench = undo.use(await openBench({ ...parts, turns: patience }))
  const { clock } = bench
  const cluster = fakeCluster('mesabim3')
  const hub = await bench.hub({ clusters: new Map([['mesabim3', sampleSite(cluster)]]) })
  const lines = followEvents({ hub, store: bench.stores.sessions, now: clock.now })
  const from = clock.now()
  /** The submit has come through; the clock stands still meanwhile. */
  async function jobOf(id: string) {
    for (let tries = 0; tries < 1_000; tries += 1) {
      const job = cluster.jobOf(`b00${id}01`)
      if (job) return job.id
      await clock.settle()
    }
    return assert.fail(`no job of ${id}`)
  }

  async function begin(user: string, spec: Spec, server = '') {
    const session = await hub.start(await bench.people.ensureUser(user), server, spec)
    await jobOf(session.id)
    return session.id
  }
  /** The application answers so many milliseconds after the click. */
  async function becomeReady(user: string, spec: Spec, ms: number) {
    const clicked = clock.now()
    const id = await begin(user, spec)
    const jobId = await jobOf(id)
    await clock.advance(Math.floor(ms / 3))
    cluster.change(jobId, { phase: 'running', host: 'n1' })
    const agent = fakeAgent(bench, hub, { session: id, jobId })
    // It is let in once an answer of the scheduler shows its job.
    let isClaimed = false
    const claiming = agent.claim().then(() => {
      isClaimed = true
    })
    while (!isClaimed && clock.now() < clicked + ms - 1_000) await clock.advance(250)
    assert.ok(isClaimed, 'claimed in time')
    await claiming
    await clock.advance(clicked + ms - clock.now())
    await agent.report(readyReport)
    await clock.advance(60_000)
    assert.equal((await hub.find(id))?.readyAt, clicked + ms)
    await stopped(hub, id, () => agent.report(exitReport({ why: 'stopped' })))
  }
  async function stopped(on: SessionService, id: string, exit?: () => Promise<unknown>) {
    await on.stop(id, 'root')
    await exit?.()
    await clock.advance(60_000)
    assert.equal((await on.find(id))?.facts.state, 'ended')
  }
  /** The queue is busy: nothing begins within the limit. */
  async function waitInVain(user: string, spec: Spec) {
    const id = await begin(user, spec)
    await clock.advance(400_000)
    const facts = (await hub.find(id))?.facts
    assert.ok(facts?.state === 'ended' && facts.outcome.code === 'queue-limit')
  }
  async function giveUp(user: string, spec: Spec) {
    const id = await begin(user, spec)
    await clock.advance(20_000)
    await hub.stop(id, user)
    await clock.advance(60_000)
  }

  for (const ms of startTimes.balc0022.slice(0, 12)) await becomeReady('balc0022', small, ms)
  await waitInVain('balc0022', small)
  await giveUp('balc0022', large)
  for (const ms of startTimes.balc0022.slice(12)) await becomeReady('balc0022', large, ms)
  for (const ms of startTimes.yminato) await becomeReady('yminato', small, ms)
  await waitInVain('jj', large)
  await waitInVain('jj', small)
  await giveUp('jj', small)
  // Still in the queue when the report is written.
  if (isOver) await giveUp('jj', small)
  else await begin('jj', small)
  await clock.advance(10_000)
  const keep = undo.move()
  return { bench, lines, period: { from, to: clock.now() }, [Symbol.asyncDispose]: () => keep.disposeAsync() }
}
