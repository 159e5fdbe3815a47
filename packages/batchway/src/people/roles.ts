/** Roles: what the default ones hold, what a site adds, and what a caller may do: user, group, service, token. Pure. */
import type { Token, User } from './people.ts'
import type { CustomScopes } from './scope-table.ts'
import { expandScopes, type GroupsOf, intersectScopes, type Owner, simplifyScopes } from './scopes.ts'

export interface Role {
  readonly description: string
  readonly scopes: readonly string[]
  /** Who has it, by name. Nobody has to exist yet. */
  readonly users: readonly string[]
  readonly groups: readonly string[]
  readonly services: readonly string[]
}

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

/** Everything that is said about roles at this site. */
export interface RoleBook {
  /** The default ones among them. */
  readonly roles: ReadonlyMap<string, Role>
  readonly customScopes: CustomScopes
}

const defaultRole = (name: keyof typeof roles, description: string): readonly [string, Role] => [
  name,
  { description, scopes: roles[name], users: [], groups: [], services: [] },
]
const defaults: readonly (readonly [string, Role])[] = [
  defaultRole('user', 'What everybody may do'),
  defaultRole('admin', 'What administrators may do'),
  defaultRole('server', 'What a server’s own token may do'),
  defaultRole('token', 'What a token may do that was made without scopes'),
]

/** The default roles with what a site says: a role of the same name takes the place of a default one. */
export const openRoleBook = (
  own: Iterable<readonly [string, Role]> = [],
  customScopes: CustomScopes = new Map(),
): RoleBook => ({ roles: new Map([...defaults, ...own]), customScopes })

/** A site that says nothing about roles. */
export const defaultBook = openRoleBook()

/** Every token may say whose it is. */
export const identifyScopes: readonly string[] = ['read:users:name!user', 'read:users:groups!user']

type Person = Pick<User, 'name' | 'isAdmin' | 'groups'>

type Holder = 'users' | 'groups' | 'services'
type Holders = Readonly<Record<Holder, ReadonlyMap<string, readonly string[]>>>

/** Who has which roles, by name: lists of users ask for hundreds of people at once. */
const holders = new WeakMap<RoleBook, Holders>()

function rolesNaming(kind: Holder, name: string, book: RoleBook): readonly string[] {
  let index = holders.get(book)
  if (index === undefined) {
    const made = {
      users: new Map<string, string[]>(),
      groups: new Map<string, string[]>(),
      services: new Map<string, string[]>(),
    }
    for (const [role, definition] of [...book.roles].sort(([one], [other]) => (one < other ? -1 : 1)))
      for (const each of ['users', 'groups', 'services'] as const)
        for (const holder of new Set(definition[each]))
          made[each].set(holder, [...(made[each].get(holder) ?? []), role])
    index = made
    holders.set(book, index)
  }
  return index[kind].get(name) ?? []
}

/** A user's own roles, sorted; those of their groups are not among them. */
export function rolesOfUser(
  { name, isAdmin }: Omit<Person, 'groups'>,
  book: RoleBook = defaultBook,
): readonly string[] {
  const own = rolesNaming('users', name, book)
  const usual = isAdmin ? ['admin', 'user'] : ['user']
  return own.length === 0 ? usual : [...usual, ...own].sort()
}

export const rolesOfGroup = (group: string, book: RoleBook = defaultBook): readonly string[] =>
  rolesNaming('groups', group, book)

export const rolesOfService = (service: string, book: RoleBook = defaultBook): readonly string[] =>
  rolesNaming('services', service, book)

/** What these roles give to somebody, expanded. Roles that do not exist give nothing. */
export function scopesOfRoles(
  names: Iterable<string>,
  owner: Owner,
  { roles: known, customScopes }: RoleBook = defaultBook,
): ReadonlySet<string> {
  const texts = [...names].flatMap((name) => known.get(name)?.scopes ?? [])
  return simplifyScopes(expandScopes(texts, owner, undefined, customScopes))
}

/**
 * Everything a user may do: what a browser of theirs holds. Own roles, those of all their groups, and what others share with them.
 * @param shared scopes with their filter, each for somebody's server.
 */
export function scopesOfUser(
  user: Person,
  book: RoleBook = defaultBook,
  shared: readonly string[] = [],
): ReadonlySet<string> {
  const names = [...rolesOfUser(user, book), ...user.groups.flatMap((group) => rolesOfGroup(group, book))]
  const own = scopesOfRoles(names, { userName: user.name }, book)
  if (shared.length === 0) return own
  return simplifyScopes(new Set([...own, ...expandScopes(shared, { userName: null }, undefined, book.customScopes)]))
}

/** Everything a service may do by itself. */
export const scopesOfService = (name: string, book: RoleBook = defaultBook): ReadonlySet<string> =>
  scopesOfRoles(rolesOfService(name, book), { userName: null, serviceName: name }, book)

/** What tokens are expanded for. */
export interface TokenPlace {
  /** The server it speaks for (`server`) or was issued to (`oauth`). */
  readonly server: { readonly userName: string; readonly serverName: string } | null
  /** The service it was issued to (`oauth`). */
  readonly service?: string | undefined
  readonly book?: RoleBook
  /** What others share with the owner: scopes with their filter. */
  readonly shared?: readonly string[] | undefined
  /** Of everybody that `usersToLookUp` names. */
  readonly groupsOf?: GroupsOf
}

/** What a token asks for, expanded: its scopes, who it is, and for an OAuth token the access to its client's server. */
export function scopesAskedBy(
  token: Pick<Token, 'kind' | 'scopes'>,
  owner: Person,
  { server, service, book = defaultBook, shared }: TokenPlace,
): ReadonlySet<string> {
  const context: Owner = {
    userName: owner.name,
    serverName: server?.serverName,
    serverUserName: server?.userName,
    serviceName: service,
  }
  const always = {
    api: [],
    server: ['users:activity!user'],
    oauth: ['access:servers!server', 'access:services!service'],
  }[token.kind]
  const texts = [...token.scopes, ...identifyScopes, ...always]
  return expandScopes(texts, context, scopesOfUser(owner, book, shared), book.customScopes)
}

/** What a token may do: of what it asks for, what its owner may do now. An owner who loses rights shrinks all tokens. */
export const scopesOfToken = (
  token: Pick<Token, 'kind' | 'scopes'>,
  owner: Person,
  place: TokenPlace,
): ReadonlySet<string> =>
  intersectScopes(scopesAskedBy(token, owner, place), scopesOfUser(owner, place.book, place.shared), place.groupsOf)
