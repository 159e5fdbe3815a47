/** How entries of the audit log are asked for and shown. Pure. */
import { parseWireTime } from '../core/times.ts'
import { parseDuration } from '../core/units.ts'
import type { StoredAuditEntry } from '../store/audit-store.ts'

/** Read `2d` (so long ago), or a time in ISO 8601 (UTC if it has no zone; a day alone is its beginning). @returns Unix ms, or null. */
export function parseMoment(text: string, now: number): number | null {
  const seconds = parseDuration(text)
  if (seconds !== null) return now - seconds * 1_000
  return parseWireTime(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00Z` : text)
}

/** One line for a person. The texts were cleaned when they were written. */
export function toLine({ at, actor, action, object, address, way, outcome, detail }: StoredAuditEntry): string {
  const time = `${new Date(at).toISOString().slice(0, 19)}Z`
  const words = [
    time,
    outcome.padEnd(7),
    actor.padEnd(12),
    action.padEnd(15),
    object === '' ? '-' : object,
    ...(address === '' ? [] : [`from ${address}`]),
    ...(way === '' ? [] : [`by ${way}`]),
    ...(detail === '' ? [] : [`(${detail})`]),
  ]
  return words.join('  ')
}

/** One JSON object for a program; the time in words of ISO 8601. */
export const toJsonLine = ({ at, ...rest }: StoredAuditEntry): string =>
  JSON.stringify({ at: new Date(at).toISOString(), ...rest })
