/**
 * JupyterHub's scope notation as pure functions: `name`, `name!user=U`, `name!server=U/S`, `name!group=G`, `name!service=N`,
 * and the self-references `name!user`, `name!server`, `name!service`. Everything here may answer too little, never too much.
 */
import { type CustomScopes, isCustomScopeName, scopeTable, withSubscopes } from './scope-table.ts'

export type FilterKind = 'user' | 'server' | 'group' | 'service'
export interface Filter {
  readonly kind: FilterKind
  /** Null for a self-reference: the owner, or the server that the token or the OAuth client belongs to. */
  readonly value: string | null
}
export interface Scope {
  readonly name: string
  readonly filter: Filter | null
}

/** Groups of a user, for scopes held on a whole group. Without it such scopes cover that group's members in nothing. */
export type GroupsOf = (userName: string) => readonly string[]
const noGroups: GroupsOf = () => []

const kinds: readonly string[] = ['user', 'server', 'group', 'service'] satisfies FilterKind[]

/**
 * @returns null for unknown names and kinds, an empty filter value, two filters, or a server without its user. A custom scope is known
 * by the form of its name: whether the site defines it only `isScopeText` and `expandScopes` say.
 */
export function parseScope(text: string): Scope | null {
  const [name = '', filter, ...more] = text.split('!')
  if (more.length > 0 || !(Object.hasOwn(scopeTable, name) || isCustomScopeName(name))) return null
  if (filter === undefined) return { name, filter: null }
  const at = filter.indexOf('=')
  const kind = at < 0 ? filter : filter.slice(0, at)
  if (!isKind(kind)) return null
  if (at < 0) return kind === 'group' ? null : { name, filter: { kind, value: null } }
  const value = filter.slice(at + 1)
  if (value === '' || (kind === 'server' && !/^[^/]+\/[^/]*$/.test(value))) return null
  return { name, filter: { kind, value } }
}
const isKind = (text: string): text is FilterKind => kinds.includes(text)

export const formatScope = ({ name, filter }: Scope): string =>
  filter === null ? name : `${name}!${filter.kind}${filter.value === null ? '' : `=${filter.value}`}`

/** Texts that stand for some scopes, or for none. */
const metascopes: ReadonlySet<string> = new Set(['self', 'inherit', '(no_scope)'])

/** Whether a text may stand in a token request or a role: a metascope or a scope that exists here. */
export function isScopeText(text: string, custom?: CustomScopes): boolean {
  if (metascopes.has(text)) return true
  const scope = parseScope(text)
  return scope !== null && withSubscopes(scope.name, custom).length > 0
}

/** For whom scopes are expanded. */
export interface Owner {
  /** Null for a service that acts for itself: `self` and `!user` stand for nothing then. */
  readonly userName: string | null
  /** The server whose token or OAuth client it is; without one, `!server` stands for nothing. */
  readonly serverName?: string | undefined
  /** Whose server it is, if not the owner's own: OAuth clients are used by guests too. */
  readonly serverUserName?: string | undefined
  /** The service that it is, or whose OAuth client it is; without one, `!service` stands for nothing. */
  readonly serviceName?: string | undefined
}

/** What `self` stands for: everything of one's own. */
const selfScopes = [
  'read:users',
  'users:activity',
  'servers',
  'tokens',
  'access:servers',
  'users:shares',
  'read:shares',
]

/**
 * Replace self-references by names and add everything that is included. Unknown texts add nothing (a scope of another version).
 * @param inherited what `inherit` stands for: the owner's own scopes, expanded.
 * @param custom the site's own scopes; others of that kind add nothing.
 */
