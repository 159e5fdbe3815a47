/**
 * JupyterHub's scopes and what each includes directly. Source: the scope tree of JupyterHub 6.0.0b2 (5.x lacks `start:servers`).
 * `self` and `inherit` are not scopes but stand for some; `(no_scope)` is nothing at all.
 */
export const scopeTable: Readonly<Record<string, readonly string[]>> = {
  'admin-ui': [],
  'admin:users': ['admin:auth_state', 'users', 'read:roles:users', 'delete:users'],
  'admin:auth_state': [],
  'delete:users': [],
  users: ['read:users', 'list:users', 'users:activity'],
  'read:users': ['read:users:name', 'read:users:groups', 'read:users:activity'],
  'list:users': ['read:users:name'],
  'users:activity': ['read:users:activity'],
  'read:users:name': [],
  'read:users:groups': [],
  'read:users:activity': [],
  'read:roles': ['read:roles:users', 'read:roles:services', 'read:roles:groups'],
  'read:roles:users': [],
  'read:roles:services': [],
  'read:roles:groups': [],
  'admin:servers': ['admin:server_state', 'servers'],
  'admin:server_state': [],
  servers: ['read:servers', 'delete:servers', 'start:servers'],
  'read:servers': ['read:users:name'],
  'delete:servers': [],
  'start:servers': [],
  tokens: ['read:tokens'],
  'read:tokens': [],
  'admin:groups': ['groups', 'read:roles:groups', 'delete:groups'],
  groups: ['read:groups', 'list:groups'],
  'delete:groups': [],
  'read:groups': ['read:groups:name'],
  'list:groups': ['read:groups:name'],
  'read:groups:name': [],
  'admin:services': ['list:services', 'read:services', 'read:roles:services'],
  'list:services': ['read:services:name'],
  'read:services': ['read:services:name'],
  'read:services:name': [],
  'read:hub': [],
  'access:servers': [],
  'access:services': [],
  proxy: [],
  shutdown: [],
  'read:metrics': [],
  shares: ['access:servers', 'read:shares', 'users:shares', 'groups:shares'],
  'read:shares': [],
  'users:shares': ['read:users:shares'],
  'read:users:shares': [],
  'groups:shares': ['read:groups:shares'],
  'read:groups:shares': [],
}

/**
 * Scopes that a site defines for its services (`custom:…`): name → what each includes directly, custom scopes again. The hub delivers
 * them and enforces none.
 */
export type CustomScopes = ReadonlyMap<string, readonly string[]>
const noCustomScopes: CustomScopes = new Map()

/** JupyterHub's rule for their names; bounded, since tokens carry them. */
export const isCustomScopeName = (name: string): boolean =>
  name.length <= 255 && /^custom:[a-z0-9][a-z0-9_*:-]*[a-z0-9_*]$/.test(name)

/** The scope and everything it includes, itself first. Unknown names include nothing. */
export function withSubscopes(name: string, custom: CustomScopes = noCustomScopes): readonly string[] {
  if (name.startsWith('custom:')) return closureOf(name, (each) => custom.get(each))
  const cached = closures.get(name)
  if (cached !== undefined) return cached
  const closure = closureOf(name, (each) => (Object.hasOwn(scopeTable, each) ? scopeTable[each] : undefined))
  if (closure.length > 0) closures.set(name, closure)
  return closure
}
const closures = new Map<string, readonly string[]>()

function closureOf(name: string, below: (each: string) => readonly string[] | undefined): readonly string[] {
  const found = new Set<string>()
  const visit = (each: string): void => {
    const direct = below(each)
    if (found.has(each) || direct === undefined) return
    found.add(each)
    for (const next of direct) visit(next)
  }
  visit(name)
  return [...found]
}
