/** What the default roles hold, and what a caller may do: user, server token, OAuth token, plain token. Pure. */
import type { Token, User } from './people.ts'
import { expandScopes, type GroupsOf, intersectScopes, type Owner, simplifyScopes } from './scopes.ts'

/** JupyterHub's default roles. `admin` goes with `user.isAdmin`; `token` is for tokens made without scopes. */
export const roles = {
  user: ['self'],
  admin: [
    'admin-ui',
    'admin:users',
    'admin:servers',
    'admin:services',
    'tokens',
    'admin:groups',
    'list:services',
    'read:services',
    'read:hub',
    'proxy',
    'shutdown',
    'access:services',
    'access:servers',
    'read:roles',
    'read:metrics',
    'shares',
  ],
  server: ['users:activity!user', 'access:servers!server'],
  token: ['inherit'],
} as const satisfies Record<string, readonly string[]>

/** Every token may say whose it is. */
export const identifyScopes: readonly string[] = ['read:users:name!user', 'read:users:groups!user']

/** Everything a user may do: what a browser of theirs holds. */
export function scopesOfUser(user: User): ReadonlySet<string> {
  const texts = user.isAdmin ? [...roles.user, ...roles.admin] : roles.user
  return simplifyScopes(expandScopes(texts, { userName: user.name }))
}

/**
 * What a token may do: its scopes, who it is, and for an OAuth token the access to its client's server — and of that what
 * its owner may do now. An owner who loses rights shrinks all tokens.
 * @param server the server it speaks for (`server`) or was issued to (`oauth`).
 */
export function scopesOfToken(
  token: Pick<Token, 'kind' | 'scopes'>,
  owner: User,
  server: { readonly userName: string; readonly serverName: string } | null,
  groupsOf?: GroupsOf,
): ReadonlySet<string> {
  const held = scopesOfUser(owner)
  const context: Owner = {
    userName: owner.name,
    serverName: server?.serverName,
    serverUserName: server?.userName,
  }
  const always = {
    api: [],
    server: ['users:activity!user'],
    oauth: ['access:servers!server'],
  }[token.kind]
  const asked = expandScopes([...token.scopes, ...identifyScopes, ...always], context, held)
  return intersectScopes(asked, held, groupsOf)
}
