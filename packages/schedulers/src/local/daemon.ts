import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { newKey, notePath, pruneExchange, readNote, removeNotes, writeNoteOnce } from './exchange.ts'
import { core, type End, type JobIn, type JobRecord, type Submission } from './job.ts'
import type { JobStore } from './job-store.ts'
import {
  findAccountProblem,
  isAccountName,
  type LaunchOptions,
  parsePasswd,
  type Self,
  toLaunchCommand,
} from './launch-command.ts'
import { type Listing, toListedJob } from './listing.ts'
import { asRecord, parseResult } from './order.ts'
import { isAlive, readBootId, toProcessIdentity } from './process-identity.ts'
import { type Capacity, findMisfit, idleCapacity, planQueue } from './queue.ts'
import { startShepherd } from './start-shepherd.ts'

export interface SchedulerOptions extends LaunchOptions {
  readonly capacity: Capacity
  readonly exchange: string
  /** Between SIGTERM and SIGKILL. */
  readonly graceSeconds: number
  /** A shepherd that does not obey this long after it should have is swept away with its job. */
  readonly patienceSeconds: number
  readonly watchMemory: boolean
  /** An ended job leaves the list when it is older than this or `keepJobs` younger ones ended. */
  readonly keepSeconds: number
  readonly keepJobs: number
  /** `PATH` and `LANG` of jobs. */
  readonly path: string
  readonly lang: string
  readonly self: Self
  readonly host: string
  readonly now: () => number
  readonly log: (fields: object, message: string) => void
}

/** `refused` is for the user to read. */
export class Refusal extends Error {}

export interface LocalScheduler {
  /** @returns the job's id. @throws {Refusal} */
  submit(ask: Submission, script: string): Promise<string>
  list(): Listing
  /** @returns false if no such job waits or runs (any more). Repeatable until it has ended. */
  cancel(id: string, by: string, name?: string): boolean
  history(matches: (job: JobRecord) => boolean): Listing
  idle(): Capacity
  /** Look at everything once and do what is due. Safe to call at any time; `serve.ts` does on notes and every second. */
  tick(): void
}

const launchLimitMs = 60_000

