import { type HubClient, HubUnreachable } from './hub-client.ts'
import type { ApplicationOrder } from './protocol.ts'

/** Exchange an authorization code for the visitor's token (RFC 6749 4.1.3, RFC 7636 4.5). @returns null if the hub refuses. */
export async function exchangeCode(
  hub: HubClient,
  gate: NonNullable<ApplicationOrder['gate']>,
  code: string,
  verifier: string,
): Promise<string | null> {
  try {
    const { status, body } = await hub.postForm('/oauth2/token', {
      grant_type: 'authorization_code',
      client_id: gate.clientId,
      client_secret: gate.apiToken,
      code,
      redirect_uri: gate.redirectPath,
      code_verifier: verifier,
    })
    const token = typeof body === 'object' && body !== null ? Reflect.get(body, 'access_token') : null
    return status === 200 && typeof token === 'string' ? token : null
  } catch (error) {
    if (error instanceof HubUnreachable) return null
    throw error
  }
}
