/** What tells this gateway from every other: derived from its key, so that it outlives a lost database. No secret. */
import { createHmac } from 'node:crypto'
import { idOf } from './ids.ts'

/**
 * Nine characters, for answers of the API: whoever has the same key can tell that it was this gateway which answered. The first
 * three begin the ids of its sessions, and so stand in the names of its jobs.
 */
export const siteIdOf = (hubKey: Buffer): string =>
  idOf(createHmac('sha256', hubKey).update('site').digest().subarray(0, 9))

export const siteMarkOf = (siteId: string): string => siteId.slice(0, 3)
