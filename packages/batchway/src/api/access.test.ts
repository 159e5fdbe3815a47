import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Caller } from '../people/people.ts'
import { decideAccess, type isCovered, needsGroups, visibleBy } from './access.ts'
import { alice, bearer, bob, factsOf, fakeHub, sessionOf } from './testing/fake-hub.ts'

describe('an id of a session', () => {
  it('opens nothing under another name', async () => {
    const hub = fakeHub()
    hub.put(sessionOf(alice, factsOf.ready, { id: 'a-lab' }))
    for (const request of [
      'GET /users/bob/sessions/a-lab',
      'DELETE /users/bob/sessions/a-lab',
      'GET /users/bob/sessions/a-lab/events',
    ])
      for (const token of ['token-bob', 'token-root-admin']) {
        const [method = '', path = ''] = request.split(' ')
        const asked = new Request(`http://hub/hub/api${path}`, { method, ...bearer(token) })
        assert.equal((await hub.publicApi.request(asked)).status, 404)
      }
    assert.deepEqual(hub.calls, [])
  })
})

describe('decideAccess', () => {
  const callerWith = (...scopes: string[]): Caller => ({
    kind: 'browser',
    user: bob,
    signIn: { id: 's', userId: bob.id, way: 'link', createdAt: 0, expiresAt: 1 },
    scopes: new Set(scopes),
  })
  const onAlice = { user: 'alice', server: null }
  const code = (scopes: string[], target: Parameters<typeof isCovered>[2]) =>
    decideAccess({ anyOf: ['read:servers'] }, callerWith(...scopes), target)?.code ?? 'allowed'

  it('knows filters by user, server and group', () => {
    assert.equal(code(['read:servers'], onAlice), 'allowed')
    assert.equal(code(['read:servers!user=alice'], onAlice), 'allowed')
    assert.equal(code(['read:servers!user=alic'], onAlice), 'not_found')
    assert.equal(code(['read:servers!server=alice/lab'], { user: 'alice', server: 'lab' }), 'allowed')
    assert.equal(code(['read:servers!server=alice/lab'], { user: 'alice', server: '' }), 'not_found')
    assert.equal(code(['read:servers!server=alice/lab'], onAlice), 'not_found')
    assert.equal(code(['read:servers!group=physics'], { ...onAlice, groups: ['physics'] }), 'allowed')
    assert.equal(code(['read:servers!group=physics'], { ...onAlice, groups: ['art'] }), 'not_found')
    // Nothing is named: nothing is hidden, the scope is simply too narrow.
    assert.equal(code(['read:servers!user=alice'], { user: null, server: null }), 'forbidden')
    assert.equal(code(['read:users'], onAlice), 'forbidden')
    assert.equal(code([], onAlice), 'forbidden')
  })
  it('knows groups and services by their names', () => {
    const on = (target: object) => ({ user: null, server: null, ...target })
    assert.equal(code(['read:servers!group=g'], on({ group: 'g' })), 'allowed')
    assert.equal(code(['read:servers!group=g'], on({ group: 'h' })), 'not_found')
    assert.equal(code(['read:servers!service=s'], on({ service: 's' })), 'allowed')
    assert.equal(code(['read:servers!service=s'], on({ service: 't' })), 'not_found')
    assert.equal(code(['read:servers!user=g'], on({ group: 'g' })), 'not_found')
    // No name, however strange, reads as a wider scope; whoever holds everything reaches it.
    assert.equal(code(['read:servers!group=a'], on({ group: 'a!user=b' })), 'not_found')
    assert.equal(code(['read:servers'], on({ group: 'a!user=b' })), 'allowed')
  })
  it('lets a list pass by the filters it can be cut by, and by no others', () => {
    const list = (...scopes: string[]) =>
      decideAccess({ anyOf: ['list:users'], filters: ['user', 'group'] }, callerWith(...scopes), {
        user: null,
        server: null,
      })?.code ?? 'allowed'
    assert.equal(list('list:users'), 'allowed')
    assert.equal(list('list:users!group=g'), 'allowed')
    assert.equal(list('list:users!user=a'), 'allowed')
    assert.equal(list('list:users!server=a/'), 'forbidden')
    assert.equal(list('list:groups'), 'forbidden')
    assert.deepEqual(
      visibleBy(new Set(['list:users!group=g', 'list:users!server=a/']), 'list:users', ['user', 'group']),
      {
        user: [],
        group: ['g'],
      },
    )
    assert.equal(visibleBy(new Set(['list:users', 'list:users!group=g']), 'list:users', ['group']), null)
  })
  it('makes nothing for who could not see it: a filter is not enough where nothing is named', () => {
    const make = (...scopes: string[]) =>
      decideAccess({ anyOf: ['admin:users'] }, callerWith(...scopes), { user: null, server: null })?.code ?? 'allowed'
    assert.equal(make('admin:users'), 'allowed')
    for (const filter of ['group=g', 'user=bob', 'server=bob/', 'service=s'])
      assert.equal(make(`admin:users!${filter}`), 'forbidden')
  })
  it('asks for groups only if a scope depends on them', () => {
    assert.ok(needsGroups({ anyOf: ['read:servers'] }, callerWith('read:servers!group=physics')))
    assert.ok(!needsGroups({ anyOf: ['read:servers'] }, callerWith('read:users!group=physics', 'read:servers!user=x')))
    assert.ok(!needsGroups('signed-in', callerWith('read:servers!group=physics')))
  })
  it('looks the groups of the named user up when it must', async () => {
    const hub = fakeHub()
    hub.addToken('teacher', bob, new Set(['read:servers!group=physics']))
    hub.put(sessionOf(alice, factsOf.ready))
    const headers = { Authorization: 'token teacher' }

    assert.equal((await hub.internalApi.request('/hub/api/users/alice/server', { headers })).status, 200)
    assert.equal((await hub.internalApi.request('/hub/api/users/root-admin/server', { headers })).status, 404)
  })
})
