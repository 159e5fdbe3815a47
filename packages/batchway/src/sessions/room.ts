/** What the parts of this room share: one way to move a session on, and to tell who listens. */
import { isDeepStrictEqual } from 'node:util'
import type { Cluster, LoginNode } from '@batchway/schedulers'
import type { ApplicationPlaces } from '../core/application-hosts.ts'
import type { Logger } from '../core/logger.ts'
import type { People, User } from '../people/people.ts'
import { ActiveSessions } from './active-sessions.ts'
import type { Credentials } from './credentials.ts'
import { plainOutcome } from './decide-outcome.ts'
import type { Drains } from './drains.ts'
import { type MachineEvent, type Order, step } from './lifecycle.ts'
import type { RouteKeeper } from './route-keeper.ts'
import type { Facts, Session } from './session.ts'
import type { SessionStore } from './session-store.ts'
import type { SubmitHolds } from './submit-holds.ts'

export interface InstalledAgentPlace {
  readonly directory: string
  readonly node: string
}

/** One cluster as the hub reaches it and as its nodes reach the hub. */
export interface ClusterSite {
  readonly cluster: Cluster
  readonly title: string
  /** Base URL of the hub's API as its compute nodes see it, e.g. `http://login1:8081/jupyter/hub/api`. */
  readonly hubUrl: string
  /** The installed agent's folder and the runtime in it, as the compute nodes see them; asked for where another machine knows. */
  readonly agent: InstalledAgentPlace | (() => Promise<InstalledAgentPlace>)
  /** Where its submits are held, if not on this machine. */
  readonly holds?: SubmitHolds
  readonly listen: { readonly address: string; readonly ports: readonly [number, number] | null }
  /** The address under which the proxy reaches a node: the node's own name if null. */
  readonly advertise: string | null
  /** POSIX account of a user on this cluster. */
  /** @throws {BatchwayError} `invalid_choice` with words for the user, if the user has no account there. */
  accountOf(user: Pick<User, 'name' | 'claims'>): Promise<string>
  homeOf(account: string): Promise<string>
  /** With "transport: ssh". */
  readonly loginNode?: LoginNode
}

export interface RoomSettings {
  /** Where applications live: addresses, routes. */
  readonly places: ApplicationPlaces
  /** URL path of the deployment with both slashes. */
  readonly base: string
  /** Public origin, e.g. `https://hpc.example.edu`. */
  readonly origin: string
  /** Two characters that tell several hubs on one scheduler apart. */
  readonly instance: string
  /** First three characters of our sessions' ids; two gateways with the same instance still tell their jobs apart by it. */
  readonly mark: string
  readonly heartbeatSeconds: number
  /** How long an agent waits for a hub that is away. */
  readonly hubPatienceSeconds: number
  /** What becomes of jobs that carry our tag and belong to no living attempt; `cancel` if absent. */
  readonly orphans?: 'cancel' | 'leave'
}

export interface Room {
  readonly store: SessionStore
  readonly people: People
  readonly clusters: ReadonlyMap<string, ClusterSite>
  readonly routes: RouteKeeper
  readonly holds: SubmitHolds
  readonly credentials: Credentials
  readonly settings: RoomSettings
  readonly log: Logger
  /** Where no new sessions are taken at the moment; nowhere if absent. */
  readonly drains?: Pick<Drains, 'check'>
  /** Told once, when a session has ended. */
  readonly onEnd?: (session: Session) => void
  now(): number
  random(bytes: number): Uint8Array
  /** Sessions that have not ended, by id: a copy of the store's rows, so that watching thousands of them reads none. */
  readonly active: Pick<ActiveSessions, 'of'> & ReadonlyMap<string, Session>
  /** @returns the session after the event (unchanged if the event means nothing in its state), null if there is no such session. */
  apply(sessionId: string, event: MachineEvent): Promise<Session | null>
  subscribe(userId: number | 'all', listener: (session: Session) => void): () => void
  /** Seen active; only moves forward. Known here at once, written down by `flush`. */
  touch(sessionId: string, at: number): void
}

