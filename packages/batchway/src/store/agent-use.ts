/** Which agents live sessions may still begin with: read by commands that judge an installation. */
import type { Database } from './open.ts'

/** The first version of the tables that tells. */
export const stepOfAgents = 13

/** One attempt of a session that has not ended. */
export interface AgentUse {
  readonly session: string
  readonly user: string
  /** `''`: the default server. */
  readonly server: string
  readonly state: string
  readonly job: string | null
  /** Null before its submit, or if a hub submitted it that did not write this down. */
  readonly directory: string | null
  /** Has anything gone to the scheduler? */
  readonly wasSubmitted: boolean
}

/** Oldest first. A superseded attempt counts as well: its job may still be in the queue. */
export async function listAgentUse({ db }: Pick<Database, 'db'>): Promise<readonly AgentUse[]> {
  const rows = await db
    .selectFrom('attempt')
    .innerJoin('session', 'session.id', 'attempt.session_id')
    .select([
      'session.id',
      'session.user_name',
      'session.server_name',
      'session.state',
      'attempt.job_id',
      'attempt.agent_directory',
      'attempt.submit',
    ])
    .where('session.state', '<>', 'ended')
    .where('attempt.submit', '<>', 'refused')
    .orderBy('attempt.created_at')
    .orderBy('session.id')
    .execute()
  return rows.map((row) => ({
    session: row.id,
    user: row.user_name,
    server: row.server_name,
    state: row.state,
    job: row.job_id,
    directory: row.agent_directory,
    wasSubmitted: row.submit !== 'prepared',
  }))
}
