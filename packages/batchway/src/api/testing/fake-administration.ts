/** Users and groups in memory, without rules of their own: what the real ones decide is tested where they live. */
import { BatchwayError } from '../../core/errors.ts'
import type { Administration } from '../../people/administration.ts'
import type { Group, User } from '../../people/people.ts'

export interface FakeAdministration extends Administration {
  findUser(name: string): Promise<User | null>
  removeUser(id: number): Promise<void>
}

/** @param note is told of every change. */
export function fakeAdministration(
  people: readonly User[],
  note: (what: string, data: unknown) => void,
): FakeAdministration {
  let users = [...people]
  let groups: Group[] = [{ id: 1, name: 'physics', properties: { gpu: 1 } }]
  const newUser = (name: string, isAdmin: boolean): User => ({
    id: users.length + 10,
    name,
    isAdmin,
    groups: [],
    createdAt: 1_700_000_000_000,
    lastActivityAt: null,
    preferences: { theme: 'system', contrast: 'normal', lastChoice: null },
  })
  return {
    findUser: async (name) => users.find((each) => each.name === name) ?? null,
    removeUser: async (id) => {
      note('removeUser', { id })
      users = users.filter((each) => each.id !== id)
    },
    searchUsers: async ({ offset, limit, among, nameHas }) => {
      const meant = users.filter(
        ({ name, groups: of }) =>
          (among === null || among.users.includes(name) || of.some((group) => among.groups.includes(group))) &&
          name.includes(nameHas ?? ''),
      )
      return { users: meant.slice(offset, offset + limit), total: meant.length }
    },
    createUsers: async (names, { isAdmin }) => {
      note('createUsers', { names, isAdmin })
      const made = names.filter((name) => !users.some((each) => each.name === name))
      if (made.length === 0) throw new BatchwayError('exists', 'They exist.')
      const created = made.map((name) => newUser(name, isAdmin))
      users.push(...created)
      return created
    },
    changeUser: async (user, { name = user.name, isAdmin = user.isAdmin }) => {
      note('changeUser', { name, isAdmin })
      return { ...user, name, isAdmin }
    },
    rolesOfUser: ({ isAdmin }) => (isAdmin ? ['admin', 'user'] : ['user']),
    rolesOfGroup: (name) => (name === 'physics' ? ['physicists'] : []),
    findGroup: async (name) => groups.find((each) => each.name === name) ?? null,
    searchGroups: async ({ offset, limit, names }) => {
      const meant = groups.filter(({ name }) => names === null || names.includes(name))
      return { groups: meant.slice(offset, offset + limit), total: meant.length }
    },
    membersOf: async (ids) =>
      new Map(
        groups
          .filter(({ id }) => ids.includes(id))
          .map((group) => [group.id, users.filter((each) => each.groups.includes(group.name)).map(({ name }) => name)]),
      ),
    createGroup: async (name, members) => {
      note('createGroup', { name, members })
      const group = { id: groups.length + 1, name, properties: {} }
      groups.push(group)
      return group
    },
    removeGroup: async (id) => {
      note('removeGroup', { id })
      groups = groups.filter((each) => each.id !== id)
    },
    setGroupProperties: async (id, properties) => note('setGroupProperties', { id, properties }),
    addToGroup: async ({ name }, members) => note('addToGroup', { name, members }),
    removeFromGroup: async ({ name }, members) => note('removeFromGroup', { name, members }),
  }
}
