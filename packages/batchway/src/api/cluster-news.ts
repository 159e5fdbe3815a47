import { toWireTime } from '../core/times.ts'
import type { ApiDeps } from './deps.ts'
import type { SseSource } from './sse.ts'

/** Soon enough for a page that somebody looks at (ms). */
const lookMs = 3_000

/**
 * Tell a stream when a scheduler falls silent, and when it answers again: that changes no session, but what is known of them is
 * then as old as the last answer.
 * @returns how to stop.
 */
export function followClusters(
  { clusters, sessions, every }: Pick<ApiDeps, 'clusters' | 'sessions' | 'every'>,
  source: SseSource,
): () => void {
  const known = new Map<string, number | null>()
  return every(lookMs, () => {
    for (const { key, title } of clusters) {
      const { failingSince, lastAnswerAt, words } = sessions.clusterHealth(key)
      if ((known.get(key) ?? null) === failingSince) continue
      known.set(key, failingSince)
      const data = {
        key,
        title,
        last_answer: toWireTime(lastAnswerAt),
        failing_since: toWireTime(failingSince),
        words,
      }
      source.send(`cluster ${key}`, data, 'cluster')
    }
  })
}
