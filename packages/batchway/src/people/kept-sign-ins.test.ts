import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { silentLogger } from '../core/logger.ts'
import { openStores } from '../store/stores.ts'
import { openAdmission, openRules } from './admission.ts'
import type { AuditInput } from './audit.ts'
import { openKeptSignIns } from './kept-sign-ins.ts'
import { type Arrival, defineLogin, type RedirectLogin } from './login.ts'
import { openPeople } from './people-service.ts'

const minute = 60_000

/** Real stores and people; the provider does what `ask` says. */
async function bench(ask: (text: string) => Promise<Arrival | null>) {
  let at = Date.parse('2026-11-19T12:00:00Z')
  const now = () => at
  const stores = await openStores('sqlite::memory:', now)
  const audited: AuditInput[] = []
  const audit = async (entry: AuditInput) => void audited.push(entry)
  const people = openPeople({ stores, now, random: randomBytes, audit })
  const asked: string[] = []
  const login = defineLogin<RedirectLogin>({
    kind: 'redirect',
    id: 'idp',
    button: 'Sign in',
    start: async () => ({ address: '', memory: '' }),
    finish: async () => ({ subject: '', claims: {}, endsAt: null }),
    signOutAddress: async () => null,
    recheck: {
      everySeconds: 600,
      ask: (text) => {
        asked.push(text)
        return ask(text)
      },
    },
  })
  const open = (key: Buffer, before = openRules) =>
    openKeptSignIns({
      store: stores.keptSignIns,
      people,
      admission: openAdmission(before, { people, before: [], after: [] }),
      logins: [login],
      audit,
      log: silentLogger,
      key,
      random: randomBytes,
      now,
    })
  const key = randomBytes(32)
  const kept = open(key)
  const signIn = async (name: string, handles: readonly string[] = []) => {
    const user = await people.ensureUser(name)
    const { signIn, secret } = await people.signIn(user, { way: 'idp', endsAt: null, address: '', agent: '' })
    await kept.remember(signIn.id, 'idp', { text: `refresh-1 of ${name}`, handles })
    return {
      id: signIn.id,
      isIn: async () => (await people.callerOfCookie(secret)).kind === 'browser',
    }
  }
  return {
    kept,
    open,
    stores,
    asked,
    audited,
    signIn,
    pass: (ms: number) => {
      at += ms
    },
    [Symbol.asyncDispose]: () => stores[Symbol.asyncDispose](),
  }
}
const arrival = (subject: string, text: string): Arrival => ({
  subject,
  claims: {},
  endsAt: null,
  kept: { text, handles: [] },
})

describe('asking a provider again', () => {
  it('happens when it is due, each time with what was kept last', async () => {
    let count = 1
    await using house = await bench(async () => arrival('alice', `refresh-${++count}`))
    const alice = await house.signIn('alice')
    await house.kept.recheck()
    assert.deepEqual(house.asked, [])
    for (const text of ['refresh-1 of alice', 'refresh-2', 'refresh-3']) {
      house.pass(11 * minute)
      await Promise.all([house.kept.recheck(), house.kept.recheck()])
      await house.kept.recheck()
      assert.equal(house.asked.at(-1), text)
    }
    assert.equal(house.asked.length, 3)
    assert.ok(await alice.isIn())
  })
  it('is done by one of two hubs', async () => {
    await using house = await bench(async () => arrival('alice', 'refresh-2'))
    await house.signIn('alice')
    house.pass(11 * minute)
    const [row] = await house.stores.keptSignIns.due('idp', Number.MAX_SAFE_INTEGER, 10)
    assert.ok(row)
    const both = await Promise.all([1, 2].map((n) => house.stores.keptSignIns.claim(row.signInId, row.askedAt, n)))
    assert.deepEqual(both.sort(), [false, true])
  })
  it('ends the sign-in that the provider refuses, and no other', async () => {
    await using house = await bench(async (text) => (text.includes('alice') ? null : arrival('bob', 'refresh-2')))
    const [alice, bob] = [await house.signIn('alice'), await house.signIn('bob')]
    house.pass(11 * minute)
    await house.kept.recheck()
    assert.deepEqual([await alice.isIn(), await bob.isIn()], [false, true])
    assert.deepEqual(
      house.audited.filter(({ action }) => action === 'sign-out').map(({ object, detail }) => [object, detail]),
      [['alice', 'the provider refuses']],
    )
  })
  it('ends one whose person is blocked now, or is somebody else', async () => {
    await using house = await bench(async (text) => arrival(text.includes('alice') ? 'alice' : 'carol', 'refresh-2'))
    const [alice, bob] = [await house.signIn('alice'), await house.signIn('bob')]
    house.pass(11 * minute)
    await house.kept.recheck()
    assert.deepEqual([await alice.isIn(), await bob.isIn()], [true, false], 'bob’s stands for carol')
    assert.equal(house.audited.at(-1)?.detail, 'it stands for another user now')
  })
  it('ends nothing when the provider is silent, and is tried again soon', async () => {
    let isSilent = true
    await using house = await bench(async () => {
      if (isSilent) throw new TypeError('fetch failed')
      return arrival('alice', 'refresh-2')
    })
    const alice = await house.signIn('alice')
    house.pass(11 * minute)
    await house.kept.recheck()
    await house.kept.recheck()
    assert.equal(house.asked.length, 1)
    isSilent = false
    house.pass(6 * minute)
    await house.kept.recheck()
    assert.equal(house.asked.length, 2)
    assert.ok(await alice.isIn())
  })
})

describe('what is kept', () => {
  it('lies sealed, bound to its sign-in, and goes with it', async () => {
    await using house = await bench(async () => null)
    const [alice, bob] = [await house.signIn('alice'), await house.signIn('bob')]
    assert.deepEqual(await house.kept.find(alice.id), { way: 'idp', text: 'refresh-1 of alice' })
    const row = await house.stores.keptSignIns.find(alice.id)
    assert.doesNotMatch(Buffer.from(row?.sealed ?? '', 'base64url').toString('latin1'), /refresh/)
    await house.stores.keptSignIns.replace(bob.id, row?.sealed ?? '')
    assert.equal(await house.kept.find(bob.id), null, 'one person’s tokens do not open as another’s')
    await house.stores.signIns.remove(alice.id)
    assert.equal(await house.stores.keptSignIns.find(alice.id), null)
  })
  it('ends the sign-in when it cannot be opened any more', async () => {
    await using house = await bench(async () => arrival('alice', 'refresh-2'))
    const alice = await house.signIn('alice')
    house.pass(11 * minute)
    await house.open(randomBytes(32)).recheck()
    assert.ok(!(await alice.isIn()))
    assert.deepEqual(house.asked, [])
  })
})

describe('signing out at the provider', () => {
  it('ends the sign-ins with that handle, of that way', async () => {
    await using house = await bench(async () => null)
    const one = await house.signIn('alice', ['subject:a', 'session:1'])
    const two = await house.signIn('alice', ['subject:a', 'session:2'])
    const bob = await house.signIn('bob', ['subject:b', 'session:3'])
    assert.equal(await house.kept.endedThere('other', ['session:1']), 0)
    assert.equal(await house.kept.endedThere('idp', ['session:1']), 1)
    assert.deepEqual([await one.isIn(), await two.isIn(), await bob.isIn()], [false, true, true])
    assert.equal(await house.kept.endedThere('idp', ['subject:a', 'session:2']), 1)
    assert.deepEqual([await two.isIn(), await bob.isIn()], [false, true])
  })
})
