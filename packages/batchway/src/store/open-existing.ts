/** Look at a database without changing it: nothing is made, nothing is migrated. For commands that judge a site. */
import { existsSync } from 'node:fs'
import type { ReportStore } from '../report/report-store.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import { type AgentUse, listAgentUse, stepOfAgents } from './agent-use.ts'
import { type AuditStore, auditStore } from './audit-store.ts'
import { migrations } from './migrations/migrations.ts'
import { type OpenOptions, openDatabase } from './open.ts'
import { reportStore } from './report-store.ts'
import { sessionStore } from './session-store.ts'

export interface ExistingDatabase extends AsyncDisposable {
  /** Steps that its tables have been through; 0: it has none yet. */
  readonly version: number
  /** Steps that this program knows. */
  readonly known: number
  /** Only where `version` is `known`. */
  readonly sessions: Pick<SessionStore, 'listActive'> | null
  readonly audit: Pick<AuditStore, 'list'> | null
  readonly reports: ReportStore | null
  /** Agents that live sessions may still begin with; null where the tables are too old to tell. */
  readonly agents: { list(): Promise<readonly AgentUse[]> } | null
}

/** @returns null for an SQLite file that is not there. @throws {DatabaseError} and what the database's driver throws. */
export async function openExisting(url: string, options: OpenOptions = {}): Promise<ExistingDatabase | null> {
  if (url.startsWith('sqlite:') && !existsSync(url.slice('sqlite:'.length))) return null
  await using undo = new AsyncDisposableStack()
  const database = undo.use(openDatabase(url, options))
  // Not a query for the table itself: a missing one would be an error, and no answer at all would look the same.
  const tables = await database.db.introspection.getTables()
  const hasVersions = tables.some(({ name }) => name === 'schema_version')
  const row = hasVersions
    ? await database.db
        .selectFrom('schema_version')
        .select((e) => e.fn.max('version').as('version'))
        .executeTakeFirst()
    : undefined
  const version = row?.version ?? 0
  const isCurrent = version === migrations.length
  const keep = undo.move()
  return {
    version,
    known: migrations.length,
    sessions: isCurrent ? sessionStore(database) : null,
    audit: isCurrent ? auditStore(database) : null,
    reports: isCurrent ? reportStore(database) : null,
    agents: version >= stepOfAgents ? { list: () => listAgentUse(database) } : null,
    [Symbol.asyncDispose]: () => keep.disposeAsync(),
  }
}
