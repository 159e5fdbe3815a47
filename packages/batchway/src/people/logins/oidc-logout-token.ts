/** A provider's word that somebody has signed out there: OpenID Connect Back-Channel Logout 1.0, section 2.4 and 2.6. */
import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { handleOf } from './oidc-handles.ts'

const event = 'http://schemas.openid.net/event/backchannel-logout'
/** Signatures that only the provider can make: never a secret that both sides know, never none. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

/** @param jwksUri from the provider's own description. */
export const keysAt = (jwksUri: string): JWTVerifyGetKey =>
  createRemoteJWKSet(new URL(jwksUri), { timeoutDuration: 10_000 })

/**
 * @returns the handle of the sign-ins that it ends; null if it is none of the provider's, for us, and young.
 * @throws anything, if the provider's keys could not be had.
 */
export async function readLogoutToken(
  token: string,
  keys: JWTVerifyGetKey,
  { issuer, clientId, nowMs }: { readonly issuer: string; readonly clientId: string; readonly nowMs: number },
): Promise<string | null> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience: clientId,
      algorithms,
      clockTolerance: 30,
      maxTokenAge: 300,
      currentDate: new Date(nowMs),
      requiredClaims: ['iat', 'jti', 'events'],
    })
    const { events, nonce, sid, sub } = payload
    // An ID token has the same keys and audience: what tells them apart is checked.
    if (nonce !== undefined || typeof events !== 'object' || events === null || !Object.hasOwn(events, event))
      return null
    if (typeof sid === 'string' && sid !== '') return handleOf('session', sid)
    return typeof sub === 'string' && sub !== '' ? handleOf('subject', sub) : null
  } catch (error) {
    if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) throw error
    return null
  }
}
