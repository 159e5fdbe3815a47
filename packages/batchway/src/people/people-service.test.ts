import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { BatchwayError } from '../core/errors.ts'
import { ended, sampleAttempt, sampleSession } from '../store/contract/samples.ts'
import { openStores, type Stores } from '../store/stores.ts'
import type { Caller, PeopleService, User } from './people.ts'
import { openPeople, type PeopleOptions } from './people-service.ts'
import { roles, scopesOfUser } from './roles.ts'

interface Scene {
  readonly people: PeopleService
  readonly stores: Stores
  readonly alice: User
  readonly bob: User
  /** How often the stores were asked for a token. */
  readonly lookUps: () => number
  pass(seconds: number): void
}

async function scene(test: (scene: Scene) => Promise<void>, options: PeopleOptions = {}): Promise<void> {
  let clock = 1_700_000_000_000
  let lookUps = 0
  const now = (): number => clock
  await using stores = await openStores('sqlite::memory:', now)
  const tokens: Stores['tokens'] = {
    ...stores.tokens,
    find: (hash) => {
      lookUps += 1
      return stores.tokens.find(hash)
    },
  }
  await using people = openPeople({ stores: { ...stores, tokens }, now, random: randomBytes }, options)
  const alice = await people.ensureUser('alice')
  const bob = await people.ensureUser('bob')
  const pass = (seconds: number): void => {
    clock += seconds * 1_000
  }
  await test({ people, stores, alice, bob, lookUps: () => lookUps, pass })
}

const from = { way: 'link', endsAt: null, address: '::1', agent: 'Firefox\u001b[31m' }
const nameOf = (caller: Caller): string => ('user' in caller ? caller.user.name : '-')
const oauthClient = (userId: number) => ({
  id: 'jupyterhub-user-alice',
  secretHash: 'x',
  redirectUri: '/user/alice/oauth_callback',
  allowedScopes: [],
  description: '',
  userId,
  serverName: '',
})
const refused = (code: string) => (error: unknown) => error instanceof BatchwayError && error.code === code

describe('users', () => {
  it('are found under the name they are kept by', () =>
    scene(async ({ people, alice }) => {
      assert.equal((await people.ensureUser('Alice')).id, alice.id)
      assert.equal((await people.findUser('ALICE'))?.id, alice.id)
      assert.equal(await people.findUser('../alice'), null)
      await assert.rejects(people.ensureUser('1000'), refused('invalid_choice'))
    }))

  it('show activity before it is written, and after', () =>
    scene(async ({ people, stores, alice }) => {
      people.touchUser(alice.id, 5)
      people.touchUser(alice.id, 4)
      assert.equal((await people.findUser('alice'))?.lastActivityAt, 5)
      assert.equal((await stores.users.find('alice'))?.lastActivityAt, null)
      await people.flush()
      assert.equal((await stores.users.find('alice'))?.lastActivityAt, 5)
      assert.equal((await people.findUser('alice'))?.lastActivityAt, 5)
    }))
})

