import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BatchwayError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import { silentLogger } from '../../core/logger.ts'
import { type PamRoom, pamLogin } from './pam.ts'
import { NoAnswer, type PasswordQuestion } from './saslauthd.ts'

function bench(more: Partial<PamRoom> = {}) {
  const asked: PasswordQuestion[] = []
  const lines: unknown[] = []
  const keep = (fields: object, message: string) => void lines.push({ ...fields, message })
  const log: Logger = { ...silentLogger, info: keep, error: keep }
  const login = pamLogin(
    { id: 'pam', button: 'Sign in', service: 'batchway' },
    {
      ask: async (question) => {
        asked.push(question)
        return question.password === 'right' ? { kind: 'right' } : { kind: 'wrong' }
      },
      groupsOf: null,
      log,
      ...more,
    },
  )
  const identify = (username: string, password: string) => login.identify({ username, password, address: '10.0.0.1' })
  return { asked, lines, identify }
}

describe('PAM sign-in', () => {
  it('names the account, and its groups where that is asked', async () => {
    const alice = { subject: 'alice', claims: {}, endsAt: null }
    assert.deepEqual(await bench().identify('alice', 'right'), alice)
    const told = bench({ groupsOf: async (account) => [account, 'staff'] })
    assert.deepEqual((await told.identify('alice', 'right'))?.claims, { groups: ['alice', 'staff'] })
    assert.equal(await bench().identify('alice', 'wrong'), null)
  })
  // CVE-2021-41194 (firstuseauthenticator): a user's first password was anybody's to choose. No way to sign in here keeps or
  // makes passwords.
  it('never asks about an empty password, nor what cannot be an account', async () => {
    const { asked, identify } = bench()
    for (const [username, password] of [
      ['alice', ''],
      ['', 'right'],
      ['alice', 'right\0'],
      ['alice\0', 'right'],
      ['alice\nbob', 'right'],
      ['ali ce', 'right'],
      ['../alice', 'right'],
      ['-alice', 'right'],
      ['alice:x', 'right'],
      ['x'.repeat(256), 'right'],
      ['alice', 'x'.repeat(256)],
    ] as const)
      assert.equal(await identify(username, password), null, JSON.stringify([username, password]))
    assert.deepEqual(asked, [])
    await identify('alice@example.edu', 'right')
    assert.equal(asked.length, 1)
  })
  it('tells only who knows the password that the account has ended', async () => {
    const { identify } = bench({ ask: async () => ({ kind: 'no-account' }) })
    await assert.rejects(identify('alice', 'right'), (error) => {
      assert.ok(error instanceof BatchwayError)
      assert.equal(error.code, 'invalid_choice')
      assert.match(error.message, /has expired or is locked/)
      return true
    })
  })
  it('says in the log what to do about a daemon that does not answer, and never a password', async () => {
    for (const [code, advice] of [
      ['ENOENT', /install it \(Debian: sasl2-bin/],
      ['EACCES', /add it to the group/],
      ['EPROTO', /look at the log of saslauthd/],
    ] as const) {
      const { lines, identify } = bench({ ask: () => Promise.reject(new NoAnswer(code)) })
      await assert.rejects(identify('alice', 'hunter2'), (error) => {
        assert.ok(error instanceof BatchwayError)
        assert.equal(error.code, 'sign_in_unavailable')
        return true
      })
      assert.match(JSON.stringify(lines), advice)
      assert.doesNotMatch(JSON.stringify(lines), /hunter2/)
    }
  })
})
