/**
 * What every batch-scheduler driver says about itself: pure data and pure functions. A driver never spawns, sleeps, logs or
 * reads files; `run.ts` does that for all drivers alike, and `cluster.ts` joins a driver with a transport.
 */
import type { z } from 'zod'

/** A scheduler's own name for a job. Opaque: `123`, `123.host`, `123[4].host`, `123_4`, `123.0`. */
export type JobId = string & { readonly __brand: 'JobId' }

/** Narrow text that a scheduler printed to a job id. @throws {SchedulerError} `unreadable` on control characters, blanks or more than 128 characters. */
export function toJobId(text: string): JobId {
  if (!/^[\x21-\x7e]{1,128}$/.test(text))
    throw new SchedulerError('unreadable', `not a job id: ${JSON.stringify(text)}`)
  return text as JobId
}

/**
 * Where a job is. `held` waits for a person, `paused` is suspended while it keeps its place, `ending` still holds its node.
 * `unknown` means the scheduler said something we cannot read about this job; it is never evidence that the job ended.
 */
export type JobPhase = 'pending' | 'held' | 'paused' | 'running' | 'ending' | 'ended' | 'unknown'

/** Why a pending job waits, in classes a person can act on. `never` = it can never run as it was asked for. */
export type WaitKind = 'normal' | 'user-limit' | 'group-limit' | 'held' | 'never'

/** How a job ended, as the scheduler tells it. */
export interface JobEnd {
  readonly kind:
    | 'completed'
    | 'failed'
    | 'cancelled'
    | 'walltime'
    | 'out-of-memory'
    | 'node-failure'
    | 'preempted'
    | 'launch-failed'
    /** It had a node, which could not be prepared for it: its script never began. */
    | 'not-prepared'
    /** It was taken, and then found to be more than any node can ever give. */
    | 'impossible'
    | 'unknown'
  readonly exitCode?: number
  readonly signal?: number
  /** Who cancelled it: a login name or a uid as text, if the scheduler says. */
  readonly by?: string
  /** The scheduler's own words for the state and the reason. */
  readonly words?: string
  /** Unix milliseconds. */
  readonly startedAt?: number
  readonly endedAt?: number
  readonly host?: string
  readonly maxMemoryMiB?: number
}

/** One job in a list answer. Times are Unix milliseconds, durations seconds. */
export interface JobStatus {
  readonly id: JobId
  /** The job's name: our tag (see `JobRequest.name`). */
  readonly name: string
  /** Login name of the job's owner, if the list tells. */
  readonly owner?: string
  readonly phase: JobPhase
  /** The scheduler's raw state word, for the log and the raw record on the page. */
  readonly rawState: string
  /** Only while running, ending or paused: the node that runs the job script. */
  readonly host?: string
  /** The name under which the proxy reaches that node, if it is another than its own. */
  readonly address?: string
  /** Only while waiting: the raw reason and its class. */
  readonly reason?: string
  readonly wait?: WaitKind
  /** How often the scheduler has restarted this job. */
  readonly restarts: number
  readonly partition?: string
  readonly submittedAt?: number
  readonly startedAt?: number
  /** When the scheduler expects a pending job to start. */
  readonly estimatedStartAt?: number
  /** When the walltime of a running job is over. */
  readonly endsAt?: number
  /** Present if `phase` is `ended`. */
  readonly end?: JobEnd
}

/** A job that the hub knows of. */
export interface KnownJob {
  readonly id: JobId
  /** What we called it. */
  readonly name: string
  readonly account: string
  /** As `JobRequest.options`. */
  readonly options?: unknown
  /** Somebody waits for word of it. */
  readonly isUrgent?: boolean
}

/** The answer to one list call. `complete` is false if any record could not be read: then absence proves nothing. */
export interface JobList {
  readonly complete: boolean
  readonly jobs: readonly JobStatus[]
  /**
   * Where jobs are asked about one at a time: those of this answer. One that is not among `jobs` does not exist (any more), as its owner was
   * told. Of others the answer says nothing; it is never `complete`.
   */
  readonly about?: readonly JobId[]
}

export interface Resources {
  readonly cores: number
  readonly memoryMiB: number
  readonly gpus: number
  readonly gpuType?: string
  readonly wallSeconds: number
}

