/** What the answers of a cluster mean for its sessions: rows become events, and doubts of an earlier hub are settled. */
import type { Canceller } from './canceller.ts'
import type { Claims } from './claims.ts'
import { isShown } from './own-job.ts'
import type { PollerDuties } from './poller.ts'
import type { Reconciler } from './reconciler.ts'
import type { Reports } from './reports.ts'
import type { ClusterSite, Room } from './room.ts'
import type { Attempt, Session } from './session.ts'
import type { SchedulerWord } from './sessions.ts'
import type { Submitter } from './submitter.ts'

export interface Follower {
  duties(cluster: string, site: ClusterSite): PollerDuties
  /**
   * A session found on boot may have lost its claim to a requeue without the claim being revoked; or a claim may be about to be told.
   * The first word of its job decides. @returns false for a session that holds a claim, or that cannot have one.
   */
  doubtClaims(session: Session): boolean
  lastWord(sessionId: string): SchedulerWord | null
  /** Forget sessions that have ended. */
  prune(): void
}

export interface FollowerParts {
  readonly submitter: Pick<Submitter, 'tagAbsent'>
  readonly canceller: Pick<Canceller, 'deniedAt'>
  readonly reports: Pick<Reports, 'lastHeartbeat'>
  readonly reconciler: Pick<Reconciler, 'look' | 'isBusy'>
  readonly claims: Pick<Claims, 'revoke'>
  retell(sessionId: string): void
}

export function openFollower(
  room: Room,
  { submitter, canceller, reports, reconciler, claims, retell }: FollowerParts,
): Follower {
  const { store } = room
  /** Current attempts, so that a poll of 1,000 sessions reads no rows. */
  const attempts = new Map<string, Attempt>()
  const doubtful = new Set<string>()
  const words = new Map<string, SchedulerWord>()

  async function attemptOf(session: Session): Promise<Attempt | null> {
    const known = attempts.get(session.id)
    if (known?.number === session.attempt && isShown(known)) return known
    const attempt = await store.findAttempt(session.id, session.attempt)
    if (attempt) attempts.set(session.id, attempt)
    return attempt
  }

  return {
    duties: (cluster, site) => ({
      sessions: () => [...room.active.values()].filter(({ spec }) => spec.cluster === cluster),
      attemptOf,
      async onStatus(session, attempt, status, askedAt) {
        if (!isShown(attempt)) {
          attempts.delete(session.id)
          const isFirst = await store.acceptAttempt(session.id, attempt.number, status.id, room.now(), askedAt)
          // A claim was faster, perhaps that of another job of this name: the next answer is read by what it wrote.
          if (!isFirst) return
          await room.apply(session.id, { type: 'accepted', jobId: status.id })
        }
        const isWaiting = status.phase === 'pending' || status.phase === 'held'
        if (doubtful.delete(session.id) && isWaiting) await claims.revoke(session.id)
        const isEndingBefore = words.get(session.id)?.phase === 'ending'
        const address = status.address ?? words.get(session.id)?.address
        words.set(session.id, {
          askedAt,
          phase: status.phase,
          ...(address !== undefined && { address }),
        })
        await room.apply(session.id, { type: 'observed', status, askedAt })
        // That a job is being cleared up after moves no session on, and is all the same something to see.
        if (isEndingBefore !== (status.phase === 'ending')) retell(session.id)
      },
      async onVanished(session, status) {
        await room.apply(session.id, { type: 'vanished', end: status?.end ?? null })
      },
      onTagAbsent: submitter.tagAbsent,
      heardAt: ({ id }) => reports.lastHeartbeat(id),
      deniedAt: ({ id }) => canceller.deniedAt(id),
      onAnswer: ({ list, askedAt }) => reconciler.look(site, list, askedAt),
      hasLeftovers: () => reconciler.isBusy(cluster),
    }),
    doubtClaims({ id, facts }) {
      const isBare = facts.state === 'queued' || (facts.state === 'starting' && facts.claim === null)
      if (isBare) doubtful.add(id)
      return isBare
    },
    lastWord: (sessionId) => words.get(sessionId) ?? null,
    prune() {
      for (const id of words.keys()) if (!room.active.has(id)) words.delete(id)
      for (const id of attempts.keys()) if (!room.active.has(id)) attempts.delete(id)
      for (const id of doubtful) if (!room.active.has(id)) doubtful.delete(id)
    },
  }
}
