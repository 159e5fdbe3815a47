/** The contracts of the stores of people, tokens, sign-ins, links, OAuth, servers and settings: every database must pass them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { OAuthClient, Token } from '../../people/people.ts'
import { type Stores, storesOf } from '../stores.ts'
import { type Bench, race } from './bench.ts'
import { ended, sampleAttempt, sampleSession } from './samples.ts'

const from = { address: '::1', agent: 'test' }
const client = (userId: number, change: Partial<OAuthClient> = {}): OAuthClient => ({
  id: 'jupyterhub-user-alice',
  secretHash: 'b'.repeat(64),
  redirectUri: '/user/alice/oauth_callback',
  allowedScopes: ['read:users:name!user'],
  description: 'Server at /user/alice/',
  userId,
  serverName: '',
  ...change,
})
const token = (userId: number, change: Partial<Token> = {}): Omit<Token, 'id' | 'lastActivityAt'> => ({
  kind: 'api',
  userId,
  scopes: ['inherit'],
  note: 'for a script',
  clientId: null,
  signInId: null,
  sessionId: null,
  createdAt: 20,
  expiresAt: null,
  ...change,
})
const code = (userId: number) => ({
  clientId: 'jupyterhub-user-alice',
  userId,
  redirectUri: '/user/alice/oauth_callback',
  scopes: ['read:users:name!user'],
  signInId: null,
  challenge: 'c',
})

export function peopleStoresContract(
  name: string,
  openBench: () => Promise<Bench>,
  /** Other processes can open the same data. */
  shared: boolean,
): void {
  const withStores = async (
    test: (stores: Stores, alice: number, bench: Bench, again: () => Stores) => Promise<void>,
  ): Promise<void> => {
    await using stack = new AsyncDisposableStack()
    const bench = stack.use(await openBench())
    const again = () => storesOf(stack.use(bench.open()))
    const stores = again()
    await test(stores, (await stores.users.ensure('alice', 10)).id, bench, again)
  }

  describe(`UserStore on ${name}`, () => {
    it('makes a user once and finds it by name and id', () =>
      withStores(async ({ users }, alice) => {
        const user = await users.ensure('alice', 99)
        assert.deepEqual(user, {
          id: alice,
          name: 'alice',
          isAdmin: false,
          groups: [],
          createdAt: 10,
          lastActivityAt: null,
          preferences: { theme: 'system', contrast: 'normal', lastChoice: null },
        })
        assert.deepEqual(await users.find('alice'), user)
        assert.deepEqual(await users.findById(alice), user)
        assert.equal(await users.find('Alice'), null)
        assert.equal(await users.findById(999), null)
      }))

    it('changes isAdmin only when asked', () =>
      withStores(async ({ users }) => {
        assert.equal((await users.ensure('alice', 1, { isAdmin: true })).isAdmin, true)
        assert.equal((await users.ensure('alice', 1)).isAdmin, true)
        assert.equal((await users.ensure('alice', 1, { isAdmin: false })).isAdmin, false)
        const told = { groups: ['b', 'a', 'a'], claims: { mail: ['a@b'] } }
        const changed = await users.ensure('alice', 2, told)
        assert.deepEqual([changed.groups, changed.claims, changed.isAdmin], [['a', 'b'], { mail: ['a@b'] }, false])
        assert.deepEqual(await users.ensure('alice', 3), changed, 'what is left out stays')
        const back = await users.ensure('alice', 4, { groups: [], claims: {} })
        assert.deepEqual([back.groups, back.claims], [[], undefined])
        assert.equal((await users.find('alice'))?.isAdmin, false)
      }))

    it('keeps both of two simultaneous changes of preferences', () =>
      withStores(async ({ users }, alice, _, again) => {
        const lastChoice = { profile: 'small', fields: { cores: '4', label: '"ü' } }
        await Promise.all([
          users.savePreferences(alice, { theme: 'dark' }),
          again().users.savePreferences(alice, { lastChoice }),
        ])
        assert.deepEqual((await users.findById(alice))?.preferences, { theme: 'dark', contrast: 'normal', lastChoice })
      }))

    it('lists pages in the order of ids, with groups', () =>
      withStores(async ({ users }, alice) => {
        const bob = await users.ensure('bob', 11)
        await users.ensure('carol', 12)
        await users.setGroups(bob.id, ['physics', 'admins', 'physics'], 13)
        await users.setGroups(alice, ['physics'], 13)
        await users.setGroups(alice, [], 14)
        assert.deepEqual(
          (await users.list(2)).map((user) => [user.name, user.groups]),
          [
            ['alice', []],
            ['bob', ['admins', 'physics']],
          ],
        )
        assert.deepEqual(
          (await users.list(2, bob.id)).map((user) => user.name),
          ['carol'],
        )
        assert.equal(await users.count(), 3)
      }))

    it('moves activity forward only, many at once', () =>
      withStores(async ({ users }, alice) => {
        const ids = [alice]
        for (let n = 0; n < 250; n++) ids.push((await users.ensure(`u${n}`, 10)).id)
        await users.touch(new Map(ids.map((id) => [id, 500])))
        await users.touch(new Map(ids.map((id) => [id, 400])))
        assert.deepEqual([await users.countSince(500), await users.countSince(501)], [ids.length, 0])
        assert.deepEqual([...new Set((await users.list(1_000)).map((user) => user.lastActivityAt))], [500])
      }))

    it('takes everything of a removed user along, but for the history', () =>
      withStores(async ({ users, tokens, signIns, oauth, links, servers, sessions }, alice) => {
        await signIns.insert('cookie', { id: 'si', userId: alice, way: 'pam', createdAt: 1, expiresAt: 99 }, from)
        await oauth.upsertClient(client(alice))
        await oauth.insertCode('code', code(alice), 99)
        await tokens.insert('text', token(alice))
        await links.insert('link', alice, 1, 99)
        await servers.ensure({ userId: alice, name: 'lab', displayName: '', options: null, createdAt: 1 })
        await sessions.insert(sampleSession({ userId: alice }), sampleAttempt())
        await users.remove(alice)
        assert.equal(await signIns.find('cookie'), null)
        assert.equal(await oauth.findClient('jupyterhub-user-alice'), null)
        assert.equal(await oauth.takeCode('code', 10), null)
        assert.equal(await tokens.find('text'), null)
        assert.equal(await links.redeem('link', 10), null)
        assert.deepEqual(await servers.listOf(alice), [])
        assert.ok(await sessions.find('s1'))
        assert.ok((await users.ensure('alice', 10)).id > alice, 'an id is never given twice')
      }))
  })

  describe(`TokenStore on ${name}`, () => {
    it('finds a token by hash, with the server it belongs to', () =>
      withStores(async ({ tokens, oauth, sessions, users }, alice) => {
        const bob = (await users.ensure('bob', 10)).id
        const plain = await tokens.insert('t1', token(alice, { expiresAt: 1_000 }))
        assert.ok(plain)
        assert.deepEqual(await tokens.find('t1'), { token: plain, server: null, application: null })
        await sessions.insert(sampleSession({ userId: alice, serverName: 'lab' }), sampleAttempt())
        await tokens.insert('t2', token(alice, { kind: 'server', sessionId: 's1' }))
        assert.deepEqual((await tokens.find('t2'))?.server, { userName: 'alice', serverName: 'lab' })
        await oauth.upsertClient(client(alice))
        await tokens.insert('t3', token(bob, { kind: 'oauth', clientId: 'jupyterhub-user-alice' }))
        assert.deepEqual((await tokens.find('t3'))?.server, { userName: 'alice', serverName: '' })
        assert.equal(await tokens.find('t4'), null)
      }))

    it('forgets the tokens of an ended session by itself', () =>
      withStores(async ({ tokens, sessions, changes }, alice) => {
        await sessions.insert(sampleSession({ userId: alice }), sampleAttempt())
        await tokens.insert('t1', token(alice, { kind: 'server', sessionId: 's1' }))
        const session = await sessions.find('s1')
        assert.ok(session)
        assert.ok(await tokens.find('t1'))
        const before = changes.current()
        await sessions.update({ ...session, facts: ended, endedAt: 9 }, [])
        assert.equal(await tokens.find('t1'), null)
        assert.notEqual(changes.current(), before)
      }))

    it('takes the same token again, but not for someone else', () =>
      withStores(async ({ tokens, users }, alice) => {
        const bob = (await users.ensure('bob', 10)).id
        const first = await tokens.insert('t1', token(alice, { kind: 'server', sessionId: 's1' }))
        const again = await tokens.insert('t1', token(alice, { kind: 'server', sessionId: 's1', scopes: ['self'] }))
        assert.equal(again?.id, first?.id)
        assert.deepEqual((await tokens.find('t1'))?.token.scopes, ['self'])
        assert.equal(await tokens.insert('t1', token(bob, { kind: 'server', sessionId: 's1' })), null)
        assert.equal(await tokens.insert('t1', token(alice, { kind: 'server', sessionId: 's2' })), null)
        assert.equal(await tokens.insert('t1', token(alice)), null)
        assert.equal((await tokens.find('t1'))?.token.userId, alice)
      }))

    it('refuses a token that hangs on a client or a sign-in that is gone', () =>
      withStores(async ({ tokens }, alice) => {
        assert.equal(await tokens.insert('t1', token(alice, { clientId: 'gone' })), null)
        assert.equal(await tokens.insert('t1', token(alice, { signInId: 'gone' })), null)
        assert.ok(await tokens.insert('t1', token(alice)))
      }))

    it('takes back what an application has of one user at once, and of nobody else', () =>
      withStores(async ({ tokens, users, oauth }, alice) => {
        const bob = (await users.ensure('bob', 10)).id
        await oauth.upsertClient(client(alice))
        const of = (userId: number) => token(userId, { kind: 'oauth', clientId: 'jupyterhub-user-alice' })
        const first = await tokens.insert('a', of(alice))
        await tokens.insert('b', of(alice))
        await tokens.insert('c', of(bob))
        await tokens.insert('d', token(alice))
        assert.deepEqual(
          (await tokens.listOf(alice)).map(({ application, server }) => [application, server?.userName]),
          [
            ['Server at /user/alice/', 'alice'],
            ['Server at /user/alice/', 'alice'],
            [null, undefined],
          ],
        )
        assert.equal(await tokens.remove(bob, first?.id ?? 0), false)
        assert.equal(await tokens.remove(alice, first?.id ?? 0), true)
        assert.equal(await tokens.find('b'), null)
        assert.ok((await tokens.find('c')) && (await tokens.find('d')))
        assert.equal(await tokens.remove(alice, first?.id ?? 0), false)
        assert.ok(await tokens.find('d'), 'no token without a client goes with one')
      }))

    it('takes back what a service has of one user at once, and of nobody else', () =>
      withStores(async ({ tokens, users }, alice) => {
        const bob = (await users.ensure('bob', 10)).id
        const of = (userId: number, service: string) => token(userId, { kind: 'oauth', clientId: `service-${service}` })
        const first = await tokens.insert('a', of(alice, 'whoami'))
        await tokens.insert('b', of(alice, 'whoami'))
        await tokens.insert('c', of(bob, 'whoami'))
        await tokens.insert('d', of(alice, 'other'))
        await tokens.insert('e', token(alice))
        assert.equal(first?.clientId, 'service-whoami')
        assert.equal(await tokens.remove(bob, first?.id ?? 0), false)
        assert.ok(await tokens.find('a'), 'nobody takes back what is another’s')
        assert.equal(await tokens.remove(alice, first?.id ?? 0), true)
        assert.equal(await tokens.find('b'), null)
        for (const left of ['c', 'd', 'e']) assert.ok(await tokens.find(left), left)
      }))

    it('tells the application, the server and the session that a token belongs to', () =>
      withStores(async ({ tokens, oauth, signIns }, alice) => {
        await oauth.upsertClient(client(alice))
        await signIns.insert('cookie', { id: 's', userId: alice, way: 'sso', createdAt: 1, expiresAt: 99 }, from)
        const given = {
          ...token(alice, { kind: 'oauth', clientId: 'jupyterhub-user-alice', signInId: 's' }),
          scopes: ['read:users!user', 'custom:ä:“'],
          note: 'ein – Wort\u0001',
          expiresAt: 253_402_300_799_999,
        }
        const made = await tokens.insert('t', given)
        const found = await tokens.find('t')
        assert.deepEqual(found?.token, { ...given, id: made?.id, lastActivityAt: null })
        assert.deepEqual(found?.server, { userName: 'alice', serverName: '' })
        assert.equal((await tokens.listOf(alice)).length, 1)
        await signIns.remove('s')
        assert.equal(await tokens.find('t'), null, 'a sign-in takes its tokens with it')
      }))

    it('removes one, those of a session, and the expired ones', () =>
      withStores(async ({ tokens, users }, alice) => {
        const bob = (await users.ensure('bob', 10)).id
        const [a] = await Promise.all([
          tokens.insert('a', token(alice)),
          tokens.insert('b', token(alice, { sessionId: 's1' })),
          tokens.insert('c', token(alice, { expiresAt: 50 })),
          tokens.insert('d', token(alice, { expiresAt: 51 })),
        ])
        assert.ok(a)
        assert.equal(await tokens.remove(bob, a.id), false)
        assert.ok(await tokens.find('a'))
        assert.equal(await tokens.remove(alice, a.id), true)
        await tokens.removeOfSession('s1')
        await tokens.removeExpired(50)
        const left = await tokens.listOf(alice)
        assert.deepEqual(
          left.map(({ token: { expiresAt } }) => expiresAt),
          [51],
        )
        await tokens.touch(new Map(left.map(({ token: { id } }) => [id, 70])))
        await tokens.touch(new Map(left.map(({ token: { id } }) => [id, 60])))
        assert.equal((await tokens.find('d'))?.token.lastActivityAt, 70)
      }))
  })

  describe(`sign-ins, links, OAuth and settings on ${name}`, () => {
    it('keeps what a provider gave with a sign-in, for one hub at a time to ask about, and no longer than the sign-in', () =>
      withStores(async ({ signIns, keptSignIns }, alice) => {
        for (const id of ['a', 'b'])
          await signIns.insert(`cookie-${id}`, { id, userId: alice, way: 'sso', createdAt: 1, expiresAt: 99 }, from)
        await keptSignIns.insert('a', { way: 'sso', sealed: 's1', handleHashes: ['h', 'h', 'i'] }, 10)
        await keptSignIns.insert('b', { way: 'sso', sealed: 's2', handleHashes: ['h'] }, 20)
        assert.deepEqual(await keptSignIns.find('a'), { way: 'sso', sealed: 's1' })
        assert.deepEqual((await keptSignIns.findByHandle('sso', 'h')).map(({ signInId }) => signInId).sort(), [
          'a',
          'b',
        ])
        assert.deepEqual(await keptSignIns.findByHandle('other', 'h'), [])
        const due = async (before: number, limit = 9) =>
          (await keptSignIns.due('sso', before, limit)).map((row) => row.signInId)
        assert.deepEqual(await due(10), [])
        assert.deepEqual(await due(21), ['a', 'b'])
        assert.deepEqual(await due(21, 1), ['a'], 'the oldest first')
        assert.deepEqual((await Promise.all([1, 2, 3].map(() => keptSignIns.claim('a', 10, 30)))).sort(), [
          false,
          false,
          true,
        ])
        assert.deepEqual(await due(21), ['b'])
        await keptSignIns.replace('a', 's3')
        assert.equal((await keptSignIns.find('a'))?.sealed, 's3')
        await keptSignIns.setAskedAt('a', 5)
        assert.deepEqual(await due(21), ['a', 'b'])
        await signIns.remove('a')
        assert.equal(await keptSignIns.find('a'), null)
        assert.deepEqual(
          (await keptSignIns.findByHandle('sso', 'h')).map(({ signInId }) => signInId),
          ['b'],
        )
        assert.equal(await keptSignIns.claim('a', 5, 40), false)
      }))

    it('ends a sign-in with the OAuth tokens and codes that hang on it', () =>
      withStores(async ({ signIns, tokens, oauth }, alice) => {
        const signIn = { id: 'si', userId: alice, way: 'pam', createdAt: 1, expiresAt: 99 }
        await signIns.insert('cookie', signIn, from)
        assert.deepEqual(await signIns.find('cookie'), { signIn, lastSeenAt: 1 })
        await signIns.touch(new Map([['si', 8]]))
        await signIns.touch(new Map([['si', 7]]))
        assert.equal((await signIns.find('cookie'))?.lastSeenAt, 8)
        await oauth.upsertClient(client(alice))
        await oauth.insertCode('code', { ...code(alice), signInId: 'si' }, 99)
        await tokens.insert('t1', token(alice, { kind: 'oauth', signInId: 'si' }))
        await tokens.insert('t2', token(alice))
        await signIns.remove('si')
        assert.equal(await signIns.find('cookie'), null)
        assert.equal(await tokens.find('t1'), null)
        assert.equal(await oauth.takeCode('code', 10), null)
        assert.ok(await tokens.find('t2'))
        assert.equal(await oauth.insertCode('code', { ...code(alice), signInId: 'si' }, 99), false)
      }))

    it('removes sign-ins that are over, and all of a user', () =>
      withStores(async ({ signIns }, alice) => {
        for (const [id, expiresAt] of [
          ['a', 50],
          ['b', 51],
        ] as const)
          await signIns.insert(id, { id, userId: alice, way: 'link', createdAt: 1, expiresAt }, from)
        await signIns.removeExpired(50)
        assert.equal(await signIns.find('a'), null)
        await signIns.insert('c', { id: 'c', userId: alice, way: 'link', createdAt: 5, expiresAt: 99 }, from)
        assert.deepEqual(await signIns.listUnusedSince(4), ['b'])
        assert.deepEqual([...(await signIns.listUnusedSince(5))].sort(), ['b', 'c'])
        await signIns.touch(new Map([['c', 7]]))
        await signIns.removeUnusedSince(['b', 'c'], 6)
        assert.deepEqual([await signIns.find('b'), (await signIns.find('c'))?.lastSeenAt], [null, 7])
        await signIns.insert('b', { id: 'b', userId: alice, way: 'link', createdAt: 1, expiresAt: 51 }, from)
        assert.ok(await signIns.find('b'))
        await signIns.removeOf(alice)
        assert.equal(await signIns.find('b'), null)
      }))

    it('lets a link be looked at often and used once, in its time', () =>
      withStores(async ({ links }, alice) => {
        await links.insert('link', alice, 10, 20)
        assert.equal(await links.peek('link', 19), 'alice')
        assert.equal(await links.peek('link', 20), null)
        assert.equal(await links.redeem('link', 20), null)
        assert.equal(await links.redeem('other', 15), null)
        assert.equal(await links.redeem('link', 15), alice)
        assert.equal(await links.redeem('link', 15), null)
        assert.equal(await links.peek('link', 15), null)
        await links.removeExpired(20)
      }))

    it('keeps the tokens of a client that is registered again, unless it changed hands', () =>
      withStores(async ({ oauth, tokens, users }, alice) => {
        const bob = (await users.ensure('bob', 10)).id
        await oauth.upsertClient(client(alice))
        await tokens.insert('t1', token(alice, { kind: 'oauth', clientId: 'jupyterhub-user-alice' }))
        const changed = client(alice, { secretHash: 'new', redirectUri: '/other' })
        await oauth.upsertClient(changed)
        assert.deepEqual(await oauth.findClient(changed.id), changed)
        assert.ok(await tokens.find('t1'))
        await oauth.upsertClient(client(bob))
        assert.equal(await tokens.find('t1'), null)
        await tokens.insert('t2', token(bob, { kind: 'oauth', clientId: changed.id }))
        await oauth.removeClient(changed.id)
        assert.equal(await tokens.find('t2'), null)
        assert.equal(await oauth.findClient(changed.id), null)
      }))

    it('keeps tokens and codes of services, whose clients are no rows', () =>
      withStores(async ({ oauth, tokens }, alice) => {
        const ofService = (clientId: string) => token(alice, { kind: 'oauth', clientId })
        await tokens.insert('t1', ofService('service-a'))
        await tokens.insert('t2', ofService('service-b'))
        await tokens.insert('t3', token(alice, { kind: 'api' }))
        assert.equal((await tokens.find('t1'))?.token.clientId, 'service-a')
        assert.equal((await tokens.find('t1'))?.server, null)
        // A text that is taken stays with its service.
        assert.equal(await tokens.insert('t1', ofService('service-b')), null)
        assert.ok(await tokens.insert('t1', ofService('service-a')))
        assert.ok(await oauth.insertCode('c', { ...code(alice), clientId: 'service-a' }, 20))
        assert.deepEqual(await oauth.takeCode('c', 19), { ...code(alice), clientId: 'service-a' })
        await tokens.removeOfServicesBut(['service-a'])
        assert.deepEqual([await tokens.find('t2'), (await tokens.find('t1')) === null], [null, false])
        await tokens.removeOfServicesBut([])
        assert.deepEqual([await tokens.find('t1'), (await tokens.find('t3')) === null], [null, false])
        assert.equal(await oauth.insertCode('d', { ...code(alice), clientId: 'jupyterhub-user-nobody' }, 20), false)
      }))

    it('gives a code out once, in its time', () =>
      withStores(async ({ oauth }, alice) => {
        await oauth.upsertClient(client(alice))
        await oauth.insertCode('a', code(alice), 20)
        await oauth.insertCode('b', code(alice), 20)
        assert.deepEqual(await oauth.takeCode('a', 19), code(alice))
        assert.equal(await oauth.takeCode('a', 19), null)
        assert.equal(await oauth.takeCode('b', 20), null)
        assert.equal(await oauth.takeCode('b', 19), null, 'an expired code does not come back')
      }))

    it('keeps no more slots than a limit, however many are made at once', () =>
      withStores(async ({ servers, users }, alice, _bench, again) => {
        const bob = (await users.ensure('bob', 10)).id
        const slot = (name: string, userId = alice) => ({
          userId,
          name,
          displayName: name,
          options: null,
          createdAt: 1,
        })
        const stores = [servers, ...(shared ? [again().servers] : [])]
        const made = await Promise.all(
          Array.from({ length: 8 }, (_, n) => stores[n % stores.length]?.ensure(slot(`n${n}`), 3)),
        )
        assert.equal(made.filter((each) => each === 'made').length, 3)
        assert.equal(made.filter((each) => each === 'full').length, 5)
        const [first] = await servers.listOf(alice)
        assert.ok(first)
        assert.equal(await servers.ensure(slot(first.name), 3), 'known', 'one that is there')
        assert.equal(await servers.ensure(slot('n1', bob), 3), 'made')
        assert.equal(await servers.ensure(slot('more')), 'made', 'without a limit')
      }))

    it('keeps slots and settings', () =>
      withStores(async ({ servers, settings }, alice) => {
        const slot = { userId: alice, name: 'lab', displayName: 'Lab', options: { profile: 'gpu' }, createdAt: 1 }
        await servers.ensure(slot)
        await servers.ensure({ ...slot, displayName: 'again', createdAt: 2 })
        assert.deepEqual(await servers.listOf(alice), [slot])
        assert.equal(await servers.change(alice, 'lab', { displayName: 'My lab', options: null }), 'done')
        assert.deepEqual(await servers.listOf(alice), [{ ...slot, displayName: 'My lab', options: null }])
        await servers.ensure({ ...slot, name: 'big' })
        assert.equal(await servers.change(alice, 'lab', { name: 'big' }), 'taken')
        assert.equal(await servers.change(alice, 'none', { name: 'new' }), 'missing')
        assert.equal(await servers.change(alice, 'lab', { name: 'new', options: {} }), 'done')
        assert.deepEqual(
          (await servers.listOfUsers([alice, 99])).map(({ name, options }) => [name, options]),
          [
            ['big', { profile: 'gpu' }],
            ['new', {}],
          ],
        )
        await servers.remove(alice, 'new')
        await servers.remove(alice, 'big')
        assert.deepEqual(await servers.listOf(alice), [])
        assert.equal(await settings.find('k'), null)
        assert.equal(await settings.saveIfAbsent('k', 'first'), 'first')
        assert.equal(await settings.saveIfAbsent('k', 'second'), 'first')
        await settings.save('k', 'third')
        assert.equal(await settings.find('k'), 'third')
      }))

    if (shared)
      it('decides races between processes', { timeout: 120_000 }, () =>
        withStores(async ({ links, oauth, users }, alice, bench) => {
          assert.ok(bench.url)
          await links.insert('link', alice, 1, 99)
          await oauth.upsertClient(client(alice))
          await oauth.insertCode('code', code(alice), 99)
          assert.equal(await race(bench.url, 'link'), 1, 'uses of one link')
          assert.equal(await race(bench.url, 'code'), 1, 'uses of one code')
          assert.equal(await race(bench.url, 'user'), 20)
          assert.equal(await users.count(), 6)
        }),
      )
  })
}
