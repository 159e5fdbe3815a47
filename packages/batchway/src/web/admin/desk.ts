import type { ReadAudit } from '../../people/audit.ts'
import type { PastSessions } from '../../sessions/past-sessions.ts'
import type { SiteHealth } from './site-health.ts'

/** What only the pages for administrators ask. */
export interface Desk {
  /** Key → title. */
  readonly clusters: ReadonlyMap<string, string>
  readonly past: PastSessions
  /** Never waits long, whatever is silent. */
  health(): Promise<SiteHealth>
  readonly readAudit: ReadAudit
}
