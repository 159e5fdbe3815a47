/** The one place that knows who needs whom. Reads top to bottom as the dependency order; disposal undoes it bottom to top. */
import type { LoadedConfig } from '../core/load-config.ts'
import type { PeopleService } from '../people/people.ts'
import { clientIdOf } from '../sessions/application-order.ts'
import type { SessionService } from '../sessions/service.ts'
import { startHousekeeping } from './housekeeping.ts'
import { openListener } from './listen.ts'
import { mountApps } from './mount-apps.ts'
import { type Host, openGround } from './open-ground.ts'
import { openHubMetrics } from './open-hub-metrics.ts'
import { openPeopleRoom } from './open-people-room.ts'
import { servicePathOf } from './open-services.ts'
import { openSessionRoom } from './open-session-room.ts'
import { openRevocationKeeper } from './revocation-keeper.ts'
import { version } from './version.ts'

export interface Hub extends AsyncDisposable {
  /** Where it listens: the public listener first, then the internal ones. */
  readonly addresses: readonly string[]
  readonly sessions: SessionService
  readonly people: PeopleService
  /** Files that take events were moved away: open them anew. */
  reopen(): void
}

/** @throws {ConfigError} and plain errors with words for the admin; whatever was opened is closed again. */
export async function assemble({ config, drivers, logins }: LoadedConfig, host: Host): Promise<Hub> {
  const begunAt = performance.now()
  await using closing = new AsyncDisposableStack()
  const ground = await openGround(config, host, closing)
  const { paths, stores, requests, events, log, now, clock } = ground

  const peopleRoom = await openPeopleRoom(ground, logins)
  const { people, services } = peopleRoom
  const sessionRoom = await openSessionRoom(ground, peopleRoom, drivers)
  const { sessions, routes } = sessionRoom
  const metrics = openHubMetrics(ground, peopleRoom, sessionRoom)
  const { places } = ground.settings
  const revocations = openRevocationKeeper({
    store: stores.revoked,
    proxy: ground.proxy,
    changes: stores.changes,
    async pathOf(clientId) {
      const service = services.ofClient(clientId)?.service
      if (service !== undefined) return service.url === null ? null : servicePathOf(service, places.hubRoute)
      const running = await sessions.listActive()
      const found = running.find(({ userName, serverName }) => clientIdOf(userName, serverName) === clientId)
      return found ? places.routePath(found.userName, found.serverName) : null
    },
    log,
    now,
  })
  const { subscribe: onRemoval } = revocations
  const { publicApp, internalApp } = mountApps({ ground, peopleRoom, sessionRoom, metrics, onRemoval, host })

  host.onLoaded?.()
  // What runs is adopted before anybody can ask about it.
  await events.follow(sessions, Object.keys(config.clusters))
  const adoptedFrom = clock()
  const adopted = await sessions.adopt()
  metrics.timings.adopted(clock() - adoptedFrom)
  const listeners = [closing.use(await openListener(paths.hubSocket, requests.around(publicApp)))]
  for (const address of config.hub.internal)
    listeners.push(closing.use(await openListener(address, requests.around(internalApp))))
  const addresses = listeners.map(({ address }) => address)
  await routes.mend().catch((error: unknown) => log.warn({ error: String(error) }, 'proxy does not answer yet'))

  closing.use(
    startHousekeeping({
      people,
      kept: peopleRoom.kept,
      revocations,
      audit: stores.audit,
      auditKeepSeconds: config.audit.keep,
      log,
      now,
    }),
  )
  log.info({ addresses, adopted: adopted.sessions, version }, 'hub is ready')
  metrics.started(performance.now() - begunAt)
  events.emit('hub.started', { version, count: adopted.sessions })
  closing.defer(() => events.emit('hub.stopping', { version }))
  const keep = closing.move()
  return { addresses, sessions, people, reopen: events.reopen, [Symbol.asyncDispose]: () => keep.disposeAsync() }
}
