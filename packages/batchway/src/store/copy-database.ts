import { backup, DatabaseSync } from 'node:sqlite'

/**
 * Copy an SQLite database into a new file: one state of it, whatever other processes write meanwhile. All pages at once, for in steps it
 * would begin anew with every write of the hub. @throws what SQLite throws.
 */
export async function copyDatabase(from: string, to: string): Promise<void> {
  const source = new DatabaseSync(from, { readOnly: true })
  try {
    source.exec('pragma busy_timeout = 10000')
    await backup(source, to, { rate: 2 ** 30 })
  } finally {
    source.close()
  }
}