describe('sign-in', () => {
  it('lasts its time, whatever happens in it', () =>
    scene(
      async ({ people, alice, pass }) => {
        const { secret, signIn } = await people.signIn(alice, from)
        const caller = await people.callerOfCookie(secret)
        assert.ok(caller.kind === 'browser')
        assert.deepEqual(caller.scopes, scopesOfUser(alice))
        assert.deepEqual(caller.signIn, signIn)
        assert.equal(nameOf(await people.callerOfCookie(signIn.id)), '-', 'the id is not the secret')
        pass(99)
        assert.equal(nameOf(await people.callerOfCookie(secret)), 'alice')
        pass(1)
        assert.equal(nameOf(await people.callerOfCookie(secret)), '-')
      },
      { signInSeconds: 100 },
    ))

  // GHSA-3rw9-wmc8-8948 (Coder): a sign-in outlived the provider's.
  it('ends when the provider ceases to vouch for the person, but never later than any other', () =>
    scene(
      async ({ people, alice, pass }) => {
        const { signIn } = await people.signIn(alice, from)
        const start = signIn.createdAt
        assert.equal((await people.signIn(alice, { ...from, endsAt: start + 1e9 })).signIn.expiresAt, signIn.expiresAt)
        const short = await people.signIn(alice, { ...from, way: 'oidc', endsAt: start + 30_000 })
        assert.equal(short.signIn.way, 'oidc')
        pass(29)
        assert.equal(nameOf(await people.callerOfCookie(short.secret)), 'alice')
        pass(1)
        assert.equal(nameOf(await people.callerOfCookie(short.secret)), '-')
      },
      { signInSeconds: 100 },
    ))

  it('ends when nothing is heard for long, if so configured', () =>
    scene(
      async ({ people, alice, pass }) => {
        const { secret } = await people.signIn(alice, from)
        for (let n = 0; n < 5; n++) {
          pass(40)
          assert.equal(nameOf(await people.callerOfCookie(secret)), 'alice', `turn ${n}`)
          if (n % 2 === 0) await people.flush()
        }
        pass(50)
        assert.equal(nameOf(await people.callerOfCookie(secret)), '-')
      },
      { idleSeconds: 50 },
    ))

  it('is removed when it has been idle too long, with what hangs on it; the use of an application counts as use', () =>
    scene(
      async ({ people, stores, alice, pass }) => {
        const [idle, working] = [await people.signIn(alice, from), await people.signIn(alice, from)]
        await people.upsertClient(oauthClient(alice.id))
        const grant = {
          kind: 'oauth',
          userId: alice.id,
          scopes: [],
          note: '',
          clientId: 'jupyterhub-user-alice',
          sessionId: null,
          expiresAt: null,
        } as const
        await people.insertToken('i'.repeat(32), { ...grant, signInId: idle.signIn.id })
        await people.insertToken('w'.repeat(32), { ...grant, signInId: working.signIn.id })
        pass(30)
        assert.equal(nameOf(await people.callerOfToken('w'.repeat(32))), 'alice')
        pass(29)
        await people.purgeExpired()
        assert.equal(nameOf(await people.callerOfToken('i'.repeat(32))), 'alice', 'not idle yet, and now seen')
        pass(59)
        assert.equal(nameOf(await people.callerOfToken('w'.repeat(32))), 'alice')
        await people.purgeExpired()
        assert.equal((await stores.revoked.listAfter(0, 9)).length, 0)
        pass(1)
        await people.purgeExpired()
        assert.equal(nameOf(await people.callerOfToken('i'.repeat(32))), '-')
        assert.equal(nameOf(await people.callerOfToken('w'.repeat(32))), 'alice')
        // Told to whoever cuts streams: the sign-in and the token.
        const told = (await stores.revoked.listAfter(0, 9)).map(({ kind, ref }) => [kind, ref])
        assert.ok(told.some(([kind, ref]) => kind === 'sign-in' && ref === idle.signIn.id))
        assert.ok(!told.some(([, ref]) => ref === working.signIn.id))
        await people.flush()
        assert.equal(nameOf(await people.callerOfCookie(working.secret)), 'alice')
      },
      { idleSeconds: 60 },
    ))

  it('control: without such a limit it stays, however idle', () =>
    scene(async ({ people, stores, alice, pass }) => {
      const { secret } = await people.signIn(alice, from)
      pass(3_600)
      await people.purgeExpired()
      assert.equal((await stores.revoked.listAfter(0, 9)).length, 0)
      assert.equal(nameOf(await people.callerOfCookie(secret)), 'alice')
    }))

  it('ends at sign-out at once, with the OAuth tokens and codes that hang on it, and no others', () =>
    scene(async ({ people, alice }) => {
      const { secret, signIn } = await people.signIn(alice, from)
      const other = await people.signIn(alice, from)
      await people.upsertClient(oauthClient(alice.id))
      const grant = {
        kind: 'oauth',
        userId: alice.id,
        scopes: [],
        note: '',
        clientId: 'jupyterhub-user-alice',
        sessionId: null,
        expiresAt: null,
      } as const
      await people.insertToken('t'.repeat(32), { ...grant, signInId: signIn.id })
      await people.insertToken('u'.repeat(32), { ...grant, signInId: other.signIn.id })
      const code = { clientId: grant.clientId, userId: alice.id, redirectUri: '/', scopes: [], challenge: null }
      const held = await people.createCode({ ...code, signInId: signIn.id })
      assert.equal(nameOf(await people.callerOfToken('t'.repeat(32))), 'alice')
      assert.equal(nameOf(await people.callerOfCookie(secret)), 'alice')
      await people.signOut(signIn.id)
      assert.equal(nameOf(await people.callerOfCookie(secret)), '-')
      assert.equal(nameOf(await people.callerOfToken('t'.repeat(32))), '-')
      assert.equal(await people.redeemCode(held), null)
      assert.equal(nameOf(await people.callerOfToken('u'.repeat(32))), 'alice')
      await assert.rejects(people.insertToken('v'.repeat(32), { ...grant, signInId: signIn.id }), refused('gone'))
      await assert.rejects(people.createCode({ ...code, signInId: signIn.id }), refused('gone'))
      await people.signOutEverywhere(alice.id)
      assert.equal(nameOf(await people.callerOfCookie(other.secret)), '-')
    }))

  it('keeps no secret in the database, and no control character', async () => {
    const { DatabaseSync } = await import('node:sqlite')
    const { mkdtemp, rm } = await import('node:fs/promises')
    const { tmpdir } = await import('node:os')
    const { join } = await import('node:path')
    const directory = await mkdtemp(join(tmpdir(), 'batchway-people-'))
    const path = join(directory, 'hub.db')
    try {
      const secrets: string[] = []
      {
        await using stores = await openStores(`sqlite:${path}`, () => 1)
        await using people = openPeople({ stores, now: () => 1, random: randomBytes })
        const alice = await people.ensureUser('alice')
        await people.upsertClient(oauthClient(alice.id))
        secrets.push((await people.signIn(alice, from)).secret, await people.createLink('alice', 60))
        secrets.push(
          (await people.createToken(alice, { scopes: null, note: '', expiresAt: null }, scopesOfUser(alice))).text,
        )
        secrets.push(
          await people.createCode({
            clientId: 'jupyterhub-user-alice',
            userId: alice.id,
            redirectUri: '/',
            scopes: [],
            signInId: null,
            challenge: null,
          }),
        )
      }
      const db = new DatabaseSync(path, { readOnly: true })
      const tables = db.prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite%'").all()
      const content = tables.map(({ name }) => JSON.stringify(db.prepare(`select * from "${name}"`).all())).join('\n')
      db.close()
      assert.ok(content.includes('jupyterhub-user-alice'), 'the search sees what is stored')
      assert.ok(content.includes('Firefox'))
      assert.ok(!content.includes('u001b'), 'a terminal that shows this is safe')
      for (const secret of secrets) assert.ok(!content.includes(secret))
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})

describe('links', () => {
  it('are looked at often, used once, and only in their time', () =>
    scene(async ({ people, pass }) => {
      const text = await people.createLink('Carol', 60)
      assert.deepEqual(await people.peekLink(text), { userName: 'carol' })
      assert.deepEqual(await people.peekLink(text), { userName: 'carol' })
      const used = await Promise.all(Array.from({ length: 20 }, () => people.redeemLink(text)))
      assert.deepEqual(
        used.filter((user) => user !== null).map(({ name }) => name),
        ['carol'],
      )
      assert.equal(await people.peekLink(text), null)
      const late = await people.createLink('carol', 60)
      pass(60)
      assert.equal(await people.peekLink(late), null)
      assert.equal(await people.redeemLink(late), null)
      assert.equal(await people.redeemLink('x'.repeat(100_000)), null)
    }))
})

describe('codes', () => {
  it('are used once, within 300 seconds', () =>
    scene(async ({ people, alice, pass }) => {
      await people.upsertClient(oauthClient(alice.id))
      const grant = {
        clientId: 'jupyterhub-user-alice',
        userId: alice.id,
        redirectUri: '/user/alice/oauth_callback',
        scopes: ['read:users:name!user'],
        signInId: null,
        challenge: 'c',
      }
      const code = await people.createCode(grant)
      pass(299)
      const used = await Promise.all(Array.from({ length: 20 }, () => people.redeemCode(code)))
      assert.deepEqual(
        used.filter((each) => each !== null),
        [grant],
      )
      const late = await people.createCode(grant)
      pass(300)
      assert.equal(await people.redeemCode(late), null)
    }))
})

describe('tokens', () => {
  const server = {
    kind: 'server',
    scopes: roles.server,
    note: '',
    clientId: null,
    signInId: null,
    sessionId: 's1',
    expiresAt: null,
  } as const

  it('of a server speak for it until its session ends', () =>
    scene(async ({ people, stores, alice }) => {
      await stores.sessions.insert(sampleSession({ userId: alice.id, serverName: 'lab' }), sampleAttempt())
      const text = 'f'.repeat(32)
      await people.insertToken(text, { ...server, userId: alice.id })
      const caller = await people.callerOfToken(text)
      assert.ok(caller.kind === 'token' && caller.scopes.has('access:servers!server=alice/lab'))
      const session = await stores.sessions.find('s1')
      assert.ok(session)
      await stores.sessions.update({ ...session, facts: ended, endedAt: 1 }, [])
      assert.equal(nameOf(await people.callerOfToken(text)), '-', 'although nobody has revoked it yet')
    }))

  it('are revoked with their session, their client, or one by one', () =>
    scene(async ({ people, alice, bob }) => {
      await people.insertToken('a'.repeat(32), { ...server, userId: alice.id })
      await people.upsertClient(oauthClient(alice.id))
      const grant = { ...server, kind: 'oauth', sessionId: null, clientId: 'jupyterhub-user-alice' } as const
      await people.insertToken('b'.repeat(32), { ...grant, userId: bob.id })
      const request = { scopes: null, note: 'mine', expiresAt: null }
      const made = await people.createToken(alice, request, scopesOfUser(alice))
      const callers = async () =>
        Promise.all(
          ['a'.repeat(32), 'b'.repeat(32), made.text].map(async (text) => nameOf(await people.callerOfToken(text))),
        )
      assert.deepEqual(await callers(), ['alice', 'bob', 'alice'])
      await people.revokeTokensOfSession('s1')
      assert.deepEqual(await callers(), ['-', 'bob', 'alice'])
      await people.revokeClient('jupyterhub-user-alice')
      assert.deepEqual(await callers(), ['-', '-', 'alice'])
      assert.equal(await people.revokeToken(bob.id, made.token.id), false)
      assert.deepEqual(await callers(), ['-', '-', 'alice'])
      assert.equal(await people.revokeToken(alice.id, made.token.id), true)
      assert.deepEqual(await callers(), ['-', '-', '-'])
    }))

  it('expire although they are remembered', () =>
    scene(async ({ people, alice, pass }) => {
      const expiresAt = 1_700_000_000_000 + 30_000
      const { text } = await people.createToken(alice, { scopes: null, note: '', expiresAt }, scopesOfUser(alice))
      assert.equal(nameOf(await people.callerOfToken(text)), 'alice')
      pass(30)
      assert.equal(nameOf(await people.callerOfToken(text)), '-')
    }))

  it('must be strong, and are measured before they are hashed', () =>
    scene(async ({ people, alice }) => {
      await assert.rejects(people.insertToken('short', { ...server, userId: alice.id }), RangeError)
      assert.equal(nameOf(await people.callerOfToken('x'.repeat(10_000_000))), '-')
      assert.equal(nameOf(await people.callerOfToken('')), '-')
    }))

  it('cannot be made for more than the owner or the requester holds', () =>
    scene(async ({ people, alice }) => {
      const root = await people.ensureUser('root', { isAdmin: true })
      const make = (owner: User, scopes: string[] | null, grantedBy: ReadonlySet<string>) =>
        people.createToken(owner, { scopes, note: '', expiresAt: null }, grantedBy)
      await assert.rejects(make(alice, ['admin:users'], scopesOfUser(root)), refused('bad_request'))
      await assert.rejects(make(alice, ['no:such'], scopesOfUser(alice)), refused('bad_request'))
      const narrow = new Set(['tokens!user=root'])
      await assert.rejects(make(root, null, narrow), refused('bad_request'), 'tokens alone is not full impersonation')
      await assert.rejects(make(root, ['shutdown'], narrow), refused('bad_request'))
      const { text } = await make(root, ['shutdown'], scopesOfUser(root))
      const caller = await people.callerOfToken(text)
      assert.ok(caller.kind === 'token')
      assert.deepEqual([...caller.scopes].sort(), [
        'read:users:groups!user=root',
        'read:users:name!user=root',
        'shutdown',
      ])
      await people.ensureUser('root', { isAdmin: false })
      const later = await people.callerOfToken(text)
      assert.ok(later.kind === 'token' && !later.scopes.has('shutdown'), 'an owner who loses rights shrinks the token')
    }))

  it('are asked for once while nothing changes; a server’s own calls are no sign of its owner', () =>
    scene(async ({ people, stores, alice, bob, lookUps, pass }) => {
      const text = 'e'.repeat(32)
      await people.insertToken(text, { ...server, userId: alice.id })
      for (let n = 0; n < 10; n++) await people.callerOfToken(text)
      assert.equal(lookUps(), 1)
      await people.savePreferences(bob.id, { theme: 'dark' })
      await people.callerOfToken(text)
      assert.equal(lookUps(), 2, 'a change of people')
      pass(60)
      await people.callerOfToken(text)
      assert.equal(lookUps(), 3, 'age')
      for (let n = 0; n < 3; n++) await people.callerOfToken('9'.repeat(32))
      assert.equal(lookUps(), 6, 'the unknown are not remembered')
      await people.flush()
      assert.equal((await people.findUser('alice'))?.lastActivityAt, null)
      assert.ok((await stores.tokens.listOf(alice.id))[0]?.token.lastActivityAt)
      await people.callerOfToken(text)
      assert.equal(lookUps(), 6, 'writing activity makes nothing old')
    }))

  it('that have expired are deleted, with the rest', () =>
    scene(async ({ people, stores, alice, pass }) => {
      const expiresAt = 1_700_000_000_000 + 30_000
      await people.createToken(alice, { scopes: null, note: '', expiresAt }, scopesOfUser(alice))
      await people.createLink('alice', 30)
      pass(31)
      await people.purgeExpired()
      assert.deepEqual(await stores.tokens.listOf(alice.id), [])
    }))
})
