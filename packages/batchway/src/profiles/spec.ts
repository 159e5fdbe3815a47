import type { Resources } from '@batchway/schedulers'

/** Where the value of a field of a spec came from; `limit`: the profile asks for more than its cluster’s limits let it. */
export type Origin = 'default' | 'cluster' | 'application' | 'profile' | 'user' | 'limit'

/** An application as the site offers it. */
export interface Application {
  readonly key: string
  readonly title: string
  /** `hub-aware`: checks visitors itself (jupyterhub-singleuser). `gated`: the agent does. */
  readonly access: 'hub-aware' | 'gated'
  /** `{socket}` or `{port}`, `{prefix}` and `{hub_prefix}` are filled in. */
  readonly argv: readonly string[]
  /** `{app_token}` is filled in here too: an environment is private, a command line is not. */
  readonly environment: Readonly<Record<string, string>>
  readonly directory: string
  /** Path below the session's prefix that answers when the application is up, e.g. `api`. */
  readonly healthPath: string
  /** Where "Open" leads, below the session's prefix, e.g. `lab`. */
  readonly openPath: string
  readonly modules: readonly string[]
  /** Shell lines of the site that run before the application, e.g. `. /etc/profile.d/modules.sh`. Admin's text, never a user's. */
  readonly prologue: string
  /** Who tells whether it is used: Jupyter itself, or (also if absent) the traffic of its visitors alone. */
  readonly activity?: 'jupyter' | 'traffic'
}

/** When a session that nobody uses is ended. */
export interface IdleLimit {
  readonly seconds: number
  /** The last part of `seconds`, in which people are warned. */
  readonly warnSeconds: number
  /** `all`: whatever the application calls use, a computing kernel too. `browser`: only visitors' traffic. */
  readonly counts: 'all' | 'browser'
}

/** A profile resolved with a user's choices, frozen when the session is created. */
export interface Spec {
  readonly profile: { readonly key: string; readonly title: string }
  /** Key of the cluster, and what people call it. */
  readonly cluster: string
  readonly clusterTitle: string
  readonly application: Application
  readonly resources: Resources
  /** The driver's per-job options (partition, account, qos…), validated by `driver.jobOptions`. */
  readonly jobOptions: Readonly<Record<string, unknown>>
  readonly requeue: boolean
  /** Seconds; null = no limit. */
  readonly limits: {
    readonly queueSeconds: number | null
    readonly bootSeconds: number
    readonly readySeconds: number
    readonly stopSeconds: number
    /** Absent: a session may stay unused until its walltime is over. */
    readonly idle?: IdleLimit
  }
  /** Dotted field → origin, e.g. `resources.cores` → `profile`. */
  readonly origin: Readonly<Record<string, Origin>>
}
