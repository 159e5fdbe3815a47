import type { Context, Hono } from 'hono'
import type { ApplicationPlaces } from '../core/application-hosts.ts'
import type { HubVersions } from '../core/http.ts'
import type { Logger } from '../core/logger.ts'
import type { Admission } from '../people/admission.ts'
import type { Announcements } from '../people/announcements.ts'
import type { Audit } from '../people/audit.ts'
import type { KeptSignIns } from '../people/kept-sign-ins.ts'
import type { Login } from '../people/login.ts'
import type { People, PeopleService, SignIn, User } from '../people/people.ts'
import type { Shares } from '../people/shares.ts'
import type { ExamineSignIn } from '../people/who.ts'
import type { Launcher } from '../profiles/launch-model.ts'
import type { Spec } from '../profiles/spec.ts'
import type { Drains } from '../sessions/drains.ts'
import type { JobPreview } from '../sessions/job-request.ts'
import type { NamedServers } from '../sessions/named-servers.ts'
import type { SessionService } from '../sessions/service.ts'
import type { Sessions } from '../sessions/sessions.ts'
import type { Desk } from './admin/desk.ts'
import type { TimeWords } from './format.ts'
import type { HubPaths } from './hub-paths.ts'
import type { Pages } from './pages.ts'
import type { Reports } from './report-page.ts'
import type { StartSeal } from './start-memory.ts'
import type { ThemeSource } from './theme/live-theme.ts'
import type { SignInTries } from './try-limit.ts'

export interface WebSettings {
  /** The gateway's path with both slashes. */
  readonly base: string
  /** Public address that people type. */
  readonly publicUrl: string
  /** Every origin under which people reach the gateway, that of `publicUrl` included. */
  readonly origins: readonly string[]
  /** The hub's secret for form tokens; the same one the API uses. */
  readonly xsrfKey: string
  readonly versions: HubVersions
  readonly places: ApplicationPlaces
  /** Who runs it: `Northfield Computing Centre`. */
  readonly siteName: string
  readonly helpUrl: string | null
  readonly helpMail: string | null
  readonly announcement: string | null
  /** IANA name. */
  readonly timeZone: string
  /** Unknown variables in our templates are errors, and they are read again for each page. */
  readonly isDevelopment: boolean
  /** How long a token may live that people ask for; null = for ever. */
  readonly longestTokenSeconds: number | null
}

export interface WebDependencies {
  readonly people: People &
    Pick<PeopleService, 'createToken' | 'describeTokens' | 'revokeToken' | 'searchUsers' | 'findGroup' | 'membersOf'>
  readonly sessions: Sessions & Pick<SessionService, 'usageOf'>
  readonly servers: NamedServers
  readonly announcements: Announcements
  readonly desk: Desk
  readonly drains: Drains
  readonly shares: Pick<Shares, 'peekCode' | 'redeemCode'>
  readonly launcher: Launcher
  /** What a start with this spec would submit, with blanks for what each start gets anew. @throws {SchedulerError} @throws {BatchwayError} */
  readonly previewJob: (user: User, spec: Spec) => Promise<JobPreview>
  /** Ways to sign in, in the order of the page; one-time links are none of them. */
  readonly logins: readonly Login[]
  readonly hasLinks: boolean
  readonly admission: Admission
  /** OpenAPI 3.1: the same document that programs get. */
  readonly describeApi: () => unknown
  /** A dry run, for administrators. */
  readonly examineSignIn: ExamineSignIn
  /** For administrators. */
  readonly reports: Reports
  /** Of signing in, shared with every other door that takes a password. */
  readonly tries: SignInTries
  readonly settings: WebSettings
  /** The site’s own look and words. */
  readonly theme: ThemeSource
  /** What ways to sign in keep with sign-ins. */
  readonly kept: Pick<KeptSignIns, 'remember' | 'find' | 'endedThere'>
  /** For what browsers keep while they are at a provider. */
  readonly seal: StartSeal
  readonly log: Logger
  readonly audit: Audit
  readonly now: () => number
  /** Unpredictable text of letters and digits, at least 16 characters. */
  readonly nonce: () => string
  /** The browser's address, as the proxy attests it. */
  readonly addressOf: (headers: Headers) => string
  /** Put the route of a ready session back if the proxy lost it. */
  readonly ensureRoute: (sessionId: string) => Promise<void>
  readonly sleep: (milliseconds: number) => Promise<void>
}

/** Who looks at a page, and how: set for every request by `visitor.ts`. */
export interface Visit {
  readonly requestId: string
  readonly user: User | null
  readonly signIn: SignIn | null
  readonly scopes: ReadonlySet<string>
  /** The token that forms on this page carry. */
  readonly xsrf: string
  /** Our own script asks for the changed parts only. */
  readonly isFragment: boolean
  /** Sent by somebody else's script on our origin: it gets facts as JSON and never a page, which would hold a form token. */
  readonly isForeign: boolean
}

export interface WebEnv {
  Variables: { visit: Visit }
}
export type WebContext = Context<WebEnv>
export type WebApp = Hono<WebEnv>

/** What every route file gets. */
export interface WebRoom extends WebDependencies {
  readonly paths: HubPaths
  readonly pages: Pages
  readonly times: TimeWords
}
