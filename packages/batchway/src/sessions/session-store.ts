/** What the session room needs from storage. Implemented in `store/`, held to one contract on SQLite and PostgreSQL. */
import type { Attempt, Claim, Session, SessionEvent } from './session.ts'

export type NewSession = Omit<Session, 'version'>

export interface SessionStore {
  /**
   * Insert a session, as version 1, with its first attempt.
   * @returns false if this user's server already has a session that has not ended (a unique index decides, not a query).
   */
  insert(session: NewSession, attempt: Attempt): Promise<boolean>
  find(id: string): Promise<Session | null>
  findActive(userId: number, serverName: string): Promise<Session | null>
  /** The latest session of a server, ended or not. */
  findLatest(userId: number, serverName: string): Promise<Session | null>
  listActive(): Promise<readonly Session[]>
  /** The same by id alone, in no order: cheap enough to be asked for all the time. */
  listActiveIds(): Promise<readonly string[]>
  listActiveOf(userId: number): Promise<readonly Session[]>
  /** Ended ones, newest first. `before` is an `endedAt`. */
  listEndedOf(userId: number, limit: number, before?: number): Promise<readonly Session[]>
  countEndedOf(userId: number): Promise<number>
  /** Everybody's that ended at or after a time, newest first. */
  listEndedSince(at: number, limit: number): Promise<readonly Session[]>
  /**
   * Compare-and-swap on `version` (the row's version becomes `session.version + 1`), and append the events in the same transaction.
   * @returns the new session, or null when someone else moved the row on: read again and decide again.
   */
  update(session: Session, events: readonly Omit<SessionEvent, 'sessionId' | 'seq'>[]): Promise<Session | null>
  /** Not compared: activity only moves forward. */
  touch(id: string, lastActivityAt: number): Promise<void>

  insertAttempt(attempt: Attempt): Promise<void>
  findAttempt(sessionId: string, number: number): Promise<Attempt | null>
  /** By tag, for reconciling jobs with sessions. */
  findAttemptByTag(tag: string): Promise<Attempt | null>
  updateAttempt(
    sessionId: string,
    number: number,
    change: Partial<Omit<Attempt, 'sessionId' | 'number' | 'tag'>>,
  ): Promise<void>
  /**
   * Without `shownAt` the id is what a submit printed: set only where there was none. With it the scheduler has shown this job under the
   * attempt's tag: it takes the place of an id that was only printed, and none that was shown.
   * @returns false if nothing was set.
   */
  acceptAttempt(sessionId: string, number: number, jobId: string, at: number, shownAt?: number): Promise<boolean>

  /** Insert a claim and revoke every other live claim of the session, in one transaction. */
  insertClaim(claim: Claim): Promise<void>
  findClaim(id: string): Promise<Claim | null>
  findClaimByToken(tokenHash: string): Promise<Claim | null>
  revokeClaims(sessionId: string, at: number): Promise<void>
  /** Ended sessions with a claim that was not revoked: a hub was killed between the two. */
  listEndedWithClaim(): Promise<readonly string[]>
  listClaims(sessionId: string): Promise<readonly Claim[]>

  listEvents(sessionId: string, afterSeq?: number): Promise<readonly SessionEvent[]>
}
