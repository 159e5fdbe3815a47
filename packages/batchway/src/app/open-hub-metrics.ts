import { type Metrics, openMetrics } from '../api/metrics.ts'
import type { Ground } from './open-ground.ts'
import type { PeopleRoom } from './open-people-room.ts'
import type { SessionRoom } from './open-session-room.ts'
import { openToldRequests } from './told-requests.ts'
import { version } from './version.ts'

/** What a monitoring system may ask. Requests are told as events, too, where others should hear of them. */
export function openHubMetrics(
  { figures, events, now, clock, every, closing }: Ground,
  { people }: Pick<PeopleRoom, 'people'>,
  { sessions, clusters }: Pick<SessionRoom, 'sessions' | 'clusters'>,
): Metrics {
  const metrics = closing.use(
    openMetrics(figures, { sessions, people, clusters, version, eventSinks: events.stats, now, elapsed: clock, every }),
  )
  const told = closing.use(openToldRequests(events.emit, every))
  return {
    ...metrics,
    observeRequest(request) {
      metrics.observeRequest(request)
      told.observe(request)
    },
  }
}
