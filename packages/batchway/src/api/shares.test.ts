/** Shares through the API, over the real people room and a database in memory. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { openPeople } from '../people/people-service.ts'
import { openRoleBook } from '../people/roles.ts'
import { openShares } from '../people/shares.ts'
import { openStores } from '../store/stores.ts'
import { mountApi } from './app.ts'
import { fakeHub } from './testing/fake-hub.ts'

const role = { description: '', groups: [], services: [] }
/** Alice may share, as a site says by a role; nobody may by default. */
const book = openRoleBook([
  ['sharers', { ...role, users: ['alice'], scopes: ['shares!user', 'read:users:name', 'read:groups:name'] }],
  ['shy', { ...role, users: ['carol'], scopes: ['shares!user'] }],
])

async function openHouse() {
  await using undo = new AsyncDisposableStack()
  const clock = { at: 1_700_000_000_000 }
  const now = () => clock.at
  const stores = undo.use(await openStores('sqlite::memory:', now))
  const parts = { stores, now, random: randomBytes }
  const people = undo.use(openPeople(parts, { rules: { book, admins: new Set(), adminGroups: new Set() } }))
  const shares = openShares({ ...parts, book })
  const hub = fakeHub()
  const { internalApi } = mountApi({ ...hub.deps, people, shares })
  const tokens = new Map<string, string>()
  for (const name of ['alice', 'bob', 'carol', 'boss']) {
    const user = await people.ensureUser(name, { isAdmin: name === 'boss' })
    const request = { scopes: null, note: '', expiresAt: null }
    tokens.set(name, (await people.createToken(user, request, await people.scopesOfUser(user))).text)
  }
  const ask = async (who: string, request: string, body?: unknown) => {
    const [method = '', path = ''] = request.split(' ')
    const response = await internalApi.request(`/hub/api${path}`, {
      method,
      headers: { Authorization: `token ${tokens.get(who)}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return {
      status: response.status,
      body: text === '' ? null : Object(JSON.parse(text)),
      type: response.headers.get('content-type'),
    }
  }
  const scopesOf = async (who: string): Promise<string[]> => (await ask(who, 'GET /user')).body.scopes
  const keep = undo.move()
  return { ask, scopesOf, clock, people, shares, stores, [Symbol.asyncDispose]: () => keep.disposeAsync() }
}
const access = 'access:servers!server=alice/'

describe('sharing a server', () => {
  it('lets a guest in from the next request on, and out again', async () => {
    await using house = await openHouse()
    const { ask, scopesOf } = house
    assert.ok(!(await scopesOf('bob')).includes(access))
    const { status, body } = await ask('alice', 'POST /shares/alice/', { user: 'bob' })
    assert.equal(status, 200)
    const { created_at, ...share } = body
    assert.match(created_at, /Z$/)
    assert.deepEqual(share, {
      kind: 'user',
      server: {
        user: { name: 'alice' },
        name: '',
        url: '/user/alice/',
        full_url: 'https://hub.example/user/alice/',
        ready: false,
      },
      scopes: [access],
      user: { name: 'bob' },
      group: null,
    })
    assert.ok((await scopesOf('bob')).includes(access))
    assert.deepEqual((await ask('bob', 'GET /users/bob/shared/alice/')).body, body)
    const list = await ask('bob', 'GET /users/bob/shared')
    assert.deepEqual([list.body.items, list.body._pagination.total], [[body], 1])
    assert.equal(list.type, 'application/json')

    const more = await ask('alice', 'POST /shares/alice/', { user: 'bob', scopes: ['read:servers'] })
    assert.deepEqual(more.body.scopes, [access, 'read:servers!server=alice/'])
    assert.equal((await ask('bob', 'GET /users/alice/server')).status, 200)
    const less = await ask('alice', 'PATCH /shares/alice/', { user: 'bob', scopes: [access] })
    assert.deepEqual(less.body.scopes, ['read:servers!server=alice/'])
    assert.ok(!(await scopesOf('bob')).includes(access))
    assert.deepEqual((await ask('alice', 'PATCH /shares/alice/', { user: 'bob' })).body, {})
    assert.equal((await ask('bob', 'GET /users/alice/server')).status, 404)
    assert.deepEqual((await ask('alice', 'PATCH /shares/alice/', { user: 'nobody' })).body, {})
  })

  it('reaches members of a group as long as they are', async () => {
    await using house = await openHouse()
    const { ask, scopesOf } = house
    await ask('boss', 'POST /groups/physics', { users: ['bob'] })
    const { body } = await ask('alice', 'POST /shares/alice/', { group: 'physics' })
    assert.deepEqual([body.kind, body.group, body.user], ['group', { name: 'physics' }, null])
    assert.ok((await scopesOf('bob')).includes(access))
    assert.equal((await ask('bob', 'GET /users/bob/shared')).body._pagination.total, 1)
    assert.equal((await ask('boss', 'GET /groups/physics/shared')).body._pagination.total, 1)
    await ask('boss', 'DELETE /groups/physics/users', { users: ['bob'] })
    assert.ok(!(await scopesOf('bob')).includes(access))
    assert.equal((await ask('boss', 'DELETE /groups/physics/shared/alice/')).status, 204)
    assert.equal((await ask('boss', 'GET /groups/physics/shared/alice/')).status, 404)
  })

  it('gives no more than the sharer holds, of this server, and to whom they may know', async () => {
    await using house = await openHouse()
    const { ask } = house
    const post = async (who: string, body: object, path = '/shares/alice/') =>
      (await ask(who, `POST ${path}`, body)).status
    const table: readonly [body: object, status: number][] = [
      [{ user: 'bob', scopes: ['admin:server_state'] }, 403],
      [{ user: 'bob', scopes: ['access:servers!server=bob/'] }, 400],
      [{ user: 'bob', scopes: ['access:servers!user=alice'] }, 400],
      [{ user: 'bob', scopes: ['admin:users'] }, 400],
      [{ user: 'bob', scopes: ['read:users!server=alice/'] }, 400],
      [{ user: 'bob', scopes: ['inherit'] }, 400],
      [{ user: 'bob', scopes: ['nothing'] }, 400],
      [{ user: 'nobody' }, 400],
      [{ group: 'nobody' }, 400],
      [{ user: 'bob', group: 'physics' }, 400],
      [{}, 400],
      [{ user: 'bob', expires_in: 60 }, 400],
      [{ user: 'alice' }, 400],
    ]
    for (const [body, status] of table) assert.equal(await post('alice', body), status, JSON.stringify(body))
    assert.equal(await post('alice', { user: 'bob' }, '/shares/alice/none'), 404)
    assert.equal(await post('alice', { user: 'bob' }, '/shares/bob/'), 404)
    assert.equal(await post('alice', { user: 'bob' }, '/shares/alice'), 405)
    assert.equal(await post('carol', { user: 'bob' }, '/shares/carol/'), 403, 'carol may not read names')
    assert.equal(await post('carol', { user: 'nobody' }, '/shares/carol/'), 403, 'and learns none')
    assert.equal(await post('bob', { user: 'carol' }, '/shares/bob/'), 403, 'by default nobody shares')
    assert.equal((await ask('boss', 'GET /shares/alice')).body._pagination.total, 0)
    assert.equal(await post('boss', { user: 'bob', scopes: ['admin:servers'] }), 200)
  })

  it('ends with what a guest gives back, and with everything at once', async () => {
    await using house = await openHouse()
    const { ask, scopesOf, people } = house
    for (const user of ['bob', 'carol']) await ask('alice', 'POST /shares/alice/', { user })
    assert.equal((await ask('carol', 'DELETE /users/bob/shared/alice/')).status, 404)
    assert.equal((await ask('bob', 'DELETE /users/bob/shared/alice/')).status, 204)
    assert.equal((await ask('bob', 'DELETE /users/bob/shared/alice/')).status, 404)
    assert.deepEqual(
      [(await scopesOf('bob')).includes(access), (await scopesOf('carol')).includes(access)],
      [false, true],
    )
    assert.equal((await ask('alice', 'DELETE /shares/alice/')).status, 204)
    assert.ok(!(await scopesOf('carol')).includes(access))
    await ask('alice', 'POST /shares/alice/', { user: 'carol' })
    const alice = await people.findUser('alice')
    await people.removeUser(alice?.id ?? 0)
    assert.ok(!(await scopesOf('carol')).includes(access))
  })

  it('comes in pages', async () => {
    await using house = await openHouse()
    const { ask } = house
    for (const user of ['bob', 'carol', 'boss']) await ask('alice', 'POST /shares/alice/', { user })
    const { body } = await ask('alice', 'GET /shares/alice?limit=2')
    assert.deepEqual([body.items.length, body._pagination.total], [2, 3])
    const rest = await ask(
      'alice',
      `GET ${new URL(body._pagination.next.url).pathname.replace('/hub/api', '')}${new URL(body._pagination.next.url).search}`,
    )
    assert.deepEqual([rest.body.items.length, rest.body._pagination.next], [1, null])
    assert.equal((await ask('alice', 'GET /shares/alice/none')).status, 404)
  })
})

describe('codes', () => {
  it('are shown once, exchanged by many until they expire, and by their owner never', async () => {
    await using house = await openHouse()
    const { ask, scopesOf, shares, people, clock, stores } = house
    const { status, body } = await ask('alice', 'POST /share-codes/alice/', { expires_in: 60 })
    assert.equal(status, 200)
    const { code, id, accept_url, full_accept_url } = body
    assert.match(id, /^sc_\d+$/)
    assert.equal(accept_url, `/hub/accept-share?code=${code}`)
    assert.equal(full_accept_url, `https://hub.example${accept_url}`)
    assert.equal(await stores.shareCodes.find(code, clock.at), null, 'only its hash is kept')
    const listed = (await ask('alice', 'GET /share-codes/alice/')).body.items
    assert.ok(!JSON.stringify(listed).includes(code))
    const [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map((name) => people.ensureUser(name)))
    assert.ok(alice && bob && carol)
    await assert.rejects(shares.redeemCode(code, alice), { code: 'bad_request' })
    assert.equal((await shares.peekCode(code))?.exchangeCount, 0, 'looking is not using')
    assert.deepEqual((await shares.redeemCode(code, bob))?.scopes, ['access:servers'])
    assert.ok((await scopesOf('bob')).includes(access))
    assert.equal(await shares.redeemCode('other', bob), null)
    clock.at += 60_000
    assert.equal(await shares.redeemCode(code, carol), null)
    assert.equal((await ask('alice', 'GET /share-codes/alice')).body._pagination.total, 0)
  })
  it('are taken back by id, by text, or all', async () => {
    await using house = await openHouse()
    const { ask } = house
    const make = async () => (await ask('alice', 'POST /share-codes/alice/')).body
    const [one, two] = [await make(), await make()]
    await make()
    const drop = async (query: string) => (await ask('alice', `DELETE /share-codes/alice/${query}`)).status
    assert.deepEqual([await drop(`?id=${one.id}`), await drop(`?id=${one.id}`), await drop('?id=x')], [204, 404, 404])
    assert.deepEqual([await drop(`?code=${two.code}`), await drop(`?code=${two.code}`)], [204, 404])
    assert.equal((await ask('alice', 'GET /share-codes/alice')).body._pagination.total, 1)
    assert.deepEqual([await drop(''), await drop('')], [204, 204])
    for (const expires_in of [59, 31_536_001, 1.5, '60', null])
      assert.equal((await ask('alice', 'POST /share-codes/alice/', { expires_in })).status, 400)
  })
})
