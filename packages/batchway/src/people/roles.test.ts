import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Token, User } from './people.ts'
import {
  openRoleBook,
  type Role,
  roles,
  rolesOfGroup,
  rolesOfUser,
  scopesOfService,
  scopesOfToken,
  scopesOfUser,
} from './roles.ts'
import { scopeTable } from './scope-table.ts'
import { isScopeText, isSubset } from './scopes.ts'

const user = (name: string, isAdmin = false): User => ({
  id: 1,
  name,
  isAdmin,
  groups: ['g'],
  createdAt: 0,
  lastActivityAt: null,
  preferences: { theme: 'system', contrast: 'normal', lastChoice: null },
})
const alice = user('alice')
const bob = user('bob')
const root = user('root', true)
const lab = { userName: 'alice', serverName: 'lab' }
const sorted = (scopes: Iterable<string>): string[] => [...scopes].sort()

describe('scopes of users and tokens', () => {
  it('uses scopes that exist', () => {
    for (const texts of Object.values(roles)) for (const text of texts) assert.ok(isScopeText(text), text)
  })
  it('gives a user their own, an admin all', () => {
    assert.ok([...scopesOfUser(alice)].every((scope) => scope.endsWith('!user=alice')))
    const all = scopesOfUser(root)
    for (const name of ['admin-ui', 'access:servers', 'read:users', 'start:servers', 'shutdown'])
      assert.ok(all.has(name))
    assert.ok(![...all].some((scope) => scope.includes('!user=root')), 'nothing is said twice')
  })
  it('gives a server token its server, its owner’s activity and who that is', () =>
    assert.deepEqual(sorted(scopesOfToken({ kind: 'server', scopes: roles.server }, alice, { server: lab })), [
      'access:servers!server=alice/lab',
      'read:users:activity!user=alice',
      'read:users:groups!user=alice',
      'read:users:name!user=alice',
      'users:activity!user=alice',
    ]))
  it('gives an OAuth token of one’s own server the three scopes that clients know', () =>
    assert.deepEqual(sorted(scopesOfToken({ kind: 'oauth', scopes: [] }, alice, { server: lab })), [
      'access:servers!server=alice/lab',
      'read:users:groups!user=alice',
      'read:users:name!user=alice',
    ]))
  it('gives an OAuth token of a stranger no access, of an admin only this one', () => {
    assert.deepEqual(sorted(scopesOfToken({ kind: 'oauth', scopes: [] }, bob, { server: lab })), [
      'read:users:groups!user=bob',
      'read:users:name!user=bob',
    ])
    assert.deepEqual(
      sorted(scopesOfToken({ kind: 'oauth', scopes: [] }, root, { server: lab })).filter((scope) =>
        scope.startsWith('access'),
      ),
      ['access:servers!server=alice/lab'],
    )
  })
  it('cuts a token down to what its owner has now', () => {
    const greedy: Pick<Token, 'kind' | 'scopes'> = {
      kind: 'api',
      scopes: ['admin:users', 'access:servers', 'shutdown'],
    }
    const scopes = scopesOfToken(greedy, alice, { server: null })
    assert.ok(scopes.has('access:servers!user=alice'))
    assert.ok(![...scopes].some((scope) => !scope.endsWith('!user=alice')))
    assert.ok(scopesOfToken(greedy, root, { server: null }).has('shutdown'))
  })
  it('lets inherit follow the owner', () =>
    assert.deepEqual(
      sorted(scopesOfToken({ kind: 'api', scopes: roles.token }, alice, { server: null })),
      sorted(scopesOfUser(alice)),
    ))
  // CVE-2024-41942 (JupyterHub): a right over users became every right.
  it('never gives a token more than its owner', () =>
    fc.assert(
      fc.property(
        fc.constantFrom('api', 'server', 'oauth'),
        fc.array(
          fc.oneof(
            fc.constantFrom('self', 'inherit'),
            fc
              .tuple(
                fc.constantFrom(...Object.keys(scopeTable)),
                fc.constantFrom(
                  '',
                  '!user',
                  '!server',
                  '!user=alice',
                  '!user=bob',
                  '!server=bob/lab',
                  '!group=g',
                  '!group=h',
                ),
              )
              .map(([name, filter]) => name + filter),
          ),
        ),
        fc.constantFrom(alice, bob, root),
        fc.constantFrom(lab, { userName: 'bob', serverName: '' }, null),
        (kind, scopes, owner, server) => {
          const groupsOf = (name: string) => (name === owner.name ? owner.groups : [])
          assert.ok(
            isSubset(scopesOfToken({ kind, scopes }, owner, { server, groupsOf }), scopesOfUser(owner), groupsOf),
          )
        },
      ),
    ))
})

describe('roles of a site', () => {
  const role = (scopes: string[], more: Partial<Role> = {}): Role => ({
    description: '',
    scopes,
    users: [],
    groups: [],
    services: [],
    ...more,
  })
  const book = openRoleBook([
    ['user', role(['self', 'list:groups'])],
    ['teachers', role(['read:servers!group=students', 'tokens!user'], { groups: ['g'], services: ['grader'] })],
    ['helpers', role(['list:users'], { users: ['bob'] })],
  ])
  it('are named: own ones of a user, those of a group', () => {
    assert.deepEqual(rolesOfUser(bob, book), ['helpers', 'user'])
    assert.deepEqual(rolesOfUser(root, book), ['admin', 'user'])
    assert.deepEqual(rolesOfGroup('g', book), ['teachers'])
  })
  it('give what they say, through a group too, and a changed default takes the place of the old one', () => {
    const held = scopesOfUser(alice, book)
    for (const scope of ['read:servers!group=students', 'list:groups', 'read:groups:name', 'tokens!user=alice'])
      assert.ok(held.has(scope), scope)
    assert.ok(!held.has('list:users'))
    assert.ok(scopesOfUser(bob, book).has('list:users'))
    assert.ok(!scopesOfUser({ ...alice, groups: [] }, book).has('read:servers!group=students'))
  })
  it('give a service what they say of others, and nothing of its own as a user', () =>
    assert.deepEqual(sorted(scopesOfService('grader', book)), [
      'read:servers!group=students',
      'read:users:name!group=students',
    ]))
  it('let a token reach whom its owner reaches through a group', () => {
    const held = (groups: readonly string[]) =>
      scopesOfToken({ kind: 'api', scopes: ['read:servers!user=carol', 'read:servers!server=dave/x'] }, alice, {
        server: null,
        book,
        groupsOf: (name) => (name === 'carol' ? groups : []),
      })
    assert.ok(held(['students']).has('read:servers!user=carol'))
    assert.ok(!held(['others']).has('read:servers!user=carol'))
    assert.ok(!held(['students']).has('read:servers!server=dave/x'))
  })
})
