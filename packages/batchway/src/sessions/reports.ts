/** What agents report, turned into events. A report is believed about its own application only. */
import type { Report, ReportReply } from '@batchway/agent'
import { BatchwayError } from '../core/errors.ts'
import { hashSecret } from './credentials.ts'
import { proveKey } from './prove-key.ts'
import type { Room } from './room.ts'
import type { Claim, Session } from './session.ts'

export interface Reports {
  report(claimToken: string, report: Report): Promise<ReportReply>
  lastHeartbeat(claimId: string): number | undefined
  /** Last known use of a session, for its page; gone with the hub's memory. */
  usageOf(sessionId: string): LastUsage | undefined
}

export interface LastUsage {
  readonly at: number
  readonly cpuSeconds: number | null
  readonly memoryBytes: number | null
  readonly memoryPeakBytes: number | null
  readonly connections: number
}

const proofMs = 5_000

export function openReports(room: Room, { nudge }: { nudge: (cluster: string) => void }): Reports {
  const { store, log } = room
  const heartbeats = new Map<string, number>()
  const usages = new Map<string, LastUsage>()
  /** Proofs under way, so that heartbeats do not pile them up. */
  const proving = new Set<string>()

  /** The node is the one the scheduler confirmed at the claim, never one that a report names. */
  function addressOf(session: Session, claim: Claim): string {
    return room.clusters.get(session.spec.cluster)?.advertise ?? claim.node
  }

  async function answered(session: Session, claim: Claim, port: number): Promise<void> {
    if (proving.has(claim.id)) return
    proving.add(claim.id)
    try {
      const host = addressOf(session, claim)
      const proof = await proveKey({ host, port }, room.credentials.psk(session.id, claim.id), proofMs)
      if (!proof.isProven) {
        log.warn(
          { session: session.id, host, port, error: proof.words },
          'agent could not be reached, or does not hold the key',
        )
        return // the next heartbeat tries again
      }
      await room.apply(session.id, { type: 'answered', claimId: claim.id, host, port })
    } finally {
      proving.delete(claim.id)
    }
  }

  async function heartbeat(
    session: Session,
    claim: Claim,
    report: Extract<Report, { type: 'heartbeat' }>,
  ): Promise<void> {
    usages.set(session.id, { at: room.now(), ...report.usage, connections: report.connections })
    if (report.lastActivityAt !== null && report.lastActivityAt <= room.now() + 60_000) {
      await store.touch(session.id, report.lastActivityAt)
    }
    const { facts } = session
    const isWaitedFor = facts.state === 'starting' || (facts.state === 'ready' && !facts.reachable)
    if (report.state === 'ready' && isWaitedFor) await answered(session, claim, report.port)
  }

  return {
    lastHeartbeat: (claimId) => heartbeats.get(claimId),
    usageOf: (sessionId) => usages.get(sessionId),
    async report(claimToken, report) {
      const claim = await store.findClaimByToken(hashSecret(claimToken))
      if (!claim) throw new BatchwayError('forbidden', 'no such claim')
      const session = await store.find(claim.sessionId)
      if (report.type === 'exit') {
        heartbeats.delete(claim.id)
        usages.delete(claim.sessionId)
        if (session && session.facts.state !== 'ended') {
          await room.apply(session.id, { type: 'exited', claimId: claim.id, exit: report })
          nudge(session.spec.cluster)
        }
        return { order: 'stop', endsAt: null }
      }
      if (claim.revokedAt !== null || !session || session.facts.state === 'ended') {
        throw new BatchwayError('gone', 'this claim was revoked')
      }
      heartbeats.set(claim.id, room.now())
      if (report.type === 'ready') await answered(session, claim, report.port)
      if (report.type === 'heartbeat') await heartbeat(session, claim, report)
      const isStopping = session.facts.state === 'stopping'
      return { order: isStopping ? 'stop' : 'continue', endsAt: session.endsAt }
    },
  }
}
