import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BatchwayError } from '../core/errors.ts'
import type { AuditInput } from '../people/audit.ts'
import type { Login } from '../people/login.ts'
import type { User } from '../people/people.ts'
import { openSignInTries, signInTries } from '../web/try-limit.ts'
import { identifyByPassword } from './identify-by-password.ts'

const alice: User = {
  id: 1,
  name: 'alice',
  isAdmin: false,
  groups: [],
  createdAt: 0,
  lastActivityAt: null,
  preferences: { theme: 'system', contrast: 'normal', lastChoice: null },
}
const form = (id: string, hasPassword: boolean): Login => ({
  kind: 'form',
  id,
  button: id,
  hasPassword,
  warning: null,
  identify: async ({ username, password }) => {
    if (password === 'down') throw new BatchwayError('sign_in_unavailable', 'Not now.')
    if (password === 'odd') throw new BatchwayError('invalid_choice', 'No such form of a name.')
    return password === `${id}-right` ? { subject: username, claims: {}, endsAt: null } : null
  },
})

function bench(logins: readonly Login[]) {
  const audited: AuditInput[] = []
  const tries = openSignInTries(() => 0)
  const identify = identifyByPassword({
    logins,
    tries,
    audit: async (entry) => void audited.push(entry),
    people: { findUser: async (name) => (name === 'alice' ? alice : null) },
    admission: {
      admit: async ({ subject }) =>
        subject === 'alice' ? { user: alice, trail: [] } : { refused: 'Not invited.', trail: ['not on the list'] },
    },
  })
  const ask = (username: string, password: string) => identify({ username, password, address: '192.0.2.1' })
  return { ask, audited, tries }
}

test('a password counts as on the page: by the first form that asks for one', async () => {
  const { ask, audited } = bench([form('dev', false), form('pam', true), form('ldap', true)])
  assert.deepEqual(await ask('alice', 'pam-right'), { user: alice, way: 'pam' })
  assert.deepEqual(audited, [])
  assert.equal(await ask('alice', 'ldap-right'), null)
  assert.equal(await ask('alice', 'dev-right'), null)
  assert.equal(await ask('alice', 'odd'), null)
  assert.equal(await ask('S3cret-typed-above', 'x'), null)
  assert.equal(await ask('mallory', 'pam-right'), null)
  await assert.rejects(ask('alice', 'down'), (error) => error instanceof BatchwayError && error.status === 503)
  assert.deepEqual(
    audited.map(({ actor, action, object, way, outcome, detail }) => [actor, action, object, way, outcome, detail]),
    [
      ['alice', 'wrong name or password'],
      ['alice', 'wrong name or password'],
      ['alice', 'wrong name or password'],
      ['(unknown name)', 'wrong name or password'],
      ['(unknown name)', 'not on the list'],
    ].map(([object, detail]) => ['anonymous', 'sign-in', object, 'pam', 'refused', detail]),
  )
})

test('where no form asks for a password nobody is identified', async () => {
  assert.equal(await bench([form('dev', false)]).ask('alice', ''), null)
})

test('guesses here use up the tries of the page, and right passwords none', async () => {
  const { ask, tries } = bench([form('pam', true)])
  for (let n = 0; n < signInTries.tries * 2; n++) assert.ok(await ask('alice', 'pam-right'))
  const tooMany = (error: unknown) => error instanceof BatchwayError && error.code === 'limit_reached'
  let refusedAfter = 0
  for (; refusedAfter < 100; refusedAfter++)
    if ((await ask('alice', 'guess').catch((error: unknown) => (tooMany(error) ? 'limit' : error))) === 'limit') break
  assert.ok(refusedAfter <= signInTries.tries, String(refusedAfter))
  await assert.rejects(ask('alice', 'pam-right'), tooMany)
  assert.ok(tries.byName.take('alice', '192.0.2.1') > 0)
})
