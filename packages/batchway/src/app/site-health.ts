/** How the parts of the site are, for the page for administrators: asked when somebody looks, and not again for a moment. */

import type { SessionService } from '../sessions/service.ts'
import type { SettingStore } from '../store/setting-store.ts'
import type { SiteHealth } from '../web/admin/site-health.ts'

/** How long a part may take to answer (ms): the page waits no longer. */
const patienceMs = 1_500
/** Several administrators look at the same answer (ms). */
const freshMs = 2_000
/** Calls are counted over so long at most (ms). */
const countedMs = 120_000

interface Parts {
  readonly clusters: readonly { readonly key: string; readonly title: string }[]
  readonly sessions: Pick<SessionService, 'clusterHealth' | 'schedulerStats'>
  listRoutes(): Promise<ReadonlyMap<string, unknown>>
  readonly settings: Pick<SettingStore, 'find'>
  /** `SQLite`, `PostgreSQL`. */
  readonly databaseKind: string
  readonly now: () => number
  /** Milliseconds; does not jump. */
  readonly elapsed: () => number
  memoryBytes(): number
  /** Share of the time that the event loop was at work since it was last asked. */
  busyShare(): number
  /** Resolves to null after the time; the work goes on. */
  within<T>(work: Promise<T>, ms: number): Promise<T | null>
}

export function openSiteHealth(parts: Parts): () => Promise<SiteHealth> {
  const { clusters, sessions, settings, now, elapsed } = parts
  const startedAt = now()
  const counted = new Map<string, { readonly at: number; readonly calls: number }[]>()
  let known: { readonly at: number; readonly health: Promise<SiteHealth> } | null = null

  /** @returns null where it failed or took too long. */
  async function asked<T>(ask: () => Promise<T>): Promise<{ readonly ms: number; readonly value: T } | null> {
    const begin = elapsed()
    const work = ask().then(
      (value) => ({ ms: elapsed() - begin, value }),
      () => null,
    )
    return parts.within(work, patienceMs)
  }

  function callsPerMinute(key: string, calls: number): number | null {
    const at = elapsed()
    const looks = (counted.get(key) ?? []).filter((look) => at - look.at <= countedMs)
    counted.set(key, [...looks, { at, calls }])
    const first = looks[0]
    return first === undefined || at - first.at < 10_000 ? null : ((calls - first.calls) / (at - first.at)) * 60_000
  }

  async function look(): Promise<SiteHealth> {
    const stats = sessions.schedulerStats().clusters
    const [routes, row] = await Promise.all([asked(parts.listRoutes), asked(() => settings.find('drains'))])
    return {
      clusters: clusters.map(({ key, title }) => {
        const own = stats.get(key)
        return {
          key,
          title,
          health: sessions.clusterHealth(key),
          lastCallMs: own === undefined || own.calls === 0 ? null : own.lastCallMs,
          callsPerMinute: own === undefined ? null : callsPerMinute(key, own.calls),
        }
      }),
      proxy: { ms: routes?.ms ?? null, routes: routes?.value.size ?? 0 },
      database: { ms: row?.ms ?? null, kind: parts.databaseKind },
      hub: { startedAt, memoryBytes: parts.memoryBytes(), busyShare: parts.busyShare() },
    }
  }

  return () => {
    if (known === null || elapsed() - known.at > freshMs) known = { at: elapsed(), health: look() }
    return known.health
  }
}
