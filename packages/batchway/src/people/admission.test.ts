import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { BatchwayError } from '../core/errors.ts'
import { type AdmissionRules, letsNobodyIn, type NameLookup, openAdmission, openRules } from './admission.ts'
import type { Identity } from './login.ts'
import type { Claims, User, UserChange } from './people.ts'
import { parseUserName } from './user-name.ts'

const identity = (subject: string, claims: Claims = {}): Identity => ({ subject, claims, endsAt: null })
const nobody = { users: [], groups: [], claims: {} }

/** @param known users that are there, with the groups that the gateway keeps itself. */
function house(change: Partial<AdmissionRules> = {}, lookups: { before?: NameLookup[]; after?: NameLookup[] } = {}) {
  const made: [string, UserChange | undefined][] = []
  const toUser = (name: string, groups: readonly string[] = []): User => ({
    id: 1,
    name,
    isAdmin: false,
    groups,
    createdAt: 0,
    lastActivityAt: null,
    preferences: { theme: 'system', contrast: 'normal', lastChoice: null },
  })
  const people = {
    ensureUser: async (name: string, more?: UserChange) => {
      made.push([name, more])
      return toUser(name)
    },
    findUser: async (name: string) => (name === 'bob' ? toUser('bob', ['kept']) : null),
  }
  const { before = [], after = [] } = lookups
  return { made, admission: openAdmission({ ...openRules, ...change }, { people, before, after }) }
}
const decide = async (admission: ReturnType<typeof house>['admission'], given: Identity) => {
  const { decision } = await admission.examine(given)
  return decision.kind === 'refused' ? 'refused' : `${decision.name}${decision.isAdmin ? ' admin' : ''}`
}
const lookup = (title: string, names: Record<string, string>): NameLookup => ({
  title,
  find: async ({ subject }) => names[subject] ?? null,
})

