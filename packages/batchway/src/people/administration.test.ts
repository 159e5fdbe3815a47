import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { BatchwayError, type ProblemCode } from '../core/errors.ts'
import { openStores } from '../store/stores.ts'
import { everyUser } from '../store/user-search.ts'
import { isGroupName } from './group-name.ts'
import type { PeopleService, User } from './people.ts'
import { openPeople } from './people-service.ts'
import { openRoleBook, type Role, scopesOfUser } from './roles.ts'

const role = (scopes: string[], more: Partial<Role> = {}): Role => ({
  description: '',
  scopes,
  users: [],
  groups: [],
  services: [],
  ...more,
})
const book = openRoleBook([
  ['helpdesk', role(['admin:users', 'admin:groups', 'tokens'], { users: ['hal'] })],
  ['teachers', role(['servers!group=students'], { groups: ['staff'] })],
  ['auditor', role(['read:hub'], { users: ['ann'] })],
])
const rules = { book, admins: new Set(['root', 'boss']), adminGroups: new Set(['wheel']) }

interface Scene {
  readonly people: PeopleService
  readonly user: (name: string) => Promise<User>
  /** What a browser of theirs holds. */
  readonly holds: (name: string) => Promise<ReadonlySet<string>>
}

async function scene(test: (scene: Scene) => Promise<void>, withRules = rules): Promise<void> {
  const now = () => 1_700_000_000_000
  await using stores = await openStores('sqlite::memory:', now)
  await using people = openPeople({ stores, now, random: randomBytes }, { rules: withRules })
  await people.ensureUser('root', { isAdmin: true })
  for (const name of ['hal', 'alice', 'bob']) await people.ensureUser(name)
  const user = async (name: string): Promise<User> => {
    const found = await people.findUser(name)
    assert.ok(found, name)
    return found
  }
  await test({ people, user, holds: async (name) => scopesOfUser(await user(name), withRules.book) })
}
const refused =
  (code: ProblemCode, words = /./) =>
  (error: unknown) =>
    error instanceof BatchwayError && error.code === code && words.test(error.message)

describe('who holds admin:users without being an administrator', () => {
  it('makes people, but no administrators (CVE-2024-41942)', () =>
    scene(async ({ people, holds }) => {
      const hal = await holds('hal')
      assert.deepEqual(
        (await people.createUsers(['New', 'new', 'bob'], { isAdmin: false }, hal)).map(({ name }) => name),
        ['new'],
      )
      await assert.rejects(people.createUsers(['evil'], { isAdmin: true }, hal), refused('forbidden', /administrators/))
      assert.equal(await people.findUser('evil'), null)
      const [made] = await people.createUsers(['second'], { isAdmin: true }, await holds('root'))
      assert.equal(made?.isAdmin, true)
    }))
  it('makes nobody an administrator, and changes none', () =>
    scene(async ({ people, user, holds }) => {
      const hal = await holds('hal')
      await assert.rejects(people.changeUser(await user('alice'), { isAdmin: true }, hal), refused('forbidden'))
      await assert.rejects(people.changeUser(await user('hal'), { isAdmin: true }, hal), refused('forbidden'))
      for (const change of [{ isAdmin: false }, { name: 'ruth' }, {}])
        await assert.rejects(people.changeUser(await user('root'), change, hal), refused('forbidden'))
      assert.equal((await people.changeUser(await user('alice'), { isAdmin: true }, await holds('root'))).isAdmin, true)
      assert.equal((await user('alice')).isAdmin, true)
    }))
  it('nor by a name that makes one, or that has a role of its own', () =>
    scene(async ({ people, user, holds }) => {
      const hal = await holds('hal')
      await assert.rejects(people.changeUser(await user('bob'), { name: 'boss' }, hal), refused('forbidden'))
      await assert.rejects(people.changeUser(await user('bob'), { name: 'ann' }, hal), refused('forbidden', /read:hub/))
      assert.equal((await people.changeUser(await user('bob'), { name: 'Robert' }, hal)).name, 'robert')
      assert.equal(await people.findUser('bob'), null)
      await assert.rejects(people.changeUser(await user('robert'), { name: 'alice' }, hal), refused('bad_request'))
      await assert.rejects(people.changeUser(await user('robert'), { name: '-rf' }, hal), refused('bad_request'))
    }))
  it('nor by a narrow token of an administrator', () =>
    scene(async ({ people, user }) => {
      const narrow = new Set(['admin:users', 'users', 'read:users'])
      await assert.rejects(people.createUsers(['evil'], { isAdmin: true }, narrow), refused('forbidden'))
      await assert.rejects(people.changeUser(await user('alice'), { isAdmin: true }, narrow), refused('forbidden'))
    }))
})

