/** What is known of servers, put together from what their owners keep and from sessions. */
import type { User } from '../people/people.ts'
import type { KeptServer } from '../sessions/named-servers.ts'
import type { Session } from '../sessions/session.ts'
import type { ApiDeps } from './deps.ts'
import type { ServerFacts } from './models.ts'

type ServerSources = Pick<ApiDeps, 'sessions' | 'servers'>

/** What is kept of the servers in these sessions, by user and name. */
export async function keptOf(
  { servers }: Pick<ApiDeps, 'servers'>,
  sessions: readonly Session[],
): Promise<ReadonlyMap<string, KeptServer>> {
  const owners = new Set(sessions.filter(({ serverName }) => serverName !== '').map(({ userId }) => userId))
  const kept = owners.size === 0 ? [] : await servers.keptBy(owners)
  return new Map(kept.map((server) => [keyOf(server.userId, server.name), server]))
}
const keyOf = (userId: number, name: string): string => `${userId}/${name}`

export function toServerFacts(session: Session, kept: ReadonlyMap<string, KeptServer>): ServerFacts {
  const server = kept.get(keyOf(session.userId, session.serverName))
  return {
    name: session.serverName,
    displayName: server?.displayName || null,
    options: server?.options ?? null,
    session,
  }
}

/** A user's servers that run. */
export const runningServers = async (
  deps: ServerSources,
  active: readonly Session[],
): Promise<readonly ServerFacts[]> => {
  const kept = await keptOf(deps, active)
  return active.map((session) => toServerFacts(session, kept))
}

/** All servers of a user: the default one, those that are kept, and those that run although they were deleted. */
export async function allServers(
  { sessions, servers }: ServerSources,
  user: User,
  active: readonly Session[],
): Promise<readonly ServerFacts[]> {
  const latest = new Map<string, Session>()
  for (const session of [...active, ...(await sessions.listEndedOf(user.id, 100))])
    if (!latest.has(session.serverName)) latest.set(session.serverName, session)
  const kept = await servers.keptBy([user.id])
  const names = new Set(['', ...kept.map(({ name }) => name), ...active.map(({ serverName }) => serverName)])
  return [...names].map((name) => {
    const server = kept.find((each) => each.name === name)
    return {
      name,
      displayName: server?.displayName || null,
      options: server?.options ?? null,
      session: latest.get(name) ?? null,
    }
  })
}
