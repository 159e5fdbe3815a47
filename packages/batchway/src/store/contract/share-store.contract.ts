/** Shares and their codes: what is given adds up, and goes with the server, the guest, the group and the owner. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Stores, storesOf } from '../stores.ts'
import type { Bench } from './bench.ts'

export function shareStoreContract(name: string, openBench: () => Promise<Bench>): void {
  describe(`ShareStore on ${name}`, () => {
    interface House {
      readonly stores: Stores
      readonly alice: number
      readonly bob: number
      readonly group: number
      /** Bob’s OAuth token for alice’s server of this name, by the hash of its text. */
      tokenFor(serverName: string): Promise<string>
      /** Hashes of what was removed. */
      removed(): Promise<readonly string[]>
    }
    async function inHouse(run: (house: House) => Promise<void>): Promise<void> {
      await using bench = await openBench()
      await using database = bench.open()
      const stores = storesOf(database)
      const { users, groups, servers, oauth, tokens } = stores
      const { id: alice } = await users.ensure('alice', 1)
      const { id: bob } = await users.ensure('bob', 1)
      const found = await groups.insert('physics', 1)
      assert.ok(found)
      await groups.addMembers(found.id, [bob])
      await servers.ensure({ userId: alice, name: 'lab', displayName: 'lab', options: null, createdAt: 1 })
      let count = 0
      await run({
        stores,
        alice,
        bob,
        group: found.id,
        async tokenFor(serverName) {
          const id = `client-${serverName}`
          const client = { id, secretHash: 'x', redirectUri: '/', allowedScopes: [], description: '', serverName }
          await oauth.upsertClient({ ...client, userId: alice })
          const hash = `hash-${++count}`
          const token = { userId: bob, scopes: [], note: '', createdAt: 1, sessionId: null, signInId: null }
          await tokens.insert(hash, { ...token, kind: 'oauth', clientId: id, expiresAt: null })
          return hash
        },
        removed: async () => (await stores.revoked.listAfter(0, 100)).map(({ textHash }) => textHash),
      })
    }
    const user = (id: number) => ({ kind: 'user', id }) as const
    const group = (id: number) => ({ kind: 'group', id }) as const

    it('adds what is granted to what there is, and gives it to whom it was given', () =>
      inHouse(async ({ stores: { shares, changes }, alice, bob, group: physics }) => {
        const main = { ownerId: alice, serverName: '' }
        const before = changes.current()
        const first = await shares.grant(main, user(bob), ['access:servers'], 5)
        assert.notEqual(changes.current(), before, 'what is remembered of callers is old now')
        const { id, ...rest } = first ?? assert.fail()
        assert.deepEqual(rest, {
          ...main,
          ownerName: 'alice',
          to: { ...user(bob), name: 'bob' },
          scopes: ['access:servers'],
          createdAt: 5,
        })
        const more = await shares.grant(main, user(bob), ['start:servers', 'access:servers'], 9)
        assert.deepEqual(more, { id, ...rest, scopes: ['access:servers', 'start:servers'] })
        await shares.grant({ ownerId: alice, serverName: 'lab' }, group(physics), ['read:servers'], 6)
        assert.deepEqual(await shares.scopesOf(bob), [
          'access:servers!server=alice/',
          'start:servers!server=alice/',
          'read:servers!server=alice/lab',
        ])
        assert.deepEqual(await shares.scopesOf(alice), [])
        const count = async (query: Parameters<typeof shares.list>[0]) => {
          const { items, total } = await shares.list(query, { offset: 0, limit: 1 })
          return [items.length, total]
        }
        assert.deepEqual(await count({ of: 'owner', ownerId: alice }), [1, 2])
        assert.deepEqual(await count({ of: 'owner', ownerId: alice, serverName: 'lab' }), [1, 1])
        assert.deepEqual(await count({ of: 'user', userId: bob }), [1, 2])
        assert.deepEqual(await count({ of: 'group', groupId: physics }), [1, 1])
        assert.deepEqual(await count({ of: 'user', userId: alice }), [0, 0])
        assert.equal(await shares.grant({ ownerId: alice, serverName: 'none' }, user(bob), ['x'], 1), null)
        assert.equal(await shares.grant(main, user(99), ['x'], 1), null)
        assert.equal(await shares.grant({ ownerId: 99, serverName: '' }, user(bob), ['x'], 1), null)
      }))

    it('takes back some or all, and the tokens that the application has of the guest go', () =>
      inHouse(async ({ stores: { shares }, alice, bob, tokenFor, removed }) => {
        const main = { ownerId: alice, serverName: '' }
        await shares.grant(main, user(bob), ['access:servers', 'read:servers'], 5)
        const [first, other] = [await tokenFor(''), await tokenFor('lab')]
        assert.deepEqual((await shares.revoke(main, user(bob), ['start:servers']))?.scopes.length, 2)
        assert.deepEqual(await removed(), [], 'nothing was taken')
        const left = await shares.revoke(main, user(bob), ['access:servers'])
        assert.deepEqual([left?.scopes, left?.createdAt], [['read:servers'], 5])
        assert.deepEqual(await removed(), [first])
        const second = await tokenFor('')
        assert.equal(await shares.revoke(main, user(bob), null), null)
        assert.equal(await shares.revoke(main, user(bob), null), null)
        await shares.grant(main, user(bob), ['access:servers'], 5)
        const third = await tokenFor('')
        assert.equal(await shares.removeAll(main), 1)
        assert.deepEqual(await removed(), [first, second, third])
        assert.ok(!(await removed()).includes(other))
      }))

    const ends: Readonly<Record<string, (house: House) => Promise<unknown>>> = {
      'the server': ({ stores, alice }) => stores.servers.remove(alice, 'lab'),
      'the owner': ({ stores, alice }) => stores.users.remove(alice),
      'the guest': ({ stores, bob }) => stores.users.remove(bob),
      'the group': ({ stores, group: physics }) => stores.groups.remove(physics),
      'the membership': ({ stores, group: physics, bob }) => stores.groups.removeMembers(physics, [bob]),
      'a sign-in that tells other groups': ({ stores, bob, group: physics }) =>
        stores.groups
          .removeMembers(physics, [bob])
          .then(() => stores.users.setGroups(bob, ['physics'], 1))
          .then(() => stores.users.setGroups(bob, [], 2)),
    }
    for (const [what, end] of Object.entries(ends))
      it(`goes with ${what}, and so does the guest’s token`, () =>
        inHouse(async (house) => {
          const { stores, alice, bob, group: physics, tokenFor, removed } = house
          const lab = { ownerId: alice, serverName: 'lab' }
          // A guest of their own right stays when the group goes: there only the group’s share is there.
          const to = what === 'the guest' || what === 'the server' ? user(bob) : group(physics)
          await stores.shares.grant(lab, to, ['access:servers'], 5)
          const token = await tokenFor('lab')
          await end(house)
          assert.deepEqual(await stores.shares.scopesOf(bob), [])
          assert.deepEqual(await removed(), [token])
        }))

    it('follows a server to its new name', () =>
      inHouse(async ({ stores: { shares, shareCodes, servers }, alice, bob }) => {
        const lab = { ownerId: alice, serverName: 'lab' }
        await shares.grant(lab, user(bob), ['access:servers'], 5)
        await shareCodes.insert({ ...lab, codeHash: 'h', scopes: ['x'], createdAt: 1, expiresAt: 9 }, 5)
        await servers.change(alice, 'lab', { name: 'big' })
        assert.deepEqual(await shares.scopesOf(bob), ['access:servers!server=alice/big'])
        assert.equal((await shareCodes.find('h', 1))?.serverName, 'big')
        await servers.remove(alice, 'big')
        assert.equal(await shareCodes.find('h', 1), null)
      }))

    it('keeps codes by their hash, for their time, up to a number', () =>
      inHouse(async ({ stores: { shareCodes }, alice }) => {
        const lab = { ownerId: alice, serverName: 'lab' }
        const code = (codeHash: string, expiresAt = 10) => ({
          ...lab,
          codeHash,
          scopes: ['b', 'a'],
          createdAt: 1,
          expiresAt,
        })
        const made = await shareCodes.insert(code('one'), 2)
        assert.ok(typeof made === 'object')
        assert.deepEqual(await shareCodes.find('one', 9), made)
        assert.deepEqual(made.scopes, ['a', 'b'])
        assert.equal(await shareCodes.find('one', 10), null)
        await shareCodes.insert(code('two', 20), 2)
        assert.equal(await shareCodes.insert(code('three'), 2), 'full')
        assert.equal(await shareCodes.insert({ ...code('four'), serverName: 'none' }, 2), 'missing')
        assert.equal(await shareCodes.countExchange(made.id, 3), true)
        const counted = await shareCodes.find('one', 3)
        assert.deepEqual([counted?.exchangeCount, counted?.lastExchangedAt], [1, 3])
        assert.equal(await shareCodes.countExchange(made.id, 10), false)
        const page = { offset: 0, limit: 1 }
        assert.equal((await shareCodes.list(alice, undefined, 5, page)).total, 2)
        assert.equal((await shareCodes.list(alice, 'lab', 15, page)).total, 1)
        assert.equal((await shareCodes.list(alice, '', 5, page)).total, 0)
        assert.equal(await shareCodes.remove({ ownerId: alice, serverName: '' }, { id: made.id }), 0, 'another server')
        assert.equal(await shareCodes.remove(lab, { id: made.id }), 1)
        assert.equal(await shareCodes.remove(lab, { codeHash: 'none' }), 0)
        await shareCodes.removeExpired(20)
        assert.equal(await shareCodes.remove(lab, {}), 0)
      }))
  })
}
