/** Nobody hands on what they do not hold: not by a flag, not by a group, not by a name. Pure. */
import type { User } from './people.ts'
import { defaultBook, type RoleBook, rolesOfGroup, rolesOfUser, scopesOfRoles } from './roles.ts'
import { coversScopeText, type GroupsOf } from './scopes.ts'

/** What the site says about who has which rights. */
export interface GrantRules {
  readonly book: RoleBook
  /** Names that make administrators: at the latest when they sign in. */
  readonly admins: ReadonlySet<string>
  /** Groups that do so, where people can be put into them by hand. */
  readonly adminGroups: ReadonlySet<string>
}

export const defaultGrantRules: GrantRules = { book: defaultBook, admins: new Set(), adminGroups: new Set() }

export type Person = Pick<User, 'name' | 'isAdmin' | 'groups'>

/** What somebody has beyond what everybody has, now or as soon as they sign in. */
export function grantsOf({ name, isAdmin, groups }: Person, rules: GrantRules): ReadonlySet<string> {
  const willBeAdmin = isAdmin || rules.admins.has(name) || groups.some((group) => rules.adminGroups.has(group))
  const names = [
    ...rolesOfUser({ name, isAdmin: willBeAdmin }, rules.book).filter((role) => role !== 'user'),
    ...groups.flatMap((group) => rolesOfGroup(group, rules.book)),
  ]
  return scopesOfRoles(names, { userName: name }, rules.book)
}

/** @returns a scope that would be handed on by somebody who does not hold it, or null. */
export function firstMissing(
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
  giver: ReadonlySet<string>,
  groupsOf: GroupsOf,
): string | null {
  for (const each of after)
    if (!coversScopeText(before, each, groupsOf) && !coversScopeText(giver, each, groupsOf)) return each
  return null
}
