/** Users and groups as administrators see them: lists, changes, and the one rule that nobody hands on what they do not hold. */
import { BatchwayError } from '../core/errors.ts'
import type { GroupQuery } from '../store/group-store.ts'
import type { Stores } from '../store/stores.ts'
import type { UserQuery } from '../store/user-search.ts'
import { defaultGrantRules, firstMissing, type GrantRules, grantsOf, type Person } from './grants.ts'
import { isGroupName } from './group-name.ts'
import type { Group, User } from './people.ts'
import { rolesOfGroup, rolesOfUser, scopesOfUser } from './roles.ts'
import { isSubset, usersToLookUp } from './scopes.ts'
import { parseUserName } from './user-name.ts'

export interface Administration {
  searchUsers(query: UserQuery): Promise<{ readonly users: readonly User[]; readonly total: number }>
  /**
   * Make those that do not exist; the others are left as they are.
   * @param grantedBy what the requester holds.
   * @throws {BatchwayError} `bad_request` for a name that is not allowed (then nobody is made), `exists` if all exist, `forbidden`.
   */
  createUsers(
    names: readonly string[],
    request: { readonly isAdmin: boolean },
    grantedBy: ReadonlySet<string>,
  ): Promise<readonly User[]>
  /** @throws {BatchwayError} `bad_request` for a name that is taken or not allowed, `forbidden`. */
  changeUser(
    user: User,
    change: { readonly name?: string | undefined; readonly isAdmin?: boolean | undefined },
    grantedBy: ReadonlySet<string>,
  ): Promise<User>
  /** Everything a user may do: what a browser of theirs holds. */
  scopesOfUser(user: User): Promise<ReadonlySet<string>>
  /** Whether these scopes are everything that administrators hold. */
  isEverything(scopes: ReadonlySet<string>): boolean
  /** A user's own roles, those of their groups not among them. */
  rolesOfUser(user: User): readonly string[]
  rolesOfGroup(name: string): readonly string[]

  findGroup(name: string): Promise<Group | null>
  searchGroups(query: GroupQuery): Promise<{ readonly groups: readonly Group[]; readonly total: number }>
  membersOf(groupIds: readonly number[]): Promise<ReadonlyMap<number, readonly string[]>>
  /**
   * Make several, all with these members, or none of them.
   * @throws {BatchwayError} `exists`; `bad_request` for a name and for members that do not exist; `forbidden`.
   */
  createGroups(
    names: readonly string[],
    members: readonly string[],
    grantedBy: ReadonlySet<string>,
  ): Promise<readonly Group[]>
  removeGroup(groupId: number): Promise<void>
  setGroupProperties(groupId: number, properties: Group['properties']): Promise<void>
  /** Membership that no sign-in ends. @throws {BatchwayError} `bad_request` for people who do not exist, `forbidden`. */
  addToGroup(group: Group, members: readonly string[], grantedBy: ReadonlySet<string>): Promise<void>
  /** A sign-in may put them back. @throws {BatchwayError} `bad_request` for people who do not exist. */
  removeFromGroup(group: Group, members: readonly string[]): Promise<void>
}

export interface AdministrationParts {
  readonly stores: Pick<Stores, 'users' | 'groups' | 'shares'>
  readonly now: () => number
  readonly rules?: GrantRules
  /** With what is seen of them but not yet written. */
  current(user: User): User
}

