/** What is wrong with roles and custom scopes, beyond their form; and the book of roles made of those that are right. */
import { type ConfigProblem, closest } from '../core/config-error.ts'
import type { SiteChecks } from '../core/load-config.ts'
import type { CustomScopesConfig, RolesConfig } from '../core/roles-config.ts'
import { openRoleBook, type Role, type RoleBook } from '../people/roles.ts'
import { type CustomScopes, isCustomScopeName, scopeTable } from '../people/scope-table.ts'
import { isScopeText } from '../people/scopes.ts'
import { parseUserName } from '../people/user-name.ts'

/** Why a default role cannot be written, or null: `user` and `token` may be. */
const fixed: ReadonlyMap<string, string> = new Map([
  ['admin', 'is fixed: name administrators in "admins" or "people.adminGroups", or make a role of another name'],
  ['server', 'is fixed: it is what a server’s own token needs'],
])
/** Roles that everybody, or every such token, has: nobody is listed there. */
const everybodys: ReadonlySet<string> = new Set(['user', 'token'])

const customOf = (config: CustomScopesConfig): CustomScopes =>
  new Map(Object.entries(config).map(([name, { subscopes }]) => [name, subscopes]))

export const roleProblems: SiteChecks = ({ roles, customScopes }) => {
  const custom = customOf(customScopes ?? {})
  const problems: ConfigProblem[] = []
  const say = (path: string, message: string): unknown => problems.push({ path, message })
  for (const [name, subscopes] of custom) {
    const path = `customScopes.${name}`
    if (!isCustomScopeName(name))
      say(path, 'write "custom:" and lower-case letters, digits and "_-*:", such as "custom:jobs:read"')
    for (const [index, each] of subscopes.entries())
      if (!custom.has(each)) say(`${path}.subscopes[${index}]`, unknownScope(each, [...custom.keys()]))
  }
  for (const [name, role] of Object.entries(roles ?? {})) {
    const path = `roles.${name}`
    const reason = fixed.get(name)
    if (reason !== undefined) say(path, reason)
    if (everybodys.has(name))
      for (const key of ['users', 'groups', 'services'] as const)
        if (role[key].length > 0) say(`${path}.${key}`, 'leave it out: nobody is named here')
    for (const [index, scope] of role.scopes.entries()) {
      const at = `${path}.scopes[${index}]`
      if (scope === 'inherit' && name !== 'token') say(at, '"inherit" means something in tokens only')
      else if (!isScopeText(scope, custom)) say(at, scopeProblem(scope, [...Object.keys(scopeTable), ...custom.keys()]))
    }
    for (const [index, user] of role.users.entries()) {
      const parsed = parseUserName(user)
      if ('refused' in parsed) say(`${path}.users[${index}]`, parsed.refused)
    }
  }
  return problems
}

function scopeProblem(text: string, known: readonly string[]): string {
  const [name = '', filter] = text.split('!')
  if (filter === undefined || !known.includes(name)) return unknownScope(name, known)
  return `there is no filter "!${filter}"; write "!user=NAME", "!group=NAME", "!server=USER/SERVER", "!service=NAME", "!user", "!server" or "!service"`
}

function unknownScope(name: string, known: readonly string[]): string {
  const guess = closest(name, known)
  return `there is no scope "${name}"${guess === undefined ? '' : `; did you mean "${guess}"?`}`
}

/** @param config without `roleProblems`. */
export function roleBookOf(config: {
  readonly roles: RolesConfig
  readonly customScopes: CustomScopesConfig
}): RoleBook {
  const own = Object.entries(config.roles).map(([name, role]): [string, Role] => [
    name,
    {
      description: role.description ?? '',
      scopes: role.scopes,
      // As names of users are kept; those that do not fit have been told by the configuration check.
      users: role.users.map((user) => user.toLowerCase()),
      groups: role.groups,
      services: role.services,
    },
  ])
  return openRoleBook(own, customOf(config.customScopes))
}
