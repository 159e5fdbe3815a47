import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Token, User } from './people.ts'
import { roles, scopesOfToken, scopesOfUser } from './roles.ts'
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
    assert.deepEqual(sorted(scopesOfToken({ kind: 'server', scopes: roles.server }, alice, lab)), [
      'access:servers!server=alice/lab',
      'read:users:activity!user=alice',
      'read:users:groups!user=alice',
      'read:users:name!user=alice',
      'users:activity!user=alice',
    ]))
  it('gives an OAuth token of one’s own server the three scopes that clients know', () =>
    assert.deepEqual(sorted(scopesOfToken({ kind: 'oauth', scopes: [] }, alice, lab)), [
      'access:servers!server=alice/lab',
      'read:users:groups!user=alice',
      'read:users:name!user=alice',
    ]))
  it('gives an OAuth token of a stranger no access, of an admin only this one', () => {
    assert.deepEqual(sorted(scopesOfToken({ kind: 'oauth', scopes: [] }, bob, lab)), [
      'read:users:groups!user=bob',
      'read:users:name!user=bob',
    ])
    assert.deepEqual(
      sorted(scopesOfToken({ kind: 'oauth', scopes: [] }, root, lab)).filter((scope) => scope.startsWith('access')),
      ['access:servers!server=alice/lab'],
    )
  })
  it('cuts a token down to what its owner has now', () => {
    const greedy: Pick<Token, 'kind' | 'scopes'> = {
      kind: 'api',
      scopes: ['admin:users', 'access:servers', 'shutdown'],
    }
    const scopes = scopesOfToken(greedy, alice, null)
    assert.ok(scopes.has('access:servers!user=alice'))
    assert.ok(![...scopes].some((scope) => !scope.endsWith('!user=alice')))
    assert.ok(scopesOfToken(greedy, root, null).has('shutdown'))
  })
  it('lets inherit follow the owner', () =>
    assert.deepEqual(
      sorted(scopesOfToken({ kind: 'api', scopes: roles.token }, alice, null)),
      sorted(scopesOfUser(alice)),
    ))
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
          assert.ok(isSubset(scopesOfToken({ kind, scopes }, owner, server, groupsOf), scopesOfUser(owner), groupsOf))
        },
      ),
    ))
})
