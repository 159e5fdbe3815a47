/** All stores on one database: what the composition root opens. */
import { sql } from 'kysely'
import type { ReportStore } from '../report/report-store.ts'
import type { PastStore } from '../sessions/past-store.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import { type AuditStore, auditStore } from './audit-store.ts'
import type { Changes } from './changes.ts'
import { type GroupStore, groupStore } from './group-store.ts'
import { type KeptSignInStore, keptSignInStore } from './kept-sign-in-store.ts'
import { type LinkStore, linkStore } from './link-store.ts'
import { migrate } from './migrate.ts'
import { type OAuthStore, oauthStore } from './oauth-store.ts'
import { type Database, type OpenOptions, openDatabase } from './open.ts'
import { pastStore } from './past-store.ts'
import { reportStore } from './report-store.ts'
import { type RevokedStore, revokedStore } from './revoked-store.ts'
import { type ServerStore, serverStore } from './server-store.ts'
import { sessionStore } from './session-store.ts'
import { type SettingStore, settingStore } from './setting-store.ts'
import { type ShareCodeStore, shareCodeStore } from './share-code-store.ts'
import { type ShareStore, shareStore } from './share-store.ts'
import { type SignInStore, signInStore } from './sign-in-store.ts'
import { type TokenStore, tokenStore } from './token-store.ts'
import { type UserStore, userStore } from './user-store.ts'

export interface Stores {
  readonly sessions: SessionStore
  readonly past: PastStore
  readonly users: UserStore
  readonly groups: GroupStore
  readonly servers: ServerStore
  readonly tokens: TokenStore
  readonly signIns: SignInStore
  readonly keptSignIns: KeptSignInStore
  readonly links: LinkStore
  readonly oauth: OAuthStore
  readonly settings: SettingStore
  readonly audit: AuditStore
  readonly revoked: RevokedStore
  readonly shares: ShareStore
  readonly shareCodes: ShareCodeStore
  readonly reports: ReportStore
  readonly changes: Changes
  /** Does the database answer? @throws if not. */
  ask(): Promise<void>
}

export const storesOf = (database: Database): Stores => ({
  sessions: sessionStore(database),
  past: pastStore(database),
  users: userStore(database),
  groups: groupStore(database),
  servers: serverStore(database),
  tokens: tokenStore(database),
  signIns: signInStore(database),
  keptSignIns: keptSignInStore(database),
  links: linkStore(database),
  oauth: oauthStore(database),
  settings: settingStore(database),
  audit: auditStore(database),
  revoked: revokedStore(database),
  shares: shareStore(database),
  shareCodes: shareCodeStore(database),
  reports: reportStore(database),
  changes: database.changes,
  async ask() {
    await sql`select 1`.execute(database.db)
  },
})

/** Open the database, bring it up to date and hand out its stores. Close with `await using`. @throws {DatabaseError} */
export async function openStores(
  url: string,
  now: () => number,
  options: OpenOptions = {},
): Promise<Stores & AsyncDisposable> {
  await using undo = new AsyncDisposableStack()
  const database = undo.use(openDatabase(url, options))
  await migrate(database, now())
  const keep = undo.move()
  return { ...storesOf(database), [Symbol.asyncDispose]: () => keep.disposeAsync() }
}
