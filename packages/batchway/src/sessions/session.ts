/** The words of this room: a session, its states and facts, its outcomes. Data only; `lifecycle.ts` says what follows what. */
import type { JobEnd, JobId, WaitKind } from '@batchway/schedulers'
import type { Spec } from '../profiles/spec.ts'

export type SessionState = 'submitting' | 'queued' | 'starting' | 'ready' | 'stopping' | 'ended'

/** The claim that may run the application of this session. */
export interface LiveClaim {
  readonly id: string
  readonly jobId: JobId
  readonly restart: number
  readonly node: string
}

/** Why and until when a job waits, as last told. */
export interface Waiting {
  readonly hold: 'none' | 'held' | 'paused'
  readonly reason: string | null
  readonly wait: WaitKind
  readonly estimatedStartAt: number | null
}

/** What will end a session unless something changes. `warning-words.ts` turns it into sentence and next step. */
export interface Warning {
  readonly about: 'walltime' | 'idle'
  /** Warned so long ahead. */
  readonly limitSeconds: number
  /** When the application begins to be closed, by the hub's clock. */
  readonly endsAt: number
}

/** What a session used, as its agent measured it. */
export interface Use {
  readonly cpuSeconds: number | null
  readonly memoryPeakMiB: number | null
}

/** Each state carries exactly the facts that exist in it: no job before the submit, no port before the agent listens. */
export type Facts =
  | { readonly state: 'submitting' }
  | { readonly state: 'queued'; readonly jobId: JobId; readonly waiting: Waiting }
  | {
      readonly state: 'starting'
      readonly jobId: JobId
      readonly node: string | null
      readonly claim: LiveClaim | null
      readonly paused: boolean
    }
  | {
      readonly state: 'ready'
      readonly jobId: JobId
      readonly node: string
      readonly claim: LiveClaim
      readonly target: { readonly host: string; readonly port: number }
      /** False while the agent is silent: then there is no route, and the session is not ended for it. */
      readonly reachable: boolean
      /** Suspended by the scheduler while it keeps its place. */
      readonly paused: boolean
      /** What the agent announces; absent before it ever did. */
      readonly warnings?: readonly Warning[]
    }
  | {
      readonly state: 'stopping'
      readonly jobId: JobId | null
      readonly claim: LiveClaim | null
      readonly because: Outcome
    }
  | { readonly state: 'ended'; readonly outcome: Outcome }

export const outcomeCodes = [
  'finished',
  'stopped-by-user',
  'stopped-by-admin',
  'cancelled-outside',
  'idle',
  'walltime',
  'out-of-memory',
  'node-failure',
  'preempted',
  'rejected',
  'can-never-run',
  'not-prepared',
  'queue-limit',
  'home-missing',
  'home-full',
  'home-read-only',
  'output-unwritable',
  'application-not-found',
  'module-failed',
  'runtime-not-startable',
  'hub-not-reachable',
  'never-ready',
  'application-failed',
  'job-failed',
  'lost',
] as const
export type OutcomeCode = (typeof outcomeCodes)[number]

/** How a session ended. `outcomes.ts` turns it into sentence, cause and next step. */
export interface Outcome {
  readonly code: OutcomeCode
  /** Words of the scheduler, the agent or the prelude, for the page; no secrets. */
  readonly words: string | null
  readonly exitCode: number | null
  readonly signal: string | null
  /** Login name of who stopped it, if a person did. */
  readonly by: string | null
  /** Last lines of the application or the job, oldest first. */
  readonly log: readonly string[]
  /** Path of the job's own output, where it was looked at: when no agent told. */
  readonly logPlace: string | null
  /** What accounting says, when it has arrived. */
  readonly accounting: JobEnd | null
  /** Absent where no agent could tell. */
  readonly use?: Use
}

/** One row: a session as the store keeps it. Times are Unix milliseconds. */
export interface Session {
  readonly id: string
  readonly userId: number
  readonly userName: string
  readonly serverName: string
  /** POSIX account on the cluster. */
  readonly account: string
  readonly spec: Spec
  readonly facts: Facts
  /** Number of the current attempt, from 1. */
  readonly attempt: number
  /** Compare-and-swap counter. */
  readonly version: number
  readonly createdAt: number
  readonly submittedAt: number | null
  readonly startedAt: number | null
  readonly readyAt: number | null
  readonly endedAt: number | null
  /** When the walltime is over. */
  readonly endsAt: number | null
  readonly lastActivityAt: number | null
}

/** One try to run a session's job. */
export interface Attempt {
  readonly sessionId: string
  readonly number: number
  /** The job's name in the scheduler: at most 15 characters, letter first. */
  readonly tag: string
  readonly secretHash: string
  /** While `firstSeenAt` is null only what the submit printed: any number, perhaps another job's. @see own-job.ts */
  readonly jobId: JobId | null
  /**
   * `prepared`: the row is there, no process yet. `running`: a submit process may live (see `submitPid`). `accepted`: there is an id.
   * `refused`: the scheduler said no. `unclear`: the process is gone and we do not know; look for the tag.
   */
  readonly submit: 'prepared' | 'running' | 'accepted' | 'refused' | 'unclear'
  readonly submitPid: number | null
  /** `/proc/PID/stat` field 22 with the boot id: makes the pid unmistakable. */
  readonly submitPidStart: string | null
  readonly createdAt: number
  readonly acceptedAt: number | null
  /** When the scheduler (its list, or accounting) showed this very job under our tag for the first and the last time. */
  readonly firstSeenAt: number | null
  readonly lastSeenAt: number | null
  /** Where the job writes its output: path with `%j` replaced once the id is known. */
  readonly outputPath: string
  /** Folder of the agent that its script names, on the nodes; null before the submit. What is named here must stay where it is. */
  readonly agentDirectory: string | null
}

export interface Claim {
  /** The agent's nonce. */
  readonly id: string
  readonly sessionId: string
  readonly attempt: number
  readonly jobId: JobId
  readonly restart: number
  readonly node: string
  readonly tokenHash: string
  readonly createdAt: number
  readonly revokedAt: number | null
}

/** One line of a session's history, shown as its timeline. `data` never holds a secret. */
export interface SessionEvent {
  readonly sessionId: string
  readonly seq: number
  readonly at: number
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}
