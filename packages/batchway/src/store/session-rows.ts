/** Rows of the session tables ↔ the words of the session room. JSON in here was written by this file alone. */
import type { JobId } from '@batchway/schedulers'
import type { Insertable, Selectable } from 'kysely'
import { readShared } from '../core/shared-json.ts'
import type { Spec } from '../profiles/spec.ts'
import type { Attempt, Claim, Facts, Session, SessionEvent } from '../sessions/session.ts'
import type { AttemptTable, ClaimTable, SessionEventTable, SessionTable } from './schema.ts'

/** What a session's life changes, all of it: an update writes these. */
export const movingColumns = ({ facts, ...session }: Session) => ({
  state: facts.state,
  facts: JSON.stringify(facts),
  attempt: session.attempt,
  version: session.version,
  submitted_at: session.submittedAt,
  started_at: session.startedAt,
  ready_at: session.readyAt,
  ended_at: session.endedAt,
  ends_at: session.endsAt,
  outcome_code: facts.state === 'ended' ? facts.outcome.code : null,
  cpu_seconds: facts.state === 'ended' ? (facts.outcome.use?.cpuSeconds ?? null) : null,
})

export const fromSession = (session: Session): Insertable<SessionTable> => ({
  id: session.id,
  user_id: session.userId,
  user_name: session.userName,
  server_name: session.serverName,
  account: session.account,
  spec: JSON.stringify(session.spec),
  created_at: session.createdAt,
  first_ready_at: session.readyAt,
  first_started_at: session.readyAt === null ? null : session.startedAt,
  last_activity_at: session.lastActivityAt,
  ...movingColumns(session),
})

export const toSession = (row: Selectable<SessionTable>): Session => ({
  id: row.id,
  userId: row.user_id,
  userName: row.user_name,
  serverName: row.server_name,
  account: row.account,
  spec: readShared(row.spec) as Spec,
  facts: JSON.parse(row.facts) as Facts,
  attempt: row.attempt,
  version: row.version,
  createdAt: row.created_at,
  submittedAt: row.submitted_at,
  startedAt: row.started_at,
  readyAt: row.ready_at,
  endedAt: row.ended_at,
  endsAt: row.ends_at,
  lastActivityAt: row.last_activity_at,
})

/** Field of an attempt → its column. */
const attemptColumns = {
  sessionId: 'session_id',
  number: 'number',
  tag: 'tag',
  secretHash: 'secret_hash',
  jobId: 'job_id',
  submit: 'submit',
  submitPid: 'submit_pid',
  submitPidStart: 'submit_pid_start',
  createdAt: 'created_at',
  acceptedAt: 'accepted_at',
  firstSeenAt: 'first_seen_at',
  lastSeenAt: 'last_seen_at',
  outputPath: 'output_path',
  agentDirectory: 'agent_directory',
} as const satisfies Record<keyof Attempt, keyof AttemptTable>

/** Only the fields that are there. */
export const toAttemptChange = (change: Partial<Attempt>): Partial<AttemptTable> =>
  Object.fromEntries(
    Object.entries(attemptColumns).flatMap(([name, column]) => {
      const value = change[name as keyof Attempt]
      return value === undefined ? [] : [[column, value]]
    }),
  )

export const fromAttempt = (attempt: Attempt): AttemptTable => ({
  session_id: attempt.sessionId,
  number: attempt.number,
  tag: attempt.tag,
  secret_hash: attempt.secretHash,
  job_id: attempt.jobId,
  submit: attempt.submit,
  submit_pid: attempt.submitPid,
  submit_pid_start: attempt.submitPidStart,
  created_at: attempt.createdAt,
  accepted_at: attempt.acceptedAt,
  first_seen_at: attempt.firstSeenAt,
  last_seen_at: attempt.lastSeenAt,
  output_path: attempt.outputPath,
  agent_directory: attempt.agentDirectory,
})

export const toAttempt = (row: Selectable<AttemptTable>): Attempt => ({
  sessionId: row.session_id,
  number: row.number,
  tag: row.tag,
  secretHash: row.secret_hash,
  jobId: row.job_id as JobId | null,
  submit: row.submit,
  submitPid: row.submit_pid,
  submitPidStart: row.submit_pid_start,
  createdAt: row.created_at,
  acceptedAt: row.accepted_at,
  firstSeenAt: row.first_seen_at,
  lastSeenAt: row.last_seen_at,
  outputPath: row.output_path,
  agentDirectory: row.agent_directory,
})

export const toClaim = (row: Selectable<ClaimTable>): Claim => ({
  id: row.id,
  sessionId: row.session_id,
  attempt: row.attempt,
  jobId: row.job_id as JobId,
  restart: row.restart,
  node: row.node,
  tokenHash: row.token_hash,
  createdAt: row.created_at,
  revokedAt: row.revoked_at,
})

export const toEvent = (row: Selectable<SessionEventTable>): SessionEvent => ({
  sessionId: row.session_id,
  seq: row.seq,
  at: row.at,
  type: row.type,
  data: JSON.parse(row.data) as SessionEvent['data'],
})