/** The scheduler over its store. Jobs found there are adopted at the first tick. */
export function createScheduler(store: JobStore, options: SchedulerOptions): LocalScheduler {
  const { exchange, self, now, log } = options
  const bootId = readBootId()
  /** Jobs that a promise of ours is busy with: launches and sweeps. */
  const busy = new Set<string>()
  const cancelNotes = new Set<string>()
  let prunedAt = 0

  /** The only way a job ends. The record first; what it makes needless afterwards. */
  function end(job: JobRecord, how: End): void {
    const by = how.kind === 'cancelled' && job.cancel ? { by: job.cancel.by } : {}
    const endedAt = how.endedAt ?? now()
    store.save({ ...core(job), state: 'ended', endedAt, end: { ...how, ...by, endedAt, host: options.host } })
    store.dropScript(job.id)
    // Notes of a launch that never ran stay: a revocation must be there for a late shepherd.
    if (job.state === 'running') removeNotes(exchange, job.launch.key)
    log({ job: job.id, kind: how.kind }, 'job ended')
  }

  function launch(queued: JobIn<'queued'>): void {
    const key = newKey()
    const job: JobIn<'launching'> = { ...core(queued), state: 'launching', launch: { key, bootId, at: now() } }
    let script: string
    try {
      script = store.readScript(job.id)
    } catch {
      end(queued, { kind: 'launch-failed', words: 'its script was lost' })
      return
    }
    store.save(job)
    busy.add(job.id)
    const { ask } = job
    const order = {
      kind: 'run',
      jobId: job.id,
      key,
      exchange,
      schedulerUid: self.uid,
      script,
      workdir: ask.workdir,
      outputPath: ask.outputPath,
      wallSeconds: ask.wallSeconds,
      graceSeconds: options.graceSeconds,
      memoryLimitMiB: options.watchMemory ? ask.memoryMiB : null,
      path: options.path,
      lang: options.lang,
      notAfter: now() + 2 * launchLimitMs,
    } as const
    startShepherd(toLaunchCommand(ask.account, job, self, options), order, launchLimitMs).then((taken) => {
      busy.delete(job.id)
      const current = store.jobs.get(job.id)
      if (current?.state === 'launching')
        guard(() => settleLaunch(current, taken.done ? 'its shepherd did not start' : taken.words))
      tick()
    })
  }

  /** Did the launch happen? Revoking it and claiming it exclude each other, so there is always an answer. */
  function settleLaunch(job: JobIn<'launching'>, failure: string | null): void {
    const note = notePath(exchange, job.launch.key, 'alive')
    const isOldBoot = job.launch.bootId !== bootId
    if (!isOldBoot) writeNoteOnce(note, { revoked: true })
    const text = readNote(note, [job.uid, self.uid])
    const claim = text === null ? null : parseClaim(text)
    const shepherd = toProcessIdentity(claim?.shepherd)
    if (shepherd) {
      store.save({ ...core(job), state: 'running', launch: job.launch, shepherd, startedAt: now() })
      store.dropScript(job.id)
      log({ job: job.id, account: job.ask.account, pid: shepherd.pid }, 'job started')
    } else if (isOldBoot) end(job, { kind: 'node-failure', words: 'the machine was restarted while the job started' })
    else if (claim?.revoked !== true) end(job, { kind: 'launch-failed', words: 'its launch note is not readable' })
    else if (job.cancel) end(job, { kind: 'cancelled', words: 'cancelled before it started' })
    else if (failure !== null) end(job, { kind: 'launch-failed', words: failure })
    else store.save({ ...core(job), state: 'queued' }) // the scheduler died before the shepherd took the order
  }

  function lookAfter(job: JobIn<'running'>): void {
    const { key } = job.launch
    if (job.cancel && !cancelNotes.has(key)) {
      writeNoteOnce(notePath(exchange, key, 'cancel'), { by: job.cancel.by })
      cancelNotes.add(key)
    }
    // Life first, then the note: a shepherd leaves its note before it dies.
    const lives = isAlive(job.shepherd, bootId)
    const text = readNote(notePath(exchange, key, 'result'), [job.uid])
    const result = text === null ? null : parseResult(text)
    if (lives) {
      const overdue = findOverdue(job)
      if (overdue) sweep(job, overdue)
      else if (result) wakeSoon() // it has written and is about to leave
    } else if (result) end(job, result)
    else if (job.launch.bootId !== bootId) end(job, { kind: 'node-failure', words: 'the machine was restarted' })
    else sweep(job, { kind: 'node-failure', words: 'the supervisor of the job disappeared (killed, or out of memory)' })
  }

  /** A user may stop or cheat their own shepherd; the limits hold all the same. */
  function findOverdue({ cancel, startedAt, ask }: JobIn<'running'>): End | null {
    const limit = now() - (options.graceSeconds + options.patienceSeconds) * 1_000
    if (cancel && cancel.at < limit) return { kind: 'cancelled', words: 'cancelled; it had to be swept away' }
    if (startedAt + ask.wallSeconds * 1_000 < limit) return { kind: 'walltime', words: 'it had to be swept away' }
    return null
  }

  function sweep(job: JobIn<'running'>, how: End): void {
    busy.add(job.id)
    const command = toLaunchCommand(job.ask.account, job, self, options)
    startShepherd(command, { kind: 'sweep', jobId: job.id, shepherd: job.shepherd }, launchLimitMs).then((taken) => {
      busy.delete(job.id)
      if (!taken.done) log({ job: job.id, words: taken.words }, 'processes of an ended job may still run')
      const words = taken.done ? how.words : `${how.words}; processes of it may still run`
      const told: End = { ...how, ...(words !== undefined && { words }), startedAt: job.startedAt }
      guard(() => end(store.jobs.get(job.id) ?? job, told))
      tick()
    })
  }

  /** A full disk must not end the scheduler: what could not be recorded has not happened, and is due again at the next tick. */
  function guard(act: () => void): void {
    try {
      act()
    } catch (error) {
      log({ error: error instanceof Error ? error.message : String(error) }, 'the scheduler could not do what is due')
    }
  }

  function wakeSoon(): void {
    sleep(50, undefined, { ref: false }).then(tick, () => {})
  }

  function prune(): void {
    const ended = [...store.jobs.values()].filter((job) => job.state === 'ended').sort((a, b) => b.endedAt - a.endedAt)
    ended.forEach((job, index) => {
      if (index >= options.keepJobs || job.endedAt < now() - options.keepSeconds * 1_000) store.archive(job)
    })
    const keys = [...store.jobs.values()].flatMap((job) => ('launch' in job ? [job.launch.key] : []))
    pruneExchange(exchange, new Set(keys), now() - 3_600_000)
  }

  function tick(): void {
    for (const job of store.jobs.values()) {
      if (busy.has(job.id)) continue
      if (job.state === 'launching') guard(() => settleLaunch(job, null))
      else if (job.state === 'running') guard(() => lookAfter(job))
    }
    for (const job of planQueue(store.jobs.values(), options.capacity, now()).start) guard(() => launch(job))
    if (now() - prunedAt > 60_000) {
      prunedAt = now()
      guard(prune)
    }
  }

  return {
    async submit(ask, script) {
      const account = isAccountName(ask.account) ? await findAccount(ask.account) : null
      const problem =
        findAccountProblem(ask.account, account?.uid ?? null, self, options) ?? findMisfit(ask, options.capacity)
      if (problem || !account) throw new Refusal(problem ?? 'no such account')
      if (!script.startsWith('#!')) throw new Refusal('the script must begin with #! and its interpreter')
      const number = store.nextNumber()
      const id = `${number}.${randomBytes(4).toString('hex')}`
      store.insert({ id, number, ...account, submittedAt: now(), ask, state: 'queued' }, script)
      log({ job: id, name: ask.name, account: ask.account }, 'job queued')
      setImmediate(tick)
      return id
    },
    list() {
      const { waiting } = planQueue(store.jobs.values(), options.capacity, now())
      const jobs = [...store.jobs.values()].map((job) => toListedJob(job, options.host, waiting.get(job.id)))
      return { complete: store.unreadable === 0, jobs }
    },
    cancel(id, by, name) {
      const job = store.jobs.get(id)
      if (!job || job.state === 'ended' || (name !== undefined && name !== job.ask.name)) return false
      if (!job.cancel) {
        const cancelled: JobRecord = { ...job, cancel: { at: now(), by } }
        if (cancelled.state === 'queued') end(cancelled, { kind: 'cancelled', words: 'cancelled while it waited' })
        else store.save(cancelled)
        setImmediate(tick)
      }
      return true
    },
    history(matches) {
      const listed = [...store.jobs.values()].filter((job) => job.state === 'ended' && matches(job))
      const known = new Set(listed.map(({ id }) => id))
      const older = store.searchHistory((job) => !known.has(job.id) && matches(job))
      return { complete: true, jobs: [...older, ...listed].map((job) => toListedJob(job, options.host)) }
    },
    idle: () => idleCapacity(store.jobs.values(), options.capacity),
    tick,
  }
}

function parseClaim(text: string): Record<string, unknown> | null {
  try {
    return asRecord(JSON.parse(text))
  } catch {
    return null
  }
}

async function findAccount(name: string): Promise<ReturnType<typeof parsePasswd>> {
  try {
    const { stdout } = await promisify(execFile)('getent', ['passwd', name], { timeout: 10_000 })
    return parsePasswd(stdout)
  } catch {
    return null
  }
}
