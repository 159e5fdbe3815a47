/** What agents report, turned into events. A report is believed about its own application only. */
import type { Report, ReportReply, Usage } from '@batchway/agent'
import { BatchwayError } from '../core/errors.ts'
import { hashSecret } from './credentials.ts'
import type { proveKey } from './prove-key.ts'
import type { Room } from './room.ts'
import type { Claim, LiveClaim, Session } from './session.ts'

export interface Reports {
  report(claimToken: string, report: Report): Promise<ReportReply>
  /** @see Sessions.announcePort */
  announcePort(sessionId: string, port: number): Promise<void>
  /** When the agent that holds the session's claim was last heard by this hub. */
  lastHeartbeat(sessionId: string): number | undefined
  /** Last known use of a session, for its page; gone with the hub's memory. */
  usageOf(sessionId: string): LastUsage | undefined
}

export interface LastUsage {
  readonly at: number
  readonly cpuSeconds: number | null
  readonly memoryBytes: number | null
  readonly memoryPeakBytes: number | null
  readonly gpus?: Usage['gpus']
  readonly connections: number
  /** Unix milliseconds; null if nobody has used it yet. */
  readonly lastActivityAt: number | null
  /** Until the walltime is over, by the agent's count; null if it has not been told. */
  readonly leftSeconds: number | null
}

export interface ReportsParts {
  nudge(cluster: string): void
  readonly prove: typeof proveKey
  /** Let the proxy know the way before anybody is told that it is open; resolves when it does, or has taken too long to say so. */
  openRoute(session: Session, claimId: string, target: { readonly host: string; readonly port: number }): Promise<void>
  /** Make the route what the session is now. */
  settleRoute(session: Session): void
  /** The name under which the session’s node is reached, as far as the scheduler’s last word tells. */
  reachedAt?(sessionId: string): string | undefined
}

const proofMs = 5_000

/** What is remembered of the agent that holds a session's claim. Nothing is written down: heartbeats come by the hundred. */
interface Heard {
  readonly claimId: string
  readonly tokenHash: string
  at: number
  usage: LastUsage | undefined
}

type Exit = Extract<Report, { type: 'exit' }>
type Heartbeat = Extract<Report, { type: 'heartbeat' }>

