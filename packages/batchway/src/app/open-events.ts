/** Joins the room of events with those whose doings it tells. */
import type { Config } from '../core/config.ts'
import type { Logger } from '../core/logger.ts'
import { type Events, openEvents } from '../events/events.ts'
import { clusterTeller } from '../events/tell-clusters.ts'
import { openSessionTeller } from '../events/tell-sessions.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import type { Sessions } from '../sessions/sessions.ts'
import { readPosition, writePosition } from './event-position.ts'
import { toSinks } from './open-sinks.ts'

export interface HubEventsParts {
  readonly config: Pick<Config, 'events' | 'instance'>
  /** Where the position is kept. */
  readonly positionFile: string
  readonly store: Pick<SessionStore, 'listActive' | 'listEndedSince'>
  readonly request: () => string | null
  readonly log: Logger
  /** Unix ms. */
  readonly now: () => number
  /** Call `run` every `ms` until the returned function is called. */
  readonly every: (ms: number, run: () => void) => () => void
}

export interface HubEvents extends Omit<Events, 'settledBefore'> {
  /** Tell of sessions from now on, and what a hub before this one still owed. Call it before they are adopted. */
  follow(sessions: Pick<Sessions, 'subscribe' | 'clusterHealth'>, clusters: readonly string[]): Promise<void>
}

const lookMs = 1_000
const positionMs = 2_000
/** What is older is nobody's news: a receiver that was away for long has lost it. */
const oldestOwedMs = 3_600_000

export function openHubEvents(parts: HubEventsParts): HubEvents {
  const { config, positionFile, store, log, now, every } = parts
  const events = openEvents({ ...parts, sinks: toSinks(config.events.to, process.pid), instance: config.instance })
  const hasSinks = config.events.to.length > 0
  const stops: (() => void)[] = []
  const heldBefore = hasSinks ? readPosition(positionFile) : null
  let writing: Promise<void> = Promise.resolve()

  function keepPosition(): Promise<void> {
    const at = events.settledBefore()
    writing = writing
      .then(() => writePosition(positionFile, at))
      .catch((error: unknown) => log.warn({ error: String(error) }, 'how far events were told is not written down'))
    return writing
  }

  return {
    ...events,
    async follow(sessions, clusters) {
      if (!hasSinks) return
      const teller = openSessionTeller({ sessions, store, emit: events.emit, now })
      stops.push(
        () => teller[Symbol.dispose](),
        every(lookMs, clusterTeller(clusters, sessions, events.emit, now)),
        every(positionMs, () => void keepPosition()),
      )
      if (heldBefore === null) return
      const count = await teller.tellAgain(Math.max(heldBefore, now() - oldestOwedMs))
      if (count > 0) log.info({ count }, 'events of sessions are told again: the last hub may not have')
    },
    async [Symbol.asyncDispose]() {
      for (const stop of stops) stop()
      await events[Symbol.asyncDispose]()
      if (hasSinks) await keepPosition()
    },
  }
}