describe('admission', () => {
  it('refuses a name that no user may have before a user is made', async () => {
    const { admission, made } = house()
    for (const subject of ['', '0', '#0', '../root', 'a\nb', '(null)', 'a'.repeat(2_000), '\ud800'])
      assert.ok('refused' in (await admission.admit(identity(subject))), JSON.stringify(subject.slice(0, 20)))
    assert.deepEqual(made, [])
    assert.ok('user' in (await admission.admit(identity('Alice'))))
    assert.deepEqual(made, [['alice', { claims: {} }]])
  })

  it('asks the table, then the rules, then the command; then keeps or refuses', async () => {
    const rules = [{ from: '{name}@example.edu', to: '{name}' }]
    const lookups = {
      before: [lookup('the table', { 'a@example.edu': 'anna' })],
      after: [lookup('the command', { x: 'xenia' })],
    }
    const keep = house({ names: { rules, otherwise: 'keep' } }, lookups).admission
    assert.equal(await decide(keep, identity('a@example.edu')), 'anna')
    assert.equal(await decide(keep, identity('b@example.edu')), 'b')
    assert.equal(await decide(keep, identity('x')), 'xenia')
    assert.equal(await decide(keep, identity('y')), 'y')
    const refuse = house({ names: { rules, otherwise: 'refuse' } }, lookups).admission
    assert.equal(await decide(refuse, identity('y')), 'refused')
    assert.equal(await decide(refuse, identity('b@example.edu')), 'b')
  })

  it('lets a lookup that failed refuse nobody: it is told as a failure', async () => {
    const broken: NameLookup = {
      title: 'the table',
      find: () => Promise.reject(new BatchwayError('sign_in_unavailable', 'Later.')),
    }
    await assert.rejects(house({}, { before: [broken] }).admission.admit(identity('alice')), {
      code: 'sign_in_unavailable',
    })
  })

  // CVE-2018-7206, CVE-2020-26250, CVE-2022-31027, CVE-2024-29033 (OAuthenticator): lists that let others in by a case, a
  // missing list, or another claim.
  it('allows and blocks by user, group and claim, exactly', async () => {
    const lists = { users: ['Alice'], groups: ['hpc'], claims: { hd: ['corp.com'] } }
    const groups = { claim: 'groups', only: [] }
    const allow = house({ allow: lists, groups }).admission
    assert.equal(await decide(allow, identity('alice')), 'alice')
    assert.equal(await decide(allow, identity('dora')), 'refused')
    assert.equal(await decide(allow, identity('dora', { groups: ['x', 'hpc'] })), 'dora')
    assert.equal(await decide(allow, identity('dora', { groups: ['hpc2', 'HPC'] })), 'refused')
    assert.equal(await decide(allow, identity('dora', { hd: ['corp.com'] })), 'dora')
    for (const hd of ['evilcorp.com', 'corp.com.evil.org', 'CORP.COM', '.corp.com'])
      assert.equal(await decide(allow, identity('dora', { hd: [hd] })), 'refused', hd)
    const block = house({ block: lists, groups }).admission
    assert.equal(await decide(block, identity('alice')), 'refused')
    assert.equal(await decide(block, identity('dora')), 'dora')
    assert.equal(await decide(block, identity('dora', { groups: ['hpc'] })), 'refused')
  })

  it('asks the gateway’s own groups where sign-ins tell none', async () => {
    const { admission, made } = house({ allow: { ...nobody, groups: ['kept'] } })
    assert.equal(await decide(admission, identity('bob', { groups: ['kept'] })), 'bob')
    assert.equal(await decide(admission, identity('eve', { groups: ['kept'] })), 'refused')
    await admission.admit(identity('bob'))
    assert.deepEqual(made, [['bob', { claims: {} }]], 'its groups stay')
  })

  it('makes administrators of listed users and groups, and takes it back from who left the group', async () => {
    const { admission, made } = house({ admins: ['root1'], adminGroups: ['staff'], groups: { claim: 'g', only: [] } })
    for (const [subject, g] of [
      ['root1', []],
      ['sam', ['staff']],
      ['sam', ['guests']],
    ] as const)
      await admission.admit(identity(subject, { g }))
    assert.deepEqual(
      made.map(([name, change]) => [name, change?.isAdmin]),
      [
        ['root1', true],
        ['sam', true],
        ['sam', false],
      ],
    )
    const undecided = house()
    await undecided.admission.admit(identity('sam'))
    assert.equal(undecided.made[0]?.[1]?.isAdmin, undefined, 'without rules a sign-in decides nothing')
  })

  it('takes the groups that count, once each, and nothing unfit', async () => {
    const { admission, made } = house({ groups: { claim: 'groups', only: ['hpc-*', 'staff'] } })
    await admission.admit(identity('alice', { groups: ['staff', 'hpc-a', 'hpc-a', 'other', 'hpc-\n', '', 'hpc'] }))
    assert.deepEqual(made[0]?.[1]?.groups, ['hpc-a', 'staff'])
    const all = house({ groups: { claim: 'groups', only: [] } })
    await all.admission.admit(identity('alice', { groups: ['b', 'a'] }))
    await all.admission.admit(identity('alice'))
    assert.deepEqual(
      all.made.map(([, change]) => change?.groups),
      [['a', 'b'], []],
    )
  })

  it('tells why, step by step, and nothing of it to the person', async () => {
    const { admission } = house({
      names: { rules: [{ from: '{name}@example.edu', to: '{name}' }], otherwise: 'keep' },
      allow: { ...nobody, groups: ['hpc'] },
      block: { ...nobody, users: ['bob'] },
      groups: { claim: 'groups', only: [] },
    })
    const good = await admission.examine(identity('alice@example.edu', { groups: ['hpc'], mail: ['a@b'] }))
    assert.deepEqual(good.trail, [
      'the sign-in says "alice@example.edu", with the claims groups, mail',
      'the rule "{name}@example.edu" → "{name}" makes it "alice"',
      'the user is alice',
      'groups: hpc',
      'allowed: member of the group hpc',
    ])
    const bad = await admission.examine(identity('bob@example.edu', { groups: ['hpc'] }))
    assert.equal(bad.trail.at(-1), 'blocked: the user is listed')
    assert.ok(bad.decision.kind === 'refused')
    assert.doesNotMatch(bad.decision.words, /block|bob|hpc/)
    const stranger = await admission.examine(identity('eve@example.edu'))
    assert.ok(stranger.decision.kind === 'refused')
    assert.equal(stranger.decision.words, bad.decision.words, 'who is blocked and who is unknown read the same')
  })

  it('says when a list lets nobody in', () => {
    assert.equal(letsNobodyIn({ allow: nobody, admins: [] }), true)
    assert.equal(letsNobodyIn({ allow: nobody, admins: ['a'] }), false)
    assert.equal(letsNobodyIn({ allow: 'everyone', admins: [] }), false)
  })

  it('takes any identity: it refuses, or admits a name that a user may have, with bounded claims', async () => {
    const { admission } = house({ groups: { claim: 'groups', only: [] }, allow: 'everyone' })
    const text = fc.string({ unit: 'binary', maxLength: 300 })
    await fc.assert(
      fc.asyncProperty(text, fc.dictionary(text, fc.array(text)), async (subject, claims) => {
        const { decision, trail } = await admission.examine(identity(subject, claims))
        for (const line of trail) assert.ok(line.length < 70_000)
        if (decision.kind === 'refused') return assert.doesNotMatch(decision.words, /\p{Cc}/u)
        assert.deepEqual(parseUserName(decision.name), { name: decision.name })
        for (const value of Object.values(decision.claims).flat()) assert.doesNotMatch(value, /\p{Cc}/u)
      }),
    )
  })
})
