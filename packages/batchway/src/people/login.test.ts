import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineLogin, type FormLogin } from './login.ts'

const form: FormLogin = {
  kind: 'form',
  id: 'ldap',
  button: 'Sign in',
  hasPassword: true,
  warning: null,
  identify: async () => null,
}

test('a way to sign in needs an id that fits an address and words for its button', () => {
  assert.equal(defineLogin(form), form)
  for (const id of ['', 'LDAP', 'a b', '../x', '1st', 'x'.repeat(32)])
    assert.throws(() => defineLogin({ ...form, id }), /needs an id such as/, id)
  assert.throws(() => defineLogin({ ...form, button: '  ' }), /words of its button/)
})
