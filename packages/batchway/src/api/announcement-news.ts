import type { ApiDeps } from './deps.ts'
import type { SseSource } from './sse.ts'

/** Soon enough for a page that somebody looks at (ms). */
const lookMs = 3_000

/**
 * Tell a stream which announcements its reader is to see: at once if there are any, and whenever they are others. They change by being published and
 * withdrawn, by their end, and by the reader's own sessions beginning and ending on a cluster.
 * @returns how to stop.
 */
export function followAnnouncements(
  { announcements, sessions, every }: Pick<ApiDeps, 'announcements' | 'sessions' | 'every'>,
  reader: { readonly id: number; readonly name: string },
  source: SseSource,
): () => void {
  // A page that shows none need not hear that there are none.
  let known = ''
  const look = async (): Promise<void> => {
    const active = await sessions.listActiveOf(reader.id)
    const clusters = new Set(active.map(({ spec }) => spec.cluster))
    const ids = announcements.of({ name: reader.name, clusters }).map(({ id }) => id)
    const version = ids.join(' ')
    if (version === known) return
    known = version
    source.send('announcements', { ids }, 'announcements')
  }
  const lookQuietly = (): void => void look().catch(() => {}) // looked at again in a moment
  lookQuietly()
  return every(lookMs, lookQuietly)
}
