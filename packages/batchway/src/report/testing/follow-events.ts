/** What a hub that writes events writes about its sessions. */
import type { SessionService } from '../../sessions/service.ts'
import type { Session } from '../../sessions/session.ts'
import { startEvents, toEventLine } from '../start-events.ts'

/** @returns the lines so far; more come as sessions move on. */
export function followEvents(hub: Pick<SessionService, 'subscribe'>, now: () => number): readonly string[] {
  const lines: string[] = []
  const known = new Map<string, Session>()
  hub.subscribe('all', (session) => {
    lines.push(...startEvents(known.get(session.id) ?? null, session, now()).map(toEventLine))
    known.set(session.id, session)
  })
  return lines
}
