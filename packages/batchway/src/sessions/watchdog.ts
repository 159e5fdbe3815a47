/**
 * What happens because time passes: silent agents, limits, jobs that linger after their session was told to end. One look a
 * second at the copy in memory; only the hub's clock decides, and time during which the hub was away counts against nobody.
 */
import { plainOutcome } from './decide-outcome.ts'
import type { Room } from './room.ts'
import type { OutcomeCode, Session } from './session.ts'

export interface WatchdogDuties {
  lastHeartbeat(claimId: string): number | undefined
  /** Cancel the job of a session that is ending; may be called again and again. */
  cancel(session: Session): Promise<void>
}

/** How long an ending application may take to leave with its job before the job is cancelled. */
const leaveMs = 10_000
/** Back-off between cancels of the same job, last value repeated. */
const cancelMs = [0, 3_000, 5_000, 10_000, 30_000]
/** A request that can never run is given this long: partitions go down for a moment. */
const neverMs = 20_000

export interface Watchdog {
  tick(): Promise<void>
  /** The session's cancel has just been sent by somebody else. */
  cancelled(sessionId: string): void
}

export function openWatchdog(room: Room, duties: WatchdogDuties, bootAt: number): Watchdog {
  /** Since when a session is in its present condition, by what the condition is. */
  const since = new Map<string, { key: string; at: number }>()
  const cancels = new Map<string, { count: number; at: number }>()

  function inConditionFor(session: Session, key: string): number {
    const known = since.get(session.id)
    if (known?.key === key) return room.now() - known.at
    since.set(session.id, { key, at: room.now() })
    return 0
  }

  const stop = (session: Session, code: OutcomeCode, words: string): Promise<unknown> =>
    room.apply(session.id, { type: 'stop', because: plainOutcome(code, { words }) })

  async function look(session: Session): Promise<void> {
    const { facts, spec } = session
    const now = room.now()
    switch (facts.state) {
      case 'queued': {
        const { queueSeconds } = spec.limits
        const never = facts.waiting.wait === 'never'
        const forMs = inConditionFor(session, never ? `never ${facts.waiting.reason}` : 'queued')
        if (never && forMs >= neverMs) await stop(session, 'can-never-run', facts.waiting.reason ?? '')
        else if (queueSeconds !== null && now - session.createdAt > queueSeconds * 1000)
          await stop(session, 'queue-limit', `The profile allows ${queueSeconds} s in the queue.`)
        return
      }
      case 'starting': {
        const from = Math.max(session.startedAt ?? now, bootAt)
        const { bootSeconds, readySeconds } = spec.limits
        if (facts.paused) return
        if (facts.claim === null && now - from > bootSeconds * 1000) {
          await stop(
            session,
            'hub-not-reachable',
            `The job runs since ${bootSeconds} s, but its agent has not reported.`,
          )
        } else if (facts.claim !== null && now - from > (bootSeconds + readySeconds + 60) * 1000) {
          await stop(session, 'never-ready', `The application did not answer within ${readySeconds} s.`)
        }
        return
      }
      case 'ready': {
        const heard = Math.max(duties.lastHeartbeat(facts.claim.id) ?? 0, bootAt, session.readyAt ?? 0)
        const silentMs = room.settings.heartbeatSeconds * 3_000 + 5_000
        if (facts.reachable && !facts.paused && now - heard > silentMs) await room.apply(session.id, { type: 'silent' })
        return
      }
      case 'stopping': {
        if (facts.jobId === null) return
        const forMs = inConditionFor(session, 'stopping')
        const isLeaving = facts.because.by === null && facts.claim !== null && !cancels.has(session.id)
        if (isLeaving && forMs < leaveMs) return
        const sent = cancels.get(session.id) ?? { count: 0, at: 0 }
        const wait = cancelMs[Math.min(sent.count, cancelMs.length - 1)] ?? 0
        if (now - sent.at < wait) return
        cancels.set(session.id, { count: sent.count + 1, at: now })
        await duties.cancel(session)
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
      for (const session of room.active.values()) {
        try {
          await look(session)
        } catch (error) {
          room.log.error({ session: session.id, error: String(error) }, 'watchdog could not act')
        }
      }
      for (const id of since.keys()) if (!room.active.has(id)) since.delete(id)
      for (const id of cancels.keys()) if (!room.active.has(id)) cancels.delete(id)
    },
  }
}
