/** What an application asks when it sends a browser to us. Pure. */
import { z } from 'zod'
import type { OAuthClient } from '../people/people.ts'
import { coversScopeText, type GroupsOf } from '../people/scopes.ts'
import { isChallenge } from './pkce.ts'

const Query = z.object({
  client_id: z.string().min(1).max(300),
  redirect_uri: z.string().min(1).max(2_000),
  response_type: z.string().max(40).optional(),
  // Echoed to the letter; older single-user servers put hundreds of bytes of base64 into it.
  state: z.string().max(4_096).optional(),
  scope: z.string().max(4_000).optional(),
  code_challenge: z.string().max(200).optional(),
  code_challenge_method: z.string().max(20).optional(),
})

export interface AuthorizeRequest {
  readonly clientId: string
  readonly redirectUri: string
  readonly responseType: string | null
  readonly state: string | null
  readonly scope: string | null
  readonly challenge: string | null
  readonly challengeMethod: string | null
}

/** @returns null when it cannot be read, or says a thing twice (RFC 6749 section 3.1). */
export function parseAuthorize(search: URLSearchParams): AuthorizeRequest | null {
  const names = Object.keys(Query.shape)
  if (names.some((name) => search.getAll(name).length > 1)) return null
  const parsed = Query.safeParse(Object.fromEntries(search))
  if (!parsed.success) return null
  const query = parsed.data
  return {
    clientId: query.client_id,
    redirectUri: query.redirect_uri,
    responseType: query.response_type ?? null,
    state: query.state ?? null,
    scope: query.scope ?? null,
    challenge: query.code_challenge ?? null,
    challengeMethod: query.code_challenge_method ?? null,
  }
}

/** @returns the error to send back to a client whose address is proven (RFC 6749 section 4.1.2.1), or null. */
export function checkAuthorize(request: AuthorizeRequest): 'unsupported_response_type' | 'invalid_request' | null {
  if (request.responseType !== 'code') return 'unsupported_response_type'
  if (request.challenge === null) return request.challengeMethod === null ? null : 'invalid_request'
  // `plain` would put the verifier into the address bar: what PKCE is there to avoid.
  return request.challengeMethod === 'S256' && isChallenge(request.challenge) ? null : 'invalid_request'
}

/** The scope that lets a visitor into the client's server. */
export const accessScope = (ownerName: string, serverName: string): string =>
  `access:servers!server=${ownerName}/${serverName}`

/**
 * The scopes to hand out: what was asked for, or else all the client may have, always with the access scope; cut to what the visitor holds.
 * @returns null if the client asks for what it may never have.
 */
export function grantScopes(
  scope: string | null,
  client: Pick<OAuthClient, 'allowedScopes'>,
  access: string,
  visitor: { readonly name: string; readonly scopes: ReadonlySet<string>; readonly groupsOf: GroupsOf },
): readonly string[] | null {
  const identify = ['read:users:name!user', 'read:users:groups!user']
  const allowed = [...(client.allowedScopes.length > 0 ? client.allowedScopes : identify)]
  const asked = (scope ?? '').split(' ').filter((each) => each !== '' && each !== 'identify')
  if (asked.some((each) => each !== access && !allowed.includes(each))) return null
  const wanted = new Set([...(asked.length > 0 ? asked : allowed), access])
  // `!user` without a name is whoever visits.
  const named = [...wanted].map((each) => (each.endsWith('!user') ? `${each}=${visitor.name}` : each))
  return [...new Set(named)].filter((each) => coversScopeText(visitor.scopes, each, visitor.groupsOf)).sort()
}

/** The client's address with the answer in its query. `redirectUri` is the registered one: a path of this origin, or an address on the application's own host. */
export function redirectWith(redirectUri: string, answer: Readonly<Record<string, string | null>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(answer)) if (value !== null) query.set(name, value)
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${query}`
}
