/** JupyterHub's three words for a server, from the states of a session. */
import type { Session } from '../sessions/session.ts'

export interface ServerState {
  readonly pending: 'spawn' | 'stop' | null
  readonly ready: boolean
  readonly stopped: boolean
}

export function serverState(session: Session | null): ServerState {
  switch (session?.facts.state) {
    case 'submitting':
    case 'queued':
    case 'starting':
      return { pending: 'spawn', ready: false, stopped: false }
    case 'ready':
      return { pending: null, ready: true, stopped: false }
    case 'stopping':
      return { pending: 'stop', ready: false, stopped: false }
    default:
      return { pending: null, ready: false, stopped: true }
  }
}
