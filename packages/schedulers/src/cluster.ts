/**
 * A cluster: one scheduler reached in one way (driver + transport + settings). This is the interface that the hub uses.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { z } from 'zod'
import { openTurns } from './ask-in-turn.ts'
import {
  type Command,
  type Driver,
  type JobEnd,
  type JobId,
  type JobList,
  type JobRequest,
  type JobStatus,
  type KnownJob,
  type Output,
  type Partition,
  SchedulerError,
} from './driver.ts'
import { openExplainer } from './explain.ts'
import { commandFinder } from './find-command.ts'
import { openGate } from './gate.ts'
import { makeHold as makeHoldHere } from './hold.ts'
import { checkJob } from './job-check.ts'
import { cleanEnvironment, type Run, type RunOptions, run as runForReal } from './run.ts'
import type { Transport } from './transport.ts'
import { openWaits } from './waits.ts'

export interface Cluster {
  readonly key: string
  readonly driver: Driver
  /**
   * Submit a job and return its id.
   * Only so many submits run at once; the others wait for their turn, each account in turn.
   * @param job whole, or how it is made when its turn has come: then those that wait hold no scripts. What `make` throws is passed on.
   * @throws {SchedulerError}
   */
  submit(job: JobRequest | LateJob, options?: SubmitOptions): Promise<JobId>
  /** The command that `submit` would run for this job, without running it. @throws {SchedulerError} `refused` */
  commandOf(job: JobRequest): Command
  /**
   * Single-flight: callers that ask while a call runs share its answer.
   * @param known the jobs that the caller wants word of; a scheduler that lists all jobs does not need to know. @throws {SchedulerError}
   */
  list(known?: readonly KnownJob[]): Promise<JobList>
  /**
   * The same, asked as this account: a scheduler that hides jobs from the hub shows everybody his own. Needs a right that a hub behind sudo
   * may lack. @throws {SchedulerError}
   */
  listAs(account: string): Promise<JobList>
  /**
   * @param name the job's own, where it is known; see `Driver.cancel`.
   * @returns false if the scheduler does not know the job (any more). @throws {SchedulerError}
   */
  cancel(id: JobId, account: string, name?: string): Promise<boolean>
  /** How jobs ended; empty if the scheduler keeps no accounting. @throws {SchedulerError} */
  history(ids: readonly JobId[]): Promise<ReadonlyMap<JobId, JobStatus>>
  /** Ended jobs of these names; empty if the scheduler keeps no accounting. @throws {SchedulerError} */
  historyByName(names: readonly string[], sinceMs: number): Promise<readonly JobStatus[]>
  /** Partitions for forms; empty if the driver cannot tell. @throws {SchedulerError} */
  availability(): Promise<readonly Partition[]>
  /**
   * The last part of a job's output, read as its owner; null if there is none, or if it cannot be read here at all.
   * @param path where the submit asked for it, `%j` replaced. @throws {SchedulerError} `unavailable`
   */
  readLog(id: JobId, path: string, account: string): Promise<string | null>
  /** How many commands of each kind were run, for metrics and tests. */
  readonly calls: Readonly<Record<CallKind, number>>
}

export interface LateJob {
  /** That of the request. */
  readonly account: string
  make(): Promise<JobRequest>
}

export interface SubmitOptions {
  /** Aborting takes a submit that waits out of the queue; one that runs gets SIGTERM (which `sudo` relays), then SIGKILL after a grace time, and the error is `ambiguous`. */
  readonly signal?: AbortSignal
  /** A hold is made here, and held by the submit process and its children for as long as one of them lives. @see hold.ts */
  readonly holdPath?: string
  /** Its turn has come, and the hold is there; the process is started when this has resolved, and not if it throws. */
  readonly onTurn?: () => Promise<void>
  /** Is told the pid of the submit process as soon as it runs. */
  readonly onSpawn?: (pid: number) => void
}

export type CallKind = 'submit' | 'list' | 'cancel' | 'history' | 'availability' | 'log'

