/** What the API is given. Everything that reaches outside comes in here. */
import type { Hono } from 'hono'
import type { ApplicationPlaces } from '../core/application-hosts.ts'
import type { HubVersions } from '../core/http.ts'
import type { Logger } from '../core/logger.ts'
import type { Administration } from '../people/administration.ts'
import type { Announcements } from '../people/announcements.ts'
import type { ApiTokens } from '../people/api-tokens.ts'
import type { Audit } from '../people/audit.ts'
import type { PeopleService, User } from '../people/people.ts'
import type { Removal } from '../people/removal.ts'
import type { Services } from '../people/services.ts'
import type { Shares } from '../people/shares.ts'
import type { ExamineSignIn } from '../people/who.ts'
import type { Spec } from '../profiles/spec.ts'
import type { Drains } from '../sessions/drains.ts'
import type { NamedServers } from '../sessions/named-servers.ts'
import type { Sessions } from '../sessions/sessions.ts'
import type { Metrics } from './metrics.ts'

export interface ApiSettings {
  /** The gateway's path with both slashes. */
  readonly base: string
  readonly publicUrl: string
  /** Origins under which people reach the gateway; the first one is `publicUrl`'s. */
  readonly origins: readonly string[]
  readonly versions: HubVersions
  readonly places: ApplicationPlaces
  /** Tells this gateway from others; no secret. */
  readonly siteId: string
  readonly xsrfKey: string
  /** Whether figures are only for holders of `read:metrics`, as JupyterHub's `authenticate_prometheus`. */
  readonly guardsMetrics: boolean
  /** Most streams of server-sent events one user may hold open. */
  readonly maxStreamsPerUser: number
}

export interface ProfileSummary {
  readonly key: string
  readonly title: string
  readonly description: string
  readonly cluster: string
  readonly application: string
}

export interface ClusterSummary {
  readonly key: string
  readonly title: string
  /** Id of its driver, e.g. `slurm`. */
  readonly driver: string
}

/** The hub as a process, and its proxy. */
export interface HubControl {
  readonly about: {
    /** `Node.js v24.1.0` */
    readonly runtime: string
    /** Path of the program. */
    readonly executable: string
    /** Ids. */
    readonly drivers: readonly string[]
    readonly logins: readonly string[]
  }
  /** @throws {BatchwayError} `proxy_unavailable` */
  listRoutes(): Promise<
    ReadonlyMap<
      string,
      { readonly target: string; readonly user?: unknown; readonly server_name?: unknown; readonly service?: unknown }
    >
  >
  /** @throws {BatchwayError} `proxy_unavailable` */
  mendRoutes(): Promise<unknown>
  /** Returns at once; the hub ends when its answers are out. @param request.servers ask all sessions to end first. */
  shutDown(request: { readonly servers: boolean; readonly by: string }): Promise<void>
}

/** What the hub needs, and whether it answers. */
export interface Readiness {
  readonly database: boolean
  readonly proxy: boolean
  readonly schedulers: {
    readonly answering: number
    readonly silent: number
    /** Null before the first answer. */
    readonly oldestAnswerSeconds: number | null
  }
}

export interface ApiDeps {
  readonly people: Pick<PeopleService, 'findUser' | 'callerOfToken' | 'callerOfCookie' | 'touchUser' | 'removeUser'> &
    Administration &
    ApiTokens
  readonly services: Pick<Services, 'all' | 'find'>
  readonly shares: Omit<Shares, 'peekCode' | 'redeemCode'>
  readonly sessions: Omit<Sessions, 'listActive'>
  readonly hub: HubControl
  readonly announcements: Announcements
  readonly drains: Drains
  readonly servers: Omit<NamedServers, 'rules' | 'rename'>
  readonly settings: ApiSettings
  /**
   * Who shows a name and a password in a request's body, by the site's sign-in form. Refusals are recorded there.
   * @returns null if it is nobody, or there is no such form.
   * @throws {BatchwayError} `limit_reached` after too many tries, `sign_in_unavailable`.
   */
  identify(given: {
    readonly username: string
    readonly password: string
    readonly address: string
  }): Promise<{ readonly user: User; readonly way: string } | null>
  readonly examineSignIn: ExamineSignIn
  readonly log: Logger
  readonly audit: Audit
  /** Be told of tokens and sign-ins that are no more. @returns how to stop being told. */
  onRemoval(listener: (removal: Removal) => void): () => void
  /** May be asked by anybody, as often as they like. */
  readiness(): Promise<Readiness>
  readonly metrics: Pick<Metrics, 'contentType' | 'text' | 'observeRequest'>
  readonly clusters: readonly ClusterSummary[]
  listProfiles(user: User): readonly ProfileSummary[]
  /**
   * Turn the options of a start request into a spec.
   * @param options null: the caller sent none, use the choice of last time or the default.
   * @throws {BatchwayError} `invalid_choice`
   */
  chooseSpec(owner: User, options: Readonly<Record<string, unknown>> | null): Promise<Spec>
  /** What a person chose themselves is what the page shows them next time. */
  rememberChoice(owner: User, spec: Spec): Promise<void>
  now(): number
  newRequestId(): string
  /** Call `run` every `ms` until the returned function is called. */
  every(ms: number, run: () => void): () => void
  /** The OAuth room's endpoints lie below the API's path. */
  readonly oauth: { readonly publicOAuth: Hono; readonly internalOAuth: Hono }
}
