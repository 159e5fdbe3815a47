/** Cancels the jobs of sessions that are ending: one at a time per session, in the background, as often as it takes. */
import { tagOf } from './ids.ts'
import type { Room } from './room.ts'
import type { Session } from './session.ts'

export interface Canceller {
  /** Never throws; whoever watches the session sends it again. */
  cancel(session: Session): Promise<void>
  /** When the scheduler told the job's owner that there is no such job (any more). */
  deniedAt(sessionId: string): number | undefined
  /** Forget sessions that have ended. */
  prune(): void
}

export function openCanceller(room: Room, { nudge }: { nudge: (cluster: string) => void }): Canceller {
  const { log } = room
  /** A scheduler that hangs must not be sent one cancel after the other for the same job. */
  const underWay = new Set<string>()
  const denied = new Map<string, number>()

  return {
    async cancel({ id, facts, spec, account, attempt }) {
      if (facts.state !== 'stopping' || facts.jobId === null || underWay.has(id)) return
      const site = room.clusters.get(spec.cluster)
      underWay.add(id)
      try {
        if (site) {
          const tag = tagOf(room.settings.instance, id, attempt)
          const isKnown = await site.cluster.cancel(facts.jobId, account, tag)
          if (!isKnown) denied.set(id, room.now())
          log.info({ session: id, job: facts.jobId, isKnown }, 'job cancelled')
        } else {
          // Nobody can be asked any more. The agent, if there is one, learns from its next report that its claim is void.
          await room.apply(id, { type: 'vanished', end: null })
        }
      } catch (error) {
        log.warn({ session: id, job: facts.jobId, error: String(error) }, 'cancel failed, will be tried again')
      } finally {
        underWay.delete(id)
      }
      nudge(spec.cluster)
    },
    deniedAt: (sessionId) => denied.get(sessionId),
    prune() {
      for (const id of denied.keys()) if (!room.active.has(id)) denied.delete(id)
    },
  }
}
