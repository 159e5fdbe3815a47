import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { coversGrant, coversScope, dependsOnGroups, holdsSomewhere } from './scope-match.ts'

const held = new Set([
  'read:hub',
  'read:users!user=alice',
  'access:servers!server=bob/lab',
  'read:servers!group=physics',
])

describe('coversScope', () => {
  const table: readonly [scope: string, user: string | null, server: string | null, groups: string[], want: boolean][] =
    [
      ['read:hub', null, null, [], true],
      ['read:hub', 'anyone', 'x', [], true],
      ['read:users', 'alice', null, [], true],
      ['read:users', 'alice', 'lab', [], true],
      ['read:users', 'alice2', null, [], false],
      ['read:users', 'alic', null, [], false],
      ['read:users', null, null, [], false],
      ['read:user', 'alice', null, [], false],
      ['access:servers', 'bob', 'lab', [], true],
      ['access:servers', 'bob', '', [], false],
      ['access:servers', 'bob', null, [], false],
      ['access:servers', 'alice', 'lab', [], false],
      ['read:servers', 'carol', null, ['physics'], true],
      ['read:servers', 'carol', null, ['chemistry'], false],
    ]
  for (const [scope, user, server, groups, want] of table)
    it(`${want ? 'covers' : 'does not cover'} ${scope} on ${user}/${server} in ${groups}`, () =>
      assert.equal(coversScope(held, scope, { user, server, groups }), want))

  it('knows where a scope is held at all, and whether groups matter', () => {
    assert.ok(holdsSomewhere(held, 'access:servers'))
    assert.ok(!holdsSomewhere(held, 'access'))
    assert.ok(dependsOnGroups(held, ['read:servers']))
    assert.ok(!dependsOnGroups(held, ['read:users']))
  })
})

describe('coversGrant', () => {
  const owner = new Set(['access:servers!user=alice', 'read:users:name!user=alice'])
  const admin = new Set(['access:servers'])
  const table: readonly [ReadonlySet<string>, string, boolean][] = [
    [owner, 'access:servers!server=alice/lab', true],
    [owner, 'access:servers!server=alice/', true],
    [owner, 'access:servers!server=alice2/', false],
    [owner, 'access:servers!user=alice', true],
    [owner, 'access:servers', false],
    [owner, 'read:users:name!user=alice', true],
    [owner, 'read:users!user=alice', false],
    [admin, 'access:servers!server=bob/', true],
    [admin, 'access:servers', true],
    [admin, 'read:users:name!user=alice', false],
  ]
  for (const [set, scope, want] of table)
    it(`${want ? 'hands on' : 'keeps back'} ${scope}`, () => assert.equal(coversGrant(set, scope), want))
})
