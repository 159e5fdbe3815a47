import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { openStores, type Stores } from '../store/stores.ts'
import { defaultGrantRules } from './grants.ts'
import { openPeople } from './people-service.ts'
import { openRoleBook, type Role } from './roles.ts'
import { hashOf } from './secrets.ts'
import { openServices, type Service, type ServiceEntry } from './services.ts'

const now = 1_700_000_000_000
const role = (scopes: readonly string[], more: Partial<Role> = {}): Role => ({
  description: '',
  scopes,
  users: [],
  groups: [],
  services: [],
  ...more,
})
const entryOf = (name: string): ServiceEntry => ({
  service: {
    name,
    url: null,
    prefix: '',
    isPrefixStripped: false,
    isDisplayed: true,
    info: {},
    roles: [],
    client: { id: `service-${name}`, redirectUri: '/', allowedScopes: [], isTrusted: false },
  } satisfies Service,
  tokenHash: hashOf(`token-of-${name}`.padEnd(32, '.')),
})
const tokenOf = (name: string): string => `token-of-${name}`.padEnd(32, '.')

const open = (stores: Stores, names: readonly string[]) =>
  openPeople(
    { stores, now: () => now, random: randomBytes },
    {
      services: openServices(names.map(entryOf)),
      rules: {
        ...defaultGrantRules,
        book: openRoleBook([
          [
            'culls',
            role(['list:users', 'read:servers!service', 'read:services!service', 'self'], { services: ['culler'] }),
          ],
          ['opens', role(['access:services!service=whoami'], { users: ['alice'] })],
        ]),
      },
    },
  )

describe('a service’s own token', () => {
  it('is worth the roles of the service, and stands for nobody’s self', async () => {
    await using stores = await openStores('sqlite::memory:', () => now)
    await using people = open(stores, ['culler', 'whoami'])
    const culler = await people.callerOfToken(tokenOf('culler'))
    assert.ok(culler.kind === 'service')
    assert.equal(culler.service.name, 'culler')
    assert.deepEqual([...culler.scopes].sort(), [
      'list:users',
      'read:servers!service=culler',
      'read:services!service=culler',
      'read:services:name!service=culler',
      'read:users:name',
    ])
    const whoami = await people.callerOfToken(tokenOf('whoami'))
    assert.deepEqual(whoami.kind === 'service' && [...whoami.scopes], [])
    assert.equal((await people.callerOfToken(tokenOf('other'))).kind, 'anonymous')
  })
})

describe('a token that a person gave to a service', () => {
  const give = async (stores: Stores, clientId: string, userName: string) => {
    await using people = open(stores, ['whoami', 'culler'])
    const { id } = await people.ensureUser(userName)
    const text = randomBytes(32).toString('hex')
    const more = { signInId: null, sessionId: null, expiresAt: null, note: '' }
    await people.insertToken(text, { kind: 'oauth', userId: id, scopes: [], clientId, ...more })
    return text
  }
  const scopesNow = async (stores: Stores, text: string, names: readonly string[]) => {
    await using people = open(stores, names)
    const caller = await people.callerOfToken(text)
    return caller.kind === 'token' ? [...caller.scopes].sort() : caller.kind
  }
  const identity = ['read:users:groups!user=', 'read:users:name!user=']

  it('lets them in where they may go, and says who they are', async () => {
    await using stores = await openStores('sqlite::memory:', () => now)
    const alice = await give(stores, 'service-whoami', 'alice')
    const bob = await give(stores, 'service-whoami', 'bob')
    const elsewhere = await give(stores, 'service-culler', 'alice')
    const of = (name: string) => identity.map((scope) => `${scope}${name}`)
    assert.deepEqual(await scopesNow(stores, alice, ['whoami']), ['access:services!service=whoami', ...of('alice')])
    assert.deepEqual(await scopesNow(stores, bob, ['whoami']), of('bob'))
    // Made for another service: it opens that one, and she may not go there.
    assert.deepEqual(await scopesNow(stores, elsewhere, ['whoami', 'culler']), of('alice'))
  })
  it('is worth nothing without the service, and is removed when the hub starts without it', async () => {
    await using stores = await openStores('sqlite::memory:', () => now)
    const text = await give(stores, 'service-whoami', 'alice')
    assert.equal(await scopesNow(stores, text, []), 'anonymous')
    // Control: nothing but the service was missing.
    assert.notEqual(await scopesNow(stores, text, ['whoami']), 'anonymous')
    await using people = open(stores, ['culler'])
    await people.forgetServicesBut(['service-culler'])
    assert.equal(await scopesNow(stores, text, ['whoami']), 'anonymous')
    const [noted] = await stores.revoked.listAfter(0, 10)
    assert.deepEqual([noted?.kind, noted?.clientId, noted?.textHash], ['oauth', 'service-whoami', hashOf(text)])
  })
})

describe('openServices', () => {
  it('refuses two that could not be told apart', () => {
    const [a, b] = [entryOf('a'), entryOf('b')]
    for (const pair of [
      [a, a],
      [a, { ...b, tokenHash: a.tokenHash }],
      [a, { ...b, service: { ...b.service, client: a.service.client } }],
    ])
      assert.throws(() => openServices(pair), TypeError)
    assert.equal(openServices([a, b]).all.length, 2)
  })
})