/** The room itself; its parts get less. */
export interface OpenRoom extends Room {
  /** Take a row into the copy: a new one, or one found on boot. */
  adopt(session: Session): void
  /** The row was lost under us: forget the session, and tell who listens that it has ended. */
  drop(session: Session): void
  /** What is known of a living session beside its row has changed: tell who listens. */
  retell(sessionId: string): void
  /** Write down activity, at most so many rows, so that the event loop turns between. */
  flush(rows: number): Promise<void>
}

/** A claim that was let in before its attempt was given up must not start a second application beside the next attempt's. */
const isOfNow = (session: Session, event: MachineEvent): boolean =>
  event.type !== 'claimed' || event.attempt === session.attempt

/** A job that runs again, or under another claim, has the limits of its start before it once more. */
function isNewLife(before: Facts, after: Facts): boolean {
  if (after.state !== 'starting') return false
  if (before.state === 'starting') return before.claim !== null && before.claim.id !== after.claim?.id
  return before.state === 'ready'
}

const hasJob = (facts: Facts): boolean => 'jobId' in facts && facts.jobId !== null

/** Schedulers compute the end of a walltime anew in each answer. */
const isJitter = (at: number, known: number | null): boolean => known !== null && Math.abs(at - known) < 2_000

/** Columns that follow from the facts: when each state was first reached in the current life of the job. */
function withTimes(session: Session, facts: Facts, event: MachineEvent, now: number): Session {
  const { state } = facts
  const seenEnd = event.type === 'observed' ? (event.status.endsAt ?? null) : null
  const common = {
    ...session,
    facts,
    attempt: event.type === 'resubmitted' ? event.attempt : session.attempt,
    endsAt: seenEnd === null || isJitter(seenEnd, session.endsAt) ? session.endsAt : seenEnd,
    submittedAt: state === 'submitting' ? null : (session.submittedAt ?? (hasJob(facts) ? now : null)),
  }
  switch (state) {
    case 'submitting':
    case 'queued':
      return { ...common, startedAt: null, readyAt: null, endsAt: null }
    case 'starting':
      if (isNewLife(session.facts, facts)) return { ...common, startedAt: now, readyAt: null, endsAt: seenEnd }
      return { ...common, startedAt: session.startedAt ?? now }
    case 'ready':
      return { ...common, startedAt: session.startedAt ?? now, readyAt: session.readyAt ?? now }
    case 'stopping':
      return common
    case 'ended':
      return { ...common, endedAt: session.endedAt ?? now }
  }
}

/** What the timeline tells of a state: never a secret. */
export function told(facts: Facts): Record<string, unknown> {
  const data: Record<string, unknown> = {}
  if ('jobId' in facts && facts.jobId) data.job = facts.jobId
  if (facts.state === 'queued') Object.assign(data, { reason: facts.waiting.reason, hold: facts.waiting.hold })
  if (facts.state === 'starting') Object.assign(data, { node: facts.node, paused: facts.paused })
  if (facts.state === 'ready')
    Object.assign(data, { node: facts.node, reachable: facts.reachable, paused: facts.paused })
  if (facts.state === 'ended') data.outcome = facts.outcome.code
  return data
}

/** @returns the line of the timeline, null where a poll only moved a number: thousands of polls must not write a novel. */
function eventLine(
  before: Facts,
  after: Facts,
  event: MachineEvent,
): { type: string; data: Record<string, unknown> } | null {
  const isSame = before.state === after.state
  if (isSame && event.type === 'observed' && isDeepStrictEqual(told(before), told(after))) return null
  if (event.type === 'warned')
    return { type: event.warnings.length > 0 ? 'warning' : 'warning.over', data: { warnings: event.warnings } }
  const data = { from: before.state, to: after.state, by: event.type, ...told(after) }
  return { type: isSame ? `${after.state}.changed` : after.state, data }
}

export type RunOrder = (order: Order, session: Session) => Promise<void>

