/** What administrators may do to the hub as a process through the API, and to its proxy. */
import { type ControlClient, ProxyUnavailable } from '@batchway/proxy/hub-side'
import type { ClusterSummary, HubControl } from '../api/deps.ts'
import { BatchwayError } from '../core/errors.ts'
import type { Login } from '../people/login.ts'
import type { SessionService } from '../sessions/service.ts'

interface Parts {
  readonly proxy: Pick<ControlClient, 'listRoutes'>
  readonly sessions: Pick<SessionService, 'listActive' | 'stop' | 'mendRoutes'>
  readonly drivers: readonly ClusterSummary[]
  readonly logins: readonly Login[]
  readonly host: { stop(): void }
}

export function openHubControl({ proxy, sessions, drivers, logins, host }: Parts): HubControl {
  const asking = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((cause: unknown) => {
      if (!(cause instanceof ProxyUnavailable)) throw cause
      throw new BatchwayError('proxy_unavailable', 'The proxy does not answer. Is it running?', { cause })
    })
  return {
    about: {
      runtime: `Node.js ${process.version}`,
      executable: process.execPath,
      drivers: [...new Set(drivers.map(({ driver }) => driver))],
      logins: logins.map(({ id }) => id),
    },
    listRoutes: () => asking(proxy.listRoutes()),
    mendRoutes: () => asking(sessions.mendRoutes()),
    async shutDown({ servers, by }) {
      // Written down before the hub ends: the next one goes on cancelling.
      if (servers) for (const { id } of await sessions.listActive()) await sessions.stop(id, by)
      // The answer goes out first; connections that are at work are waited for.
      setImmediate(host.stop)
    },
  }
}
