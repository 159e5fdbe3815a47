/**
 * Tells what happens to sessions, as the session room publishes it. A session's row is written before it is told, so a hub that is killed
 * in between owes the event: the next one tells again what the rows say happened since the last moment at which all was handed over.
 */
import type { Session } from '../sessions/session.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import type { Sessions } from '../sessions/sessions.ts'
import type { Emit } from './event-table.ts'
import { eventsSince, type SessionEventName, type SessionHappening, sessionEvents } from './session-events.ts'

/** Ended sessions whose accounting may still arrive. */
const keptEnds = 1_000
/** Most that are told again. */
const longestReplay = 10_000

export interface SessionTellerParts {
  readonly sessions: Pick<Sessions, 'subscribe'>
  readonly store: Pick<SessionStore, 'listActive' | 'listEndedSince'>
  readonly emit: Emit
  /** Unix ms. */
  readonly now: () => number
}

export interface SessionTeller extends Disposable {
  /** @param since Unix ms. Call it before sessions are adopted. @returns how many events were told again. */
  tellAgain(since: number): Promise<number>
}

/** Open it before sessions are adopted: what is there already is then known and not told. */
export function openSessionTeller({ sessions, store, emit, now }: SessionTellerParts): SessionTeller {
  const openedAt = now()
  const living = new Map<string, Session>()
  const ended = new Map<string, Session>()

  function keep(session: Session): void {
    if (session.facts.state !== 'ended') {
      living.set(session.id, session)
      return
    }
    living.delete(session.id)
    ended.set(session.id, session)
    const [oldest] = ended.keys()
    if (ended.size > keptEnds && oldest !== undefined) ended.delete(oldest)
  }

  function tell<N extends SessionEventName>(happening: SessionHappening<N>, isAgain: boolean): void {
    emit<N>(happening.name, happening.told, { ...happening.when, isAgain })
  }

  const stop = sessions.subscribe('all', (session) => {
    const before = living.get(session.id) ?? ended.get(session.id) ?? null
    // Two changes may be told in the wrong order, and one that told nothing new is told as well.
    if (before !== null && before.version >= session.version) return
    keep(session)
    const isOld = before === null && session.createdAt < openedAt
    const happened = isOld ? eventsSince(session, openedAt) : sessionEvents(before, session, now())
    for (const happening of happened) tell(happening, false)
  })

  return {
    async tellAgain(since) {
      const rows = [...(await store.listActive()), ...(await store.listEndedSince(since, longestReplay))]
      const owed = rows.flatMap((session) => eventsSince(session, since))
      for (const happening of owed.sort((a, b) => a.when.at - b.when.at)) tell(happening, true)
      return owed.length
    },
    [Symbol.dispose]: stop,
  }
}
