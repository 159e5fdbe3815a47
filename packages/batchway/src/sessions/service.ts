/** Opens the session room: joins machine, submitter, pollers, claims, reports and watchdog into the `Sessions` service. */
import { setTimeout as delay } from 'node:timers/promises'
import { BatchwayError } from '../core/errors.ts'
import { serverPath } from '../core/http.ts'
import { share } from '../core/shared-json.ts'
import { openAccountant } from './accountant.ts'
import { openCanceller } from './canceller.ts'
import { openClaims } from './claims.ts'
import { plainOutcome } from './decide-outcome.ts'
import { openFollower } from './follow-jobs.ts'
import { newSessionId, tagOf } from './ids.ts'
import { lacksLog, openJobLogs } from './job-log.ts'
import type { Order } from './lifecycle.ts'
import { isShown } from './own-job.ts'
import { openPoller, type Poller, type PollerStats } from './poller.ts'
import { proveKey } from './prove-key.ts'
import { openReconciler, type ReconcilerStats } from './reconciler.ts'
import { type LastUsage, openReports } from './reports.ts'
import { openRoom, type Room } from './room.ts'
import type { SessionRoute } from './route-keeper.ts'
import { openRowCheck } from './row-check.ts'
import type { Session } from './session.ts'
import type { Sessions } from './sessions.ts'
import { openSubmitter } from './submitter.ts'
import { openWatchdog } from './watchdog.ts'

export interface SessionService extends Sessions, AsyncDisposable {
  /** Take over what runs: read rows, restore routes, ask schedulers. Call once, before the listeners open. */
  adopt(): Promise<{ readonly sessions: number }>
  usageOf(sessionId: string): LastUsage | undefined
  /** What was asked of the schedulers and what came of it, for metrics. */
  schedulerStats(): SchedulerStats
  /** The proxy may have lost routes: compare now. */
  mendRoutes(): Promise<number>
}

export interface SchedulerStats {
  readonly clusters: ReadonlyMap<string, PollerStats>
  readonly orphans: ReconcilerStats
}

const tickMs = 1_000
/** As long as a start waits for the proxy: one that hangs must not keep the session from being ready. */
const routeMs = 2_000
const mendMs = 15_000
/** A proxy that has come back, or comes up beside the hub, knows no session until it is told. */
const awayMs = 1_000
/** Rows of activity written in one tick: a thousand busy sessions need twenty seconds, and the event loop turns between. */
const activityRows = 50
/** Ends of the last day whose accounting had not arrived when the last hub died are asked for again. */
const unaccountedMs = 24 * 3_600_000
const unaccountedRows = 500

/** What else the service needs of the world. */
export interface SessionTools {
  /** Resolves after the time or when the signal aborts; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  readonly prove: typeof proveKey
}

const realTools: SessionTools = {
  sleep: async (ms, signal) => {
    await delay(ms, undefined, { signal }).catch(() => {}) // being woken early is what the signal is for
  },
  prove: proveKey,
}

export function openSessions(
  parts: Omit<Room, 'apply' | 'subscribe' | 'active' | 'touch'>,
  { sleep, prove }: SessionTools = realTools,
): SessionService {
  const stop = new AbortController()
  const background = new Set<Promise<unknown>>()
  const { store, log, credentials, settings, routes } = parts

  function inBackground(work: Promise<unknown>): void {
    const guarded = work
      .catch((error: unknown) => log.error({ error: String(error) }, 'background work failed'))
      .finally(() => background.delete(guarded))
    background.add(guarded)
  }

  /** What leads to the session, while something does. */
  function routeOf(session: Session): SessionRoute | null {
    const { facts } = session
    return facts.state === 'ready' && facts.reachable ? routeTo(session, facts.claim.id, facts.target) : null
  }

  const routeTo = (session: Session, claimId: string, target: { host: string; port: number }): SessionRoute => ({
    path: settings.places.routePath(session.userName, session.serverName),
    user: session.userName,
    serverName: session.serverName,
    ...target,
    psk: credentials.psk(session.id, claimId),
  })

  /** Whoever hears that a session is ready comes at once, and must not be sent back by a proxy that has not heard it yet. */
  async function openRoute(...route: Parameters<typeof routeTo>): Promise<void> {
    const isTold = new AbortController()
    const telling = routes.add(routeTo(...route)).finally(() => isTold.abort())
    tellProxy(telling)
    await sleep(routeMs, isTold.signal)
  }

  async function askAccounting(session: Session): Promise<void> {
    const attempt = await store.findAttempt(session.id, session.attempt)
    if (!attempt || !isShown(attempt)) return // what the submit printed may be another job's
    accountant.ask(session, attempt)
    inBackground(jobLogs.read(session, attempt))
  }

  /** The keeper holds the wish from the moment it is told; a proxy that hangs must not hold up the session. */
  const tellProxy = (work: Promise<void>): void =>
    inBackground(work.catch((error: unknown) => log.warn({ error: String(error) }, 'route will be mended')))

