/** Tells when a scheduler falls silent, and when it answers again. */
import type { Sessions } from '../sessions/sessions.ts'
import type { Emit } from './event-table.ts'

/** One call that failed is no silence. */
const silentMs = 15_000

/** @returns what looks once; to be called every second or so. @param now Unix ms. */
export function clusterTeller(
  keys: readonly string[],
  sessions: Pick<Sessions, 'clusterHealth'>,
  emit: Emit,
  now: () => number,
): () => void {
  const silent = new Map<string, number>()
  return () => {
    for (const cluster of keys) {
      const { failingSince, words } = sessions.clusterHealth(cluster)
      const since = silent.get(cluster)
      if (failingSince === null) {
        if (since === undefined) continue
        silent.delete(cluster)
        emit('cluster.back', { cluster, silent_seconds: (now() - since) / 1_000 })
      } else if (since === undefined && now() - failingSince >= silentMs) {
        silent.set(cluster, failingSince)
        emit('cluster.silent', { cluster, since: failingSince, words })
      }
    }
  }
}
