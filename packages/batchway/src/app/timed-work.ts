/** The hub's hands on others, with a clock beside them: what they do is the same. */
import type { ControlClient } from '@batchway/proxy/hub-side'
import type { HubTimings, ProxyWork, SchedulerCall } from '../api/hub-timings.ts'
import type { ClusterSite } from '../sessions/room.ts'
import type { RouteKeeper } from '../sessions/route-keeper.ts'

type Clock = () => number

async function timed<T>(clock: Clock, work: () => Promise<T>, tell: (isDone: boolean, ms: number) => void): Promise<T> {
  const since = clock()
  let isDone = false
  try {
    const result = await work()
    isDone = true
    return result
  } finally {
    tell(isDone, clock() - since)
  }
}

type Routed = Pick<ControlClient, 'listRoutes' | 'addRoute' | 'removeRoute' | 'cutStreams'>

export function timedProxy(proxy: Routed, tell: Pick<HubTimings, 'proxy'>, clock: Clock): Routed {
  const run = <T>(work: ProxyWork, call: () => Promise<T>): Promise<T> =>
    timed(clock, call, (isDone, ms) => tell.proxy(work, isDone, ms))
  return {
    listRoutes: () => run('poll', () => proxy.listRoutes()),
    addRoute: (path, route) => run('add', () => proxy.addRoute(path, route)),
    removeRoute: (path) => run('delete', () => proxy.removeRoute(path)),
    cutStreams: (path, options) => proxy.cutStreams(path, options),
  }
}

export const timedRoutes = (
  routes: RouteKeeper,
  tell: Pick<HubTimings, 'checkedRoutes'>,
  clock: Clock,
): RouteKeeper => ({
  ...routes,
  mend: () =>
    timed(
      clock,
      () => routes.mend(),
      (_, ms) => tell.checkedRoutes(ms),
    ),
})

/** For JupyterHub's figure only lists count that brought an answer: a scheduler that is silent is told by figures of its own. */
export function timedCluster(
  site: ClusterSite,
  tell: Pick<HubTimings, 'polled' | 'called'>,
  clock: Clock,
): ClusterSite {
  const { cluster } = site
  const run = <T>(kind: SchedulerCall, call: () => Promise<T>): Promise<T> =>
    timed(clock, call, (isDone, ms) => {
      tell.called({ cluster: cluster.key, kind, isDone, ms })
      if (kind === 'list' && isDone) tell.polled(ms)
    })
  return {
    ...site,
    cluster: {
      ...cluster,
      list: (known) => run('list', () => cluster.list(known)),
      submit: (...given) => run('submit', () => cluster.submit(...given)),
      cancel: (...given) => run('cancel', () => cluster.cancel(...given)),
      history: (ids) => run('history', () => cluster.history(ids)),
    },
  }
}
