/** Opens the database: `sqlite:/path`, `sqlite::memory:` or `postgres://…`. */
import { isAbsolute } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely, type LogEvent, PostgresDialect } from 'kysely'
import type { Pool } from 'pg'
import { type Changes, postgresChanges, sqliteChanges } from './changes.ts'
import { DatabaseError } from './database-error.ts'
import { type Dialect, postgres, sqlite } from './dialect.ts'
import { isBusy, nodeSqliteDialect } from './node-sqlite.ts'
import { preparePrivateFile } from './private-file.ts'
import type { Db } from './schema.ts'

export interface Database extends AsyncDisposable {
  readonly db: Db
  readonly dialect: Dialect
  /** Tells caches when people or their tokens have changed. */
  readonly changes: Changes
}

export interface OpenOptions {
  /** A PostgreSQL connection at rest broke; the pool replaces it. */
  readonly onConnectionLost?: (error: Error) => void
  /** Told of each statement: how long it took, the wait for a connection or a lock included. */
  readonly onStatement?: (isDone: boolean, ms: number) => void
  /** Writes are refused by the database itself; neither file nor settings are touched. */
  readonly isReadOnly?: boolean
}

/**
 * Open a database. Its tables may be missing or old: see `migrate`. Close with `await using`.
 * @throws {DatabaseError} in words for the admin, if the address or the file does not fit. The address itself is never quoted: it may hold a password.
 */
export function openDatabase(url: string, options: OpenOptions = {}): Database {
  if (url.startsWith('sqlite:')) return openSqlite(url.slice('sqlite:'.length), options)
  if (/^postgres(ql)?:\/\//.test(url)) return openPostgres(url, options)
  throw new DatabaseError('url', 'The database must be given as sqlite:/path or postgres://host/name.')
}

const logOf = ({ onStatement }: OpenOptions) =>
  onStatement && {
    log: (event: LogEvent): void => onStatement(event.level === 'query', event.queryDurationMillis),
  }

function openSqlite(path: string, options: OpenOptions): Database {
  const { isReadOnly = false } = options
  if (path !== ':memory:') {
    if (!isAbsolute(path)) throw new DatabaseError('url', 'The path of the database must be absolute: sqlite:/path.')
    if (!isReadOnly) preparePrivateFile(path)
  }
  const connection = openFile(path, isReadOnly)
  try {
    // `normal` in WAL mode survives any crash of the hub; a power cut may lose the last moments, never consistency. That is
    // enough, since a job whose row is lost cannot claim, and a full sync would stop the event loop for a disk's turn each time.
    connection.exec('pragma busy_timeout = 10000')
    if (!isReadOnly) enterWal(connection)
    connection.exec('pragma synchronous = normal')
    // From here on locks of other processes are waited for outside SQLite (see node-sqlite.ts), but for the blink of a checkpoint.
    connection.exec('pragma busy_timeout = 20; pragma trusted_schema = off; pragma cache_size = -16000')
  } catch (cause) {
    connection.close()
    throw new DatabaseError('path', `${path} is not a database, or another process keeps it locked.`, { cause })
  }
  const db: Db = new Kysely({ dialect: nodeSqliteDialect(connection), ...logOf(options) })
  let closed = false
  return {
    db,
    dialect: sqlite,
    changes: sqliteChanges(connection),
    [Symbol.asyncDispose]: async () => {
      if (closed) return
      closed = true
      await db.destroy()
      // Kysely does not close what no query has opened.
      if (connection.isOpen) connection.close()
    },
  }
}

function openFile(path: string, readOnly: boolean): DatabaseSync {
  try {
    return new DatabaseSync(path, { enableForeignKeyConstraints: true, allowExtension: false, readOnly })
  } catch (cause) {
    throw new DatabaseError('path', `${path} cannot be opened.`, { cause })
  }
}

/**
 * Of two processes that meet a new file at the same moment one makes a WAL database of it, and SQLite tells the other "locked" at once,
 * whatever its time-out says. It is the blink of an eye, once in the life of a file: worth no event loop's turn.
 */
function enterWal(connection: DatabaseSync): void {
  const giveUpAt = Date.now() + 10_000
  for (;;) {
    try {
      connection.exec('pragma journal_mode = wal')
      return
    } catch (error) {
      if (!isBusy(error) || Date.now() > giveUpAt) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
}

/** `bigint` (ids, times, counts) as a number: all of ours are safe integers. One parser here, not pg's global one. */
function parseInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError('an integer in the database is too large')
  return value
}

function openPostgres(url: string, options: OpenOptions): Database {
  const { onConnectionLost, isReadOnly = false } = options
  let pool: Pool | null = null
  /** The client is loaded by who has a PostgreSQL: forty files that a hub on SQLite need not keep. */
  const openPool = async (): Promise<Pool> => {
    const { default: pg } = await import('pg')
    pool = new pg.Pool({
      connectionString: url,
      application_name: 'batchway',
      max: 10,
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
      ...(isReadOnly && { options: '-c default_transaction_read_only=on' }),
      types: {
        getTypeParser: (oid: number, format?: 'text' | 'binary') =>
          oid === pg.types.builtins.INT8 ? parseInteger : pg.types.getTypeParser(oid, format),
      },
    })
    // Without a listener a broken idle connection would end the process.
    pool.on('error', (error) => onConnectionLost?.(error))
    return pool
  }
  const db: Db = new Kysely({ dialect: new PostgresDialect({ pool: openPool }), ...logOf(options) })
  let closed = false
  return {
    db,
    dialect: postgres,
    changes: postgresChanges(),
    [Symbol.asyncDispose]: async () => {
      if (closed) return
      closed = true
      await db.destroy()
      if (pool !== null && !pool.ended) await pool.end()
    },
  }
}