export function expandScopes(
  texts: Iterable<string>,
  owner: Owner,
  inherited: ReadonlySet<string> = new Set(),
  custom?: CustomScopes,
): ReadonlySet<string> {
  const found = new Set<string>()
  const add = (scope: Scope | null): void => {
    const filter = scope === null ? null : resolve(scope.filter, owner)
    if (scope === null || (scope.filter !== null && filter === null)) return
    for (const name of withSubscopes(scope.name, custom)) {
      // A right over one server says nothing about the person: names and groups are not part of it.
      if (filter?.kind === 'server' && name.startsWith('read:users')) continue
      found.add(formatScope({ name, filter }))
    }
  }
  for (const text of texts) {
    if (text === 'inherit') for (const each of inherited) found.add(each)
    else if (text === 'self') for (const name of selfScopes) add({ name, filter: { kind: 'user', value: null } })
    else add(parseScope(text))
  }
  return found
}

function resolve(filter: Filter | null, owner: Owner): Filter | null {
  if (filter === null || filter.value !== null) return filter
  const { userName, serverName, serviceName, serverUserName = userName } = owner
  if (filter.kind === 'user' && userName !== null) return { kind: 'user', value: userName }
  if (filter.kind === 'server' && serverName !== undefined && serverUserName !== null)
    return { kind: 'server', value: `${serverUserName}/${serverName}` }
  if (filter.kind === 'service' && serviceName !== undefined) return { kind: 'service', value: serviceName }
  return null
}

/** Does the set cover everything this scope grants? `needed` without self-references. */
export function coversScopeText(held: ReadonlySet<string>, needed: string, groupsOf: GroupsOf = noGroups): boolean {
  if (held.has(needed)) return true
  const scope = parseScope(needed)
  if (scope === null) return false
  if (held.has(scope.name)) return true
  const { name, filter } = scope
  if (filter === null || filter.value === null) return false
  const user = filter.kind === 'user' ? filter.value : filter.kind === 'server' ? ownerOf(filter.value) : null
  if (user === null) return false
  return (
    (filter.kind === 'server' && held.has(`${name}!user=${user}`)) ||
    groupsOf(user).some((group) => held.has(`${name}!group=${group}`))
  )
}

export const isSubset = (
  inner: Iterable<string>,
  outer: ReadonlySet<string>,
  groupsOf: GroupsOf = noGroups,
): boolean => {
  for (const each of inner) if (!coversScopeText(outer, each, groupsOf)) return false
  return true
}

/**
 * What both sets grant; both expanded. A scope of one side stays if the other covers it: that answers server against user,
 * user against group and so on in both directions. Two different groups give nothing, even if they share members.
 */
export function intersectScopes(
  one: ReadonlySet<string>,
  other: ReadonlySet<string>,
  groupsOf: GroupsOf = noGroups,
): ReadonlySet<string> {
  const both = new Set<string>()
  for (const each of one) if (coversScopeText(other, each, groupsOf)) both.add(each)
  for (const each of other) if (coversScopeText(one, each, groupsOf)) both.add(each)
  return simplifyScopes(both)
}

/** Drop what another scope of the set covers without asking for groups: a person reads these lists. */
export function simplifyScopes(scopes: ReadonlySet<string>): ReadonlySet<string> {
  const kept = new Set<string>()
  for (const each of scopes) {
    const [name = '', filter] = each.split('!')
    const server = filter?.startsWith('server=') === true ? filter.slice('server='.length) : null
    const covered =
      (filter !== undefined && scopes.has(name)) || (server !== null && scopes.has(`${name}!user=${ownerOf(server)}`))
    if (!covered) kept.add(each)
  }
  return kept
}

const ownerOf = (server: string): string => server.slice(0, server.indexOf('/'))

/**
 * Users that scopes name, whose groups decide what the scopes of somebody with a right over whole groups cover.
 * @returns empty if no scope has such a filter: then nobody needs to be looked up.
 */
export function usersToLookUp(...sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  const names = new Set<string>()
  let hasGroups = false
  for (const scopes of sets)
    for (const each of scopes) {
      const filter = each.split('!')[1]
      if (filter?.startsWith('group=')) hasGroups = true
      else if (filter?.startsWith('user=')) names.add(filter.slice('user='.length))
      else if (filter?.startsWith('server=')) names.add(ownerOf(filter.slice('server='.length)))
    }
  return hasGroups ? names : new Set()
}
