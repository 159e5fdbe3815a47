/**
 * What the agent and the hub say to each other, over the hub's internal listener. Types only: the hub validates what arrives
 * with schemas of its own, and the agent (which has no dependencies) checks what it uses.
 *
 * The conversation:
 *   1. `POST {hubUrl}/agent/claim`    `Authorization: Bearer <attempt secret>`   ClaimRequest → 200 ClaimReply | 403/409/425/5xx ClaimRefusal
 *   2. `POST {hubUrl}/agent/report`   `Authorization: Bearer <claim token>`      Report       → 200 ReportReply | 410 (claim revoked)
 */

import type { ExitWord } from './exit-codes.ts'

/** Raised when a message changes its meaning; the hub refuses agents of a protocol that it does not speak and says which to install. */
export const protocolVersion = 2
/** A hub goes on with agents from this protocol on: jobs that wait in a queue name the agent of the version that submitted them. */
export const oldestProtocol = 1
/** Older agents know nothing of `ApplicationOrder.listensOn`, and would look for the application at a port. */
export const socketProtocol = 2

/** What the job script hands to the agent on standard input: one JSON object. It is the attempt's only secret on the node. */
export interface Ticket {
  readonly protocol: number
  readonly session: string
  readonly attempt: number
  readonly secret: string
  /** Base URL of the hub's API as seen from the compute node, e.g. `http://login1:8081/jupyter/hub/api`. */
  readonly hubUrl: string
  /** Give up waiting for the hub after this long (seconds). */
  readonly hubPatienceSeconds: number
  /** Others may read the job script: before its claim the agent writes `claimMark` into the job's log, which is its owner's alone. */
  readonly mark?: true
}

export interface ClaimRequest {
  readonly protocol: number
  readonly session: string
  readonly attempt: number
  /** Made once per agent process (32 hex digits): a repeated request after a lost reply gets the same claim. */
  readonly nonce: string
  /** The scheduler's job id as the job itself sees it (SLURM_JOB_ID, PBS_JOBID, …). */
  readonly jobId: string
  /** How often the scheduler restarted this job (SLURM_RESTART_COUNT, else 0). */
  readonly restart: number
  /** Node name as the scheduler calls it, else the host name. */
  readonly node: string
  readonly uid: number
  readonly agentVersion: string
  readonly munge?: string
}

/** Refusals: `superseded` and `ended` mean "exit 0 at once, someone else runs this session or nobody should"; `later` means ask again. */
export interface ClaimRefusal {
  readonly code: 'superseded' | 'ended' | 'forbidden' | 'protocol' | 'later'
  readonly message: string
}

export interface ClaimReply {
  /** Bearer token for reports. */
  readonly claimToken: string
  /** TLS-PSK identity and key (64 hex digits) for the listening socket. */
  readonly psk: { readonly identity: string; readonly key: string }
  readonly heartbeatSeconds: number
  /** Where to listen. `address`: `0.0.0.0`, `::` or one address; `ports`: inclusive range, or null for any. */
  readonly listen: {
    readonly address: string
    readonly ports: readonly [number, number] | null
    readonly advertise: string | null
  }
  readonly application: ApplicationOrder
  /** Seconds: how long the application may take to answer, and how long it may take to end after SIGTERM. */
  readonly readySeconds: number
  readonly stopSeconds: number
  /** Unix milliseconds of the walltime's end, if the hub knows it. */
  readonly endsAt: number | null
  /** Unix milliseconds by the hub's clock: the node's own may be wrong, so only differences count. */
  readonly now?: number
  readonly walltime?: WalltimeOrder
  /** Absent: nobody minds an idle session. */
  readonly idle?: IdleOrder
}

/** How to end before the scheduler does it with SIGKILL. All in seconds. */
export interface WalltimeOrder {
  /** Warn so long before the application is closed, the longest first. */
  readonly warnSeconds: readonly number[]
  /** Begin to close the application so long before the walltime is over. */
  readonly leaveSeconds: number
}

/** When nobody uses the application: warn, then end. All in seconds. */
export interface IdleOrder {
  /** End after so long without activity; of which the warning takes `warnSeconds`. */
  readonly seconds: number
  readonly warnSeconds: number
  /**
   * `jupyter`: what Jupyter itself tells of its requests, kernels and terminals, and bytes to and from visitors.
   * `traffic`: bytes alone.
   */
  readonly activity: 'jupyter' | 'traffic'
}

