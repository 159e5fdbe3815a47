import { BatchwayError } from '../core/errors.ts'
import type { Caller } from '../people/people.ts'
import type { Removal } from '../people/removal.ts'
import type { ApiDeps } from './deps.ts'
import type { Incoming } from './route.ts'
import { type SseSource, sseResponse } from './sse.ts'

/** JupyterHub's rhythm (ms): short enough for the time-outs of front servers. */
const keepAliveMs = 8_000

export type OpenStream = (incoming: Incoming, open: (source: SseSource) => () => void) => Response

/** What a stream hangs on, as removals name it. */
function keyOfCaller(caller: Exclude<Caller, { kind: 'anonymous' }>): string {
  // Its token is configuration: nobody takes it back while the hub runs.
  if (caller.kind === 'service') return `service ${caller.service.name}`
  return keyOf(
    caller.kind === 'token' ? { kind: 'token', id: caller.token.id } : { kind: 'sign-in', id: caller.signIn.id },
  )
}
const keyOf = ({ kind, id }: Removal): string => `${kind} ${id}`

/**
 * Streams with a limit per user or service. One ends as soon as its token or its sign-in is removed, and at the next keep-alive when the right to
 * read it has gone in another way (a group, a role).
 */
export function openStreams(deps: Pick<ApiDeps, 'every' | 'settings' | 'onRemoval'>): OpenStream {
  const counts = new Map<number | string, number>()
  const open = new Map<string, Set<AbortController>>()
  deps.onRemoval((removal) => {
    for (const aborter of open.get(keyOf(removal)) ?? []) aborter.abort()
  })

  function register(key: string, aborter: AbortController): () => void {
    const same = open.get(key) ?? new Set()
    open.set(key, same.add(aborter))
    return () => {
      same.delete(aborter)
      if (same.size === 0 && open.get(key) === same) open.delete(key)
    }
  }

  return (incoming, start) => {
    const { caller, request } = incoming
    if (caller.kind === 'anonymous') throw new BatchwayError('forbidden', 'Missing or invalid credentials.')
    const id = caller.kind === 'service' ? caller.service.name : caller.user.id
    const headersOnly = request.method === 'HEAD'
    if ((counts.get(id) ?? 0) >= deps.settings.maxStreamsPerUser)
      throw new BatchwayError('limit_reached', 'Too many streams are open. Close some pages.')
    const removed = new AbortController()
    return sseResponse(
      (source) => {
        counts.set(id, (counts.get(id) ?? 0) + 1)
        const unregister = register(keyOfCaller(caller), removed)
        // It may have been removed between the look at who calls and this moment.
        incoming.isStillAllowed().then(
          (allowed) => allowed || removed.abort(),
          () => removed.abort(),
        )
        const close = start(source)
        return () => {
          const left = (counts.get(id) ?? 1) - 1
          if (left > 0) counts.set(id, left)
          else counts.delete(id)
          unregister()
          close()
        }
      },
      {
        keepAliveMs,
        every: deps.every,
        headers: {},
        signal: AbortSignal.any([request.signal, removed.signal]),
        headersOnly,
        isStillAllowed: incoming.isStillAllowed,
      },
    )
  }
}
