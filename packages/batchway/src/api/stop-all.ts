import { BatchwayError } from '../core/errors.ts'
import type { Session } from '../sessions/session.ts'
import type { ApiDeps } from './deps.ts'

/** How long a request waits for servers to stop (ms): JupyterHub's time. */
const patienceMs = 10_000

/**
 * Stop all servers of a user and wait a while for them to end.
 * @param tell of each that was asked to stop.
 * @returns how many have not ended yet.
 */
export async function stopAllOf(
  userId: number,
  by: string,
  { sessions, every }: Pick<ApiDeps, 'sessions' | 'every'>,
  tell: (session: Session) => Promise<void>,
): Promise<number> {
  const waiting = new Set<string>()
  const { promise, resolve } = Promise.withResolvers<void>()
  const ended = ({ id, facts }: Session): void => {
    if (facts.state !== 'ended') return
    waiting.delete(id)
    if (waiting.size === 0) resolve()
  }
  // Subscribed before the first is asked: none can end unseen.
  const unsubscribe = sessions.subscribe(userId, ended)
  const giveUp = every(patienceMs, resolve)
  try {
    const active = await sessions.listActiveOf(userId)
    for (const { id } of active) waiting.add(id)
    for (const session of active) {
      const now = await sessions.stop(session.id, by).catch((error: unknown) => {
        if (error instanceof BatchwayError && error.code === 'session_not_found') return null
        throw error
      })
      if (now === null) waiting.delete(session.id)
      else ended(now)
      if (session.facts.state !== 'stopping') await tell(session)
    }
    if (waiting.size > 0) await promise
    return waiting.size
  } finally {
    unsubscribe()
    giveUp()
  }
}
