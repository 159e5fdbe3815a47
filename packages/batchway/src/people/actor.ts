import type { Caller } from './people.ts'

/** Who did something, for the audit log and the history of sessions. No user's name has a colon. */
export function actorOf(caller: Caller): string {
  if (caller.kind === 'anonymous') return 'anonymous'
  return caller.kind === 'service' ? `service:${caller.service.name}` : caller.user.name
}
