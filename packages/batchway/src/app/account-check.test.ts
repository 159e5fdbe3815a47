import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AccountsConfig } from '../core/accounts-config.ts'
import { BatchwayError } from '../core/errors.ts'
import { accountCheck, nameProblem, parseUidMin } from './account-check.ts'
import type { Account } from './name-service.ts'

const usual = AccountsConfig.parse({})
const wide = AccountsConfig.parse({ characters: ['upper-case', '@', '+'], refuse: ['Guest'] })

describe('the name of an account', () => {
  for (const name of ['alice', 'a', '_svc', 'al.ice', 'al-ice_9', 'x'.repeat(32), 'rooted', 'systemd'])
    it(`may be ${name}`, () => assert.equal(nameProblem(name, usual, 'batchway'), null))

  const refused: readonly (readonly [string, RegExp])[] = [
    ['', /empty/],
    ['x'.repeat(33), /longer than 32/],
    ['root', /system/],
    ['toor', /system/],
    ['daemon', /system/],
    ['nobody', /system/],
    ['slurm', /system/],
    ['munge', /system/],
    ['systemd-network', /system/],
    ['batchway', /own/],
    ['0', /digit/],
    ['1002', /digit/],
    ['0x3ea', /digit/],
    ['#0', /digit or "#"/],
    ['#1002', /digit or "#"/],
    ['-u', /begin/],
    ['--user=root', /begin/],
    ['+netgroup', /begin/],
    ['@netgroup', /begin/],
    ['%batchway-users', /begin/],
    ['.alice', /begin/],
    ['Alice', /begin/],
    ['aLice', /only/],
    ['alice@example.edu', /only/],
    ['DOM+alice', /begin/],
    ['lab+alice', /only/],
    ['DOM\\alice', /begin/],
    ['dom\\alice', /only/],
    ['alice,root', /only/],
    ['alice root', /only/],
    ['alice\nroot', /only/],
    ['alice\0', /only/],
    ['alice:x', /only/],
    ['alice/..', /only/],
    ['../alice', /begin/],
    ['alice$', /only/],
    ['$(id)', /begin/],
    ['alice.', /end/],
    ['älice', /begin/],
    ['al\u0456ce', /only/],
    ['ALL', /begin/],
  ]
  for (const [name, words] of refused)
    it(`must not be ${JSON.stringify(name.slice(0, 20))}`, () =>
      assert.match(nameProblem(name, usual, 'batchway') ?? 'nothing against it', words))

  it('may have what a site says it has, and nothing more', () => {
    for (const name of ['Alice', 'alice@Example.EDU', 'DOM+alice', `a@${'x'.repeat(62)}`])
      assert.equal(nameProblem(name, wide, 'batchway'), null, name)
    for (const name of [
      'ROOT',
      'Batchway',
      'guest',
      '@x',
      '+x',
      '-x',
      '#0',
      'a b',
      'DOM\\x',
      'Systemd-x',
      `a@${'x'.repeat(63)}`,
    ])
      assert.notEqual(nameProblem(name, wide, 'batchway'), null, name)
  })

  it('never begins as an option, a number or a list does, whatever a site allows', () =>
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 70 }), fc.stringMatching(/^[\w.@+#%$,-]+$/)), (name) => {
        if (nameProblem(name, wide, 'batchway') === null) assert.match(name, /^[A-Za-z_][A-Za-z0-9_.@+-]{0,63}$/)
      }),
    ))
})

describe('the check of an account', () => {
  const person: Account = { name: 'alice', uid: 1_002, home: '/home/alice', shell: '/bin/bash' }
  const checkWith = (facts: Account | null, rules = usual) =>
    accountCheck({ rules, hub: 'batchway', uidMin: 1_000, names: { findAccount: async () => facts } })

  it('lets people through, and those whom this host does not know', async () => {
    await checkWith(person)('alice', 'Larch')
    await checkWith(null)('alice', 'Larch')
  })
  for (const [what, facts, words] of [
    ['another root', { ...person, uid: 0 }, /root’s \(uid 0\)/],
    ['a system uid', { ...person, uid: 999 }, /system account \(uid 999\)/],
    ['nobody under another name', { ...person, uid: 65_534 }, /uid 65534/],
    ['the uid that means no uid', { ...person, uid: 4_294_967_295 }, /system account/],
    ['another way to write a name', { ...person, name: 'Alice' }, /another way to write "Alice"/],
    ['an account without a login', { ...person, shell: '/usr/sbin/nologin' }, /may not log in/],
    ['an account whose shell is false', { ...person, shell: '/bin/false' }, /may not log in/],
  ] as const)
    it(`refuses ${what}`, () =>
      assert.rejects(
        checkWith(facts)('alice', 'Larch'),
        (error) =>
          error instanceof BatchwayError &&
          error.code === 'invalid_choice' &&
          /^You cannot start anything on Larch: the account "alice" /.test(error.message) &&
          words.test(error.message),
      ))
  it('lets any shell through where a site says so', () =>
    checkWith({ ...person, shell: '/sbin/nologin' }, AccountsConfig.parse({ anyShell: true }))('alice', 'Larch'))
  it('is a failure that passes where the accounts cannot be read', () =>
    assert.rejects(
      accountCheck({
        rules: usual,
        hub: 'batchway',
        uidMin: 1_000,
        names: { findAccount: () => Promise.reject(new Error('no answer')) },
      })('alice', 'Larch'),
      (error) => error instanceof BatchwayError && error.code === 'scheduler_unavailable',
    ))
  it('asks nobody about a name that is none, and does not repeat a long one', async () => {
    const check = accountCheck({
      rules: usual,
      hub: 'batchway',
      uidMin: 1,
      names: { findAccount: () => assert.fail('asked') },
    })
    await assert.rejects(check('-x', 'Larch'))
    await assert.rejects(
      check('x'.repeat(10_000), 'Larch'),
      (error) => error instanceof Error && error.message.length < 300,
    )
  })
})

describe('parseUidMin', () => {
  it('reads login.defs', () => {
    assert.equal(parseUidMin('# UID_MIN 5\nUID_MIN\t\t  500\nSYS_UID_MIN 100\n'), 500)
    assert.equal(parseUidMin(''), 1_000)
  })
})
