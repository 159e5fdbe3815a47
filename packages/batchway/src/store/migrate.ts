/** Brings a database to the shape this program knows: numbered steps, forward only, all in one transaction. */
import { type RawBuilder, sql } from 'kysely'
import { DatabaseError } from './database-error.ts'
import type { Dialect } from './dialect.ts'
import { migrations as released } from './migrations/migrations.ts'
import type { Database } from './open.ts'
import type { Tx } from './schema.ts'

/** One step. Once released it is never edited: the next number repairs it. */
export interface Migration {
  readonly name: string
  readonly statements: (dialect: Dialect) => readonly RawBuilder<unknown>[]
}

/**
 * Apply what is missing; safe to call from several processes at once, and on every start.
 * @param now Unix milliseconds. @returns the names of the steps applied.
 * @throws {DatabaseError} `newer` if a later version of the program has been here.
 */
export async function migrate(
  { db, dialect }: Pick<Database, 'db' | 'dialect'>,
  now: number,
  migrations: readonly Migration[] = released,
): Promise<readonly string[]> {
  return db.transaction().execute(async (tx) => {
    await dialect.lockMigrations(tx)
    const version = await readVersion(tx)
    if (version > migrations.length)
      throw new DatabaseError(
        'newer',
        `The database is of version ${version}, this program knows up to ${migrations.length}: a newer Batchway has used it. ` +
          'Install that version again, or restore a backup made before the upgrade.',
      )
    const missing = migrations.slice(version)
    for (const [index, { name, statements }] of missing.entries()) {
      for (const statement of statements(dialect)) await statement.execute(tx)
      await tx
        .insertInto('schema_version')
        .values({ version: version + index + 1, name, applied_at: now })
        .execute()
    }
    return missing.map(({ name }) => name)
  })
}

async function readVersion(tx: Tx): Promise<number> {
  await sql`create table if not exists schema_version (version integer primary key, name text not null, applied_at bigint not null)`.execute(
    tx,
  )
  const row = await tx
    .selectFrom('schema_version')
    .select((e) => e.fn.max('version').as('version'))
    .executeTakeFirst()
  return row?.version ?? 0
}
