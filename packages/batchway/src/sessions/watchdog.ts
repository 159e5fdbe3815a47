/**
 * What happens because time passes: silent agents, limits, jobs that linger after their session was told to end. One look a
 * second at the copy in memory; only the hub's clock decides. Time counts from when this hub saw a condition begin, while the
 * scheduler answers: neither the hub's nor the scheduler's absence counts against anybody.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { plainOutcome } from './decide-outcome.ts'
import { isLeftToScheduler } from './lifecycle.ts'
import type { Room } from './room.ts'
import type { OutcomeCode, Session } from './session.ts'

export interface WatchdogDuties {
  /** When the session's agent was last heard. */
  lastHeartbeat(sessionId: string): number | undefined
  /** Cancel the job of a session that is ending; may be called again and again, and does not wait. */
  cancel(session: Session): void
  /** Since when the cluster answers without a failure; null while it does not, or before its first answer. */
  steadySince(cluster: string): number | null
}

/** How long an ending application may take to leave with its job before the job is cancelled. */
const leaveMs = 10_000
/** The same where the scheduler told it to go: a job that is started again is shown as such within this time. */
const requeueMs = 300_000
/** Back-off between cancels of the same job, last value repeated. */
const cancelMs = [0, 3_000, 5_000, 10_000, 30_000]
/** A request that can never run is given this long: partitions go down for a moment. */
const neverMs = 20_000
/** Between two looks; more means that the hub was suspended, and everybody begins anew. */
const absentMs = 10_000
/** On top of what the agent allows its application. */
const readyGraceMs = 60_000
/** The event loop turns after so many sessions. */
const sessionsPerTurn = 500

export interface Watchdog {
  tick(): Promise<void>
  /** The session's cancel has just been sent by somebody else. */
  cancelled(sessionId: string): void
}

export function openWatchdog(room: Room, duties: WatchdogDuties): Watchdog {
  /** Since when each session is in which conditions. */
  const since = new Map<string, ReadonlyMap<string, number>>()
  const cancels = new Map<string, { count: number; at: number }>()
  let lookedAt = room.now()

  /** For how long (ms) each condition has lasted. Conditions that are not named any more have ended. */
  function lasting(session: Session, ...conditions: readonly string[]): number[] {
    const before = since.get(session.id)
    const now = new Map(conditions.map((name) => [name, before?.get(name) ?? room.now()]))
    since.set(session.id, now)
    return [...now.values()].map((at) => room.now() - at)
  }

  /** The same, not counting the time before the scheduler's first answer after its last failure: 0 while it does not answer. */
  function steadily(session: Session, lastingMs: number): number {
    const steady = duties.steadySince(session.spec.cluster)
    return steady === null ? 0 : Math.min(lastingMs, room.now() - steady)
  }

  const stop = (session: Session, code: OutcomeCode, words: string): Promise<unknown> =>
    room.apply(session.id, { type: 'stop', because: plainOutcome(code, { words }) })

  async function look(session: Session): Promise<void> {
    const { facts, spec } = session
    const { bootSeconds, readySeconds, queueSeconds } = spec.limits
    switch (facts.state) {
      case 'queued': {
        const isNever = facts.waiting.wait === 'never'
        const [queuedMs = 0, hopelessMs = 0] = lasting(
          session,
          'queued',
          ...(isNever ? [`never ${facts.waiting.reason}`] : []),
        ).map((ms) => steadily(session, ms))
        if (hopelessMs >= neverMs) await stop(session, 'can-never-run', facts.waiting.reason ?? '')
        else if (queueSeconds !== null && queuedMs > queueSeconds * 1000)
          await stop(session, 'queue-limit', `The profile allows ${queueSeconds} s in the queue.`)
        return
      }
      case 'starting': {
        const [ms = 0] = lasting(session, facts.paused ? 'paused' : `claim ${facts.claim?.id}`)
        if (facts.paused) return
        // An agent cannot claim while the scheduler cannot be asked about its job.
        if (facts.claim === null && steadily(session, ms) > bootSeconds * 1000) {
          const words = `The job runs since ${bootSeconds} s, but its agent has not reported.`
          await stop(session, 'hub-not-reachable', words)
        } else if (facts.claim !== null && ms > readySeconds * 1000 + readyGraceMs) {
          await stop(session, 'never-ready', `The application did not answer within ${readySeconds} s.`)
        }
        return
      }
      case 'ready': {
        const [ms = 0] = lasting(session, facts.paused ? 'paused' : `claim ${facts.claim.id}`)
        if (facts.paused || !facts.reachable) return
        const heardAt = duties.lastHeartbeat(session.id) ?? 0
        const silentMs = room.settings.heartbeatSeconds * 3_000 + 5_000
        if (Math.min(ms, room.now() - heardAt) > silentMs) await room.apply(session.id, { type: 'silent' })
        return
      }
      case 'stopping': {
        if (facts.jobId === null) return
        const [ms = 0] = lasting(session, 'stopping')
        const isLeaving = facts.because.by === null && facts.claim !== null && !cancels.has(session.id)
        // A job that is to run again may take its time over its epilogue, and must not be cancelled for it.
        const isAwaited = isLeftToScheduler(facts) && steadily(session, ms) < requeueMs
        if (isLeaving && (ms < leaveMs || isAwaited)) return
        const sent = cancels.get(session.id) ?? { count: 0, at: 0 }
        const wait = cancelMs[Math.min(sent.count, cancelMs.length - 1)] ?? 0
        if (room.now() - sent.at < wait) return
        cancels.set(session.id, { count: sent.count + 1, at: room.now() })
        duties.cancel(session)
        return
      }
      default:
        return
    }
  }

  return {
    cancelled(sessionId) {
      cancels.set(sessionId, { count: (cancels.get(sessionId)?.count ?? 0) + 1, at: room.now() })
    },
    async tick() {
      const now = room.now()
      if (now - lookedAt > absentMs || now < lookedAt) since.clear()
      lookedAt = now
      for (const [index, id] of [...room.active.keys()].entries()) {
        if (index % sessionsPerTurn === sessionsPerTurn - 1) await nextTurn()
        const session = room.active.get(id) // as it is now
        if (!session) continue
        try {
          await look(session)
        } catch (error) {
          room.log.error({ session: id, error: String(error) }, 'watchdog could not act')
        }
      }
      for (const id of since.keys()) if (!room.active.has(id)) since.delete(id)
      for (const id of cancels.keys()) if (!room.active.has(id)) cancels.delete(id)
    },
  }
}
