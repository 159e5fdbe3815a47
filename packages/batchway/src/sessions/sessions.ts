/** What pages, API and OAuth may ask of the session room: the one service interface. Implemented by `service.ts`. */
import type { ClaimReply, ClaimRequest, Report, ReportReply } from '@batchway/agent'
import type { JobPhase } from '@batchway/schedulers'
import type { User } from '../people/people.ts'
import type { Spec } from '../profiles/spec.ts'
import type { Session, SessionEvent } from './session.ts'

/** What a list call that began at `askedAt` (Unix ms) told of a session's job. */
export interface SchedulerWord {
  readonly askedAt: number
  /** `ending`: the job is over, and the scheduler is still clearing up after it. */
  readonly phase: JobPhase
  /** The name under which its node is reached, if the cluster calls it otherwise than the node itself. */
  readonly address?: string
}

/** Is its job over for the scheduler, though nobody knows yet how it ended? */
export const isEnding = ({ facts }: Session, word: SchedulerWord | null): boolean =>
  facts.state !== 'ended' && facts.state !== 'submitting' && word?.phase === 'ending'

export interface Sessions {
  /**
   * Start a session on a user's server: returns as soon as the row is written; the submit goes on in the background.
   * @throws {BatchwayError} `session_busy` if the server has a session that has not ended, `draining` with the reason.
   */
  start(owner: User, serverName: string, spec: Spec): Promise<Session>
  /**
   * Ask a session to end. Valid in every state, idempotent; returns at once with the session as it is now.
   * @param by login name of who asks; another name than the owner's counts as an admin.
   * @throws {BatchwayError} `session_not_found`
   */
  stop(sessionId: string, by: string): Promise<Session>
  find(sessionId: string): Promise<Session | null>
  /** The session of this server that has not ended. */
  findActive(userId: number, serverName: string): Promise<Session | null>
  findLatest(userId: number, serverName: string): Promise<Session | null>
  listActiveOf(userId: number): Promise<readonly Session[]>
  /** The same of many users at once, in no order. */
  listActiveOfUsers(userIds: ReadonlySet<number>): Promise<readonly Session[]>
  listActive(): Promise<readonly Session[]>
  listEndedOf(userId: number, limit: number, before?: number): Promise<readonly Session[]>
  countEndedOf(userId: number): Promise<number>
  listEvents(sessionId: string, afterSeq?: number): Promise<readonly SessionEvent[]>
  /** The user or the application was active; only moves forward. */
  touch(sessionId: string, at: number): Promise<void>
  /** Be told of every change of sessions: of one user, or of all. @returns how to stop being told. */
  subscribe(userId: number | 'all', listener: (session: Session) => void): () => void
  /** What is known of a cluster's answers, for the page's foot and "has not answered since". */
  clusterHealth(cluster: string): {
    readonly lastAnswerAt: number | null
    readonly failingSince: number | null
    readonly words: string | null
    /** Sessions whose job the last answers did not show, and of which nothing else proves yet that they are gone. */
    readonly missing?: number
  }
  /** The scheduler's last word on a session's job: how old is what its page shows? Null before its first since the hub came up. */
  lastWord(sessionId: string): SchedulerWord | null

  /** @throws {BatchwayError} `forbidden`, `gone` (superseded or ended), `later`. */
  claim(secret: string, request: ClaimRequest): Promise<ClaimReply>
  /** @throws {BatchwayError} `gone` if the claim was revoked. */
  report(claimToken: string, report: Report): Promise<ReportReply>
  /**
   * An application that chooses its port itself says which (batchspawner-singleuser): its agent hears of it with the next answer.
   * @throws {BatchwayError} `session_busy` unless the session is starting and its application runs.
   */
  announcePort(sessionId: string, port: number): Promise<void>
}
