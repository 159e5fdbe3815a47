import { BatchwayError } from '../core/errors.ts'
import type { ApiDeps } from './deps.ts'
import type { Incoming } from './route.ts'
import { type SseSource, sseResponse } from './sse.ts'

/** JupyterHub's rhythm (ms): short enough for the time-outs of front servers. */
const keepAliveMs = 8_000

export type OpenStream = (incoming: Incoming, open: (source: SseSource) => () => void) => Response

/** Streams with a limit per user, closed when the right to read them ends. */
export function openStreams(deps: Pick<ApiDeps, 'every' | 'settings'>): OpenStream {
  const counts = new Map<number, number>()
  return (incoming, open) => {
    const { caller, request } = incoming
    if (caller.kind === 'anonymous') throw new BatchwayError('forbidden', 'Missing or invalid credentials.')
    const { id } = caller.user
    const headersOnly = request.method === 'HEAD'
    if ((counts.get(id) ?? 0) >= deps.settings.maxStreamsPerUser)
      throw new BatchwayError('limit_reached', 'Too many streams are open for this user. Close some pages.')
    return sseResponse(
      (source) => {
        counts.set(id, (counts.get(id) ?? 0) + 1)
        const close = open(source)
        return () => {
          const left = (counts.get(id) ?? 1) - 1
          if (left > 0) counts.set(id, left)
          else counts.delete(id)
          close()
        }
      },
      {
        keepAliveMs,
        every: deps.every,
        headers: {},
        signal: request.signal,
        headersOnly,
        isStillAllowed: incoming.isStillAllowed,
      },
    )
  }
}
