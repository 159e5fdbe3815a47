/** What an application asks when it sends a browser to us. Pure. */
import { z } from 'zod'
import type { User } from '../people/people.ts'
import { defaultBook, identifyScopes, type RoleBook } from '../people/roles.ts'
import {
  coversScopeText,
  expandScopes,
  type GroupsOf,
  intersectScopes,
  isScopeText,
  isSubset,
  type Owner,
  parseScope,
} from '../people/scopes.ts'
import type { Application } from './find-application.ts'
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
  if (request.responseType === null || request.responseType === '') return 'invalid_request'
  if (request.responseType !== 'code') return 'unsupported_response_type'
  if (request.challenge === null) return request.challengeMethod === null ? null : 'invalid_request'
  // `plain` would put the verifier into the address bar: what PKCE is there to avoid.
  return request.challengeMethod === 'S256' && isChallenge(request.challenge) ? null : 'invalid_request'
}

export interface Visitor {
  readonly name: string
  readonly scopes: ReadonlySet<string>
  readonly groupsOf: GroupsOf
}

/**
 * The scopes to hand out: what was asked for, or else all the client may have, always with the access scope; cut to what the visitor holds.
 * Names of roles stand for their scopes.
 * @returns null if the client asks for what it may never have.
 */
export function grantScopes(
  scope: string | null,
  client: Pick<Application, 'allowedScopes' | 'access' | 'name'> & { readonly owner: Pick<User, 'name'> | null },
  visitor: Visitor,
  book: RoleBook = defaultBook,
): readonly string[] | null {
  const place: Owner = {
    userName: visitor.name,
    ...(client.owner === null
      ? { serviceName: client.name }
      : { serverUserName: client.owner.name, serverName: client.name }),
  }
  const expand = (texts: readonly string[]): ReadonlySet<string> =>
    expandScopes(texts, place, visitor.scopes, book.customScopes)
  const inWords = (texts: readonly string[]): readonly string[] =>
    texts.flatMap((text) => book.roles.get(text)?.scopes ?? [text])
  const allowed = client.allowedScopes.length > 0 ? inWords(client.allowedScopes) : identifyScopes
  const asked = inWords((scope ?? '').split(' ').filter((each) => each !== '' && each !== 'identify'))
  if (!allowed.includes('inherit')) {
    if (asked.includes('inherit') || asked.some((each) => !isScopeText(each, book.customScopes))) return null
    const most = expand([...allowed, ...identifyScopes, client.access])
    for (const each of expand(asked)) if (!coversScopeText(most, each, visitor.groupsOf)) return null
  }

  const granted = new Set<string>()
  for (const each of new Set([...(asked.length > 0 ? asked : allowed), client.access])) {
    const expanded = expand([each])
    const isHeld = isSubset(expanded, visitor.scopes, visitor.groupsOf)
    // `!user` without a name is whoever visits: a scope that is expanded comes first, under its full name.
    const [text = each] = parseScope(each)?.filter?.value === null ? expanded : []
    if (each === 'inherit' || (isHeld && expanded.has(text))) granted.add(text)
    else for (const held of intersectScopes(expanded, visitor.scopes, visitor.groupsOf)) granted.add(held)
  }
  return [...granted].sort()
}

/**
 * What a visitor allows of what was offered. A form may leave scopes out; what it adds counts for nothing. Who the visitor is and the
 * access to the application itself are what the visit is about: they stay, if they were offered.
 */
export const chosenScopes = (
  offered: readonly string[],
  posted: readonly string[],
  access: string,
): readonly string[] =>
  offered.filter((scope) => scope === access || posted.includes(scope) || /^read:users:(name|groups)!user=/.test(scope))

/** The client's address with the answer in its query. `redirectUri` is the registered one: a path of this origin, or an address on the application's own host. */
export function redirectWith(redirectUri: string, answer: Readonly<Record<string, string | null>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(answer)) if (value !== null) query.set(name, value)
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${query}`
}