describe('a group with rights', () => {
  it('takes new members only from who holds these rights', () =>
    scene(async ({ people, holds }) => {
      const [hal, root] = [await holds('hal'), await holds('root')]
      await assert.rejects(people.createGroups(['staff'], ['hal'], hal), refused('forbidden', /servers!group=students/))
      await assert.rejects(people.createGroups(['wheel'], ['hal'], hal), refused('forbidden', /administrators/))
      await assert.rejects(people.createGroups(['harmless', 'wheel'], ['hal'], hal), refused('forbidden'))
      for (const name of ['wheel', 'harmless']) assert.equal(await people.findGroup(name), null)
      const [staff] = await people.createGroups(['staff'], [], hal)
      assert.ok(staff)
      await assert.rejects(people.addToGroup(staff, ['bob', 'hal'], hal), refused('forbidden'))
      assert.deepEqual((await people.membersOf([staff.id])).get(staff.id), [])
      await people.addToGroup(staff, ['bob'], root)
      assert.ok((await holds('bob')).has('servers!group=students'))
      await people.addToGroup(staff, ['bob'], hal)
      await people.removeFromGroup(staff, ['bob'])
      assert.ok(!(await holds('bob')).has('servers!group=students'))
    }))
  it('is any other to those whom the site makes administrators by claims alone', () =>
    scene(
      async ({ people, user, holds }) => {
        await people.createGroups(['wheel'], ['hal'], await holds('hal'))
        assert.equal((await user('hal')).isAdmin, false)
      },
      { ...rules, adminGroups: new Set() },
    ))
  it('has rights as soon as somebody is in it, in tokens too', () =>
    scene(async ({ people, user, holds }) => {
      const root = await holds('root')
      await people.createGroups(['students'], ['alice'], root)
      const [staff] = await people.createGroups(['staff'], ['bob'], root)
      assert.ok(staff)
      const bob = await user('bob')
      const { text } = await people.createToken(
        bob,
        { scopes: ['read:servers!user=alice'], note: '', expiresAt: null },
        await holds('bob').then((held) => new Set([...held, 'read:servers', 'read:users:name'])),
      )
      const scopesNow = async () => {
        const caller = await people.callerOfToken(text)
        return caller.kind === 'anonymous' ? null : caller.scopes
      }
      assert.ok((await scopesNow())?.has('read:servers!user=alice'))
      await people.removeFromGroup(staff, ['bob'])
      assert.ok(!(await scopesNow())?.has('read:servers!user=alice'))
    }))
})

describe('users and groups', () => {
  it('are made all or, for one bad name, not at all', () =>
    scene(async ({ people, holds }) => {
      const root = await holds('root')
      await assert.rejects(people.createUsers(['good', '../bad'], { isAdmin: false }, root), refused('bad_request'))
      await assert.rejects(
        people.createUsers(['x'.repeat(100_000)], { isAdmin: false }, root),
        (error) => error instanceof BatchwayError && error.message.length < 200,
      )
      assert.equal(await people.findUser('good'), null)
      await assert.rejects(people.createUsers(['alice', 'bob'], { isAdmin: false }, root), refused('exists', /All 2/))
      await assert.rejects(people.createGroups(['g'], ['alice', 'nobody'], root), refused('bad_request', /nobody/))
      assert.equal(await people.findGroup('g'), null)
      await people.createGroups(['g'], ['Alice'], root)
      await assert.rejects(people.createGroups(['g'], [], root), refused('exists'))
      for (const name of ['', 'a\nb', 'x'.repeat(256), 'a\u2028b'])
        await assert.rejects(people.createGroups([name], [], root), refused('bad_request'))
      assert.ok(isGroupName('/vo.example/Physik & Söhne'))
    }))
  it('are listed with the activity that is not yet written down', () =>
    scene(async ({ people, user }) => {
      people.touchUser((await user('alice')).id, 1_700_000_009_000)
      const { users, total } = await people.searchUsers({ ...everyUser, offset: 0, limit: 2, nameHas: 'al' })
      assert.deepEqual(
        [users.map((each) => [each.name, each.lastActivityAt]), total],
        [
          [
            ['hal', null],
            ['alice', 1_700_000_009_000],
          ],
          2,
        ],
      )
    }))
})