export function openReports(room: Room, { nudge, prove, openRoute, settleRoute, reachedAt }: ReportsParts): Reports {
  const { store, log } = room
  /** By session; as many as there are live claims. */
  const heard = new Map<string, Heard>()
  const sessionOfToken = new Map<string, string>()
  /** By session: ports that applications chose themselves. Known until they answer there. */
  const announced = new Map<string, { readonly claimId: string; readonly port: number }>()
  /** Proofs under way, so that heartbeats do not pile them up. */
  const proving = new Set<string>()

  function forget(sessionId: string): void {
    const known = heard.get(sessionId)
    if (known) sessionOfToken.delete(known.tokenHash)
    heard.delete(sessionId)
  }
  room.subscribe('all', ({ id, facts }) => {
    if (facts.state !== 'starting' || announced.get(id)?.claimId !== facts.claim?.id) announced.delete(id)
    const known = heard.get(id)
    if (known && known.claimId !== claimOf(facts)?.id) forget(id)
  })

  /** The session whose claim this token is for, and whether it still holds it. Reads no rows for an agent that was heard before. */
  async function sessionOf(tokenHash: string): Promise<{ session: Session | null; claimId: string }> {
    const known = heard.get(sessionOfToken.get(tokenHash) ?? '')
    const sessionId = sessionOfToken.get(tokenHash)
    const active = sessionId === undefined ? undefined : room.active.get(sessionId)
    if (known && active) return { session: active, claimId: known.claimId }
    const claim: Claim | null = await store.findClaimByToken(tokenHash)
    if (!claim) throw new BatchwayError('forbidden', 'no such claim')
    return {
      session: room.active.get(claim.sessionId) ?? (await store.find(claim.sessionId)),
      claimId: claim.id,
    }
  }

  /** The node is the one the scheduler confirmed at the claim, never one that a report names. */
  function addressOf(session: Session, claim: LiveClaim): string {
    return room.clusters.get(session.spec.cluster)?.advertise ?? reachedAt?.(session.id) ?? claim.node
  }

  async function answered(session: Session, claim: LiveClaim, port: number): Promise<void> {
    if (proving.has(claim.id)) return
    proving.add(claim.id)
    try {
      const host = addressOf(session, claim)
      const proof = await prove({ host, port }, room.credentials.psk(session.id, claim.id), proofMs)
      if (!proof.isProven) {
        log.warn(
          { session: session.id, host, port, error: proof.words },
          'agent could not be reached, or does not hold the key',
        )
        return // the next heartbeat tries again
      }
      await openRoute(session, claim.id, { host, port })
      const after = await room.apply(session.id, { type: 'answered', claimId: claim.id, host, port })
      // It was stopped meanwhile, or somebody else holds its claim now.
      if (after?.facts.state !== 'ready' || after.facts.claim.id !== claim.id) settleRoute(after ?? session)
    } finally {
      proving.delete(claim.id)
    }
  }

  async function heartbeat(session: Session, claim: LiveClaim, report: Heartbeat): Promise<void> {
    if (report.lastActivityAt !== null && report.lastActivityAt <= room.now() + 60_000)
      room.touch(session.id, report.lastActivityAt)
    const { facts } = session
    const isWaitedFor = facts.state === 'starting' || (facts.state === 'ready' && !facts.reachable)
    if (report.state === 'ready' && isWaitedFor) await answered(session, claim, report.port)
    const warnings = report.warnings?.map(({ about, limitSeconds, endsInSeconds }) => ({
      about,
      limitSeconds,
      endsAt: Math.round(room.now() + endsInSeconds * 1_000),
    }))
    // The usual heartbeat of thousands has nothing to say: it costs no look at the machine.
    if (warnings && (warnings.length > 0 || announces(room.active.get(session.id)))) {
      await room.apply(session.id, { type: 'warned', claimId: claim.id, warnings })
    }
  }

  async function exit(session: Session | null, claimId: string, report: Exit): Promise<ReportReply> {
    if (session && heard.get(session.id)?.claimId === claimId) forget(session.id)
    if (session && session.facts.state !== 'ended') {
      await room.apply(session.id, { type: 'exited', claimId, exit: report })
      nudge(session.spec.cluster)
    }
    return { order: 'stop', endsAt: null, now: room.now() }
  }

  return {
    lastHeartbeat: (sessionId) => heard.get(sessionId)?.at,
    usageOf: (sessionId) => heard.get(sessionId)?.usage,
    async report(claimToken, report) {
      const tokenHash = hashSecret(claimToken)
      const { session, claimId } = await sessionOf(tokenHash)
      if (report.type === 'exit') return exit(session, claimId, report)
      const claim = session && claimOf(session.facts)
      if (!session || claim?.id !== claimId) throw new BatchwayError('gone', 'this claim was revoked')
      const usage = report.type === 'heartbeat' ? usageOf(report, room.now()) : heard.get(session.id)?.usage
      heard.set(session.id, { claimId, tokenHash, at: room.now(), usage })
      sessionOfToken.set(tokenHash, session.id)
      if (report.type === 'ready') await answered(session, claim, report.port)
      if (report.type === 'heartbeat') await heartbeat(session, claim, report)
      const now = room.active.get(session.id) ?? session
      const chosen = announced.get(session.id)
      return {
        order: now.facts.state === 'stopping' ? 'stop' : 'continue',
        // The end of a suspended job moves for as long as it is suspended: what is known of it is no longer so.
        endsAt: 'paused' in now.facts && now.facts.paused ? null : now.endsAt,
        now: room.now(),
        ...(chosen?.claimId === claimId && { applicationPort: chosen.port }),
      }
    },
    async announcePort(sessionId, port) {
      const facts = room.active.get(sessionId)?.facts
      if (facts?.state !== 'starting' || facts.claim === null)
        throw new BatchwayError('session_busy', 'The port of an application can be told while its server is starting.')
      announced.set(sessionId, { claimId: facts.claim.id, port })
    },
  }
}

const usageOf = ({ usage, connections, lastActivityAt, leftSeconds }: Heartbeat, at: number): LastUsage => ({
  at,
  ...usage,
  connections,
  lastActivityAt,
  leftSeconds: leftSeconds ?? null,
})

const announces = (session: Session | undefined): boolean =>
  session?.facts.state === 'ready' && (session.facts.warnings ?? []).length > 0

const claimOf = (facts: Session['facts']): LiveClaim | null => ('claim' in facts ? facts.claim : null)