/** What will end the session unless something changes. The application begins to be closed in `endsInSeconds`. */
export interface WarningReport {
  readonly about: 'walltime' | 'idle'
  /** Which of the announced limits has been reached: warned so long ahead. */
  readonly limitSeconds: number
  readonly endsInSeconds: number
}

/** How to run the application. `{port}` or `{socket}` in argv and environment values is replaced by the place that the agent chose. */
export interface ApplicationOrder {
  /** `socket`: a unix socket in a folder that is closed to other accounts; `port` or absent: a loopback port. */
  readonly listensOn?: 'port' | 'socket' | undefined
  /**
   * `hub-aware`: the application checks visitors itself against the hub (jupyterhub-singleuser).
   * `gated`: the agent checks visitors with OAuth against the hub, and adds `Authorization: token <appToken>` towards the application.
   */
  readonly access: 'hub-aware' | 'gated'
  readonly argv: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** URL path below which the application serves, e.g. `/jupyter/user/alice/`. */
  readonly prefix: string
  /** Path asked for readiness, below `prefix`; any status under 500 means ready. */
  readonly healthPath: string
  /** Working directory; `~` is the home. */
  readonly directory: string
  /** For `gated`: what the visitor check needs. */
  readonly gate: {
    readonly clientId: string
    /** The hub as browsers reach it: a path such as `/jupyter/hub/`, or a whole address where the application has a host of its own. */
    readonly hubPath: string
    /** Where the hub sends visitors back to: a path, or a whole address likewise. */
    readonly redirectPath: string
    /** The application has a host for itself: its cookies are bound to that host by their names (`__Host-`). */
    readonly hostCookies?: true | undefined
    /** Any of these scopes lets a visitor in. */
    readonly accessScopes: readonly string[]
    readonly apiToken: string
    readonly appToken: string
  } | null
}

/** CPU seconds, bytes; null where the node does not tell. */
export interface Usage {
  readonly cpuSeconds: number | null
  readonly memoryBytes: number | null
  readonly memoryPeakBytes: number | null
  /** One entry for each GPU of the job; absent where it has none, or nobody tells. */
  readonly gpus?: readonly GpuUsage[] | undefined
}

/** Bytes, and percent of the time in which the GPU computed; null where it does not tell. */
export interface GpuUsage {
  readonly percent: number | null
  readonly memoryBytes: number | null
  readonly memoryTotalBytes: number | null
}

export type Report =
  /** The guarded socket listens. The hub does not route to it before `ready`. */
  | { readonly type: 'listening'; readonly host: string; readonly port: number; readonly pid: number }
  /** The application answered. */
  | {
      readonly type: 'ready'
      readonly host: string
      readonly port: number
      readonly pid: number
      readonly startedMs: number
    }
  | {
      readonly type: 'heartbeat'
      readonly state: 'starting' | 'ready' | 'stopping'
      readonly host: string
      readonly port: number
      readonly usage: Usage
      readonly lastActivityAt: number | null
      readonly connections: number
      /** Until the walltime is over; null while nobody has told. */
      readonly leftSeconds?: number | null
      /** All that hold now; empty when what was announced is off. */
      readonly warnings?: readonly WarningReport[]
    }
  | {
      readonly type: 'exit'
      /**
       * `application`: it ended by itself. `stopped`: the hub or the scheduler asked. `walltime`, `idle`: the agent ended it for that.
       * `not-found`: argv[0] is not there. `never-ready`: see readySeconds. `preflight`: the job script found what `word` says.
       */
      readonly why: ExitReason
      readonly word?: ExitWord | undefined
      readonly exitCode: number | null
      readonly signal: string | null
      /** The last lines of the application's output, at most 200 lines and 64 KiB, secrets removed. */
      readonly log: readonly string[]
      readonly message: string
      readonly usage: Usage
    }

export type ExitReason =
  | 'application'
  | 'stopped'
  | 'walltime'
  | 'idle'
  | 'not-found'
  | 'never-ready'
  | 'home'
  | 'module'
  | 'agent'
  | 'preflight'

export interface ReportReply {
  /** `stop`: end in order and report. */
  readonly order: 'continue' | 'stop'
  /** As in the claim: the end may move while the job runs. */
  readonly endsAt: number | null
  readonly now?: number
  /** The application chose its port itself and told the hub: relay there instead of to `{port}`. */
  readonly applicationPort?: number
}
