import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Account, decideServed, findAccount } from './served-account.ts'

const account = (name: string, uid: number): Account => ({ name, uid, gid: uid, home: `/home/${name}` })
const known = [account('root', 0), account('toor', 0), account('alice', 1001), account('bob', 1002)]
const find =
  (all: readonly Account[]) =>
  (name: string): Account | null =>
    all.find((one) => one.name === name) ?? null

describe('decideServed', () => {
  const demo = account('batchway-demo', 990)
  for (const [why, uid, asked, sudoUser, all, expected] of [
    ['a normal user serves himself', 1001, undefined, undefined, known, { do: 'myself' }],
    ['a normal user may name himself', 1001, 'alice', undefined, known, { do: 'myself' }],
    ['SUDO_USER means nothing without root', 1001, undefined, 'bob', known, { do: 'myself' }],
    ['root serves whom --user names', 0, 'alice', undefined, known, { do: 'serve', account: account('alice', 1001) }],
    ['--user wins over SUDO_USER', 0, 'alice', 'bob', known, { do: 'serve', account: account('alice', 1001) }],
    ['else who called sudo', 0, undefined, 'bob', known, { do: 'serve', account: account('bob', 1002) }],
    ['a root who called sudo is nobody', 0, undefined, 'root', known, { do: 'make', name: 'batchway-demo' }],
    ['else the demo account is made', 0, undefined, undefined, known, { do: 'make', name: 'batchway-demo' }],
    ['or used, if it is there', 0, undefined, undefined, [...known, demo], { do: 'serve', account: demo }],
  ] as const)
    it(why, () => assert.deepEqual(decideServed(uid, asked, sudoUser, find(all)), expected))

  for (const [why, uid, asked, sudoUser, words] of [
    ['a normal user cannot serve another', 1001, 'bob', undefined, /Only root can serve somebody else/],
    ['nor an account that is not there', 1001, 'nobody-here', undefined, /Only root/],
    ['root is not served', 0, 'root', undefined, /No session ever runs as root/],
    ['nor another name of uid 0', 0, 'toor', undefined, /No session ever runs as root/],
    ['nor one that called sudo', 0, undefined, 'toor', /No session ever runs as root/],
    ['an unknown account is named', 0, 'eve', undefined, /There is no account "eve"/],
    ['and so is one called nothing', 0, '', undefined, /There is no account ""/],
  ] as const)
    it(why, () => {
      const decision = decideServed(uid, asked, sudoUser, find(known))
      assert.equal(decision.do, 'refuse')
      assert.match(decision.do === 'refuse' ? decision.words : '', words)
    })
})

describe('findAccount', () => {
  it('reads root', () => assert.deepEqual(findAccount('root'), { name: 'root', uid: 0, gid: 0, home: '/root' }))
  for (const name of ['no-such-account', '', '--help', '-s'])
    it(`finds nothing for ${JSON.stringify(name)}`, () => assert.equal(findAccount(name), null))
})
