import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { ControlClient } from '@batchway/proxy/hub-side'
import { openPastSessions } from '../sessions/past-sessions.ts'
import type { SessionService } from '../sessions/service.ts'
import type { Stores } from '../store/stores.ts'
import type { Desk } from '../web/admin/desk.ts'
import { openSiteHealth } from './site-health.ts'

interface Parts {
  readonly stores: Pick<Stores, 'past' | 'settings' | 'audit'>
  readonly sessions: Pick<SessionService, 'clusterHealth' | 'schedulerStats'>
  readonly clusters: readonly { readonly key: string; readonly title: string }[]
  readonly proxy: Pick<ControlClient, 'listRoutes'>
  /** As the configuration names it. */
  readonly database: string
  readonly now: () => number
}

/** What only the pages for administrators ask of the house. */
export function openDesk({ stores, sessions, clusters, proxy, database, now }: Parts): Desk {
  let seen = performance.eventLoopUtilization()
  return {
    clusters: new Map(clusters.map(({ key, title }) => [key, title])),
    past: openPastSessions({ store: stores.past, now }),
    health: openSiteHealth({
      clusters,
      sessions,
      listRoutes: () => proxy.listRoutes(),
      settings: stores.settings,
      databaseKind: database.startsWith('postgres') ? 'PostgreSQL' : 'SQLite',
      now,
      elapsed: () => performance.now(),
      memoryBytes: () => process.memoryUsage.rss(),
      busyShare() {
        const before = seen
        seen = performance.eventLoopUtilization()
        return performance.eventLoopUtilization(seen, before).utilization
      },
      async within(work, ms) {
        const stop = new AbortController()
        const late = delay(ms, null, { signal: stop.signal, ref: false }).catch(() => null)
        try {
          return await Promise.race([work, late])
        } finally {
          stop.abort()
        }
      },
    }),
    readAudit: stores.audit.list,
  }
}
