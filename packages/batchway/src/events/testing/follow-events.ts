/** What a hub writes about its sessions into an event log. */
import type { SessionService } from '../../sessions/service.ts'
import type { SessionStore } from '../../sessions/session-store.ts'
import type { LineFormat } from '../event-line.ts'
import { toEventLine } from '../event-line.ts'
import type { Emit } from '../event-table.ts'
import { openSessionTeller } from '../tell-sessions.ts'

export interface Followed {
  readonly hub: Pick<SessionService, 'subscribe'>
  readonly store: Pick<SessionStore, 'listActive' | 'listEndedSince'>
  readonly now: () => number
}

/** @returns the lines so far; more come as sessions move on. */
export function followEvents({ hub, store, now }: Followed, format: LineFormat = 'json'): readonly string[] {
  const lines: string[] = []
  const emit: Emit = (name, told, when) => {
    const at = when?.at ?? now()
    lines.push(toEventLine(name, told, { ...when, at }, { instance: '00', request: null }).text(format))
  }
  openSessionTeller({ sessions: hub, store, emit, now })
  return lines
}
