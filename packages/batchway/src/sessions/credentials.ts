/**
 * Every secret of a session, derived from one key of the hub: a lost reply or a restarted hub can hand out the same secret
 * again without ever having stored it.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex')

/** Compare a presented secret with a stored hash in constant time. */
export function matchesHash(secret: string, hash: string): boolean {
  const given = Buffer.from(hashSecret(secret), 'hex')
  const wanted = Buffer.from(hash, 'hex')
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

export interface Credentials {
  /** What the job script carries: buys a claim, nothing else. */
  attemptSecret(sessionId: string, attempt: number): string
  /** What the agent uses for its reports. */
  claimToken(claimId: string): string
  /** The application's API token; 32 hex digits, as JupyterHub's are. */
  apiToken(claimId: string): string
  /** What the agent shows to a gated application. */
  appToken(claimId: string): string
  psk(sessionId: string, claimId: string): { readonly identity: string; readonly key: string }
}

/** @param key at least 32 random bytes, from the hub's secret file. */
export function deriveCredentials(key: Buffer): Credentials {
  if (key.length < 32) throw new RangeError('the hub key must have at least 32 bytes')
  const derive = (purpose: string, ...parts: readonly (string | number)[]): string =>
    createHmac('sha256', key)
      .update(JSON.stringify([purpose, ...parts]))
      .digest('hex')
  return {
    attemptSecret: (sessionId, attempt) => derive('attempt', sessionId, attempt),
    claimToken: (claimId) => derive('claim', claimId),
    apiToken: (claimId) => derive('api', claimId).slice(0, 32),
    appToken: (claimId) => derive('app', claimId).slice(0, 48),
    psk: (sessionId, claimId) => ({
      identity: `${sessionId}.${derive('identity', claimId).slice(0, 12)}`,
      key: derive('psk', claimId),
    }),
  }
}