export function administration(parts: AdministrationParts): Administration {
  const { stores, now, rules = defaultGrantRules, current } = parts
  const { users, groups } = stores

  /** @param before null: everything that `after` has counts. @throws {BatchwayError} `forbidden` */
  async function checkGrant(before: Person | null, after: Person, giver: ReadonlySet<string>): Promise<void> {
    const had: ReadonlySet<string> = before === null ? new Set() : grantsOf(before, rules)
    const gets = grantsOf(after, rules)
    const known = await users.groupsOfNames([...usersToLookUp(had, gets, giver)])
    const missing = firstMissing(had, gets, giver, (name) => known.get(name) ?? [])
    if (missing !== null) throw missingWords(after.name, missing)
  }

  /** @throws {BatchwayError} `bad_request` for one that does not exist. */
  async function membersNamed(names: readonly string[]): Promise<readonly User[]> {
    const wanted = [...new Set(names.map(nameOrRefuse))]
    const found = await users.findMany(wanted)
    const known = new Set(found.map(({ name }) => name))
    const missing = wanted.find((name) => !known.has(name))
    if (missing !== undefined) throw new BatchwayError('bad_request', `No such user: ${missing}`)
    return found
  }

  async function checkMembership(group: string, members: readonly User[], giver: ReadonlySet<string>): Promise<void> {
    // Most groups have no rights of their own: then nobody's have to be looked at.
    if (rolesOfGroup(group, rules.book).length === 0 && !rules.adminGroups.has(group)) return
    for (const member of members)
      if (!member.groups.includes(group))
        await checkGrant(member, { ...member, groups: [...member.groups, group] }, giver)
  }

  const idsOf = (members: readonly User[]): readonly number[] => members.map(({ id }) => id)

  return {
    searchUsers: async (query) => {
      const { users: found, total } = await users.search(query)
      return { users: found.map(current), total }
    },
    createUsers: async (names, { isAdmin }, grantedBy) => {
      const wanted = [...new Set(names.map(nameOrRefuse))]
      // What a name brings with it comes with whoever signs in under it; the flag is the requester's gift.
      for (const name of isAdmin ? wanted : []) await checkGrant(null, { name, isAdmin, groups: [] }, grantedBy)
      const created = await users.insertMany(wanted, now(), isAdmin)
      if (created.length === 0)
        throw new BatchwayError(
          'exists',
          wanted.length === 1 ? `User ${wanted[0]} already exists` : `All ${wanted.length} users already exist`,
        )
      return created
    },
    changeUser: async (user, { name: text, isAdmin = user.isAdmin }, grantedBy) => {
      const name = text === undefined ? user.name : nameOrRefuse(text)
      if (name === user.name && isAdmin === user.isAdmin && !user.isAdmin) return user
      // An administrator is changed only by who could have made one.
      if (user.isAdmin) await checkGrant(null, user, grantedBy)
      await checkGrant(user, { ...user, name, isAdmin }, grantedBy)
      if (!(await users.change(user.id, { name, isAdmin })))
        throw new BatchwayError('bad_request', `User ${name} already exists, usernames must be unique`)
      return { ...user, name, isAdmin }
    },
    scopesOfUser: async (user) => scopesOfUser(user, rules.book, await stores.shares.scopesOf(user.id)),
    isEverything: (scopes) =>
      isSubset(grantsOf({ name: '', isAdmin: true, groups: [] }, { ...rules, adminGroups: new Set() }), scopes),
    rolesOfUser: (user) => rolesOfUser(user, rules.book),
    rolesOfGroup: (name) => rolesOfGroup(name, rules.book),

    findGroup: groups.find,
    searchGroups: groups.search,
    membersOf: groups.membersOf,
    createGroups: async (names, members, grantedBy) => {
      const wanted = [...new Set(names)]
      const found = await membersNamed(members)
      // All of it is checked before any of it is made.
      for (const name of wanted) {
        if (!isGroupName(name))
          throw new BatchwayError('bad_request', 'A group’s name has 1 to 255 characters, all on one line.')
        if ((await groups.find(name)) !== null) throw groupExists(name)
        await checkMembership(name, found, grantedBy)
      }
      const made: Group[] = []
      for (const name of wanted) {
        const group = await groups.insert(name, now())
        if (group === null) throw groupExists(name)
        if (found.length > 0) await groups.addMembers(group.id, idsOf(found))
        made.push(group)
      }
      return made
    },
    removeGroup: groups.remove,
    setGroupProperties: groups.setProperties,
    addToGroup: async (group, members, grantedBy) => {
      const found = await membersNamed(members)
      await checkMembership(group.name, found, grantedBy)
      await groups.addMembers(group.id, idsOf(found))
    },
    removeFromGroup: async (group, members) => groups.removeMembers(group.id, idsOf(await membersNamed(members))),
  }
}

const groupExists = (name: string): BatchwayError => new BatchwayError('exists', `Group ${name} already exists`)

function nameOrRefuse(text: string): string {
  const parsed = parseUserName(text)
  if ('refused' in parsed) throw new BatchwayError('bad_request', parsed.refused)
  return parsed.name
}

function missingWords(name: string, scope: string): BatchwayError {
  const words = `This would give ${name} the scope ${scope}, which you do not hold yourself.`
  return new BatchwayError(
    'forbidden',
    scope === 'admin-ui' ? `${words} Only administrators make administrators.` : words,
  )
}