/** @param runOrder carries one order out; it may be called twice for the same order, and logs its own failures. */
export function openRoom(parts: Omit<Room, 'apply' | 'subscribe' | 'active' | 'touch'>, runOrder: RunOrder): OpenRoom {
  const { store, log } = parts
  const active = new ActiveSessions()
  const listeners = new Map<number | 'all', Set<(session: Session) => void>>()
  /** Activity that is not written down yet. */
  const touched = new Map<string, number>()

  function keep(session: Session): void {
    const known = active.get(session.id)
    // Two changes may be told in the wrong order, and an ended session must not come back.
    if (!known || known.version > session.version) return
    if (session.facts.state === 'ended') active.delete(session.id)
    else active.set(session.id, withActivity(session, known.lastActivityAt))
  }

  function publish(session: Session): void {
    for (const key of [session.userId, 'all'] as const) {
      for (const listener of listeners.get(key) ?? []) {
        try {
          listener(session)
        } catch (error) {
          // Somebody who wanted to be told must not stop what has to happen next.
          log.error({ session: session.id, error: String(error) }, 'a listener failed')
        }
      }
    }
  }

  async function apply(sessionId: string, event: MachineEvent): Promise<Session | null> {
    // The copy first: polls of thousands of jobs that tell nothing new then ask the store nothing. A copy that is behind loses
    // the compare-and-swap, and the row itself decides.
    for (let copy = active.get(sessionId); ; copy = undefined) {
      const session = copy ?? (await store.find(sessionId))
      if (!session) return null
      keep(session)
      const next = isOfNow(session, event) ? step(session.facts, event) : null
      if (!next) {
        log.debug({ session: sessionId, state: session.facts.state, event: event.type }, 'event means nothing here')
        return session
      }
      const at = parts.now()
      const after = withTimes(session, next.facts, event, at)
      if (isDeepStrictEqual(after, session)) {
        // Nothing new, but an order may have been lost in a crash: orders are safe to repeat.
        for (const order of next.orders) await runOrder(order, session)
        return session
      }
      const line = eventLine(session.facts, after.facts, event)
      const saved = await store.update(after, line ? [{ at, ...line }] : [])
      if (!saved) continue // someone else moved the row on: look again
      if (session.facts.state !== saved.facts.state) {
        log.info({ session: sessionId, user: session.userName, ...line?.data }, 'session moved on')
      }
      keep(saved)
      publish(saved)
      if (saved.facts.state === 'ended' && session.facts.state !== 'ended') parts.onEnd?.(saved)
      for (const order of next.orders) await runOrder(order, saved)
      return saved
    }
  }

  return {
    ...parts,
    active,
    apply,
    adopt(session) {
      active.set(session.id, session)
      publish(session)
    },
    drop(session) {
      active.delete(session.id)
      touched.delete(session.id)
      const outcome = plainOutcome('lost', { words: 'The record of this session was removed.' })
      publish({ ...session, facts: { state: 'ended', outcome }, endedAt: parts.now() })
    },
    retell(sessionId) {
      const session = active.get(sessionId)
      if (session) publish(session)
    },
    subscribe(userId, listener) {
      const set = listeners.get(userId) ?? new Set()
      listeners.set(userId, set.add(listener))
      return () => {
        set.delete(listener)
        if (set.size === 0 && listeners.get(userId) === set) listeners.delete(userId)
      }
    },
    touch(sessionId, at) {
      const session = active.get(sessionId)
      if (session) active.set(sessionId, withActivity(session, at))
      if (at > (touched.get(sessionId) ?? 0)) touched.set(sessionId, at)
    },
    async flush(rows) {
      for (const [sessionId, at] of [...touched].slice(0, rows)) {
        await store.touch(sessionId, at)
        if (touched.get(sessionId) === at) touched.delete(sessionId)
      }
    },
  }
}

const withActivity = (session: Session, at: number | null): Session =>
  at === null || at <= (session.lastActivityAt ?? 0) ? session : { ...session, lastActivityAt: at }
