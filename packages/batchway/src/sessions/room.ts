/** What the parts of this room share: one way to move a session on, and to tell who listens. */
import { isDeepStrictEqual } from 'node:util'
import type { Cluster } from '@batchway/schedulers'
import type { Logger } from '../core/logger.ts'
import type { People } from '../people/people.ts'
import type { Credentials } from './credentials.ts'
import { type MachineEvent, type Order, step } from './lifecycle.ts'
import type { RouteKeeper } from './route-keeper.ts'
import type { Session } from './session.ts'
import type { SessionStore } from './session-store.ts'

/** One cluster as the hub reaches it and as its nodes reach the hub. */
export interface ClusterSite {
  readonly cluster: Cluster
  readonly title: string
  /** Base URL of the hub's API as its compute nodes see it, e.g. `http://login1:8081/jupyter/hub/api`. */
  readonly hubUrl: string
  /** The installed agent's folder and the runtime in it, as the compute nodes see them. */
  readonly agent: { readonly directory: string; readonly node: string }
  readonly listen: { readonly address: string; readonly ports: readonly [number, number] | null }
  /** The address under which the proxy reaches a node: the node's own name if null. */
  readonly advertise: string | null
  /** POSIX account of a user on this cluster. */
  accountOf(userName: string): string
  homeOf(account: string): Promise<string>
}

export interface RoomSettings {
  /** URL path of the deployment with both slashes. */
  readonly base: string
  /** Public origin, e.g. `https://hpc.example.edu`. */
  readonly origin: string
  /** Two characters that tell several hubs on one scheduler apart. */
  readonly instance: string
  readonly heartbeatSeconds: number
  /** How long an agent waits for a hub that is away. */
  readonly hubPatienceSeconds: number
}

export interface Room {
  readonly store: SessionStore
  readonly people: People
  readonly clusters: ReadonlyMap<string, ClusterSite>
  readonly routes: RouteKeeper
  readonly credentials: Credentials
  readonly settings: RoomSettings
  readonly log: Logger
  now(): number
  random(bytes: number): Uint8Array
  /** Sessions that have not ended, by id: a copy of the store's rows for what looks at all of them each second. */
  readonly active: ReadonlyMap<string, Session>
  /** @returns the session after the event (unchanged if the event means nothing in its state), null if there is no such session. */
  apply(sessionId: string, event: MachineEvent): Promise<Session | null>
  subscribe(userId: number | 'all', listener: (session: Session) => void): () => void
}

/** Columns that follow from the facts: when each state was first reached in the current life of the job. */
function withTimes(session: Session, event: MachineEvent, now: number): Omit<Session, 'facts'> {
  const { state } = session.facts
  const endsAt = event.type === 'observed' && event.status.endsAt !== undefined ? event.status.endsAt : session.endsAt
  const common = {
    ...session,
    attempt: event.type === 'resubmitted' ? event.attempt : session.attempt,
    endsAt:
      endsAt !== null && session.endsAt !== null && Math.abs(endsAt - session.endsAt) < 2_000 ? session.endsAt : endsAt,
    submittedAt: state === 'submitting' ? null : (session.submittedAt ?? now),
  }
  switch (state) {
    case 'submitting':
    case 'queued':
      return { ...common, startedAt: null, readyAt: null, endsAt: null }
    case 'starting':
      return { ...common, startedAt: session.startedAt ?? now }
    case 'ready':
      return { ...common, startedAt: session.startedAt ?? now, readyAt: session.readyAt ?? now }
    case 'stopping':
      return common
    case 'ended':
      return { ...common, endedAt: session.endedAt ?? now }
  }
}

/** What the timeline keeps of an event: never a secret, and nothing a poll repeats. */
function eventLine(
  before: Session,
  after: Session,
  event: MachineEvent,
): { type: string; data: Record<string, unknown> } {
  const { facts } = after
  const data: Record<string, unknown> = { from: before.facts.state, to: facts.state, by: event.type }
  if ('jobId' in facts && facts.jobId) data.job = facts.jobId
  if (facts.state === 'queued') data.reason = facts.waiting.reason
  if (facts.state === 'starting') data.node = facts.node
  if (facts.state === 'ready') Object.assign(data, { node: facts.node, reachable: facts.reachable })
  if (facts.state === 'ended') data.outcome = facts.outcome.code
  return { type: before.facts.state === facts.state ? `${facts.state}.changed` : facts.state, data }
}

export type RunOrder = (order: Order, session: Session) => Promise<void>

/** @param runOrder carries one order out; it may be called twice for the same order, and logs its own failures. */
export function openRoom(
  parts: Omit<Room, 'apply' | 'subscribe' | 'active'>,
  runOrder: RunOrder,
): Room & { adopt(session: Session): void } {
  const active = new Map<string, Session>()
  const listeners = new Map<number | 'all', Set<(session: Session) => void>>()

  function publish(session: Session): void {
    if (session.facts.state === 'ended') active.delete(session.id)
    else active.set(session.id, session)
    for (const key of [session.userId, 'all'] as const)
      for (const listener of listeners.get(key) ?? []) listener(session)
  }

  async function apply(sessionId: string, event: MachineEvent): Promise<Session | null> {
    for (;;) {
      const session = await parts.store.find(sessionId)
      if (!session) return null
      const next = step(session.facts, event)
      if (!next) {
        parts.log.debug(
          { session: sessionId, state: session.facts.state, event: event.type },
          'event means nothing here',
        )
        return session
      }
      const at = parts.now()
      const after: Session = { ...withTimes({ ...session, facts: next.facts }, event, at), facts: next.facts }
      if (isDeepStrictEqual(after, session)) {
        // Nothing new, but an order may have been lost in a crash: orders are safe to repeat.
        for (const order of next.orders) await runOrder(order, session)
        return session
      }
      const line = eventLine(session, after, event)
      const saved = await parts.store.update(after, [{ at, ...line }])
      if (!saved) continue // someone else moved the row on: look again
      if (session.facts.state !== saved.facts.state) {
        parts.log.info({ session: sessionId, user: session.userName, ...line.data }, 'session moved on')
      }
      publish(saved)
      for (const order of next.orders) await runOrder(order, saved)
      return saved
    }
  }

  return {
    ...parts,
    active,
    apply,
    adopt: publish,
    subscribe(userId, listener) {
      const set = listeners.get(userId) ?? new Set()
      listeners.set(userId, set.add(listener))
      return () => {
        set.delete(listener)
        if (set.size === 0 && listeners.get(userId) === set) listeners.delete(userId)
      }
    },
  }
}
