/** Submits the probe job, follows it to its end, and leaves nothing behind. Decides nothing: `judge-job.ts` does. */
import { accessSync, constants, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { type Cluster, type JobId, type JobRequest, type JobStatus, SchedulerError } from '@batchway/schedulers'
import type { Collector } from './collector.ts'
import { findReport } from './job-report.ts'
import type { JobStory } from './judge-job.ts'

export interface ProbeJob {
  readonly cluster: Pick<Cluster, 'submit' | 'list' | 'cancel' | 'history'>
  readonly request: JobRequest
  /** Path of the log; null if the job has none. */
  readonly log: string | null
  readonly collector: Collector
  /** What the job left in the scheduler; null where that is not possible. */
  readonly readComment: ((id: JobId) => Promise<string>) | null
  readonly limits: ProbeLimits
  readonly now: () => number
  readonly signal: AbortSignal
  /** Told what is waited for. */
  readonly say: (words: string) => void
}

/** All in milliseconds. */
export interface ProbeLimits {
  readonly poll: number
  /** From the submit to the start of a job that is seen to wait. */
  readonly start: number
  /** From the submit to a word of a job that is not seen; from the start to a word of one that is. */
  readonly word: number
  /** From the first report to the complete one. */
  readonly complete: number
  readonly gone: number
  readonly accounting: number
}

export const probeLimits: ProbeLimits = {
  poll: 700,
  start: 120_000,
  word: 60_000,
  complete: 45_000,
  gone: 60_000,
  accounting: 60_000,
}

type Draft = { -readonly [K in keyof JobStory]: JobStory[K] }

/** @returns the story, or why the scheduler did not take the job. Rejects when `signal` aborts, after the job is cancelled. */
export async function runProbeJob(job: ProbeJob): Promise<JobStory | SchedulerError> {
  const { cluster, request, now, signal } = job
  const beganAt = now()
  let id: JobId
  try {
    id = await cluster.submit(request, { signal })
  } catch (error) {
    if (!(error instanceof SchedulerError)) throw error
    if (error.kind === 'ambiguous') await cancelByName(job)
    signal.throwIfAborted()
    return error
  }
  const story: Draft = {
    id,
    submit: { beganAt, endedAt: now() },
    listed: null,
    listAnswers: 0,
    waits: null,
    ranAt: null,
    lastPendingAt: null,
    report: null,
    log: null,
    earlyEnd: null,
    cancel: null,
    accounting: null,
  }
  let isOver = false
  try {
    await untilTold(job, id, story)
    if (story.earlyEnd === null) await cancel(job, id, story)
    isOver = story.earlyEnd !== null || story.cancel?.words === null
    if (isOver) story.accounting = await askAccounting(job, id)
    return story
  } finally {
    if (!isOver) await cluster.cancel(id, request.account).catch(() => false) // it ends by itself soon after its start
  }
}

/** Until the job has told all it can, has ended, or takes longer than it may. */
async function untilTold(job: ProbeJob, id: JobId, story: Draft): Promise<void> {
  let said = ''
  for (;;) {
    await look(job, id, story)
    const passed = job.now() - story.submit.beganAt
    if (hasToldAll(story, job.now(), job.limits)) return
    const words = story.waits ? `job ${id} waits: ${story.waits.reason || story.waits.kind}` : ''
    if (words !== said && words !== '' && passed > 3_000) job.say(words)
    said = words
    await delay(job.limits.poll, undefined, { signal: job.signal })
  }
}

function hasToldAll(
  { earlyEnd, waits, report, ranAt, listed, submit }: JobStory,
  now: number,
  limits: ProbeLimits,
): boolean {
  if (earlyEnd !== null || waits?.kind === 'never') return true
  if (report !== null) {
    const isSeenToRun = ranAt !== null || listed === null
    return (report.facts.isComplete && isSeenToRun) || now - report.at > limits.complete
  }
  if (ranAt !== null) return now - ranAt > limits.word
  return now - submit.beganAt > (listed === null ? limits.word : limits.start)
}

async function look({ cluster, request, log, collector, readComment, now }: ProbeJob, id: JobId, story: Draft) {
  const askedAt = now()
  const list = await cluster.list([knownJob(request, id)]).catch(() => null)
  const status = list?.jobs.find((one) => one.id === id)
  if (status !== undefined) note(status, story, askedAt, now())
  else if (list?.complete || list?.about?.includes(id)) story.listAnswers += 1
  const told = collector.latest()
  // The first word's time counts: the node's clock was read before it.
  if (told !== null) story.report = { facts: told.facts, at: story.report?.at ?? told.at, by: 'network' }
  if (told?.facts.isComplete !== true && readComment !== null) {
    const facts = findReport(await readComment(id).catch(() => ''))
    if (facts !== null && (facts.isComplete || story.report === null))
      story.report = { facts, at: story.report?.at ?? now(), by: 'scheduler' }
  }
  const path = log?.replaceAll('%j', id) ?? null
  if (path === null || story.log === 'readable' || (story.ranAt === null && story.report === null)) return
  story.log = readability(path)
  if (story.log !== 'readable' || story.report?.facts.isComplete) return
  const facts = findReport(readFileSync(path, 'utf8'))
  if (facts !== null) story.report = { facts, at: story.report?.at ?? now(), by: 'log' }
}

function note(status: JobStatus, story: Draft, askedAt: number, at: number): void {
  story.listed ??= { at, submittedAt: status.submittedAt ?? null }
  story.listAnswers += 1
  const isWaiting = status.phase === 'pending' || status.phase === 'held'
  story.waits = isWaiting ? { kind: status.wait ?? 'normal', reason: status.reason ?? '' } : null
  if (isWaiting) story.lastPendingAt = askedAt
  if (status.phase === 'running') story.ranAt ??= at
  if (status.phase === 'ended') story.earlyEnd = status.end ?? { kind: 'unknown' }
}

function readability(path: string): JobStory['log'] {
  try {
    accessSync(path, constants.R_OK)
    return 'readable'
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'absent' : 'hidden'
  }
}

async function cancel({ cluster, request, limits, now, signal }: ProbeJob, id: JobId, story: Draft): Promise<void> {
  const askedAt = now()
  try {
    await cluster.cancel(id, request.account)
  } catch (error) {
    story.cancel = { words: error instanceof Error ? error.message : String(error), goneAfterMs: null }
    return
  }
  story.cancel = { words: null, goneAfterMs: null }
  // A job that is not shown cannot be seen to go.
  while (story.listed !== null && now() - askedAt < limits.gone) {
    const list = await cluster.list([knownJob(request, id)]).catch(() => null)
    const status = list?.jobs.find((one) => one.id === id)
    const isAnswer = list?.complete || list?.about?.includes(id)
    if (status?.phase === 'ended' || (isAnswer && status === undefined)) {
      story.cancel = { words: null, goneAfterMs: now() - askedAt }
      return
    }
    await delay(limits.poll, undefined, { signal })
  }
}

async function askAccounting({ cluster, limits, now, signal }: ProbeJob, id: JobId): Promise<JobStory['accounting']> {
  const beganAt = now()
  for (let words: string | null = null; ; ) {
    try {
      const status = (await cluster.history([id])).get(id)
      words = null
      if (status?.end) return { afterMs: now() - beganAt, kind: status.end.kind }
    } catch (error) {
      words = error instanceof Error ? error.message : String(error)
    }
    if (now() - beganAt > limits.accounting) return { words, waitedMs: now() - beganAt }
    await delay(limits.poll, undefined, { signal })
  }
}

/** A submit whose reply was lost may become a job seconds later. */
async function cancelByName({ cluster, request, limits, now }: ProbeJob): Promise<void> {
  const beganAt = now()
  while (now() - beganAt < limits.gone / 3) {
    const list = await cluster.list().catch(() => null)
    const found = list?.jobs.find((one) => one.name === request.name && one.phase !== 'ended')
    if (found !== undefined) {
      await cluster.cancel(found.id, request.account).catch(() => false)
      return
    }
    await delay(limits.poll)
  }
}

const knownJob = ({ name, account, options }: JobRequest, id: JobId) => ({ id, name, account, options, isUrgent: true })
