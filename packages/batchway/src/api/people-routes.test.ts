/** Users and groups over HTTP, with the real room of people behind it. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { openPeople } from '../people/people-service.ts'
import { openRoleBook, type Role, scopesOfUser } from '../people/roles.ts'
import { openStores } from '../store/stores.ts'
import { mountApi } from './app.ts'
import { pageType } from './pagination.ts'
import { factsOf, fakeHub, now, sessionOf } from './testing/fake-hub.ts'

const role = (scopes: string[], more: Partial<Role>): Role => ({
  description: '',
  scopes,
  users: [],
  groups: [],
  services: [],
  ...more,
})
const rules = {
  admins: new Set<string>(),
  adminGroups: new Set<string>(),
  book: openRoleBook([
    [
      'teachers',
      role(
        [
          'list:users!group=students',
          'read:servers!group=students',
          'read:groups!group=students',
          'list:groups!group=students',
        ],
        { users: ['tina'] },
      ),
    ],
    ['deans', role(['admin:users!group=students', 'admin:groups!group=students'], { users: ['dan'] })],
    ['culler', role(['list:users', 'read:users:activity', 'read:servers', 'delete:servers'], { users: ['cull'] })],
    ['helpdesk', role(['admin:users'], { users: ['hal'] })],
  ]),
}

async function until(isTrue: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 30_000
  while (!isTrue()) {
    assert.ok(performance.now() < giveUpAt, 'in vain')
    await setImmediate()
  }
}

type Ask = (
  who: string,
  request: string,
  headers?: Record<string, string>,
) => Promise<{ status: number; body: unknown; text: string; headers: Headers }>

interface Scene {
  readonly ask: Ask
  readonly hub: ReturnType<typeof fakeHub>
  readonly user: (name: string) => Promise<{ id: number }>
}

async function scene(test: (scene: Scene) => Promise<void>): Promise<void> {
  await using stores = await openStores('sqlite::memory:', () => now)
  await using people = openPeople({ stores, now: () => now, random: randomBytes }, { rules })
  const hub = fakeHub()
  const { publicApi, internalApi } = mountApi({ ...hub.deps, people })
  await people.ensureUser('root', { isAdmin: true })
  for (const name of ['tina', 'dan', 'cull', 'hal', 'alice', 'bob', 'carol']) await people.ensureUser(name)
  const tokens = new Map<string, string>()
  const user = async (name: string) => {
    const found = await people.findUser(name)
    assert.ok(found, name)
    return found
  }
  const ask: Ask = async (who, request, more = {}) => {
    const owner = await user(who)
    if (!tokens.has(who)) {
      const made = await people.createToken(
        owner,
        { scopes: null, note: '', expiresAt: null },
        scopesOfUser(owner, rules.book),
      )
      tokens.set(who, made.text)
    }
    const [, method = '', path = '', body] = /^(\S+) (\S+)(?: (.*))?$/s.exec(request) ?? []
    const headers = { Authorization: `token ${tokens.get(who)}`, ...more }
    const app = more.Host === 'hub.example' ? publicApi : internalApi
    const origin = more.Host === 'hub.example' ? 'http://hub.example' : 'http://10.0.0.1:8081'
    const answer = await app.request(`${origin}/hub/api${path}`, {
      method,
      headers,
      ...(body !== undefined && { body }),
    })
    const text = await answer.text()
    return { status: answer.status, text, body: text === '' ? null : JSON.parse(text), headers: answer.headers }
  }
  assert.equal((await ask('root', 'POST /groups/students {"users":["alice","bob"]}')).status, 201)
  await test({ ask, hub, user })
}
const namesOf = (body: unknown): unknown => (Array.isArray(body) ? body.map((each) => Object(each).name) : body)

describe('GET /users', () => {
  it('shows whom the caller may list, with what the caller may see', () =>
    scene(async ({ ask, hub, user }) => {
      const alice = { ...(await user('alice')), name: 'alice' }
      hub.put(sessionOf({ ...hubUser, ...alice }, factsOf.ready, { userId: alice.id }))
      const all = await ask('root', 'GET /users')
      assert.deepEqual(namesOf(all.body), ['root', 'tina', 'dan', 'cull', 'hal', 'alice', 'bob', 'carol'])
      assert.deepEqual(Object.keys(Object(all.body)[5]).sort(), [
        'admin',
        'auth_state',
        'created',
        'groups',
        'kind',
        'last_activity',
        'name',
        'pending',
        'roles',
        'server',
        'servers',
        'user_info',
      ])
      assert.deepEqual(Object(all.body)[0].roles, ['admin', 'user'])
      const some = await ask('tina', 'GET /users')
      assert.deepEqual(namesOf(some.body), ['alice', 'bob'])
      const [first] = Array.isArray(some.body) ? some.body : []
      assert.deepEqual(Object.keys(first).sort(), ['admin', 'kind', 'name', 'servers', 'user_info'])
      assert.equal(first.servers[''].ready, true)
      assert.equal((await ask('alice', 'GET /users')).status, 403)
      assert.deepEqual(namesOf((await ask('root', 'GET /users?name_filter=AL&sort=-name')).body), ['hal', 'alice'])
      for (const bad of ['state=x', 'sort=admin', 'limit=a', 'offset=1.5'])
        assert.equal((await ask('root', `GET /users?${bad}`)).status, 400, bad)
    }))
  it('goes by pages as idle cullers follow them, to the origin they asked', () =>
    scene(async ({ ask }) => {
      const first = await ask('cull', 'GET /users?limit=3&sort=id', { Accept: pageType })
      assert.equal(first.headers.get('content-type'), pageType)
      const { items, _pagination: page } = Object(first.body)
      assert.deepEqual(namesOf(items), ['root', 'tina', 'dan'])
      assert.deepEqual(page, {
        offset: 0,
        limit: 3,
        total: 8,
        next: { offset: 3, limit: 3, url: 'http://10.0.0.1:8081/hub/api/users?limit=3&sort=id&offset=3' },
      })
      const outside = await ask('cull', 'GET /users?limit=-3', {
        Accept: `text/x, ${pageType};q=0.9`,
        Host: 'hub.example',
      })
      assert.equal(Object(outside.body)._pagination.next.url, 'https://hub.example/hub/api/users?limit=3&offset=3')
      const last = await ask('cull', 'GET /users?offset=6&limit=9999', { Accept: pageType })
      assert.deepEqual([namesOf(Object(last.body).items), Object(last.body)._pagination.next], [['bob', 'carol'], null])
      assert.equal(Object(last.body)._pagination.limit, 200)
      assert.equal(Object((await ask('cull', 'GET /users', { Accept: pageType })).body)._pagination.limit, 50)
      assert.deepEqual(namesOf((await ask('cull', 'GET /users?limit=0')).body), ['root'])
      // A page of somebody who sees less counts less, too.
      const few = await ask('tina', 'GET /users?limit=1', { Accept: pageType })
      assert.equal(Object(few.body)._pagination.total, 2)
    }))
})

describe('users', () => {
  it('are made, changed and removed by who may, and nobody by a filtered right (GHSA-69wv-m5fw-2fhp)', () =>
    scene(async ({ ask }) => {
      assert.deepEqual(namesOf((await ask('root', 'POST /users {"usernames":["Dora","dora","bob"]}')).body), ['dora'])
      assert.equal((await ask('root', 'POST /users {"usernames":["bob"]}')).status, 409)
      assert.equal((await ask('root', 'POST /users {"usernames":[]}')).status, 400)
      assert.equal((await ask('root', 'POST /users/bob')).status, 409)
      assert.equal((await ask('root', 'POST /users/..%2Fx')).status, 400)
      assert.equal((await ask('dan', 'POST /users {"usernames":["mine"]}')).status, 403)
      assert.equal((await ask('dan', 'POST /users/mine')).status, 404)
      assert.equal((await ask('dan', 'GET /users/mine')).status, 404)
      assert.equal((await ask('dan', 'GET /users/carol')).status, 404)
      assert.equal((await ask('dan', 'PATCH /users/alice {"name":"anna"}')).status, 200)
      assert.equal((await ask('root', 'GET /users/anna')).status, 200)
      assert.equal((await ask('root', 'GET /users/mine')).status, 404)

      const change = await ask('root', 'PATCH /users/carol {"admin":true}')
      assert.deepEqual([Object(change.body).admin, Object(change.body).auth_state], [true, null])
      for (const bad of [
        '{"admin":1}',
        '{"groups":["x"]}',
        '{"nmae":"x"}',
        '[]',
        '{"name":"bob"}',
        '{"auth_state":{}}',
      ])
        assert.equal((await ask('root', `PATCH /users/carol ${bad}`)).status, 400, bad)

      assert.equal((await ask('root', 'DELETE /users/root')).status, 400)
      assert.equal((await ask('root', 'DELETE /users/bob')).status, 204)
      assert.equal((await ask('root', 'DELETE /users/bob')).status, 404)
    }))
  it('become administrators by administrators only (CVE-2024-41942)', () =>
    scene(async ({ ask }) => {
      assert.equal((await ask('hal', 'POST /users {"usernames":["eve"]}')).status, 201)
      for (const request of [
        'POST /users {"usernames":["eva"],"admin":true}',
        'POST /users/eva {"admin":true}',
        'PATCH /users/eve {"admin":true}',
        'PATCH /users/hal {"admin":true}',
        'PATCH /users/root {"admin":false}',
        'PATCH /users/root {"name":"rot"}',
      ])
        assert.equal((await ask('hal', request)).status, 403, request)
      assert.equal((await ask('root', 'GET /users/eva')).status, 404)
    }))
  it('are removed when their servers have ended, and not before', () =>
    scene(async ({ ask, hub, user }) => {
      const bob = { ...hubUser, ...(await user('bob')), name: 'bob' }
      hub.put(sessionOf(bob, factsOf.ready, { id: 'b1', userId: bob.id }))
      const impatient = ask('root', 'DELETE /users/bob')
      await until(() => hub.timers.size > 0)
      for (const run of hub.timers) run()
      assert.equal((await impatient).status, 400)
      assert.equal((await ask('root', 'GET /users/bob')).status, 200)
      const patient = ask('root', 'DELETE /users/bob')
      await until(() => hub.timers.size > 0)
      hub.put(sessionOf(bob, factsOf.ended, { id: 'b1', userId: bob.id }))
      assert.equal((await patient).status, 204)
      assert.equal(hub.timers.size, 0)
      assert.deepEqual(hub.audited.map(({ action, object }) => `${action} ${object}`).slice(-2), [
        'session-stop bob/',
        'user-removed bob',
      ])
    }))
})

describe('groups', () => {
  it('are read by who may, each with what they may', () =>
    scene(async ({ ask }) => {
      await ask('root', 'POST /groups {"groups":{"beta":{},"gamma":{}},"users":["carol"]}')
      await ask('root', 'PUT /groups/students/properties {"quota":{"gpu":2}}')
      assert.deepEqual(namesOf((await ask('root', 'GET /groups')).body), ['students', 'beta', 'gamma'])
      assert.deepEqual((await ask('root', 'GET /groups/students')).body, {
        kind: 'group',
        name: 'students',
        users: ['alice', 'bob'],
        properties: { quota: { gpu: 2 } },
        roles: [],
      })
      const seen = await ask('tina', 'GET /groups', { Accept: pageType })
      assert.deepEqual(namesOf(Object(seen.body).items), ['students'])
      assert.equal(Object(seen.body)._pagination.total, 1, 'of those that are hidden not even the number is told')
      assert.equal('roles' in Object(seen.body).items[0], false)
      assert.equal((await ask('tina', 'GET /groups/beta')).status, 404)
      assert.equal((await ask('tina', 'DELETE /groups/students')).status, 403)
      assert.equal((await ask('alice', 'GET /groups/students')).status, 403)
    }))
  it('are changed by who may; what does not fit changes nothing', () =>
    scene(async ({ ask }) => {
      assert.equal((await ask('root', 'POST /groups {"groups":["new","students"]}')).status, 409)
      assert.equal((await ask('root', 'GET /groups/new')).status, 404)
      assert.equal((await ask('root', 'POST /groups/students')).status, 409)
      assert.equal((await ask('dan', 'POST /groups {"groups":["mine"]}')).status, 403)
      assert.equal((await ask('dan', 'POST /groups/mine')).status, 404)
      for (const bad of ['{}', '{"users":"carol"}', '{"users":["nobody"]}', '{"users":[],"more":1}', 'null'])
        assert.equal((await ask('root', `POST /groups/students/users ${bad}`)).status, 400, bad)
      const added = await ask('dan', 'POST /groups/students/users {"users":["carol","alice"]}')
      assert.deepEqual(Object(added.body).users, ['alice', 'bob', 'carol'])
      // As it was read: name and roles are not heeded.
      const back = JSON.stringify({ name: 'other', roles: ['deans'], users: ['alice'] })
      const removed = await ask('dan', `DELETE /groups/students/users ${back}`)
      assert.deepEqual(Object(removed.body).name, 'students')
      assert.deepEqual(Object(removed.body).users, ['bob', 'carol'])
      assert.equal((await ask('root', 'PUT /groups/students/properties [1]')).status, 400)
      assert.equal((await ask('root', 'DELETE /groups/students')).status, 204)
      assert.equal((await ask('root', 'GET /groups/students')).status, 404)
      assert.deepEqual(Object((await ask('root', 'GET /users/bob')).body).groups, [])
    }))
  it('with names that need escaping are reached by them', () =>
    scene(async ({ ask }) => {
      const path = `/groups/${encodeURIComponent('/vo/Söhne & Co!user=x')}`
      assert.equal((await ask('root', `POST ${path}`)).status, 201)
      assert.equal(Object((await ask('root', `GET ${path}`)).body).name, '/vo/Söhne & Co!user=x')
      assert.equal((await ask('dan', `GET ${path}`)).status, 404)
    }))
})

const hubUser = {
  isAdmin: false,
  groups: [],
  createdAt: now,
  lastActivityAt: null,
  preferences: { theme: 'system', contrast: 'normal', lastChoice: null },
} as const
