/** What surrounds a hub and outlives it: a scheduler that starts jobs, agents in them, and hubs that die and come back. */
import type { ClaimReply } from '@batchway/agent'
import type { JobId, JobStatus } from '@batchway/schedulers'
import { BatchwayError } from '../../core/errors.ts'
import { ClaimRefused } from '../claims.ts'
import { parseTag } from '../ids.ts'
import { openRouteKeeper } from '../route-keeper.ts'
import type { SessionService } from '../service.ts'
import { type Bench, beatReport, exitReport, type FakeAgent, fakeAgent, readyReport, sampleSite } from './bench.ts'
import { type Life, openLife } from './mortal.ts'

/** An application that an agent was allowed to start. */
export interface Application {
  readonly session: string
  readonly attempt: number
  readonly restart: number
  readonly jobId: JobId
  readonly nonce: string
  readonly reply: ClaimReply
  isAlive: boolean
  /** On a node that the scheduler has given up, and that lives all the same. */
  isZombie: boolean
}

interface AgentProcess {
  readonly jobId: JobId
  readonly restart: number
  readonly about: { readonly session: string; readonly attempt: number }
  readonly node: string
  agent: FakeAgent | null
  application: Application | null
  /** A call to the hub is under way. */
  isBusy: boolean
  isSilent: boolean
  isOver: boolean
  isZombie: boolean
  nextCallAt: number
}

export interface World {
  /** Each job that starts has two processes that claim at the same moment. */
  hasTwins: boolean
  readonly applications: readonly Application[]
  readonly hub: SessionService | null
  readonly life: Life | null
  /** A new hub process, which adopts what it finds. */
  boot(): Promise<SessionService>
  /** Now, wherever it is. */
  kill(): void
  /** Let time go by, second by second: jobs start, agents call. */
  run(seconds: number, each?: () => Promise<void>): Promise<void>
  /** Another process in a running job that claims as if it were the first. */
  intrude(jobId: JobId): void
  /** The scheduler starts the job again; what ran there dies, or lives on unseen. */
  requeue(jobId: JobId, leavesZombie: boolean): void
  /** The agents of a job say nothing to the hub, or speak again. */
  silence(jobId: JobId, isSilent: boolean): void
  /** The application of a job ends by itself; its agent says so, and the job ends. */
  finish(jobId: JobId): void
}

