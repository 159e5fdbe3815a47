import type { ApiDeps } from './deps.ts'
import { serverState } from './session-state.ts'

interface ServerKey {
  readonly ownerId: number
  readonly serverName: string
}

/** Which of these servers are ready: one question for a whole page. */
export const readiness =
  (sessions: Pick<ApiDeps['sessions'], 'listActiveOfUsers'>) =>
  async (servers: readonly ServerKey[]): Promise<(server: ServerKey) => boolean> => {
    const active = await sessions.listActiveOfUsers(new Set(servers.map(({ ownerId }) => ownerId)))
    const ready = new Set(
      active.filter((session) => serverState(session).ready).map(({ userId, serverName }) => `${userId}/${serverName}`),
    )
    return ({ ownerId, serverName }) => ready.has(`${ownerId}/${serverName}`)
  }
