/** A database of its own on the test server, for each test. */
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { type Bench, openBench, type Place } from './bench.ts'

/** @throws {Error} that says how to provide a server: a run without PostgreSQL must not look like a run with it. */
export async function postgresPlace(): Promise<Place> {
  const server = process.env.TEST_POSTGRES_URL
  if (server === undefined || server === '')
    throw new Error(
      'TEST_POSTGRES_URL is not set. `npm test` provides it; by hand: start a PostgreSQL 15 or later whose role may create ' +
        'databases, and set it to e.g. postgres://postgres@127.0.0.1:5432/postgres',
    )
  const name = `batchway_test_${randomBytes(6).toString('hex')}`
  await administer(server, `create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.href, [Symbol.asyncDispose]: () => administer(server, `drop database ${name} with (force)`) }
}

export const postgresBench = async (): Promise<Bench> => openBench(await postgresPlace())

async function administer(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
