/** Make sure that a database file is ours alone, before SQLite opens it. */
import { closeSync, constants, fchmodSync, fstatSync, openSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseError } from './database-error.ts'

/** `f_type` of statfs(2) for file systems shared by hosts, where SQLite's locks and its WAL do not hold. */
const networkFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
])

/** @returns the name of a file system that hosts share, or null for a local one. */
export const networkFileSystem = (type: number): string | null => networkFileSystems.get(type >>> 0) ?? null

/**
 * Create the file with mode 0600, or check the one that is there. SQLite gives its `-wal` and `-shm` files the same mode.
 * @throws {DatabaseError} `path`, `permissions` or `network-file-system`.
 */
export function preparePrivateFile(path: string): void {
  const directory = dirname(path)
  let shared: string | null
  try {
    shared = networkFileSystem(statfsSync(directory).type)
  } catch (cause) {
    throw new DatabaseError('path', `The directory ${directory} for the database is not there or not readable.`, {
      cause,
    })
  }
  if (shared !== null)
    throw new DatabaseError(
      'network-file-system',
      `${path} lies on ${shared}, where SQLite loses data. Put the database on a local disk, or use PostgreSQL.`,
    )
  let file: number
  try {
    file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
  } catch (cause) {
    throw new DatabaseError('path', `The database ${path} cannot be opened for writing, or is a symbolic link.`, {
      cause,
    })
  }
  try {
    const { mode, size, uid } = fstatSync(file)
    if ((mode & constants.S_IFMT) !== constants.S_IFREG)
      throw new DatabaseError('path', `The database ${path} is not a regular file.`)
    if (uid !== process.geteuid?.())
      throw new DatabaseError('permissions', `The database ${path} belongs to another account (uid ${uid}).`)
    // An empty file has nothing to leak yet: a wide umask or `touch` made it, and closing it is enough.
    if (size === 0) fchmodSync(file, 0o600)
    else if ((mode & 0o077) !== 0)
      throw new DatabaseError(
        'permissions',
        `The database ${path} can be read by others (mode ${(mode & 0o777).toString(8)}). Look who did, then: chmod 600 ${path}`,
      )
  } finally {
    closeSync(file)
  }
}