/** What the hub wants run. Everything in it is already validated; a driver only translates. */
export interface JobRequest<JobOptions = unknown> {
  /** The tag: at most 15 characters, letter first, `[A-Za-z0-9-]` only, unique per attempt. */
  readonly name: string
  /** POSIX login name the job runs as. */
  readonly account: string
  /** The job script (POSIX sh), complete with `#!/bin/sh`. It may hold the attempt's secret if the driver's channel is `script`. */
  readonly script: string
  readonly resources: Resources
  /** Absolute working directory on the compute node. */
  readonly workdir: string
  /** Absolute path for the job's output; `%j` stands for the job id. */
  readonly outputPath: string
  /** May the scheduler put the job back into the queue after a node failure? */
  readonly requeue: boolean
  /** The driver's own per-job options (partition, account, qos…), parsed by `driver.jobOptions`. */
  readonly options: JobOptions
}

/** argv of one call; arguments are never joined into a shell string. */
export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly stdin?: string
  /** `owner`: as the job's account. `hub`: as whoever runs the hub (list and accounting calls need no rights over jobs). */
  readonly as: 'owner' | 'hub'
}

export interface Output {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * `refused`: the scheduler said no (its words are for the user). `unavailable`: it did not answer; nothing happened.
 * `ambiguous`: we cannot know whether the call took effect (time-out, lost reply): look before trying again.
 * `unreadable`: it answered something we cannot parse.
 */
export class SchedulerError extends Error {
  readonly kind: 'refused' | 'unavailable' | 'ambiguous' | 'unreadable'
  /** The command could not be proved dead: it may still take effect later. */
  readonly mayStillRun: boolean
  /** False: the way to the scheduler's commands was closed, and nothing of the call went there. It may be repeated when the way is open. */
  readonly wasSent: boolean
  constructor(
    kind: SchedulerError['kind'],
    message: string,
    options?: ErrorOptions & { mayStillRun?: boolean; wasSent?: boolean },
  ) {
    super(message, options)
    this.name = 'SchedulerError'
    this.kind = kind
    this.mayStillRun = options?.mayStillRun ?? false
    this.wasSent = options?.wasSent ?? true
  }
}

/** One partition or queue, for forms. */
export interface Partition {
  readonly name: string
  readonly isUp: boolean
  readonly isDefault: boolean
  readonly maxWallSeconds: number | null
  readonly coresPerNode: number
  readonly memoryMiBPerNode: number
  readonly gpuTypes: readonly { readonly type: string; readonly count: number }[]
  readonly cores: { readonly idle: number; readonly total: number }
}

/**
 * @typeParam S settings of one cluster (from the site's config), parsed by `settings`.
 * @typeParam J options of one job (from profile and user), parsed by `jobOptions`.
 */
export interface Driver<S extends z.ZodType = z.ZodType, J extends z.ZodType = z.ZodType> {
  readonly id: string
  readonly title: string
  /**
   * How private the attempt's secret is: inside the script, which nobody but its owner can read; in a 0600 file that the agent reads; or inside
   * a script that others on the node can read: then a claim counts only if its agent has also left its mark in the job's log, where nobody but
   * the job's owner can write.
   */
  readonly secretChannel: 'script' | 'file' | 'log'
  /** What a site should know before it relies on this driver, as sentences: `config check` and the doctor show them. */
  readonly cautions?: readonly string[]
  /** A scheduler without an option for the working directory: jobs start in their owner's home, whatever `workdir` says. */
  readonly jobsStartIn?: 'home'
  /** A scheduler that puts no job id into the path of the output: it refuses a path with `%j`. */
  readonly outputIgnoresId?: true
  /** The scheduler's cancel command takes an id alone: the cluster looks at the job's name before. */
  readonly cancelIgnoresName?: true
  /** A scheduler whose accounts know nothing of a job that was cancelled before it ran: it leaves the list, and that is all. */
  readonly forgetsUnstarted?: true
  /** The job's script is put into another one, at its end. */
  readonly wrapsScript?: true
  readonly settings: S
  readonly jobOptions: J
  /** A driver that the site's settings make what it is: this one is used in its place. @throws never, for settings that were read */
  configured?(settings: z.output<S>): Driver
  /** Environment of this driver's commands beside the runner's own: fixed values, and names taken over from the hub's environment. */
  readonly environment?: { readonly set?: Readonly<Record<string, string>>; readonly keep?: readonly string[] }
  submit(job: JobRequest<z.output<J>>, settings: z.output<S>): Command
  /** @throws {SchedulerError} every kind. */
  parseSubmit(output: Output): JobId
  /** One call that lists the jobs of everyone, ended ones included where the scheduler still knows them. */
  list(settings: z.output<S>): Command
  /** @throws {SchedulerError} `unavailable` or `unreadable`. */
  parseList(output: Output): JobList
  /** The same in steps of some milliseconds, where a list may be long: a process that serves others lets them come between. */
  listSteps?(output: Output): Generator<void, JobList>
  /** A list that says that something is wrong with a job, and not what: a second call for those jobs, once for each state of each. */
  explain?: {
    needs(job: JobStatus): boolean
    command(ids: readonly JobId[], settings: z.output<S>): Command
    /** The reasons as sentences; jobs that are gone meanwhile are absent. @throws {SchedulerError} `unavailable` or `unreadable`. */
    parse(output: Output): ReadonlyMap<JobId, string>
  }
  /** Where the list does not say that a waiting job can never run: asked beside it, now and then. @see waits.ts */
  waits?: {
    command(settings: z.output<S>): Command
    /** @returns what to say of each job that waits for what nobody has. @throws {SchedulerError} `unavailable` or `unreadable`. */
    parse(output: Output, settings: z.output<S>): ReadonlyMap<JobId, Pick<JobStatus, 'reason' | 'wait'>>
  }
  /**
   * In place of the list, for a scheduler that is asked about one job at a time, as its owner.
   * @see ask-in-turn.ts
   */
  query?: {
    /** The answer tells the job's name; else the id alone says which job it is. */
    readonly tellsName: boolean
    command(job: KnownJob, settings: z.output<S>): Command
    /** @returns null if the scheduler says that there is no such job. @throws {SchedulerError} `unavailable` or `unreadable`. */
    parse(output: Output, job: KnownJob): JobStatus | null
  }
  /**
   * @param name the job's own, where it is known: a job of this id with another name is left alone, as if there were none. A scheduler that
   * was set up anew counts from 1 again, and a site's own submit command may print any number.
   */
  cancel(id: JobId, settings: z.output<S>, name?: string): Command
  /** @returns false if the scheduler says that it does not know the job (any more). @throws {SchedulerError} */
  parseCancel(output: Output): boolean
  /**
   * How jobs that left the list ended, each with its name: an id alone may be another job's. Jobs the accounting does not know (yet) are
   * absent from the answer.
   */
  history?: {
    /** How many ids one call can name; several hundred where nothing is said. */
    readonly atOnce?: number
    command(ids: readonly JobId[], settings: z.output<S>): Command
    parse(output: Output): ReadonlyMap<JobId, JobStatus>
  }
  /** What a job id became by name, for submits whose reply was lost and whose job already ended. */
  historyByName?: {
    readonly atOnce?: number
    command(names: readonly string[], sinceMs: number, settings: z.output<S>): Command
    parse(output: Output): readonly JobStatus[]
  }
  availability?: {
    command(settings: z.output<S>): Command
    parse(output: Output): readonly Partition[]
  }
  /** The last part of a job's output, for jobs in which no agent could tell. @see read-log.ts for schedulers that write a plain file */
  readLog?: {
    command(request: LogRequest, settings: z.output<S>): Command
    /** @returns null if there is no output. @throws {SchedulerError} `unavailable` */
    parse(output: Output): string | null
  }
}

/** Whose output is read. */
export interface LogRequest {
  readonly id: JobId
  /** Absolute, from our own record of the submit; never a text that the scheduler or a user says. */
  readonly path: string
  /** The installed `batchway-read-log` on this host; null where commands of owners run as the hub itself. */
  readonly reader: string | null
}

/** Identity function that keeps the option types precise: the whole plug-in interface for a new scheduler. */
export const defineDriver = <S extends z.ZodType, J extends z.ZodType>(driver: Driver<S, J>): Driver<S, J> => driver