  /**
   * The order says that something changed, the row as it is now what it is: orders of two changes may overtake each other, and those of
   * an ended session come when the next one of the same server is ready.
   */
  function tellRoute({ id, userId, userName, serverName, facts }: Session): void {
    const now = room.active.get(id) ?? room.active.of(userId).find((other) => other.serverName === serverName)
    const route = now ? routeOf(now) : null
    const path = settings.places.routePath(userName, serverName)
    // Only where the session is to end: one whose agent has fallen silent may still serve whoever is connected.
    const isEnding = facts.state === 'stopping' || facts.state === 'ended'
    const remove = async (): Promise<void> => {
      await routes.remove(path)
      if (isEnding) await routes.cut(path)
    }
    tellProxy(route ? routes.add(route) : remove())
  }

  const runOrder = async (order: Order, session: Session): Promise<void> => {
    try {
      switch (order) {
        case 'addRoute':
        case 'removeRoute':
          tellRoute(session)
          return
        case 'revokeClaims':
          await claims.revoke(session.id)
          return
        case 'cancelJob':
          watchdog.cancelled(session.id)
          inBackground(canceller.cancel(session))
          return
        case 'askAccounting':
          await askAccounting(session)
          return
      }
    } catch (error) {
      // Routes are mended and orders repeated by who looks at the state; nothing is lost by going on.
      log.warn({ session: session.id, order, error: String(error) }, 'order failed, will be repeated')
    }
  }

  const room = openRoom(parts, runOrder)
  const pollers: Map<string, Poller> = new Map()
  const nudge = (cluster: string): void => pollers.get(cluster)?.nudge()
  const canceller = openCanceller(room, { nudge })
  const submitter = openSubmitter(room, { nudge, inBackground })
  const reports = openReports(room, {
    nudge,
    prove,
    openRoute,
    settleRoute: tellRoute,
    reachedAt: (sessionId) => follower.lastWord(sessionId)?.address,
  })
  const claims = openClaims(room, { pollerOf: (key) => pollers.get(key), lastHeartbeat: reports.lastHeartbeat })
  const accountant = openAccountant(
    parts.clusters,
    { onEnd: async (id, end) => void (await room.apply(id, { type: 'accounted', end })) },
    parts,
  )
  const jobLogs = openJobLogs(room, {
    pause: (ms) => sleep(ms, stop.signal),
    isEnding: () => stop.signal.aborted,
  })
  const watchdog = openWatchdog(room, {
    lastHeartbeat: reports.lastHeartbeat,
    cancel: (session) => inBackground(canceller.cancel(session)),
    steadySince: (cluster) => pollers.get(cluster)?.health().steadySince ?? null,
  })
  const reconciler = openReconciler(room, inBackground)
  const rowCheck = openRowCheck(room)
  const follower = openFollower(room, {
    submitter,
    canceller,
    reports,
    reconciler,
    claims,
    retell: room.retell,
  })
  /** What a hub that was killed between two steps has left to do. */
  async function tidyUp(rows: readonly Session[]): Promise<void> {
    const undecided = new Set(rows.map(({ id, attempt }) => tagOf(settings.instance, id, attempt)))
    parts.holds.prune((tag) => undecided.has(tag))
    for (const id of await store.listEndedWithClaim()) await claims.revoke(id)
    for (const session of rows) if (follower.doubtClaims(session)) inBackground(claims.disarm(session.id))
    const ended = await store.listEndedSince(parts.now() - unaccountedMs, unaccountedRows)
    const unaccounted = ended.filter(
      ({ facts }) => facts.state === 'ended' && (facts.outcome.accounting === null || lacksLog(facts.outcome)),
    )
    inBackground(Promise.all(unaccounted.map(askAccounting)))
  }

  let mending: Promise<unknown> | null = null

  /** Its job, if there is one, carries a tag that nobody knows any more: the reconciler sees to it. */
  async function dropLost(session: Session): Promise<void> {
    log.error({ session: session.id, user: session.userName }, 'the row of a living session is gone')
    room.drop(session)
    await runOrder('removeRoute', session)
    await runOrder('revokeClaims', session)
  }

  async function tick(): Promise<void> {
    await watchdog.tick()
    for (const lost of await rowCheck.tick()) await dropLost(lost)
    inBackground(accountant.tick())
    await room.flush(activityRows)
    follower.prune()
    canceller.prune()
  }

  async function tickLoop(): Promise<void> {
    let mendedAt = parts.now()
    // Until it has answered once: hub and proxy are often started together.
    let isAway = true
    while (!stop.signal.aborted) {
      await sleep(tickMs, stop.signal)
      if (stop.signal.aborted) return
      await tick().catch((error: unknown) => log.error({ error: String(error) }, 'the watch failed'))
      if (mending || parts.now() - mendedAt < (isAway ? awayMs : mendMs)) continue
      mendedAt = parts.now()
      const answered = (error: unknown = null): void => {
        if (error !== null && !isAway) log.warn({ error: String(error) }, 'proxy does not answer')
        isAway = error !== null
      }
      mending = routes
        .mend()
        .then(() => answered(), answered)
        .finally(() => {
          mending = null
        })
      inBackground(mending)
    }
  }

