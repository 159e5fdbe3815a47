/** Whatever people ask for and whoever asks: nothing is handed on that the giver does not hold. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { it } from 'node:test'
import fc from 'fast-check'
import { BatchwayError } from '../core/errors.ts'
import { openStores } from '../store/stores.ts'
import { grantsOf } from './grants.ts'
import { openPeople } from './people-service.ts'
import { identifyScopes, openRoleBook, type Role, scopesOfUser } from './roles.ts'
import { expandScopes, isSubset } from './scopes.ts'

const names = ['servers', 'read:servers', 'users', 'tokens', 'admin:users', 'shutdown', 'access:servers']
const filters = ['', '!user', '!user=alice', '!user=bob', '!group=g', '!group=h', '!server=bob/lab']
const scopeText = fc
  .tuple(fc.constantFrom(...names), fc.constantFrom(...filters))
  .map(([name, filter]) => name + filter)
const texts = fc.array(
  fc.oneof({ weight: 5, arbitrary: scopeText }, fc.constantFrom('self', 'inherit', '(no_scope)')),
  {
    maxLength: 4,
  },
)
const role = (scopes: readonly string[], groups: readonly string[]): Role => ({
  description: '',
  scopes: scopes.filter((text) => text !== 'inherit'),
  users: [],
  groups,
  services: [],
})
/** Alice and bob are in g; the groups x and y have roles of their own. */
const world = fc.record({ asked: texts, giver: texts, roleOfX: texts, roleOfG: texts, isAdmin: fc.boolean() })

it('a token has nothing that its owner or the requester lacks, a group nothing that the giver lacks', {
  timeout: 120_000,
}, async () => {
  const now = () => 1_700_000_000_000
  await using stores = await openStores('sqlite::memory:', now)
  let accepted = 0
  let refused = 0
  /** @returns null if it was refused with words for the requester. */
  const tried = async <T>(act: Promise<T>): Promise<T | null> => {
    try {
      const done = await act
      accepted += 1
      return done
    } catch (error) {
      if (!(error instanceof BatchwayError) || (error.status !== 400 && error.status !== 403)) throw error
      refused += 1
      return null
    }
  }
  await fc.assert(
    fc.asyncProperty(world, async ({ asked, giver, roleOfX, roleOfG, isAdmin }) => {
      const book = openRoleBook([
        ['of-x', role(roleOfX, ['x'])],
        ['of-g', role(roleOfG, ['g'])],
      ])
      const rules = { book, admins: new Set<string>(), adminGroups: new Set<string>() }
      await using people = openPeople({ stores, now, random: randomBytes }, { rules })
      const alice = await people.ensureUser('alice', { isAdmin, groups: ['g'] })
      await people.ensureUser('bob', { isAdmin: false, groups: ['g', 'h'] })
      const groups: Readonly<Record<string, readonly string[]>> = { alice: ['g'], bob: ['g', 'h'] }
      const groupsOf = (name: string) => groups[name] ?? []
      const held = expandScopes(giver, { userName: 'carol' }, scopesOfUser(alice, book))

      const made = await tried(people.createToken(alice, { scopes: asked, note: '', expiresAt: null }, held))
      if (made !== null) {
        const caller = await people.callerOfToken(made.text)
        assert.ok(caller.kind === 'token')
        // Whose it is, every token may say.
        const own = new Set([...held, ...expandScopes(identifyScopes, { userName: 'alice' })])
        assert.ok(isSubset(caller.scopes, own, groupsOf), `${[...caller.scopes]} from ${[...held]}`)
        assert.ok(isSubset(caller.scopes, scopesOfUser(alice, book), groupsOf))
      }

      await tried(people.createGroups(['x'], ['bob'], held))
      const bob = await people.findUser('bob')
      assert.ok(bob)
      const before = grantsOf({ ...bob, groups: ['g', 'h'] }, rules)
      assert.ok(isSubset(grantsOf(bob, rules), new Set([...before, ...held]), groupsOf))
      const x = await people.findGroup('x')
      if (x !== null) await people.removeGroup(x.id)

      await tried(people.changeUser(bob, { isAdmin: true }, held))
      if ((await people.findUser('bob'))?.isAdmin === true) assert.ok(people.isEverything(held), [...held].join(' '))
    }),
    { numRuns: 150 },
  )
  assert.ok(accepted > 20 && refused > 20, `${accepted} accepted, ${refused} refused: both must have been tried`)
})
