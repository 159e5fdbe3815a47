import type { ApplicationPlaces } from '../core/application-hosts.ts'
import type { HubVersions } from '../core/http.ts'
import type { Logger } from '../core/logger.ts'
import type { Audit } from '../people/audit.ts'
import type { PeopleService } from '../people/people.ts'
import type { RoleBook } from '../people/roles.ts'
import type { Services } from '../people/services.ts'

export interface OAuthSettings {
  /** The gateway's path with both slashes. */
  readonly base: string
  readonly publicUrl: string
  readonly origins: readonly string[]
  readonly versions: HubVersions
  readonly places: ApplicationPlaces
  readonly xsrfKey: string
  /** Seconds: how long a token of an application is valid. JupyterHub: 14 days, as its cookies. */
  readonly tokenSeconds: number
}

/** What the pages are given; the templates escape it. */
export interface OAuthPages {
  readonly 'oauth-confirm': {
    readonly user: { readonly name: string; readonly isAdmin: boolean }
    readonly client: { readonly id: string; readonly description: string; readonly redirectUri: string }
    /** Whose server asks; null: a service. */
    readonly owner: string | null
    /** Of the server or the service. */
    readonly name: string
    readonly scopes: readonly string[]
    /** Where the form posts to, and its hidden `_xsrf`. */
    readonly action: string
    readonly xsrf: string
    readonly cancel: string
  }
  readonly error: {
    readonly status: number
    readonly title: string
    readonly message: string
    /** What the visitor can do. */
    readonly advice: string
    readonly requestId: string
  }
}

export interface OAuthDeps {
  readonly people: Pick<
    PeopleService,
    'callerOfCookie' | 'findUserById' | 'findClient' | 'createCode' | 'redeemCode' | 'insertToken' | 'describeTokens'
  >
  readonly services: Pick<Services, 'ofClient'>
  readonly book: RoleBook
  readonly settings: OAuthSettings
  readonly log: Logger
  readonly audit: Audit
  renderPage<Name extends keyof OAuthPages>(name: Name, model: OAuthPages[Name]): Promise<string> | string
  now(): number
  /** 32 hex digits, unpredictable. */
  newToken(): string
  newRequestId(): string
}
