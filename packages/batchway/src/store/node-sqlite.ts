/** A Kysely dialect for `node:sqlite`: one connection, cached statements, transactions that take the write lock at once. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type Dialect as KyselyDialect,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { eventLoop } from '../core/turns.ts'
import { DatabaseError } from './database-error.ts'

/** Lists of ids make statements of many shapes; beyond this number the one unused longest goes. */
const statementCacheSize = 200
/** Another process (a command, a backup) may hold the write lock this long before we give up. */
const busyDeadlineMs = 10_000

export const isBusy = (error: unknown): boolean =>
  error instanceof Error && Object.getOwnPropertyDescriptor(error, 'errcode')?.value % 256 === 5

class NodeSqliteConnection implements DatabaseConnection {
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  /**
   * Waits for another process's write lock in the event loop, not inside SQLite: a busy time-out there would stop the whole hub.
   * Only outside a transaction; inside, the lock is ours already.
   */
  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    // SQLite answers without waiting for anything: a thousand promises that each read a row would hold up all else.
    await eventLoop.next()
    const deadline = Date.now() + busyDeadlineMs
    for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 2, 50)) {
      try {
        return this.#run<R>(query)
      } catch (error) {
        if (!isBusy(error) || this.#db.isTransaction) throw error
        if (Date.now() > deadline)
          throw new DatabaseError('busy', 'Another process keeps the database locked.', { cause: error })
        await sleep(pauseMs)
      }
    }
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    // Not cached: two streams of the same text must not share a cursor.
    for (const row of this.#db.prepare(query.sql).iterate(...bindable(query.parameters))) yield { rows: [row as R] }
  }

  #run<R>({ sql, parameters }: CompiledQuery): QueryResult<R> {
    const statement = this.#prepare(sql)
    const values = bindable(parameters)
    if (statement.columns().length > 0) return { rows: statement.all(...values) as R[] }
    const { changes, lastInsertRowid } = statement.run(...values)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
  }

  #prepare(text: string): StatementSync {
    const cached = this.#statements.get(text)
    const statement = cached ?? this.#db.prepare(text)
    if (cached !== undefined) this.#statements.delete(text)
    this.#statements.set(text, statement)
    if (this.#statements.size > statementCacheSize)
      for (const oldest of this.#statements.keys()) {
        this.#statements.delete(oldest)
        break
      }
    return statement
  }
}

/** @throws {TypeError} for what SQLite cannot hold, before it reaches the native binding. */
function bindable(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters.map((value) => {
    if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
      return value
    throw new TypeError(`a ${typeof value} cannot be stored in a column`)
  })
}

const raw = (sql: string): CompiledQuery => ({
  sql,
  parameters: [],
  query: { kind: 'RawNode', sqlFragments: [sql], parameters: [] },
  queryId: { queryId: sql },
})

function nodeSqliteDriver(db: DatabaseSync): Driver {
  const connection = new NodeSqliteConnection(db)
  return {
    init: async () => {},
    acquireConnection: async () => connection,
    // `immediate`: a deferred transaction that reads first and writes later fails at once when another process wrote between.
    beginTransaction: async () => void (await connection.executeQuery(raw('begin immediate'))),
    commitTransaction: async () => void (await connection.executeQuery(raw('commit'))),
    rollbackTransaction: async () => {
      // SQLite has rolled back by itself after a full disk or an I/O error.
      if (db.isTransaction) await connection.executeQuery(raw('rollback'))
    },
    releaseConnection: async () => {},
    destroy: async () => db.close(),
  }
}

export const nodeSqliteDialect = (db: DatabaseSync): KyselyDialect => ({
  createDriver: () => nodeSqliteDriver(db),
  createQueryCompiler: () => new SqliteQueryCompiler(),
  createAdapter: () => new SqliteAdapter(),
  createIntrospector: (kysely) => new SqliteIntrospector(kysely),
})
