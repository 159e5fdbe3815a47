/** A desk for the tests of the pages: what it is told, and who asked. */

import type { StoredAuditEntry } from '../../people/audit.ts'
import { openPastSessions } from '../../sessions/past-sessions.ts'
import type { PastSession } from '../../sessions/past-store.ts'
import type { Desk } from '../admin/desk.ts'
import type { SiteHealth } from '../admin/site-health.ts'

export interface FakeDesk extends Desk {
  readonly ended: PastSession[]
  readonly entries: StoredAuditEntry[]
  state: SiteHealth
}

export function fakeDesk(clusters: ReadonlyMap<string, string>, now: () => number): FakeDesk {
  const ended: PastSession[] = []
  const entries: StoredAuditEntry[] = []
  const health = { lastAnswerAt: now(), failingSince: null, words: null }
  const desk: FakeDesk = {
    ended,
    entries,
    state: {
      clusters: [...clusters].map(([key, title]) => ({ key, title, health, lastCallMs: 200, callsPerMinute: 12 })),
      proxy: { ms: 3, routes: 30 },
      database: { ms: 1, kind: 'SQLite' },
      hub: { startedAt: now() - 12 * 86_400_000, memoryBytes: 118 * 2 ** 20, busyShare: 0.03 },
    },
    clusters,
    past: openPastSessions({
      now,
      store: {
        listEndedAfter: async ({ endedAt, id }, limit) =>
          ended
            .filter((each) => each.endedAt > endedAt || (each.endedAt === endedAt && each.id > id))
            .sort((a, b) => a.endedAt - b.endedAt || (a.id < b.id ? -1 : 1))
            .slice(0, limit),
      },
    }),
    health: async () => desk.state,
    readAudit: async ({ user, actor, action, since, until, beforeId }, limit) =>
      entries
        .filter(
          (entry) =>
            (user === undefined || [entry.actor, entry.object].includes(user) || entry.object.startsWith(`${user}/`)) &&
            (actor === undefined || entry.actor === actor) &&
            (action === undefined || entry.action === action) &&
            (since === undefined || entry.at >= since) &&
            (until === undefined || entry.at < until) &&
            (beforeId === undefined || entry.id < beforeId),
        )
        .slice(-limit),
  }
  return desk
}