  return {
    async adopt() {
      const rows = await store.listActive()
      for (const session of rows) {
        room.adopt(session)
        const route = routeOf(session)
        if (route) routes.want(route)
      }
      await tidyUp(rows)
      for (const [key, site] of parts.clusters) {
        pollers.set(key, openPoller(site, follower.duties(key, site), { now: parts.now, log, sleep }))
      }
      for (const session of rows) {
        if (session.facts.state === 'submitting') {
          const attempt = await store.findAttempt(session.id, session.attempt)
          if (attempt) inBackground(submitter.recover(session, attempt))
        }
        if (session.facts.state === 'stopping' && !parts.clusters.has(session.spec.cluster)) endStop(session)
      }
      for (const poller of pollers.values()) poller.nudge()
      inBackground(tickLoop())
      return { sessions: rows.length }
    },

    async start(owner, serverName, spec) {
      const site = parts.clusters.get(spec.cluster)
      if (!site) throw new BatchwayError('invalid_choice', `There is no cluster ${spec.cluster}.`)
      parts.drains?.check(spec.cluster)
      const id = await newId()
      const account = await site.accountOf(owner)
      const at = parts.now()
      const session = {
        id,
        userId: owner.id,
        userName: owner.name,
        serverName,
        account,
        spec: share(spec),
        facts: { state: 'submitting' as const },
        attempt: 1,
        createdAt: at,
        submittedAt: null,
        startedAt: null,
        readyAt: null,
        endedAt: null,
        endsAt: null,
        lastActivityAt: null,
      }
      const attempt = submitter.prepare(session, 1, await site.homeOf(account))
      if (!(await store.insert(session, attempt))) {
        const place = serverPath(settings.base, owner.name, serverName)
        throw new BatchwayError('session_busy', `The server at ${place} is already starting, running or stopping.`)
      }
      const saved: Session = { ...session, version: 1 }
      room.adopt(saved)
      inBackground(submitter.submit(saved))
      return saved
    },

    async stop(sessionId, by) {
      const session = await store.find(sessionId)
      if (!session) throw new BatchwayError('session_not_found', 'There is no such session.')
      const code = by === session.userName ? 'stopped-by-user' : 'stopped-by-admin'
      const moved = await room.apply(sessionId, { type: 'stop', because: plainOutcome(code, { by }) })
      if (moved) endStop(moved)
      nudge(session.spec.cluster)
      return moved ?? session
    },

    find: async (id) => room.active.get(id) ?? store.find(id),
    findActive: (userId, serverName) => store.findActive(userId, serverName),
    findLatest: (userId, serverName) => store.findLatest(userId, serverName),
    listActive: async () => [...room.active.values()],
    listActiveOf: async (userId) => room.active.of(userId),
    listActiveOfUsers: async (userIds) => [...userIds].flatMap((userId) => room.active.of(userId)),
    listEndedOf: (userId, limit, before) => store.listEndedOf(userId, limit, before),
    countEndedOf: (userId) => store.countEndedOf(userId),
    listEvents: (id, afterSeq) => store.listEvents(id, afterSeq),
    touch: async (id, at) => room.touch(id, at),
    subscribe: room.subscribe,
    clusterHealth: (key) => pollers.get(key)?.health() ?? { lastAnswerAt: null, failingSince: null, words: null },
    lastWord: follower.lastWord,
    schedulerStats: () => ({
      clusters: new Map([...pollers].map(([key, poller]) => [key, poller.stats()])),
      orphans: reconciler.stats(),
    }),
    claim: claims.claim,
    report: reports.report,
    announcePort: reports.announcePort,
    usageOf: reports.usageOf,
    mendRoutes: () => routes.mend(),

    async [Symbol.asyncDispose]() {
      stop.abort()
      for (const poller of pollers.values()) await poller[Symbol.asyncDispose]()
      // What ends may begin something else.
      while (background.size > 0) await Promise.all(background)
      await room.flush(Number.POSITIVE_INFINITY)
    },
  }

  async function newId(): Promise<string> {
    for (;;) {
      const id = newSessionId(settings.mark, parts.random)
      if ((await store.find(id)) === null) return id
    }
  }

  /** What a stop needs beyond its orders: where no job is known there is none to cancel, and perhaps nothing to wait for. */
  function endStop(session: Session): void {
    const { facts } = session
    if (facts.state !== 'stopping') return
    if (facts.jobId === null) inBackground(submitter.withdraw(session))
    else if (!parts.clusters.has(session.spec.cluster)) inBackground(canceller.cancel(session))
  }
}