export interface ClusterOptions<D extends Driver = Driver> {
  readonly key: string
  readonly driver: D
  readonly transport: Transport
  /** The cluster's settings as the site wrote them; parsed by `driver.settings`. */
  readonly settings?: unknown
  /** Defaults of every job's options; a job's own win. */
  readonly jobOptions?: Readonly<Record<string, unknown>>
  /** The hub's environment (`process.env`); only what `cleanEnvironment` lets through reaches a command. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Runs the commands; in this process if absent. See `openCommandHelper`. */
  readonly run?: Run
  readonly makeHold?: (path: string) => Promise<void>
  /** The installed `batchway-read-log`: without it a transport that needs a sudo rule reads no logs. */
  readonly logReader?: string
  /** One line per command: never its arguments or its input. */
  readonly log?: { debug(fields: object, message: string): void }
  readonly timeoutsMs?: Partial<Readonly<Record<CallKind, number>>>
  readonly outputLimitBytes?: number
  readonly graceMs?: number
  /** Unix milliseconds. */
  readonly now?: () => number
  /** How many submits may run at once, and how many cancels beside them: each is a `sudo` and a connection to the scheduler. */
  readonly atOnce?: number
}

const defaultTimeoutsMs: Readonly<Record<CallKind, number>> = {
  submit: 30_000,
  list: 20_000,
  cancel: 20_000,
  history: 30_000,
  availability: 20_000,
  log: 10_000,
}

/** Ids and names per accounting call: a command line has an end. */
const historyBatch = 400

/**
 * Join a driver with a transport.
 * @throws {SchedulerError} `refused` if the settings are not what the driver asks for, with every problem.
 */
