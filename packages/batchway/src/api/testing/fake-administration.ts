/** Users and groups in memory, without rules of their own: what the real ones decide is tested where they live. */
import { BatchwayError } from '../../core/errors.ts'
import type { Administration } from '../../people/administration.ts'
import type { ApiTokens, DescribedToken } from '../../people/api-tokens.ts'
import type { Group, Token, User } from '../../people/people.ts'

export interface FakeAdministration extends Administration, ApiTokens {
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
  const token: Token = {
    id: 7,
    kind: 'oauth',
    userId: 1,
    scopes: [],
    note: '',
    clientId: 'jupyterhub-user-alice',
    signInId: 's1',
    sessionId: null,
    createdAt: 1_700_000_000_000,
    lastActivityAt: null,
    expiresAt: null,
  }
  const tokens: DescribedToken[] = [{ token, scopes: ['read:users:name!user=alice'], application: 'Server at /' }]
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
    scopesOfUser: async () => new Set(),
    isEverything: () => false,
    createToken: async ({ id }, request) => {
      note('createToken', request)
      const made = { ...token, id: 8, userId: id, kind: 'api' as const, clientId: null, note: request.note }
      tokens.push({ token: made, scopes: [], application: null })
      return { token: made, text: 'text-of-a8' }
    },
    describeTokens: async ({ id }) => tokens.filter((each) => each.token.userId === id),
    revokeToken: async (userId, id) => {
      note('revokeToken', { userId, id })
      return true
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
    createGroups: async (names, members) => {
      note('createGroups', { names, members })
      const made = names.map((name, index) => ({ id: groups.length + index + 1, name, properties: {} }))
      groups.push(...made)
      return made
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
