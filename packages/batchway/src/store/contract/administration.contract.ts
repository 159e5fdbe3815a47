/** The contracts of groups and of lists of users: every database must pass them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Stores, storesOf } from '../stores.ts'
import { everyUser, type UserQuery } from '../user-search.ts'
import type { Bench } from './bench.ts'
import { ended, jobId, sampleAttempt, sampleSession } from './samples.ts'

export function administrationContract(name: string, openBench: () => Promise<Bench>): void {
  const withStores = async (test: (stores: Stores) => Promise<void>): Promise<void> => {
    await using stack = new AsyncDisposableStack()
    const bench = stack.use(await openBench())
    await test(storesOf(stack.use(bench.open())))
  }
  const names = (found: { readonly users: readonly { readonly name: string }[]; readonly total: number }) => [
    found.users.map((user) => user.name).join(' '),
    found.total,
  ]

  describe(`lists of users on ${name}`, () => {
    it('are filtered, sorted and cut, and say how many there are', () =>
      withStores(async ({ users, groups, sessions }) => {
        const all = []
        for (const each of ['dora', 'alice', 'bob', 'carol_x', 'eve']) all.push(await users.ensure(each, 1))
        const [dora, alice, bob, carol] = all.map(({ id }) => id)
        assert.ok(dora && alice && bob && carol)
        await users.touch(
          new Map([
            [bob, 30],
            [alice, 20],
          ]),
        )
        const live = (id: string, userId: number) =>
          sessions.insert(sampleSession({ id, userId, serverName: id }), sampleAttempt({ sessionId: id }))
        await live('s1', alice)
        await live('s2', alice)
        await live('s3', bob)
        await live('s4', carol)
        const second = await sessions.find('s3')
        const last = await sessions.find('s4')
        assert.ok(second && last)
        await sessions.update({ ...last, facts: ended, endedAt: 9 }, [])
        await sessions.update(
          {
            ...second,
            facts: {
              state: 'ready',
              jobId: jobId('j'),
              node: 'n',
              claim: { id: 'c', jobId: jobId('j'), restart: 0, node: 'n' },
              target: { host: 'h', port: 1 },
              reachable: true,
              paused: false,
            },
          },
          [],
        )
        const group = await groups.insert('g', 1)
        assert.ok(group)
        await groups.addMembers(group.id, [dora, bob])

        const search = async (query: Partial<UserQuery>) =>
          names(await users.search({ ...everyUser, offset: 0, limit: 9, ...query }))
        assert.deepEqual(await search({}), ['dora alice bob carol_x eve', 5])
        assert.deepEqual(await search({ offset: 1, limit: 2 }), ['alice bob', 5])
        assert.deepEqual(await search({ offset: 9 }), ['', 5])
        assert.deepEqual(await search({ isDescending: true, limit: 2 }), ['eve carol_x', 5])
        assert.deepEqual(await search({ sort: 'name', limit: 2 }), ['alice bob', 5])
        assert.deepEqual(await search({ sort: 'last_activity' }), ['dora carol_x eve alice bob', 5])
        assert.deepEqual(await search({ sort: 'last_activity', isDescending: true }), ['bob alice eve carol_x dora', 5])
        assert.deepEqual(await search({ state: 'active' }), ['alice bob', 2])
        assert.deepEqual(await search({ state: 'ready' }), ['bob', 1])
        assert.deepEqual(await search({ state: 'inactive' }), ['dora carol_x eve', 3])
        assert.deepEqual(await search({ nameHas: 'O' }), ['dora bob carol_x', 3])
        assert.deepEqual(await search({ nameHas: 'l_x' }), ['carol_x', 1])
        assert.deepEqual(await search({ nameHas: '%' }), ['', 0])
        assert.deepEqual(await search({ among: { users: ['eve', 'nobody'], groups: [] } }), ['eve', 1])
        assert.deepEqual(await search({ among: { users: ['eve'], groups: ['g', 'no'] } }), ['dora bob eve', 3])
        assert.deepEqual(await search({ among: { users: [], groups: [] } }), ['', 0])
        assert.deepEqual(await search({ among: { users: [], groups: ['g'] }, state: 'active', nameHas: 'b' }), [
          'bob',
          1,
        ])
        assert.deepEqual(
          (await users.findMany(['eve', 'nobody', 'bob'])).map((user) => [user.name, user.groups]).sort(),
          [
            ['bob', ['g']],
            ['eve', []],
          ],
        )
      }))

    it('grow by new names only, and names change to free ones only', () =>
      withStores(async ({ users, changes }) => {
        const [alice] = await users.insertMany(['alice'], 5, true)
        assert.deepEqual(await users.insertMany(['alice'], 6, false), [])
        assert.deepEqual([alice?.isAdmin, alice?.createdAt], [true, 5])
        const many = await users.insertMany(
          ['zoe', 'alice', 'bob', ...Array.from({ length: 250 }, (_, n) => `u${n}`)],
          5,
          false,
        )
        assert.deepEqual([many.length, many[0]?.name], [252, 'zoe'])
        const bob = many[1]
        assert.ok(alice && bob)
        assert.equal(await users.change(bob.id, { name: 'alice' }), false)
        const before = changes.current()
        assert.equal(await users.change(bob.id, { name: 'robert', isAdmin: true }), true)
        assert.notEqual(changes.current(), before)
        assert.equal((await users.findById(bob.id))?.name, 'robert')
        assert.equal((await users.find('robert'))?.isAdmin, true)
        assert.equal(await users.find('bob'), null)
        assert.equal(await users.change(bob.id, { name: 'robert' }), true)
        assert.equal(await users.change(999, { name: 'nobody' }), false)
      }))
  })

  describe(`groups on ${name}`, () => {
    it('are made once, have properties and members, and go with their memberships', () =>
      withStores(async ({ groups, users, changes }) => {
        const g = await groups.insert('physics & söhne', 1)
        assert.ok(g)
        assert.equal(await groups.insert('physics & söhne', 2), null)
        assert.deepEqual(await groups.find('physics & söhne'), { id: g.id, name: 'physics & söhne', properties: {} })
        assert.equal(await groups.find('Physics & söhne'), null)
        await groups.setProperties(g.id, { quota: { gpu: [1, null] } })
        assert.deepEqual((await groups.find(g.name))?.properties, { quota: { gpu: [1, null] } })
        const ids: number[] = []
        for (const each of ['dora', 'alice', 'bob']) ids.push((await users.ensure(each, 1)).id)
        const before = changes.current()
        await groups.addMembers(g.id, [...ids, ...ids.slice(0, 1), 99_999])
        assert.notEqual(changes.current(), before)
        assert.deepEqual((await groups.membersOf([g.id])).get(g.id), ['dora', 'alice', 'bob'])
        assert.deepEqual((await users.find('bob'))?.groups, [g.name])
        await groups.removeMembers(g.id, ids.slice(1))
        assert.deepEqual((await groups.membersOf([g.id])).get(g.id), ['dora'])
        await groups.remove(g.id)
        assert.equal(await groups.find(g.name), null)
        assert.deepEqual((await users.find('dora'))?.groups, [])
      }))

    it('are listed in the order of their ids', () =>
      withStores(async ({ groups }) => {
        for (const each of ['c', 'a', 'b']) await groups.insert(each, 1)
        const search = async (offset: number, limit: number, only: readonly string[] | null) => {
          const found = await groups.search({ offset, limit, names: only })
          return [found.groups.map((group) => group.name).join(''), found.total]
        }
        assert.deepEqual(await search(0, 9, null), ['cab', 3])
        assert.deepEqual(await search(1, 1, null), ['a', 3])
        assert.deepEqual(await search(0, 9, ['b', 'c', 'no']), ['cb', 2])
        assert.deepEqual(await search(0, 9, []), ['', 0])
      }))

    it('by sign-in and by hand do not undo each other', () =>
      withStores(async ({ groups, users, changes }) => {
        const { id } = await users.ensure('alice', 1, { groups: ['sso', 'both'] })
        const [both, hand] = [await groups.find('both'), await groups.insert('hand', 1)]
        assert.ok(both && hand)
        await groups.addMembers(both.id, [id])
        await groups.addMembers(hand.id, [id])
        const groupsNow = async () => (await users.findById(id))?.groups.join(' ')
        assert.equal(await groupsNow(), 'both hand sso')
        const before = changes.current()
        await users.ensure('alice', 2, { groups: ['both', 'sso'] })
        assert.equal(changes.current(), before, 'the sign-in said nothing new')
        await users.ensure('alice', 2, { groups: ['new'] })
        assert.equal(await groupsNow(), 'both hand new')
        await groups.removeMembers(both.id, [id])
        assert.equal(await groupsNow(), 'hand new')
        const sso = await groups.find('new')
        assert.ok(sso)
        await groups.removeMembers(sso.id, [id])
        assert.equal(await groupsNow(), 'hand', 'by hand whoever said it')
        await users.ensure('alice', 3, { groups: ['new', 'hand'] })
        assert.equal(await groupsNow(), 'hand new', 'but a sign-in may say it again')
        await users.ensure('alice', 4, { groups: [] })
        assert.equal(await groupsNow(), 'hand')
      }))
  })
}