/** @param startsIn seconds from the submit to the job's first line. */
export function openWorld(bench: Bench, startsIn = 2): World {
  const { cluster, clock } = bench
  const applications: Application[] = []
  const agents: AgentProcess[] = []
  const pendingFor = new Map<JobId, number>()
  let hub: SessionService | null = null
  let life: Life | null = null

  /** What a call of an agent becomes: an answer, a refusal, or nothing because nobody is there. */
  async function call<T>(act: () => Promise<T>): Promise<T | 'away' | BatchwayError> {
    const now = life
    if (!now || now.isOver) return 'away'
    try {
      return await Promise.race([act(), now.over.then(() => 'away' as const)])
    } catch (error) {
      if (error instanceof BatchwayError) return error
      return 'away' // 500
    }
  }

  function die(process: AgentProcess): void {
    process.isOver = true
    if (process.application) process.application.isAlive = false
  }

  function endJob(process: AgentProcess): void {
    die(process)
    if (process.isZombie) return
    const job = cluster.jobs.get(process.jobId)
    if (job && job.phase !== 'ended') cluster.end(process.jobId, { kind: 'completed', exitCode: 0 })
  }

  async function claim(process: AgentProcess, service: SessionService): Promise<void> {
    const { jobId, restart, node, about } = process
    const agent = fakeAgent(bench, service, {
      ...about,
      jobId,
      restart,
      node,
      ...(process.agent && { nonce: process.agent.request.nonce }),
    })
    process.agent = agent
    const answer = await call(() => agent.claim())
    if (process.isOver) return
    if (answer instanceof BatchwayError) {
      const isFinal = answer instanceof ClaimRefused && answer.refusal !== 'later'
      if (isFinal) endJobUnlessShared(process)
      return
    }
    if (answer === 'away') return
    const { nonce } = agent.request
    if (process.application) return
    process.application = { ...about, restart, jobId, nonce, reply: answer, isAlive: true, isZombie: process.isZombie }
    applications.push(process.application)
    await report(process, service)
  }

  /** A second process that loses leaves alone; the job lives on with the first. */
  function endJobUnlessShared(process: AgentProcess): void {
    const others = agents.some(
      (other) => other !== process && other.jobId === process.jobId && !other.isOver && !other.isZombie,
    )
    if (others) die(process)
    else endJob(process)
  }

  async function report(process: AgentProcess, service: SessionService): Promise<void> {
    const token = process.application?.reply.claimToken ?? ''
    const answer = await call(() => service.report(token, readyReport))
    if (process.isOver || answer === 'away') return
    if (answer instanceof BatchwayError || answer.order === 'stop') await leave(process, service)
  }

  async function leave(process: AgentProcess, service: SessionService): Promise<void> {
    const token = process.application?.reply.claimToken ?? ''
    if (process.application) process.application.isAlive = false
    await call(() => service.report(token, exitReport()))
    endJob(process)
  }

  async function beat(process: AgentProcess, service: SessionService): Promise<void> {
    const token = process.application?.reply.claimToken ?? ''
    const answer = await call(() => service.report(token, beatReport()))
    if (process.isOver || answer === 'away') return
    if (answer instanceof BatchwayError || answer.order === 'stop') await leave(process, service)
  }

  function turn(process: AgentProcess): void {
    const job = cluster.jobs.get(process.jobId)
    const isGone = job && !process.isZombie && (job.phase === 'ended' || job.restarts !== process.restart)
    if (isGone) die(process)
    if (process.isOver || process.isBusy || process.isSilent || clock.now() < process.nextCallAt) return
    const service = hub
    if (!service || (job?.phase === 'paused' && !process.isZombie)) return
    process.isBusy = true
    process.nextCallAt = clock.now() + (process.application ? 10_000 : 2_000)
    const work = process.application ? beat(process, service) : claim(process, service)
    void work.finally(() => {
      process.isBusy = false
    })
  }

  function startAgent(job: JobStatus): void {
    const about = parseTag(bench.parts.settings.instance, job.name)
    if (!about || job.owner === 'mallory') return
    agents.push({
      jobId: job.id,
      restart: job.restarts,
      about: { session: about.sessionId, attempt: about.attempt },
      node: job.host ?? 'n1',
      agent: null,
      application: null,
      isBusy: false,
      isSilent: false,
      isOver: false,
      isZombie: false,
      nextCallAt: clock.now(),
    })
  }

  function startJobs(): void {
    for (const job of [...cluster.jobs.values()]) {
      if (job.phase === 'pending') {
        const seconds = (pendingFor.get(job.id) ?? 0) + 1
        pendingFor.set(job.id, seconds)
        if (seconds >= startsIn) cluster.change(job.id, { phase: 'running', host: 'n1', startedAt: clock.now() })
      } else pendingFor.delete(job.id)
      const now = cluster.jobs.get(job.id)
      const hasAgent = agents.some(({ jobId, restart }) => jobId === job.id && restart === now?.restarts)
      if (now?.phase !== 'running' || hasAgent) continue
      startAgent(now)
      if (world.hasTwins) startAgent(now)
    }
  }

  const world: World = {
    hasTwins: false,
    applications,
    get hub() {
      return hub
    },
    get life() {
      return life
    },
    async boot() {
      const now = openLife()
      life = now
      const { people, store, log } = bench.parts
      const parts = {
        store: now.mortal(store),
        people: now.mortal(people),
        clusters: new Map([['main', { ...sampleSite(cluster), cluster: now.mortal(cluster) }]]),
        routes: openRouteKeeper(now.mortal(bench.proxy), { path: '/', target: 'http+unix://hub' }, log),
      }
      hub = await bench.hub(parts, now)
      return hub
    },
    kill() {
      life?.dieAfter(0, 'before')
    },
    async run(seconds, each = async () => {}) {
      for (let second = 0; second < seconds; second += 1) {
        startJobs()
        for (const process of agents) turn(process)
        await clock.advance(1_000)
        await each()
      }
    },
    intrude(jobId) {
      const job = cluster.jobs.get(jobId)
      if (job?.phase === 'running') startAgent(job)
    },
    requeue(jobId, leavesZombie) {
      const job = cluster.jobs.get(jobId)
      if (job?.phase !== 'running') return
      cluster.change(jobId, { phase: 'pending', restarts: job.restarts + 1 })
      for (const process of agents) {
        if (process.jobId !== jobId || process.isOver || !leavesZombie) continue
        process.isZombie = true
        if (process.application) process.application.isZombie = true
      }
    },
    silence(jobId, isSilent) {
      for (const process of agents) if (process.jobId === jobId) process.isSilent = isSilent
    },
    finish(jobId) {
      for (const process of agents) {
        if (process.jobId !== jobId || process.isOver || !process.application || !hub) continue
        process.isBusy = true
        void leave(process, hub)
      }
    },
  }
  return world
}
