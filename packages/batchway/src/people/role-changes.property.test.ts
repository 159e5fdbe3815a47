/** Whatever is given and taken, in whatever order: a token is never worth more than its owner at that moment. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { openStores } from '../store/stores.ts'
import { openPeople } from './people-service.ts'
import { openRoleBook, type Role, scopesOfUser } from './roles.ts'
import { isSubset } from './scopes.ts'

const role = (scopes: readonly string[], groups: readonly string[]): Role => ({
  description: '',
  scopes,
  users: [],
  groups,
  services: [],
})
const book = openRoleBook([
  ['of-g', role(['servers!group=g', 'read:metrics'], ['g'])],
  ['of-h', role(['admin:users!user=bob', 'list:groups'], ['h'])],
  ['of-both', role(['read:users', 'tokens!server=bob/lab'], ['g', 'h'])],
])
const rules = { book, admins: new Set<string>(), adminGroups: new Set<string>() }

const step = fc.oneof(
  fc.record({ what: fc.constant('admin' as const), isAdmin: fc.boolean() }),
  fc.record({ what: fc.constant('sign-in' as const), groups: fc.subarray(['g', 'h']) }),
  fc.record({ what: fc.constant('by hand' as const), group: fc.constantFrom('g', 'h'), isIn: fc.boolean() }),
)
const scopes = fc.subarray(
  [
    'inherit',
    'self',
    'read:metrics',
    'servers',
    'servers!group=g',
    'admin:users',
    'list:groups',
    'shutdown',
    'tokens!user=bob',
  ],
  { minLength: 1 },
)

describe('changes of rights', () => {
  // hazard stale-rights: a token keeps what its owner has lost.
  it('count at once, for browsers and for tokens of every kind, and no token is worth more than its owner', async () => {
    const now = () => 1_700_000_000_000
    await using stores = await openStores('sqlite::memory:', now)
    let grown = 0
    let shrunk = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(scopes, { minLength: 1, maxLength: 3 }),
        fc.array(step, { maxLength: 8 }),
        async (asked, steps) => {
          await using people = openPeople({ stores, now, random: randomBytes }, { rules })
          const owner = await people.ensureUser(`alice${randomBytes(6).toString('hex')}`, { groups: [] })
          await people.ensureUser('bob', { groups: ['g'] })
          const everything = scopesOfUser({ ...owner, isAdmin: true }, book)
          const { secret } = await people.signIn(owner, { way: 'link', address: '', agent: '', endsAt: null })
          const tokens = ['inherit', ...asked].map(() => randomBytes(16).toString('hex'))
          const wanted = [['inherit'], ...asked]
          for (const [at, text] of tokens.entries())
            await people.insertToken(text, {
              kind: at % 2 === 0 ? 'api' : 'oauth',
              userId: owner.id,
              scopes: wanted[at] ?? [],
              note: '',
              clientId: null,
              signInId: null,
              sessionId: null,
              expiresAt: null,
            })
          for (const name of ['g', 'h'])
            if ((await people.findGroup(name)) === null) await people.createGroups([name], [], everything)
          const groupsOf = (name: string): readonly string[] =>
            name === 'bob' ? ['g'] : name === owner.name ? current.groups : []
          let current = owner
          for (const each of [null, ...steps]) {
            const before = scopesOfUser(current, book).size
            if (each?.what === 'admin') await people.changeUser(current, { isAdmin: each.isAdmin }, everything)
            if (each?.what === 'sign-in') await people.ensureUser(owner.name, { groups: each.groups })
            if (each?.what === 'by hand') {
              const group = await people.findGroup(each.group)
              assert.ok(group)
              if (each.isIn) await people.addToGroup(group, [owner.name], everything)
              else await people.removeFromGroup(group, [owner.name])
            }
            const found = await people.findUser(owner.name)
            assert.ok(found)
            current = found
            const held = scopesOfUser(current, book)
            if (held.size > before) grown += 1
            if (held.size < before) shrunk += 1
            const browser = await people.callerOfCookie(secret)
            assert.ok(browser.kind === 'browser')
            assert.deepEqual([...browser.scopes].sort(), [...held].sort())
            for (const [at, text] of tokens.entries()) {
              const caller = await people.callerOfToken(text)
              assert.ok(caller.kind === 'token')
              assert.ok(isSubset(caller.scopes, held, groupsOf), `${[...caller.scopes]} of ${[...held]}`)
              if (wanted[at]?.includes('inherit'))
                assert.ok(isSubset(held, caller.scopes, groupsOf), 'inherit is all of it, at once')
            }
          }
        },
      ),
      { numRuns: 60 },
    )
    assert.ok(grown > 10 && shrunk > 10, `${grown} grew, ${shrunk} shrank: both must have been tried`)
  })
})
