import { createHash } from 'node:crypto'

/**
 * The line in a job's log that shows whose agent asks: who knows the nonce of the claim wrote it, or was told by who did. Reading it is of no
 * use: the nonce cannot be had from it.
 */
export const claimMark = (nonce: string): string =>
  `batchway: asks as ${createHash('sha256').update(nonce).digest('hex')}`
