/** PostgreSQL by its own programs: what goes into a backup, and back. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, globSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** The newest, since a dump program reads servers of its own version and older ones. Debian keeps them off the PATH. */
function findProgram(name: string): string {
  const versioned = globSync(`/usr/lib/postgresql/*/bin/${name}`).sort(
    (a, b) => Number(basename(dirname(dirname(b)))) - Number(basename(dirname(dirname(a)))),
  )
  const onPath = (process.env.PATH ?? '').split(':').map((folder) => join(folder, name))
  const found = [...versioned, ...onPath].find((file) => {
    try {
      accessSync(file, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
  if (found === undefined)
    throw new Error(
      `${name} is not on this host (the package postgresql-client): install it, or save the database in the way your PostgreSQL is saved anyway and give --without-database`,
    )
  return found
}

/** libpq's variables for an address: a password on a command line would be read by everybody here. @see libpq "Environment Variables" */
export function postgresEnvironment(url: string): Record<string, string> {
  const { hostname, port, username, password, pathname, searchParams } = new URL(url)
  const host = searchParams.get('host') ?? decodeURIComponent(hostname).replace(/^\[|\]$/g, '')
  const values: Record<string, string> = {
    PGHOST: host,
    PGPORT: searchParams.get('port') ?? port,
    PGUSER: searchParams.get('user') ?? decodeURIComponent(username),
    PGPASSWORD: searchParams.get('password') ?? decodeURIComponent(password),
    PGDATABASE: decodeURIComponent(pathname.slice(1)),
    PGSSLMODE: searchParams.get('sslmode') ?? '',
    PGSSLROOTCERT: searchParams.get('sslrootcert') ?? '',
  }
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''))
}

/** Everything that Batchway has made, and nothing that says whose it is: it may come back under another role. */
const plain = ['--no-owner', '--no-privileges']

function runProgram(name: string, args: readonly string[], url: string): void {
  const { status, stderr, error } = spawnSync(findProgram(name), [...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', LC_ALL: 'C', ...postgresEnvironment(url) },
  })
  if (error) throw new Error(`${name}: ${error.message}`)
  if (status !== 0) throw new Error(`${name} failed: ${stderr.trim().slice(0, 2_000)}`)
}

/** One snapshot, whoever writes meanwhile. */
export const dumpPostgres = (url: string, file: string): void =>
  runProgram('pg_dump', ['--format=custom', ...plain, `--file=${file}`], url)

/** All of it or nothing. @param isReplacing tables that are there go first. */
export const restorePostgres = (url: string, file: string, isReplacing: boolean): void =>
  runProgram(
    'pg_restore',
    [
      '--single-transaction',
      '--exit-on-error',
      ...plain,
      ...(isReplacing ? ['--clean', '--if-exists'] : []),
      `--dbname=${postgresEnvironment(url).PGDATABASE ?? ''}`,
      file,
    ],
    url,
  )
