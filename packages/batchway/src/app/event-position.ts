/** Until when everything that happened was handed over: kept beside the database, for a hub that comes after one that was killed. */
import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'

/** @returns Unix ms; null if it was never written. */
export function readPosition(file: string): number | null {
  try {
    const text = readFileSync(file, 'utf8').trim()
    return /^\d{1,15}$/.test(text) ? Number(text) : null
  } catch {
    return null // the first hub of this site
  }
}

/** Whole or not at all. */
export async function writePosition(file: string, at: number): Promise<void> {
  const fresh = `${file}.new`
  await writeFile(fresh, `${at}\n`, { mode: 0o600 })
  await rename(fresh, file)
}
