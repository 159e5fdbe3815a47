import { createHash } from 'node:crypto'
import { isSame } from '../core/xsrf.ts'

/** RFC 7636 section 4.2: 32 hashed bytes in base64url. */
export const isChallenge = (text: string): boolean => /^[A-Za-z0-9_-]{43}$/.test(text)

/** RFC 7636 section 4.1 and 4.6. A code without a challenge tolerates a verifier: older clients send none, newer ones may. */
export function matchesChallenge(verifier: string | undefined, challenge: string | null): boolean {
  if (challenge === null) return true
  if (verifier === undefined || !/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) return false
  return isSame(createHash('sha256').update(verifier).digest('base64url'), challenge)
}