export function openCluster<D extends Driver>(options: ClusterOptions<D>): Cluster {
  const { key, transport, run = runForReal, makeHold = makeHoldHere, log } = options
  const settings = parse(options.driver.settings, options.settings ?? {}, `cluster ${key}: settings`)
  const driver: Driver = options.driver.configured?.(settings) ?? options.driver
  const environment = cleanEnvironment(options.environment, driver.environment)
  // A login node knows by its own rules where its commands are.
  const resolve = transport.kind === 'ssh' ? async (file: string) => file : commandFinder(environment.PATH ?? '')
  const timeoutsMs = { ...defaultTimeoutsMs, ...options.timeoutsMs }
  const gates = { submit: openGate(options.atOnce ?? 16), cancel: openGate(options.atOnce ?? 16), log: openGate(4) }
  const calls: Record<CallKind, number> = { submit: 0, list: 0, cancel: 0, history: 0, availability: 0, log: 0 }

  async function call(
    kind: CallKind,
    command: Command,
    account: string,
    extra: Pick<RunOptions, 'signal' | 'onSpawn' | 'holdPath'> = {},
  ): Promise<Output> {
    calls[kind] += 1
    const output = await run(command, {
      transport,
      account,
      resolve,
      environment,
      onLost: kind === 'submit' || kind === 'cancel' ? 'ambiguous' : 'unavailable',
      timeoutMs: timeoutsMs[kind],
      outputLimitBytes: options.outputLimitBytes ?? 32 * 2 ** 20,
      ...(options.graceMs !== undefined && { graceMs: options.graceMs }),
      ...extra,
    })
    log?.debug({ cluster: key, kind, command: command.file, exitCode: output.exitCode }, 'scheduler command ended')
    return output
  }

  let listing: Promise<JobList> | undefined
  const explain = driver.explain && openExplainer(driver.explain, settings, (command) => call('list', command, ''))
  const { waits } = driver
  const complete =
    waits &&
    openWaits(
      async () => waits.parse(await call('availability', waits.command(settings), ''), settings),
      options.now ?? Date.now,
    )
  const { query } = driver
  const askAbout = async (job: KnownJob): Promise<JobStatus | null> =>
    query ? query.parse(await call('list', query.command(job, settings), job.account), job) : null
  const turns = query && openTurns(askAbout)
  const ask = async (known: readonly KnownJob[]): Promise<JobList> => {
    if (turns) return turns(known)
    const found = await readList(driver, await call('list', driver.list(settings), ''))
    const explained = explain ? await explain(found) : found
    return complete ? complete(explained) : explained
  }
  /** Single-flight. */
  const list = (known: readonly KnownJob[] = []): Promise<JobList> => {
    listing ??= ask(known).finally(() => {
      listing = undefined
    })
    return listing
  }
  function commandOf(job: JobRequest): Command {
    const own = typeof job.options === 'object' && job.options !== null ? job.options : {}
    const chosen = parse(driver.jobOptions, { ...options.jobOptions, ...own }, 'options of the job')
    const checked = { ...job, options: chosen }
    checkJob(checked)
    return driver.submit(checked, settings)
  }
  return {
    key,
    driver,
    calls,
    list,
    commandOf,
    async submit(job, { onTurn, ...extra } = {}) {
      const { account } = job
      // What is whole is refused at once.
      const command = 'make' in job ? async () => commandOf(await job.make()) : always(commandOf(job))
      const output = await gates.submit.through(
        account,
        async () => {
          const made = await command()
          if (extra.holdPath !== undefined) await makeHold(extra.holdPath)
          await onTurn?.()
          return call('submit', made, account, extra)
        },
        extra.signal,
      )
      return driver.parseSubmit(output)
    },
    async listAs(account) {
      if (query) return { complete: false, jobs: [], about: [] } // every answer is the owner's already
      return readList(driver, await call('list', { ...driver.list(settings), as: 'owner' }, account))
    },
    async cancel(id, account, name) {
      if (name !== undefined && query?.tellsName) {
        const status = await askAbout({ id, name, account })
        if (status === null || status.name !== name) return false
      } else if (name !== undefined && driver.cancelIgnoresName && !query) {
        const { jobs } = await list()
        if (jobs.some((job) => job.id === id && job.name !== name)) return false
      }
      const command = driver.cancel(id, settings, name)
      return driver.parseCancel(await gates.cancel.through(account, () => call('cancel', command, account)))
    },
    async history(ids) {
      const { history } = driver
      const found = new Map<JobId, JobStatus>()
      for (const some of batches(history ? ids : [], history?.atOnce)) {
        const answer = history?.parse(await call('history', history.command(some, settings), ''))
        for (const id of some) {
          const status = answer?.get(id)
          if (status !== undefined) found.set(id, status)
        }
      }
      return found
    },
    async historyByName(names, sinceMs) {
      const { historyByName } = driver
      const found: JobStatus[] = []
      for (const some of batches(historyByName ? names : [], historyByName?.atOnce)) {
        const answer = historyByName?.parse(await call('history', historyByName.command(some, sinceMs, settings), ''))
        found.push(...(answer ?? []).filter((status) => some.includes(status.name)))
      }
      return found
    },
    async availability() {
      const { availability } = driver
      if (availability === undefined) return []
      return availability.parse(await call('availability', availability.command(settings), ''))
    },
    async readLog(id, path, account) {
      const { readLog } = driver
      const reader = transport.kind === 'self' ? null : options.logReader
      if (readLog === undefined || reader === undefined) return null
      const command = readLog.command({ id, path, reader }, settings)
      return readLog.parse(await gates.log.through(account, () => call('log', command, account)))
    },
  }
}

/** The event loop turns between the steps. */
async function readList(driver: Driver, output: Output): Promise<JobList> {
  if (driver.listSteps === undefined) return driver.parseList(output)
  const steps = driver.listSteps(output)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
    await nextTurn()
  }
}

const always =
  <T>(value: T) =>
  async (): Promise<T> =>
    value

function* batches<T>(values: readonly T[], atOnce = historyBatch): Iterable<readonly T[]> {
  const unique = [...new Set(values)]
  for (let from = 0; from < unique.length; from += atOnce) yield unique.slice(from, from + atOnce)
}

function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'value'}: ${message}`)
  throw new SchedulerError('refused', `${what}: ${problems.join('; ')}`, { cause: result.error })
}

export type { Command, Driver, JobEnd, JobId, JobList, JobRequest, JobStatus, Output, Partition }
