import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../core/parse-config.ts'
import { scopesOfUser } from '../people/roles.ts'
import { roleBookOf, roleProblems } from './role-problems.ts'

const site = {
  stateDirectory: '/var/lib/batchway',
  clusters: { here: { driver: 'local' } },
  applications: { jupyter: { kind: 'jupyterhub-singleuser' } },
  profiles: [{ key: 'small', title: 'Small', cluster: 'here', application: 'jupyter' }],
}
const check = (more: object) => parseConfig({ ...site, ...more }, 'site.yaml', (parts) => roleProblems(parts, []))

test('roles that mean nothing are told with their place, and what was meant', () => {
  for (const [roles, words] of [
    [{ Teachers: { scopes: [] } }, /roles\.Teachers.*lower-case/s],
    [{ x: { scopes: [] } }, /roles\.x/],
    [{ teachers: {} }, /roles\.teachers\.scopes.*is missing/s],
    [{ teachers: { scopes: [], user: ['a'] } }, /did you mean "users"/],
    [{ teachers: { scopes: ['read:severs'] } }, /roles\.teachers\.scopes\[0\].*did you mean "read:servers"/s],
    [{ teachers: { scopes: ['read:servers!grp=x'] } }, /roles\.teachers\.scopes\[0\].*there is no filter "!grp=x"/s],
    [{ teachers: { scopes: ['read:servers!user=a!group=b'] } }, /roles\.teachers\.scopes\[0\]/],
    [{ teachers: { scopes: ['inherit'] } }, /means something in tokens only/],
    [{ teachers: { scopes: ['custom:undeclared'] } }, /there is no scope "custom:undeclared"/],
    [{ teachers: { scopes: ['self'], users: ['-rf'] } }, /roles\.teachers\.users\[0\]/],
    [{ admin: { scopes: ['self'] } }, /roles\.admin.*is fixed/s],
    [{ server: { scopes: ['self'] } }, /roles\.server.*is fixed/s],
    [{ user: { scopes: ['self'], users: ['alice'] } }, /roles\.user\.users.*nobody is named/s],
  ] as const)
    assert.throws(() => check({ roles }), words)
  for (const [customScopes, words] of [
    [{ 'jobs:read': { description: 'x' } }, /customScopes\.jobs:read.*write "custom:"/s],
    [{ 'custom:jobs:read': {} }, /description.*is missing/s],
    [{ 'custom:jobs:all': { description: 'x', subscopes: ['read:users'] } }, /subscopes\[0\].*no scope "read:users"/s],
  ] as const)
    assert.throws(() => check({ customScopes }), words)
})

test('what is written becomes what people hold: own roles, those of groups, and scopes of the site’s own', () => {
  const book = roleBookOf(
    check({
      customScopes: {
        'custom:jobs:write': { description: 'Submit jobs', subscopes: ['custom:jobs:read'] },
        'custom:jobs:read': { description: 'See jobs' },
      },
      roles: {
        user: { scopes: ['self', 'custom:jobs:write!user'] },
        teachers: { scopes: ['read:servers!group=students'], users: ['Alice'], groups: ['staff'] },
      },
    }),
  )
  const held = (name: string, groups: string[] = []) => scopesOfUser({ name, groups, isAdmin: false }, book)
  for (const scope of ['custom:jobs:read!user=bob', 'custom:jobs:write!user=bob', 'read:tokens!user=bob'])
    assert.ok(held('bob').has(scope), scope)
  assert.ok(!held('bob').has('read:servers!group=students'))
  assert.ok(held('alice').has('read:servers!group=students'))
  assert.ok(held('bob', ['staff']).has('read:servers!group=students'))
})
