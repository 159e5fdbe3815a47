import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openAdmission } from './admission.ts'
import { defineLogin, type FormLogin, type Identity } from './login.ts'

const form: FormLogin = {
  kind: 'form',
  id: 'ldap',
  button: 'Sign in',
  hasPassword: true,
  warning: null,
  identify: async () => null,
}
const asIdentity = (subject: string): Identity => ({ subject, claims: {}, endsAt: null })

test('a way to sign in needs an id that fits an address and words for its button', () => {
  assert.equal(defineLogin(form), form)
  for (const id of ['', 'LDAP', 'a b', '../x', '1st', 'x'.repeat(32)])
    assert.throws(() => defineLogin({ ...form, id }), /needs an id such as/, id)
  assert.throws(() => defineLogin({ ...form, button: '  ' }), /words of its button/)
})

test('an identity with a name that no user may have is refused before a user is made', async () => {
  const made: string[] = []
  const admission = openAdmission({
    ensureUser: async (name) => {
      made.push(name)
      return {
        id: 1,
        name,
        isAdmin: false,
        groups: [],
        createdAt: 0,
        lastActivityAt: null,
        preferences: { theme: 'system', contrast: 'normal', lastChoice: null },
      }
    },
  })
  for (const subject of ['', '0', '#0', '../root', 'a\nb', '(null)']) {
    const answer = await admission.admit(asIdentity(subject))
    assert.ok('refused' in answer, subject)
  }
  assert.deepEqual(made, [])
  const answer = await admission.admit(asIdentity('Alice'))
  assert.equal('user' in answer && answer.user.name, 'alice')
  assert.deepEqual(made, ['alice'])
})
